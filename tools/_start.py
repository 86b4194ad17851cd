"""The first import of every tool, which needs seconds for the others.

Until ``run_tool`` takes over, Ctrl-C and SIGTERM end it with one line, a
package that is missing gets a sentence, and no garbage is collected.
"""
import gc
import multiprocessing
import os
import signal
import sys
import warnings

CODE = 130  # of an interrupted tool, for both signals

# Warnings that say nothing to a user of the tools: the text, where it begins,
# and the module that warns.
QUIET = (
    # Of every model of mmseg, and of every test without --show-dir.
    ('``build_loss`` would be deprecated soon', 'mmseg.models.builder'),
    ('Default ``avg_non_ignore`` is False', 'mmseg.models.losses'),
    ('The draw is False, it means that the hook for', 'mmseg.engine.hooks'),
    # Heads with two classes; BEiT and Swin.
    ('For binary segmentation, we suggest using`out_channels = 1`',
     'mmseg.models.decode_heads'),
    ('torch.meshgrid: in an upcoming release', 'torch.functional'),
    # Cells of the leaderboard, which run in processes of their own.
    ('Multi-processing start method `fork` is different', 'mmengine.utils'),
    ("<class '.*Visualizer'> instance named of .* has been created",
     'mmengine.utils.manager'),
    # Configs that pin memory, on a CPU; --amp, on a GPU.
    ("'pin_memory' argument is set as true but no accelerator", 'torch.utils'),
    (r'`torch.cuda.amp.GradScaler\(args...\)` is deprecated', ''),
    # mmengine, with the setuptools of Python 3.10 and 3.11.
    ('pkg_resources is deprecated as an API', ''),
)


def _end(number, frame):
    """Nothing is written yet that would have to be cleaned up."""
    if multiprocessing.parent_process() is None:
        os.write(2, b'Interrupted.\n')
    os._exit(CODE)


def _explain(kind, error, trace):
    """Print an error of the imports."""
    if not issubclass(kind, ImportError) or (
            error.name or '').startswith('mmseg_clipzs.'):
        sys.__excepthook__(kind, error, trace)
    elif error.name == 'mmseg_clipzs':
        print('error: The package mmseg_clipzs is not installed: pip install '
              '"mmseg_clipzs[lite]", or in a checkout pip install -e '
              '".[lite]".', file=sys.stderr)
    elif str(error).startswith('mmseg_clipzs '):  # of its check of versions
        print(f'error: {error}', file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


for _number, _usual in ((signal.SIGINT, signal.default_int_handler),
                        (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(_number) == _usual:  # not ignored, as by nohup
        signal.signal(_number, _end)
sys.excepthook = _explain
for _text, _module in QUIET:
    warnings.filterwarnings('ignore', _text, module=_module)
if multiprocessing.parent_process() is None:  # others have no run_tool
    gc.disable()

"""The first import of every tool, which needs seconds for the others.

Until ``run_tool`` takes over, Ctrl-C and SIGTERM end it with one line, and a
package that is missing gets a sentence.
"""
import multiprocessing
import os
import signal
import sys
import warnings

CODE = 130  # of an interrupted tool, for both signals

# Warnings of the toolbox that say nothing to a user of the tools: the text,
# where it begins, and the module that warns. Those of mmengine's logger are
# in mmseg_clipzs/utils/tool.py.
QUIET = (
    ('``build_loss`` would be deprecated soon', 'mmseg.models.builder'),
    ('Default ``avg_non_ignore`` is False', 'mmseg.models.losses'),
    ('The draw is False, it means that the hook for', 'mmseg.engine.hooks'),
    (r"<class '.*Visualizer'> instance named of .* has been created",
     'mmengine.utils.manager'),
    (r'torch.meshgrid: in an upcoming release', 'torch.functional'),
    ('For binary segmentation, we suggest using`out_channels = 1`',
     'mmseg.models.decode_heads'),
    ('QuickGELU mismatch between final model config', 'open_clip.factory'),
    ('pkg_resources is deprecated as an API', ''),
    ("'pin_memory' argument is set as true but no accelerator", 'torch.utils'),
    ('`disable_subprocess_warning`', 'mmengine'),
    (r'Please use the new API settings to control TF32', 'torch'),
    (r'torch.(cuda|cpu).amp.(GradScaler|autocast)\(args...\)` is deprecated',
     ''),
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

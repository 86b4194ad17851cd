"""The command ``clipzs``, also as ``python -m clipzs`` and ``tools/*.py``.

Help and mistakes on the command line take no second: PyTorch, MMSegmentation
and the other libraries are imported once the arguments are known. Until then
``mmseg_clipzs`` is known to Python, so that parts of it can be imported, but
its ``__init__``, which registers everything, has not run. Processes that a
command starts, and programs that ``import mmseg_clipzs``, run it at once.
"""
import gc
import multiprocessing
import os
import signal
import sys
import warnings
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec, module_from_spec

CODE = 130  # of an interrupted command, for both signals
SIGNALS = {signal.SIGINT: signal.default_int_handler,
           signal.SIGTERM: signal.SIG_DFL}  # with Python's handlers

# Warnings that say nothing to a user of the commands: the text, where it
# begins, and the module that warns.
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


def main(command=None):
    """Run a command; ends the process if it fails.

    Args:
        command (str | module, optional): Its name, as ``tools/NAME.py`` give
            it, or a module as those of ``mmseg_clipzs/cli``. By default the
            command line names it.
    """
    with _registered_later('mmseg_clipzs') as register:
        from mmseg_clipzs.cli import run_command
        run_command(command, sys.argv[1:], register)


@contextmanager
def _registered_later(name):
    """Let parts of a package be imported before its ``__init__`` runs.

    Args:
        name (str): The package.

    Yields:
        Callable: Runs ``__init__``, unless that has happened already.
    """
    if name in sys.modules:
        yield lambda: None
        return
    spec = find_spec(name)
    package = sys.modules[name] = module_from_spec(spec)
    try:
        yield partial(_execute, spec, package)
    finally:
        if not hasattr(package, '__version__'):  # it was not run
            del sys.modules[name]


def _execute(spec, package):
    # The exception of a signal might be lost in a library that is imported.
    usual = {number: signal.signal(number, _end) for number in SIGNALS
             if callable(signal.getsignal(number))}
    spec.loader.exec_module(package)
    gc.freeze()  # what is imported stays; the end need not look at it
    for number, handler in usual.items():
        signal.signal(number, handler)


def _end(number, frame):
    """Nothing is written yet that would have to be cleaned up."""
    if multiprocessing.parent_process() is None:
        os.write(2, b'Interrupted.\n')
    os._exit(CODE)


for _number, _usual in SIGNALS.items():
    if signal.getsignal(_number) == _usual:  # not ignored, as by nohup
        signal.signal(_number, _end)
for _text, _module in QUIET:
    warnings.filterwarnings('ignore', _text, module=_module)

if __name__ == '__main__':
    main()

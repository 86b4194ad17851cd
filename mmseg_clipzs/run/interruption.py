"""What to do next when training is interrupted."""
import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook

from mmseg_clipzs.utils import HANDLERS, UserError, check_is_file

_LONGEST = 4096  # characters of a path


class LastCheckpoint:
    """The checkpoint that ``--resume`` would continue from.

    Args:
        work_dir (str | Path): Work dir of the run.
        resume (bool): Whether the run itself resumes.

    Raises:
        UserError: A run that resumes finds a damaged ``last_checkpoint``.
    """

    def __init__(self, work_dir, resume):
        self._marker = Path(work_dir) / 'last_checkpoint'  # mmengine's
        self._resume = resume
        self._before = self._stamp()
        if resume and self._before and not self._path():
            raise UserError(
                f'--resume found no checkpoint: {self._marker} names '
                f'{self._named() or "none"}. Write the path of another one to '
                'it, or train without --resume.')

    @property
    def path(self):
        """Path | None: The latest one of this run, or that it resumed."""
        if not self._resume and self._stamp() == self._before:
            return None  # of an earlier run
        return self._path()

    def _stamp(self):
        # Not is_file(): mmengine would open a named pipe and wait.
        if not os.path.lexists(self._marker):
            return None
        return check_is_file(self._marker, 'the name of a checkpoint'
                             ).stat().st_mtime_ns

    def _named(self):
        with self._marker.open(errors='replace') as file:
            return file.read(_LONGEST).strip()

    def _path(self):
        if self._stamp() is None or not self._named():
            return None
        try:
            return check_is_file(self._named(), 'a checkpoint')
        except (FileNotFoundError, UserError):
            return None


def write_whole_checkpoints(cfg):
    """Replace mmengine's checkpoint hook by :class:`AtomicCheckpointHook`.

    Args:
        cfg (Config): A training config; modified in place.
    """
    hooks = cfg.setdefault('default_hooks', {})
    hook = dict(hooks.get('checkpoint') or dict(type=CheckpointHook))
    if hook['type'] in (CheckpointHook, 'CheckpointHook',
                        'mmengine.CheckpointHook'):
        hooks['checkpoint'] = {**hook, 'type': 'AtomicCheckpointHook'}


class StopHook(Hook):
    """Stop training after the iteration in which a signal arrives.

    Within an iteration, a checkpoint may be half written and data workers may
    be waiting for an answer. A second signal does not wait, nor does one
    before the first iteration.

    Attributes:
        iteration (int): Iterations done.
        received (list[int]): Numbers of the signals.
    """
    priority = 'LOWEST'  # after the checkpoint

    def __init__(self):
        self.iteration, self.received, self._running = 0, [], False

    def handle(self, number, frame):
        """Handler of signals."""
        self.received.append(number)
        if hasattr(signal, 'SIGCHLD'):  # not on Windows
            # torch would raise when data workers get the signal, too.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if not self._running or len(self.received) > 1:
            raise KeyboardInterrupt

    def before_train(self, runner):
        self.iteration = runner.iter

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self._running = True

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.iteration = runner.iter + 1
        self._stop()

    def after_val_iter(self, runner, batch_idx, data_batch=None,
                       outputs=None):
        self._stop()

    def _stop(self):
        if self.received:
            raise KeyboardInterrupt


@contextmanager
def interruptible(progress):
    """Say what to do next if Ctrl-C or SIGTERM ends a block.

    Args:
        progress (Callable): Number of iterations done -> that message (str).

    Yields:
        StopHook: To be registered in the block's runner.

    Raises:
        KeyboardInterrupt: With the message, in the main process; the tools
            print it. Other processes end.
    """
    stop, replaced = StopHook(), {}
    if threading.current_thread() is threading.main_thread():
        for number, usual in ((signal.SIGINT, signal.default_int_handler),
                              (signal.SIGTERM, signal.SIG_DFL)):
            # Python's own, or that of the tool that runs.
            if signal.getsignal(number) in (usual, *HANDLERS):
                replaced[number] = signal.signal(number, stop.handle)
    try:
        yield stop
    # A data worker's end may be noticed first.
    except BaseException as e:
        if not stop.received and not isinstance(e, KeyboardInterrupt):
            raise
        if not is_main_process():
            raise SystemExit(130) from e
        raise KeyboardInterrupt(progress(stop.iteration)) from e
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)

"""Run a function in a separate process."""
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

import torch


def run_alone(function, *arguments):
    """Call a function in a separate process.

    Peak memory is then the function's own, and this process survives a crash.

    Args:
        function (Callable): A module-level function.
        arguments: Its arguments, which are pickled, as is its result.

    Returns:
        Any: The function's result. Its exceptions are raised here.

    Raises:
        BrokenProcessPool: The process was killed.
    """
    before = set(multiprocessing.active_children())
    with ProcessPoolExecutor(
            1, mp_context=_context(), initializer=_prepare,
            initargs=(dict(os.environ), )) as process:
        try:
            with _uninterrupted():
                future = process.submit(function, *arguments)
            return future.result()
        except KeyboardInterrupt:  # do not wait for its end
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


@contextmanager
def _uninterrupted():
    """Let SIGINT and SIGTERM wait for the end of a block.

    Nobody would know the process that is just being started.
    """
    received, usual = [], {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not None:  # as set by Python
                usual[number] = signal.signal(
                    number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _context():
    """How processes are started.

    On Linux they are forked from a process that has imported this package,
    once, which saves seconds for each. CUDA cannot be forked.
    """
    if sys.platform != 'linux' or torch.cuda.is_available():
        return multiprocessing.get_context('spawn')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__package__])
    # It ignores Ctrl-C only after its imports. The tracker, which it starts,
    # would unblock the signal.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _prepare(environment):
    """Take over the parent's environment, and end if it is killed.

    Ctrl-C, which a terminal sends to all processes, is left to the parent.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

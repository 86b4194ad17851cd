"""Run a function in a separate process."""
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


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
    with ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context('spawn'),
            initializer=_end_with_parent) as process:
        return process.submit(function, *arguments).result()


def _end_with_parent():
    """End this process if its parent is killed."""
    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

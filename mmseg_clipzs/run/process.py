"""Run a function in a separate process."""
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def run_alone(function, *arguments):
    """Call a function in a separate process.

    Its peak memory is its own, and a crash does not end this process.

    Args:
        function (Callable): A module's; it is pickled, as are its arguments
            and its result.
        arguments: For the function.

    Returns:
        The function's result; its exception is raised here.

    Raises:
        BrokenProcessPool: The process was killed.
    """
    with ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context('spawn'),
            initializer=_end_with_parent) as process:
        return process.submit(function, *arguments).result()


def _end_with_parent():
    """A killed parent must not leave hours of work behind."""
    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""Running a function in a process of its own."""
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def run_alone(function, *arguments):
    """Call a function in a process of its own.

    Its peak memory is nobody else's, and a crash is not this process's.

    Args:
        function (Callable): Of a module; with its arguments and its result it
            travels to the process and back by pickle.

    Returns:
        What the function returns; what it raises is raised here.

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

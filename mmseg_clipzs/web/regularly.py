"""Work that is done again and again."""
import threading
from contextlib import contextmanager


@contextmanager
def regularly(work, seconds):
    """Do something at intervals, in a thread, while a block runs.

    Args:
        work (Callable): () -> nothing.
        seconds (float): Between two times.
    """
    done = threading.Event()

    def run():
        while not done.wait(seconds):
            work()

    thread = threading.Thread(target=run, name='regularly', daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

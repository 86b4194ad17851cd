"""Save results, while the next ones are computed where that is possible."""
from concurrent.futures import ThreadPoolExecutor


def work_beside(batches, work, ahead):
    """Work on items, in a thread where the next batch need not wait for them.

    Args:
        batches (Iterable[list]): Items, computed when they are asked for.
        work (Callable): Item -> anything, e.g. saves a result.
        ahead (bool): Compute a batch while the work on the one before is done.

    Yields:
        Any: What the work on each item returned. Those of items that were
        computed before an error or an interrupt come before it.
    """
    if not ahead:
        for batch in batches:
            yield from map(work, batch)
        return
    batches, waiting = iter(batches), []
    with ThreadPoolExecutor(1) as thread:
        try:
            while True:
                error = None
                try:
                    batch = next(batches, None)
                except BaseException as e:
                    batch, error = None, e
                yield from _results(waiting)
                if error is not None:
                    raise error
                if batch is None:
                    return
                waiting = [thread.submit(work, item) for item in batch]
        finally:
            thread.shutdown(cancel_futures=True)


def _results(waiting):
    while waiting:
        yield waiting.pop(0).result()

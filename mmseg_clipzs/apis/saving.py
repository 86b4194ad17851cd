"""Save results, while the next ones are computed where that is possible."""
from concurrent.futures import ThreadPoolExecutor

from mmseg_clipzs.utils import NotOursError


def save_beside(batches, out_dir, heatmaps, ahead):
    """Save results, in a thread where the next batch need not wait for them.

    Args:
        batches (Iterable[list]): Results (ZeroShotResult), computed when they
            are asked for.
        out_dir (str | Path | None): See ``ZeroShotResult.save``; None to save
            nothing.
        heatmaps (bool): Likewise.
        ahead (bool): Compute a batch while the one before is saved. Otherwise,
            and with heat maps, which take memory, the next batch comes after
            it.

    Yields:
        tuple: A saved result, and why it was not saved, if a file in its place
        is no result. Results that were computed before an error or an
        interrupt come before it.
    """
    if not ahead or not out_dir or heatmaps:
        for batch in batches:
            for result in batch:
                yield result, _save(result, out_dir, heatmaps)
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
                yield from _saved(waiting)
                if error is not None:
                    raise error
                if batch is None:
                    return
                waiting = [(result, thread.submit(
                    _save, result, out_dir, heatmaps)) for result in batch]
        finally:
            thread.shutdown(cancel_futures=True)


def _saved(waiting):
    while waiting:
        result, future = waiting.pop(0)
        yield result, future.result()


def _save(result, out_dir, heatmaps):
    try:
        if out_dir:
            result.save(out_dir, heatmaps)
    except NotOursError as e:
        return str(e)

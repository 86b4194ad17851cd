"""Rows of results on disk, so that finished cells are not run again."""
import json
import sys

from tqdm import tqdm

from mmseg_clipzs.utils import atomic_write


def read_row(path):
    """Read a row of results.

    Args:
        path (Path): File written by :func:`write_row`.

    Returns:
        dict | None: None if it is missing or damaged; damage is reported on
        stderr.
    """
    try:
        row = json.loads(path.read_text(encoding='utf-8'))
        row['mIoU']  # other JSON is not a row
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as e:
        report_damaged(path, e)
        return None
    return row


def write_row(row, path):
    """Write a row of results atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(row, indent=2), encoding='utf-8')


def report_damaged(path, error):
    """Report on stderr that a cell runs again, and why."""
    tqdm.write(f'{path} is damaged ({type(error).__name__}: {error}); its '
               'cell runs again.', file=sys.stderr)

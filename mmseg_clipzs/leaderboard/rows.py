"""Rows of results on disk, so that finished cells are not run again."""
import json
import math
import sys

from tqdm import tqdm

from mmseg_clipzs.recipes import NEEDS
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_is_file,
    check_replaceable,
    shown,
)

_NEEDED = ('method', 'dataset', 'protocol', 'clip', 'weights', 'config')
_TEXTS = ('method', 'protocol', 'config', 'folder', 'error')
_TEXTS_OR_NONE = ('dataset', 'clip', 'weights', 'checkpoint', 'device')
_AMOUNTS = ('seconds', 'images_per_second', 'peak_memory_mb')
_GROUPS = (None, *filter(None, NEEDS))


def read_row(path):
    """Read a row of results.

    Args:
        path (Path): File written by :func:`write_row`.

    Returns:
        dict | None: None if it is missing or damaged; damage is reported on
        stderr.
    """
    try:
        file = check_is_file(path, 'a row of results')
        row = json.loads(file.read_text(encoding='utf-8'))
        check_row(row)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as e:
        report_damaged(path, e)
        return None
    return row


def write_row(row, path):
    """Write a row of results atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(row, indent=2), encoding='utf-8')


def check_row(row):
    """Check that a row of results can be shown.

    Args:
        row (dict): Name -> None, a text, a finite number, or a list or dict of
            these. ``mIoU`` and the values of ``class_iou`` are in percent.
            The entries of ``Job.describe`` are needed.

    Raises:
        UserError: It is none.
    """
    if not isinstance(row, dict):
        raise UserError('A row of results has names and values.')
    if not _is_percent(row.get('mIoU')):
        raise UserError('mIoU must be a number from 0 to 100, but is '
                        f'{shown(row.get("mIoU"))[:80]}.')
    for name, value in row.items():
        parts = (value.values() if isinstance(value, dict) else
                 value if isinstance(value, list) else [value])
        if not all(_is_plain(part) for part in parts) or isinstance(
                value, list) and not all(isinstance(v, str) for v in value):
            raise UserError(f'{shown(name)} is {shown(value)[:80]}.')
    missing = [name for name in _NEEDED if name not in row]
    if missing:
        raise UserError(f'A row of results needs {", ".join(missing)}.')
    for names, is_right, what in (
            (_TEXTS, lambda value: isinstance(value, str), 'a text'),
            (_TEXTS_OR_NONE, lambda value: isinstance(value, str | None),
             'a text or null'),
            (_AMOUNTS, _is_amount, 'a number from 0 or null')):
        for name in names:
            if name in row and not is_right(row[name]):
                raise UserError(f'{name} must be {what}, but is '
                                f'{shown(row[name])[:80]}.')
    if row.get('needs') not in _GROUPS:
        raise UserError(f'needs must be one of {", ".join(_GROUPS[1:])}, but '
                        f'is {shown(row["needs"])[:80]}.')
    of_classes = row.get('class_iou', {})
    if not isinstance(of_classes, dict) or not all(
            value is None or _is_percent(value)
            for value in of_classes.values()):
        raise UserError('class_iou must have numbers from 0 to 100.')
    if not isinstance(row.get('versions', {}), dict):
        raise UserError('versions must have names and values.')


def _is_plain(value):
    return value is None or isinstance(value, (str, bool, int)) or isinstance(
        value, float) and math.isfinite(value)


def _is_amount(value):
    return value is None or isinstance(value, (int, float)) and not (
        isinstance(value, bool)) and value >= 0


def _is_percent(value):
    return isinstance(value, (int, float)) and not isinstance(
        value, bool) and 0 <= value <= 100


def check_work_dir(folder, names):
    """Refuse to overwrite files of the user.

    Args:
        folder (Path): Work dir; one with a folder ``cells`` is of an earlier
            run, as are the files in it.
        names (Sequence[str]): The files to write.

    Raises:
        NotOursError: One of them exists in another folder.
    """
    if not (folder / 'cells').is_dir():
        check_replaceable(*(folder / name for name in names))


def report_damaged(path, error):
    """Report on stderr that a cell runs again, and why."""
    tqdm.write(f'{shown(path)} is damaged ({shown(error)}); its cell runs '
               'again.', file=sys.stderr)

"""Lists of images and captions as CSV, JSON, JSON Lines or Parquet.

A row is a dict with ``image``, ``caption`` or ``captions`` (a list) and
optionally ``nouns`` (a list; separated by ";" in CSV). Other keys are kept.
"""
import csv
import json
import logging
import os
from pathlib import Path

from mmengine.logging import print_log

from mmseg_clipzs.datasets.images import ImageReadError, SampleError
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_is_file,
    first_of,
    import_optional,
    shown,
)

_KEYS = 'image, caption (or captions, a list) and optionally nouns (a list)'


def read_list(path, skipped=None):
    """Read a list of images and captions.

    Rows that are damaged are skipped.

    Args:
        path (str | Path): ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
        skipped (list, optional): Gets a sentence for each skipped row. By
            default a warning names the first ones.

    Returns:
        list[dict]: Rows with ``image``, ``caption`` or ``captions``, and
        ``nouns`` (list[str]) if the file has them.

    Raises:
        UserError: The file is missing, damaged, of another format, or has no
            row with these keys.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise UserError(f'A list of images and captions is a file, but got '
                        f'{path!r}.')
    reader, _ = _format(Path(path))
    try:
        path = check_is_file(path, 'a list of images and captions')
    except FileNotFoundError as e:
        raise UserError(
            f'No list of images and captions at {shown(path)}.') from e
    try:
        found = reader(path)
    # pyarrow raises ValueErrors, deep JSON a RecursionError.
    except (ValueError, csv.Error, OSError, RecursionError) as e:
        raise UserError(f'{shown(path)} cannot be read: {e}') from e
    if not isinstance(found, list):
        raise UserError(
            f'{shown(path)} must be a list of rows with {_KEYS}.')
    rows, bad = [], []
    for number, row in enumerate(found, 1):
        try:
            rows.append(_checked(row))
        except SampleError as e:
            bad.append(f'Row {number} of {shown(path)} {e}')
    if not rows:
        raise UserError(bad[0] if bad else (
            f'{shown(path)} has no rows; it must be a list of rows with '
            f'{_KEYS}.'))
    if skipped is not None:
        skipped += bad
    elif bad:
        print_log(f'{len(bad)} of {len(found)} rows are skipped: '
                  f'{first_of(bad)}', 'current', logging.WARNING)
    return rows


def _checked(row):
    """dict: The row, with its nouns as a list.

    Raises:
        SampleError: It is damaged. The message begins with a verb.
    """
    if isinstance(row, SampleError):
        raise row
    if not isinstance(row, dict) or not isinstance(
            row.get('image'), str) or not row['image'] or not (
                'caption' in row or 'captions' in row):
        raise SampleError(f'must have {_KEYS}, but got {shown(row)[:200]}.')
    captions_of(row)
    return {**row, 'nouns': nouns_of(row)} if 'nouns' in row else row


def image_path(folder, image):
    """Path of a row's image.

    Args:
        folder (str | Path): Root of relative paths.
        image (str): The row's ``image``; an absolute path may be anywhere.

    Returns:
        Path: The image.

    Raises:
        ImageReadError: A relative path that leaves the folder.
    """
    parts = Path(os.path.normpath(image)).parts
    if not os.path.isabs(image) and '..' in parts[:1]:
        raise ImageReadError(
            f'The image {shown(image)} is outside of {shown(folder)}, the '
            'folder that its path is relative to.')
    return Path(folder) / image


def write_list(rows, path):
    """Write a list of images and captions, atomically.

    Args:
        rows (list[dict]): See :func:`read_list`.
        path (str | Path): Output file; its suffix selects the format.

    Raises:
        UserError: Unknown format, several captions per image in a CSV, or
            text that the format cannot hold.
    """
    _, writer = _format(Path(path))
    with atomic_write(path) as temporary:
        try:
            writer(rows, temporary)
        except UnicodeEncodeError as e:
            raise UserError(f'{shown(path)} cannot hold a text of the list: '
                            f'{shown(e)}. Write .json or .jsonl.') from e


def captions_of(row):
    """Non-empty captions of a row.

    Args:
        row (dict): With ``captions`` or ``caption``, a text or a list in which
            other values than texts are ignored.

    Returns:
        list[str]: Without surrounding spaces.

    Raises:
        SampleError: Neither texts nor a missing value.
    """
    captions = row.get('captions')
    if _is_missing(captions) or captions in ('', [], ()):
        captions = row.get('caption')
    if _is_missing(captions):
        return []
    if isinstance(captions, str):
        captions = [captions]
    if not isinstance(captions, (list, tuple)):
        raise SampleError('must have a text or a list of texts as captions, '
                          f'but got {shown(captions)[:200]}.')
    return _unicode([caption.strip() for caption in captions
                     if isinstance(caption, str) and caption.strip()])


def nouns_of(row):
    """Nouns of a row.

    Args:
        row (dict): With ``nouns``, a list, or a text separated by ";".

    Returns:
        list[str] | None: None without nouns.

    Raises:
        SampleError: Neither texts nor a missing value.
    """
    nouns = row.get('nouns')
    if _is_missing(nouns):
        return None
    if isinstance(nouns, str):
        nouns = [noun.strip() for noun in nouns.split(';') if noun.strip()]
    if not isinstance(nouns, (list, tuple)) or not all(
            isinstance(noun, str) for noun in nouns):
        raise SampleError('must have a list of texts as nouns, but got '
                          f'{shown(nouns)[:200]}.')
    return _unicode(list(nouns))


def _is_missing(value):
    """bool: None or, as in tables with gaps, NaN."""
    return value is None or isinstance(value, float) and value != value


def _unicode(texts):
    try:
        ''.join(texts).encode()
    except UnicodeEncodeError as e:
        raise SampleError('has text that is not valid Unicode: '
                          f'{shown(e)}.') from e
    return texts


def _read_csv(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return list(csv.DictReader(file, strict=True))


def _write_csv(rows, path):
    if any('captions' in row for row in rows):
        raise UserError('A CSV has a single caption per row; write several '
                        'captions per image to .json, .jsonl or .parquet.')
    names = dict.fromkeys(name for row in rows for name in row)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(
            row if row.get('nouns') is None
            else {**row, 'nouns': ';'.join(row['nouns'])} for row in rows)


def _read_json(path):
    return json.loads(path.read_text(encoding='utf-8-sig'))


def _write_json(rows, path):
    path.write_text(_dump(rows, indent=1), encoding='utf-8')


def _read_jsonl(path):
    with open(path, encoding='utf-8-sig') as file:
        return [_line(line) for line in file if line.strip()]


def _line(line):
    """The row in a line, or a SampleError."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as e:
        return SampleError(f'is no JSON: {e}.')


def _write_jsonl(rows, path):
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(_dump(row) + '\n' for row in rows)


def _dump(value, **options):
    """str: JSON that people can read, and that UTF-8 can encode."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return text if text.isascii() or not any(
        '\ud800' <= c <= '\udfff' for c in text) else (
            json.dumps(value, **options))


def _pyarrow(module):
    return import_optional(f'pyarrow{module}', 'train', 'A .parquet list')


def _read_parquet(path):
    return _pyarrow('.parquet').read_table(path).to_pylist()


def _write_parquet(rows, path):
    table = _pyarrow('').Table.from_pylist(rows)
    _pyarrow('.parquet').write_table(table, path)


_FORMATS = {
    '.csv': (_read_csv, _write_csv),
    '.json': (_read_json, _write_json),
    '.jsonl': (_read_jsonl, _write_jsonl),
    '.parquet': (_read_parquet, _write_parquet),
}


def _format(path):
    if path.suffix.lower() not in _FORMATS:
        raise UserError('A list of images and captions must be one of '
                        f'{", ".join(_FORMATS)}, but got {shown(path)}.')
    return _FORMATS[path.suffix.lower()]

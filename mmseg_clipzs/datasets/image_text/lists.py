"""Lists of images and captions as CSV, JSON, JSON Lines or Parquet.

A row is a dict with ``image``, ``caption`` or ``captions`` (a list) and
optionally ``nouns`` (a list; separated by ";" in CSV). Other keys are kept.
"""
import csv
import json
from pathlib import Path

from mmseg_clipzs.utils import UserError, atomic_write, import_optional

_KEYS = 'image, caption (or captions, a list) and optionally nouns (a list)'


def read_list(path):
    """Read a list of images and captions.

    Args:
        path (str | Path): ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.

    Returns:
        list[dict]: Rows with ``image``, ``caption`` or ``captions``, and
        ``nouns`` (list[str]) if the file has them.

    Raises:
        UserError: The file is missing, damaged, of another format, or lacks
            these keys.
    """
    path = Path(path)
    reader, _ = _format(path)
    if not path.is_file():
        raise UserError(f'No list of images and captions at {path}.')
    try:
        rows = reader(path)
    except (ValueError, csv.Error, OSError) as e:  # pyarrow raises ValueErrors
        raise UserError(f'{path} cannot be read: {e}') from e
    if not isinstance(rows, list):
        raise UserError(f'{path} must be a list of rows with {_KEYS}.')
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not row.get('image') or not (
                'caption' in row or 'captions' in row):
            raise UserError(f'Row {number} of {path} must have {_KEYS}, but '
                            f'got {str(row)[:200]}.')
        if isinstance(row.get('nouns'), str):
            row['nouns'] = [
                n.strip() for n in row['nouns'].split(';') if n.strip()]
    return rows


def write_list(rows, path):
    """Write a list of images and captions, atomically.

    Args:
        rows (list[dict]): See :func:`read_list`.
        path (str | Path): Output file; its suffix selects the format.

    Raises:
        UserError: Unknown format, or several captions per image in a CSV.
    """
    _, writer = _format(Path(path))
    with atomic_write(path) as temporary:
        writer(rows, temporary)


def captions_of(row):
    """list[str]: Non-empty captions of a row."""
    captions = row.get('captions') or row.get('caption')
    if isinstance(captions, str):
        captions = [captions]
    return [c.strip() for c in captions or []
            if isinstance(c, str) and c.strip()]


def _read_csv(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return list(csv.DictReader(file))


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
    return json.loads(path.read_text(encoding='utf-8'))


def _write_json(rows, path):
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1),
                    encoding='utf-8')


def _read_jsonl(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def _write_jsonl(rows, path):
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + '\n'
                        for row in rows)


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
                        f'{", ".join(_FORMATS)}, but got {path}.')
    return _FORMATS[path.suffix.lower()]

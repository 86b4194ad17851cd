"""Lists of images and captions: CSV, JSON, JSON lines, Parquet.

A row is a dict with ``image``, ``caption`` or ``captions`` (a list) and maybe
``nouns`` (a list; in CSV joined by ";"); what else it holds is kept.
"""
import csv
import json
from pathlib import Path

from mmseg_clipzs.utils import UserError, atomic_write, import_optional

_KEYS = 'image, caption (or captions, a list) and, if wanted, nouns (a list)'


def read_list(path):
    """Rows of a list.

    Args:
        path (str | Path): ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.

    Returns:
        list[dict]: With ``image`` and ``caption`` or ``captions``; ``nouns``
        is a list[str] where it is there.

    Raises:
        UserError: Missing, of another kind, damaged, or without these keys.
    """
    path = Path(path)
    reader, _ = _format(path)
    if not path.is_file():
        raise UserError(f'No list of images and captions at {path}.')
    try:
        rows = reader(path)
    except (ValueError, csv.Error, OSError) as e:  # pyarrow's are ValueErrors
        raise UserError(f'{path} cannot be read: {e}') from e
    if not isinstance(rows, list):
        raise UserError(f'{path} should hold a list of rows with {_KEYS}.')
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not row.get('image') or not (
                'caption' in row or 'captions' in row):
            raise UserError(f'Row {number} of {path} should have {_KEYS}; it '
                            f'is {str(row)[:200]}.')
        if isinstance(row.get('nouns'), str):
            row['nouns'] = [
                n.strip() for n in row['nouns'].split(';') if n.strip()]
    return rows


def write_list(rows, path):
    """Write rows, all or nothing.

    Args:
        rows (list[dict]): As of :func:`read_list`.
        path (str | Path): Its suffix says the kind.

    Raises:
        UserError: Another kind; several captions of an image in a CSV.
    """
    _, writer = _format(Path(path))
    with atomic_write(path) as temporary:
        writer(rows, temporary)


def captions_of(row):
    """list[str]: The captions of a row that are not empty."""
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
        raise UserError('A CSV holds one caption in each row; write several '
                        'captions of an image as .json, .jsonl or .parquet.')
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
        raise UserError(f'A list of images and captions is one of '
                        f'{", ".join(_FORMATS)}, but got {path}.')
    return _FORMATS[path.suffix.lower()]

"""Write the leaderboard as CSV, JSON, Markdown and HTML."""
import csv
import io
import json
from html import escape
from pathlib import Path

from mmseg_clipzs.recipes import PUBLISHED, RERUNS
from mmseg_clipzs.utils import atomic_write

from .blocks import blocks_of
from .entries import TOLERANCE
from .page import to_html
from .standings import annotate, compare

FILES = tuple(f'leaderboard.{suffix}'
              for suffix in ('csv', 'json', 'md', 'html'))
NOTE = (
    'mIoU in percent. "here" was measured by this run; "published" has the '
    'figures of the authors, "re-run by others" those of people who ran the '
    'method again, and neither was measured here: methods without a figure '
    'under "here" were not run. Methods are grouped by what they need and '
    'sorted by their mean, here if they were run; for one with gaps (7 of 8) '
    'it counts what the other figures let expect on the datasets that it '
    'misses. "±" is the sample standard deviation over the weights of a CLIP, '
    'their number in brackets. "behind" marks figures more than '
    f'{TOLERANCE} below the published one of the same protocol, dataset and '
    'weights.')
# Columns of the second table.
_SETTINGS = ('method', 'dataset', 'protocol', 'clip', 'weights', 'checkpoint',
             'vocabulary', 'prompts', 'mIoU', 'aAcc', 'mAcc', 'seconds',
             'images_per_second', 'peak_memory_mb', 'device')


def settings(rows):
    """tuple[list, list]: Header and lines of a table of settings and costs."""
    keys = [key for key in _SETTINGS
            if any(row.get(key) is not None for row in rows)]
    return keys, [[_flat(row.get(key)) for key in keys] for row in rows]


def failures(rows):
    """list[str]: A line per failed row."""
    return [' · '.join(filter(None, (
        row['method'], row['dataset'], row['clip'], row['weights'],
        row['error'], f'log: {row["folder"]}/log.txt'
        if 'folder' in row else '')))
        for row in rows if 'error' in row]


def environments(rows):
    """list[str]: The versions that the rows were measured with."""
    return list(dict.fromkeys(
        _flat(row['versions']) for row in rows if 'versions' in row))


def _flat(value):
    """A value of a row as one line of text."""
    if isinstance(value, dict):
        return ', '.join(f'{key} {_flat(each) or "-"}'
                         for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return ' | '.join(value)
    return '' if value is None else str(value)


def to_csv(rows):
    """str: A line per row, with all its values."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(keys)
    writer.writerows([_flat(row.get(key)) for key in keys] for row in rows)
    return text.getvalue()


def to_markdown(tables, rows):
    """str: The tables, the failures and the settings."""
    parts = ['# Leaderboard', NOTE]
    for table in tables:
        parts.append(f'## Protocol {_plain(table.title)}')
        for block in blocks_of(table):
            parts += [f'### {_plain(block.title)}', _block(block),
                      *map(_plain, block.notes)]
    if failures(rows):
        parts += ['## Failed', '\n'.join(
            f'- {_plain(line)}' for line in failures(rows))]
    parts += ['## Settings and costs', _markdown(*settings(rows))]
    parts += [f'Versions: {_plain(line)}.' for line in environments(rows)]
    return '\n\n'.join(parts) + '\n'


def _block(block):
    """str: A table whose groups have a line of their own."""
    lines = []
    for title, members in block.groups:
        lines.append([f'**{title}**', *[''] * (len(block.columns) - 1)])
        lines += [texts for _, texts in members]
    return _markdown([heading for heading, _ in block.columns], lines)


def _markdown(header, lines):
    cells = [header, ['---'] * len(header), *lines]
    return '\n'.join('| ' + ' | '.join(
        _plain(text).replace('|', '\\|') for text in line) + ' |'
        for line in cells)


def _plain(text):
    """str: A text as one line without HTML."""
    return escape(' '.join(text.splitlines()), quote=False)


def write_report(rows, folder):
    """Write :data:`FILES`.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`.
        folder (str | Path): Work dir, with the cells' folders.
    """
    tables = compare(rows, PUBLISHED, RERUNS)
    annotated = [annotate(row, PUBLISHED, RERUNS) for row in rows]
    for name, text in zip(FILES, (
            to_csv(annotated),
            json.dumps(annotated, indent=2) + '\n',
            to_markdown(tables, rows),
            to_html(tables, NOTE, failures(rows), settings(rows),
                    environments(rows), folder))):
        with atomic_write(Path(folder) / name) as temporary:
            temporary.write_text(text, encoding='utf-8')

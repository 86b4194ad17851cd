"""Write the leaderboard as CSV, JSON, Markdown and HTML."""
import csv
import io
import json
from dataclasses import replace
from html import escape
from pathlib import Path

from prettytable import PrettyTable

from mmseg_clipzs.recipes import PUBLISHED, RERUNS
from mmseg_clipzs.utils import atomic_write

from .blocks import blocks_of
from .entries import TOLERANCE
from .page import to_html
from .standings import annotate, compare

FILES = tuple(f'leaderboard.{suffix}'
              for suffix in ('csv', 'json', 'md', 'html'))
NOTE = (
    'mIoU in percent. Only figures under "here" were measured by this run; '
    'the others are those of the authors and of people who ran the method '
    'again. '
    f'"behind": more than {TOLERANCE} below the published figure. "±": '
    'standard deviation over several weights.')
# Columns of the second table, and their headings.
_SETTINGS = {
    **{key: key for key in ('method', 'dataset', 'protocol')}, 'clip': 'CLIP',
    **{key: key for key in ('weights', 'checkpoint', 'vocabulary', 'prompts',
                            'mIoU', 'aAcc', 'mAcc', 'seconds')},
    'images_per_second': 'images/s', 'peak_memory_mb': 'memory, MB',
    'device': 'device'}
_NEVER_SHARED = ('method', 'dataset', 'mIoU')


def settings(rows):
    """tuple[list, list, str]: Header and lines of a table of settings and
    costs, and what all rows share."""
    texts = {key: [_flat(row.get(key)) for row in rows] for key in _SETTINGS}
    shared = [key for key, each in texts.items()
              if len(rows) > 1 and len(set(each)) == 1 and each[0]
              and key not in _NEVER_SHARED]
    keys = [key for key, each in texts.items()
            if any(each) and key not in shared]
    return ([_SETTINGS[key] for key in keys],
            list(map(list, zip(*(texts[key] for key in keys)))),
            '; '.join(f'{_SETTINGS[key]}: {texts[key][0]}' for key in shared))


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
    header, lines, shared = settings(rows)
    parts += ['## Settings and costs', _markdown(header, lines)]
    if shared:
        parts.append(f'All rows: {_plain(shared)}.')
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


def summary(rows):
    """What was run, for a terminal.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`.

    Returns:
        str: The first table of each protocol, with the methods of the rows
        and all figures published of these.
    """
    methods, parts = {row['method'] for row in rows}, []
    for table in compare(rows, PUBLISHED, RERUNS):
        block = blocks_of(replace(table, entries=[
            entry for entry in table.entries
            if entry.runs or entry.method in methods]))[0]
        grid = PrettyTable([heading for heading, _ in block.columns])
        grid.align = 'l'
        for _, members in block.groups:
            grid.add_rows([texts for _, texts in members])
        parts += ['\n'.join([f'Protocol {table.title}. {block.title}',
                             str(grid), *block.notes])]
    return '\n\n'.join(parts)


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

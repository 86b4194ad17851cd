"""Tables of measured and published results: CSV, JSON, Markdown and HTML.

Figures of different protocols never share a table.
"""
import csv
import io
import json
import re
import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mmseg_clipzs.recipes import PUBLISHED
from mmseg_clipzs.utils import atomic_write

from .page import to_html

FILES = tuple(f'leaderboard.{suffix}'
              for suffix in ('csv', 'json', 'md', 'html'))
# Columns beside those of CLIP's weights.
_SPREAD, _PUBLISHED = 'mean ± std', 'published'
_NOTE = ('mIoU in percent. Columns called "published" have the papers\' '
         'figures, all others were measured here; rows with published figures '
         'only were not run. "mean ± std" is over the weights of one CLIP '
         'architecture (their number in brackets), with the sample standard '
         'deviation.')
# Columns of the second table.
_SETTINGS = ('method', 'dataset', 'protocol', 'clip', 'weights', 'checkpoint',
             'vocabulary', 'prompts', 'mIoU', 'aAcc', 'mAcc', 'seconds',
             'images_per_second', 'peak_memory_mb', 'device')


@dataclass
class Table:
    """Results of one protocol.

    Attributes:
        title (str): The protocol.
        columns (list[tuple[str, str]]): Dataset and heading of each column.
        rows (list[tuple[str, list[str]]]): Method and a text per column, ''
            for an empty cell.
    """
    title: str
    columns: list
    rows: list


def compare(rows, published):
    """Put measured and published mIoU side by side.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`.
        published (Sequence[dict]): Rows as in ``recipes.PUBLISHED``.

    Returns:
        list[Table]: One per protocol in ``rows``.
    """
    rows = _told_apart(rows)
    return [_table(protocol,
                   [row for row in rows if row['protocol'] == protocol],
                   [row for row in published if row['protocol'] == protocol
                    and row['weights'] in ('openai', None)])
            for protocol in _unique(rows, 'protocol')]


def _told_apart(rows):
    """Rows whose methods name the checkpoint, where there are several."""
    trained = defaultdict(dict)
    for row in rows:
        trained[row['method'], row['protocol'], row['dataset']][
            row['config'], row.get('checkpoint')] = None
    several = {key for key, found in trained.items() if len(found) > 1}
    return [
        dict(row, method=f'{row["method"]} ({row["config"]}, '
             f'{Path(row["checkpoint"]).stem})')
        if row.get('checkpoint') and (
            row['method'], row['protocol'], row['dataset']) in several
        else row for row in rows]


def _table(protocol, measured, published):
    columns = {}  # (dataset, clip, what) -> {method: text}
    for dataset in _unique(measured, 'dataset'):
        of_dataset = _where(measured, dataset=dataset)
        for clip in _unique(of_dataset, 'clip'):
            of_clip = _where(of_dataset, clip=clip)
            for weights in _unique(of_clip, 'weights'):
                columns[dataset, clip, weights] = _texts(
                    _where(of_clip, weights=weights))
            columns[dataset, clip, _SPREAD] = _spreads(of_clip)
            columns[dataset, clip, _PUBLISHED] = _texts(
                _where(published, dataset=dataset, clip=clip))
    columns = {key: texts for key, texts in columns.items() if texts}
    methods = dict.fromkeys(
        _unique(measured, 'method') + [
            method for texts in columns.values() for method in texts])
    return Table(
        protocol,
        [(dataset, _heading(clip, what, columns))
         for dataset, clip, what in columns],
        [(method, [texts.get(method, '') for texts in columns.values()])
         for method in methods])


def _heading(clip, what, columns):
    """'ViT-B-16 openai', 'published', 'own weights published', ..."""
    if what not in (None, _SPREAD, _PUBLISHED):
        # Files by name, unless two have the same name.
        names = [_short(other, clip) for other in dict.fromkeys(
            key[2] for key in columns) if other]
        if names.count(_short(what, clip)) == 1:
            what = _short(what, clip)
    return ' '.join(filter(None, (clip or 'own weights', what)))


def _short(weights, clip):
    """'openai' -> 'openai', 'w/ViT-B-16-seed1.safetensors' -> 'seed1'."""
    name = re.sub(r'\.(pt|pth|bin|safetensors)$', '', Path(weights).name)
    return name.removeprefix(f'{clip}-')


def _texts(rows):
    """dict: Method -> its figures."""
    texts = defaultdict(list)
    for row in rows:
        texts[row['method']].append(
            'failed' if 'error' in row else f'{row["mIoU"]}')
    return {method: ' / '.join(each) for method, each in texts.items()}


def _spreads(rows):
    """dict: Method -> mean ± std over several weights of one CLIP."""
    texts = {}
    for method in _unique(rows, 'method'):
        finished = [row for row in _where(rows, method=method)
                    if 'error' not in row]
        # Not over several settings of one method.
        if 1 < len(finished) == len(_unique(finished, 'weights')):
            figures = [row['mIoU'] for row in finished]
            texts[method] = (f'{statistics.mean(figures):.2f} ± '
                             f'{statistics.stdev(figures):.2f} '
                             f'({len(figures)})')
    return texts


def _where(rows, **values):
    return [row for row in rows
            if all(row[key] == value for key, value in values.items())]


def _unique(rows, key):
    return list(dict.fromkeys(row[key] for row in rows))


def settings(rows):
    """tuple[list, list]: Header and lines of a table of settings and costs."""
    keys = [key for key in _SETTINGS
            if any(row.get(key) is not None for row in rows)]
    return keys, [[_flat(row.get(key)) for key in keys] for row in rows]


def failures(rows):
    """list[str]: A line per failed row."""
    return [' · '.join(filter(None, (
        row['method'], row['dataset'], row['clip'], row['weights'],
        row['error'], f'log: {row["folder"]}/log.txt')))
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
    parts = ['# Leaderboard', _NOTE]
    for table in tables:
        parts += [f'## Protocol {table.title}', _markdown(
            ['method', *(f'{dataset}: {what}'
                         for dataset, what in table.columns)],
            [[method, *texts] for method, texts in table.rows])]
    if failures(rows):
        parts += ['## Failed', '\n'.join(
            f'- {line}' for line in failures(rows))]
    parts += ['## Settings and costs', _markdown(*settings(rows))]
    parts += [f'Versions: {line}.' for line in environments(rows)]
    return '\n\n'.join(parts) + '\n'


def _markdown(header, lines):
    cells = [header, ['---'] * len(header), *lines]
    return '\n'.join('| ' + ' | '.join(
        text.replace('|', '\\|') for text in line) + ' |' for line in cells)


def write_report(rows, folder):
    """Write :data:`FILES`.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`.
        folder (str | Path): Work dir, with the cells' folders.
    """
    tables = compare(rows, PUBLISHED)
    for name, text in zip(FILES, (
            to_csv(rows),
            json.dumps(rows, indent=2) + '\n',
            to_markdown(tables, rows),
            to_html(tables, rows, _NOTE, failures(rows), settings(rows),
                    environments(rows), folder))):
        with atomic_write(Path(folder) / name) as temporary:
            temporary.write_text(text, encoding='utf-8')

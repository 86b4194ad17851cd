"""The HTML page: tables, class IoUs and prediction samples in one file."""
import base64
import io
import statistics
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.visualization import overlay

_TEMPLATE = Path(__file__).with_name('page.html')


def to_html(tables, rows, note, failures, settings, environments, folder):
    """Render the page.

    Args:
        tables (Sequence[Table]): One per protocol.
        rows (Sequence[dict]): Result of :func:`matrix.run`.
        note (str): Explanation of the tables.
        failures, environments (Sequence[str]): Lines of text.
        settings (tuple[list, list]): Header and lines of a table.
        folder (str | Path): Work dir, with the rows' prediction samples.

    Returns:
        str: Self-contained HTML without scripts.
    """
    parts = [f'<p>{escape(note)}</p>']
    if failures:
        parts.append(_section('Failed', _list(failures)))
    for table in tables:
        mine = [row for row in rows if row['protocol'] == table.title]
        parts.append(_section(
            f'Protocol {table.title}', _figures(table), *(
                part for dataset in dict.fromkeys(
                    row['dataset'] for row in mine)
                for part in _details(
                    dataset, [row for row in mine
                              if row['dataset'] == dataset], folder))))
    parts += [_section('Settings and costs', _plain_table(*settings)),
              _section('Versions', _list(environments))]
    return Template(_TEMPLATE.read_text(encoding='utf-8')).substitute(
        body='\n'.join(parts))


def _section(title, *parts):
    return '\n'.join([f'<section><h2>{escape(title)}</h2>', *parts,
                      '</section>'])


def _list(lines):
    return ('<ul>' + ''.join(f'<li>{escape(line)}</li>' for line in lines)
            + '</ul>')


def _tag(name, text, attributes=''):
    return f'<{name}{attributes}>{text}</{name}>'


def _table(*rows):
    return ('<div class="wide"><table>\n' + '\n'.join(
        _tag('tr', ''.join(row)) for row in rows) + '\n</table></div>')


def _plain_table(header, lines):
    return _table([_tag('th', escape(text)) for text in header], *(
        [_tag('td', escape(text)) for text in line] for line in lines))


def _figures(table):
    """A protocol's table of mIoU, each dataset above its columns."""
    kinds = [' class="published"' if what.endswith('published') else ''
             for _, what in table.columns]
    datasets = [(name, len(list(columns))) for name, columns in groupby(
        name for name, _ in table.columns)]
    return _table(
        ['<th></th>', *(_tag('th', escape(name), f' colspan="{count}"')
                        for name, count in datasets)],
        ['<th>method</th>', *(_tag('th', escape(what), kind) for
                              (_, what), kind in zip(table.columns, kinds))],
        *([_tag('th', escape(method)), *(
            _tag('td', escape(text), kind)
            for text, kind in zip(texts, kinds))]
          for method, texts in table.rows))


def _details(dataset, rows, folder):
    """Prediction samples of a dataset, and the IoU of each class."""
    rows = [row for row in rows if 'error' not in row]
    several = any(len(members) > 1 for members in _models(rows).values())
    for attribute, title, content in (
            (' open', 'predictions' + several * ' (the first of several runs)',
             _predictions(rows, folder)),
            ('', 'IoU of each class', _bars(rows))):
        if content:
            yield (f'<details{attribute}><summary>{escape(dataset)}: {title}'
                   f'</summary>{content}</details>')


def _models(rows):
    """Group rows by method and CLIP: 'method, CLIP' -> rows."""
    models = {}
    for row in rows:
        name = ', '.join(filter(None, (row['method'], row['clip'])))
        models.setdefault(name, []).append(row)
    return models


def _bars(rows):
    """IoU of each class as bars, averaged over the weights of a CLIP."""
    models = _models([row for row in rows if row.get('class_iou')])
    if not models:
        return ''
    columns = []
    for members in models.values():
        column = {}
        for name in members[0]['class_iou']:
            values = [row['class_iou'][name] for row in members
                      if row['class_iou'].get(name) is not None]
            column[name] = statistics.mean(values) if values else None
        columns.append(column)
    return _table(
        ['<th>class</th>', *(_tag('th', escape(name) + (
            f' (mean of {len(members)})' if len(members) > 1 else ''))
            for name, members in models.items())],
        *([_tag('th', escape(name)), *(_bar(column.get(name))
                                       for column in columns)]
          for name in columns[0]))


def _bar(value):
    if value is None:
        return '<td>–</td>'
    text = f'{value:.2f}'
    return _tag('td', text, f' class="bar" style="--iou:{text}"')


def _predictions(rows, folder):
    """Images, ground truth and each model's predictions, with a legend."""
    samples = {name: read_samples(
        Path(folder) / members[0]['folder'] / 'samples.npz')
        for name, members in _models(rows).items()}
    if not samples:
        return ''
    first = next(iter(samples.values()))
    palette = first['palette']
    shown = {name: dict(zip(each['names'], each['prediction']))
             for name, each in samples.items()}
    lines, seen = [], []
    for name, image, truth in zip(
            first['names'], first['image'], first['truth']):
        masks = [truth] + [each[name] for each in shown.values()
                           if name in each]
        seen += [np.unique(mask) for mask in masks]
        lines.append([_tag('td', _image(cell)) for cell in (
            image, *(overlay(image, mask, palette, 0.75)
                     for mask in masks))])
    colours = ''.join(
        f'<span class="key"><i style="background:rgb'
        f'({",".join(map(str, palette[i]))})"></i>'
        f'{escape(first["classes"][i])}</span>'
        for i in np.unique(np.concatenate(seen)) if i < len(palette))
    return _table(
        [_tag('th', escape(title))
         for title in ('image', 'ground truth', *samples)],
        *lines) + _tag('p', colours)


def _image(image):
    """str: Element with (H, W, 3) uint8 RGB as an embedded JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', quality=85)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'

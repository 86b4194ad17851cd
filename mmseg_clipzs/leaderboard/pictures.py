"""Parts of the page for one dataset: predictions, and IoU of each class."""
import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.visualization import background_of, class_palette, overlay

from .entries import mean

_OPACITY = 0.7


def predictions(table, dataset, folder):
    """Photos with ground truth and the predictions of each method.

    Args:
        table (Table): Of a protocol.
        dataset (str): One of its datasets.
        folder (str | Path): Work dir, with the runs' prediction samples.

    Returns:
        str: HTML, '' if there are none.
    """
    labels, _ = table.labels()
    samples = [
        (labels[id(entry)], read_samples(
            Path(folder) / entry.finished(dataset)[0]['folder']
            / 'samples.npz'))
        for entry in table.entries
        if any('folder' in row for row in entry.finished(dataset)[:1])]
    if not samples:
        return ''
    first = samples[0][1]
    # A class has one colour, whoever predicts it.
    names = list(dict.fromkeys(
        name for _, each in samples for name in each['classes']))
    colours = dict(zip(names, class_palette(names)))
    shown, seen = [], set()
    for i, name in enumerate(first['names']):
        tiles = [_tile('photo', first['image'][i]), _painted(
            'ground truth', first, i, 'truth', colours, seen)]
        tiles += [
            _painted(title, each, each['names'].index(name), 'prediction',
                     colours, seen)
            for title, each in samples if name in each['names']]
        shown.append(f'<div class="tiles">{"".join(tiles)}</div>')
    keys = ''.join(
        f'<span class="key"><i style="background:rgb'
        f'({",".join(map(str, colour))})"></i>{escape(name)}</span>'
        for name, colour in colours.items() if name in seen)
    return '\n'.join([f'<p class="keys">{keys}</p>', *shown])


def class_bars(table, dataset):
    """IoU of each class as bars, averaged over the weights of a CLIP.

    Args:
        table (Table): Of a protocol.
        dataset (str): One of its datasets.

    Returns:
        str: HTML, '' if no run has them.
    """
    (labels, _), columns = table.labels(), {}
    for entry in table.entries:
        rows = [row['class_iou'] for row in entry.finished(dataset)
                if row.get('class_iou')]
        if rows:
            count = f' (mean of {len(rows)})' if len(rows) > 1 else ''
            columns[labels[id(entry)] + count] = {
                name: mean(row.get(name) for row in rows)
                for name in dict.fromkeys(name for row in rows
                                          for name in row)}
    if not columns:
        return ''
    head = ''.join(f'<th scope="col">{escape(title)}</th>'
                   for title in ('class', *columns))
    lines = []
    for name in dict.fromkeys(
            name for column in columns.values() for name in column):
        values = [column.get(name) for column in columns.values()]
        best = max((v for v in values if v is not None), default=None)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>' + ''.join(
            _bar(value, len(columns) > 1 and value == best)
            for value in values) + '</tr>')
    return (f'<div class="wide high"><table class="bars"><thead><tr>{head}'
            '</tr></thead>\n<tbody>' + '\n'.join(lines)
            + '</tbody></table></div>'
            + '<p>★ has the highest IoU of a class. – neither occurs nor is '
            'predicted.</p>')


def _bar(value, is_best):
    if value is None:
        return '<td>–</td>'
    return (f'<td class="bar{" best" * is_best}" style="--iou:{value:.2f}">'
            f'{"★ " * is_best}{value:.2f}</td>')


def _painted(title, sample, i, what, colours, seen):
    """str: A photo with classes painted over it; adds them to ``seen``."""
    classes, mask = sample['classes'], sample[what][i]
    seen.update(classes[label] for label in np.unique(mask)
                if label < len(classes))
    return _tile(title, overlay(
        sample['image'][i], mask, [colours[name] for name in classes],
        _OPACITY, background_of(classes), outlines=True))


def _tile(title, image):
    """str: A figure of (H, W, 3) uint8 RGB, as an embedded JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', quality=85)
    data = base64.b64encode(file.getvalue()).decode()
    height, width = image.shape[:2]
    return (f'<figure><img alt="{escape(title)}" width="{width}" '
            f'height="{height}" src="data:image/jpeg;base64,{data}">'
            f'<figcaption>{escape(title)}</figcaption></figure>')

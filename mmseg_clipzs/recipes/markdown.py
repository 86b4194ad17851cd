"""Pieces of the tables of README and docs."""
import statistics

from . import measured
from .cells import cells
from .datasets import DATASETS
from .methods import METHODS

NONE = '–'


def table(heading, rows):
    """str: A Markdown table of texts."""
    lines = ['|' + ''.join(f' {text} |' if text else ' |' for text in row)
             for row in (heading, *rows)]
    return '\n'.join([lines[0], f'|{"---|" * len(heading)}', *lines[1:]])


def dataset_name(dataset):
    """str: 'voc (20)', and 'voc21', whose name has the number."""
    classes = DATASETS[dataset]['classes']
    return dataset if dataset.endswith(str(classes)) else (
        f'{dataset} ({classes})')


def find(method, dataset):
    """The cell of a method on a dataset, or None."""
    return next((cell for cell in cells() if (
        cell.method, cell.dataset) == (method, dataset)), None)


def published(method, dataset):
    """str: The figure, a dash, or nothing where there is no config."""
    cell = find(method, dataset)
    return '' if cell is None else (
        cell.published['mIoU'] if cell.published else NONE)


def spread(figures, digits=2):
    """str: Mean and sample standard deviation."""
    return (f'{statistics.mean(figures):.{digits}f} ± '
            f'{statistics.stdev(figures):.{digits}f}')


def label(method):
    """str: A method as in tables."""
    return METHODS[method].get('name', METHODS[method]['title'])


def toy(method):
    """str: Figure of seed 0 on the whole image, one digit."""
    figures = {**measured.GROUPING, **measured.WHOLE}
    return f'{figures[method][0]:.1f}' if method in figures else ''

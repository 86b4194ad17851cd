"""Parts of the tables of README and docs."""
import statistics

from . import measured
from .cells import cells
from .datasets import DATASETS
from .methods import METHODS
from .published import marked

NONE = '–'


def table(heading, rows):
    """str: A Markdown table."""
    lines = ['|' + ''.join(f' {text} |' if text else ' |' for text in row)
             for row in (heading, *rows)]
    return '\n'.join([lines[0], f'|{"---|" * len(heading)}', *lines[1:]])


def dataset_name(dataset):
    """str: 'voc (20)', or 'voc21' if the name ends in the number."""
    classes = DATASETS[dataset]['classes']
    return dataset if dataset.endswith(str(classes)) else (
        f'{dataset} ({classes})')


def find(method, dataset):
    """Cell | None: A method on a dataset."""
    return next((cell for cell in cells() if (
        cell.method, cell.dataset) == (method, dataset)), None)


def published(method, dataset):
    """str: The published figure with signs, a dash, or '' without a config."""
    cell = find(method, dataset)
    return '' if cell is None else (
        marked(cell.published['mIoU'], cell.published)
        if cell.published else NONE)


def spread(figures, digits=2):
    """str: Mean and sample standard deviation."""
    return (f'{statistics.mean(figures):.{digits}f} ± '
            f'{statistics.stdev(figures):.{digits}f}')


def label(method):
    """str: Name of a method in tables."""
    return METHODS[method].get('name', METHODS[method]['title'])


def toy(method):
    """str: mIoU on the toy scenes, seed 0, whole image; '' if unknown."""
    figures = {**measured.GROUPING, **measured.WHOLE}
    return f'{figures[method][0]:.1f}' if method in figures else ''

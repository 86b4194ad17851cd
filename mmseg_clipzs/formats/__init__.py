"""Ways of writing results: pictures, masks, and what other tools read."""
import inspect

from mmseg_clipzs.utils import UserError, did_you_mean

from .base import Format
from .index import Index
from .pictures import Groups, HeatMaps, Overlay
from .sheet import Sheet

FORMATS = {
    'overlay': Overlay,
    'groups': Groups,
    'heatmaps': HeatMaps,
    'index': Index,
    'sheet': Sheet,
}

__all__ = ['FORMATS', 'Format', 'make_formats']


def make_formats(names, folder, classes, palette, **options):
    """Prepare ways of writing results.

    Args:
        names (Sequence[str]): Keys of ``FORMATS``; one given twice counts
            once.
        folder (str | Path): Folder of the results, created if missing.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours in [0, 255].
        **options: Options of the formats; each gets those that it has.

    Returns:
        list[Format]: In the order of ``FORMATS``.

    Raises:
        UserError: An unknown name, an option that no format has, or classes
            that a format cannot hold.
    """
    for name in names:
        if name not in FORMATS:
            raise UserError(
                f'There is no format {name!r}; choose from '
                f'{", ".join(FORMATS)}.{did_you_mean(name, FORMATS)}')
    known = {name: set(inspect.signature(kind).parameters)
             for name, kind in FORMATS.items()}
    for option in options:
        if not any(option in each for each in known.values()):
            raise UserError(f'No format has an option {option!r}.')
    return [kind(folder, classes, palette, **{
        key: value for key, value in options.items() if key in known[name]})
        for name, kind in FORMATS.items() if name in names]

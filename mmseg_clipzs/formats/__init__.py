"""Ways of writing results: pictures, masks, and what other tools read."""
import inspect
from importlib import import_module

from mmseg_clipzs.utils import UserError, did_you_mean

from .base import README, Format

# Name -> what it writes, for lists of options. Classes are imported on use.
FORMATS = {
    'overlay': 'NAME_overlay.png, the classes over the photo, with a legend',
    'groups': 'NAME_groups.png, the groups of each stage (GroupViT)',
    'heatmaps': 'NAME_heat_INDEX_CLASS.png, the probability of each class',
    'index': 'NAME_mask.png, the class index of each pixel, with colours',
    'voc': 'voc/, the layout of Pascal VOC (CVAT, MMSegmentation)',
    'coco': "coco/, COCO's JSON with an exact mask (RLE) of each class",
    'coco_polygons': "coco_polygons/, COCO's JSON with polygons of regions",
    'yolo': 'yolo/, polygons of regions (Ultralytics)',
    'binary': 'binary/INDEX_CLASS/NAME.png, a black and white mask of a class',
    'cutout': 'cutout/INDEX_CLASS/NAME.png, a class on a transparent ground',
    'sheet': 'index.html, a page with thumbnails of all photos',
}
# Those with a folder of their own in the folder of the results.
FOLDERS = {'voc', 'coco', 'coco_polygons', 'yolo', 'binary', 'cutout'}
_CLASSES = {
    'overlay': 'pictures.Overlay',
    'groups': 'pictures.Groups',
    'heatmaps': 'pictures.HeatMaps',
    'index': 'index.Index',
    'voc': 'voc.Voc',
    'coco': 'coco.Coco',
    'coco_polygons': 'coco.CocoPolygons',
    'yolo': 'yolo.Yolo',
    'binary': 'classes.Binary',
    'cutout': 'classes.Cutout',
    'sheet': 'sheet.Sheet',
}

__all__ = ['FOLDERS', 'FORMATS', 'README', 'Format', 'format_class',
           'make_formats']


def format_class(name):
    """type: The class of a format.

    Args:
        name (str): A key of ``FORMATS``.

    Raises:
        UserError: There is no such format.
    """
    if name not in FORMATS:
        raise UserError(f'There is no format {name!r}; choose from '
                        f'{", ".join(FORMATS)}.{did_you_mean(name, FORMATS)}')
    module, _, kind = _CLASSES[name].partition('.')
    return getattr(import_module(f'{__name__}.{module}'), kind)


def make_formats(names, folder, classes, palette, **options):
    """Prepare ways of writing results.

    Args:
        names (Sequence[str]): Keys of ``FORMATS``; one given twice counts
            once.
        folder (str | Path): Folder of the results, created if missing.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours in [0, 255].
        **options: Options of the formats; each format gets those that it has.

    Returns:
        list[Format]: In the order of ``FORMATS``.

    Raises:
        UserError: An unknown name, an option that no format has, or classes
            that a format cannot hold.
    """
    for name in names:
        format_class(name)
    kinds = {name: format_class(name) for name in FORMATS}
    known = {name: inspect.signature(kind).parameters
             for name, kind in kinds.items()}
    for option in options:
        if not any(option in each for each in known.values()):
            raise UserError(f'No format has an option {option!r}.')
    return [kind(folder, classes, palette, **{
        key: value for key, value in options.items() if key in known[name]})
        for name, kind in kinds.items() if name in names]

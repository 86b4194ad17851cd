"""Options of pictures."""
import argparse
import logging

from mmseg_clipzs.labels import BACKGROUND
from mmseg_clipzs.utils import did_you_mean, shown

# As of Style, which is not imported before it is needed.
_STYLE = dict(opacity=0.5, outlines=True, labels=True, image_format='png',
              quality=None, compression=None)


def add_pictures(parser, files=True):
    """Add the options of :func:`style_of` and :func:`colours_of`.

    Args:
        parser (ArgumentParser): Result of ``make_parser``.
        files (bool): Whether pictures become image files.
    """
    parser.set_defaults(**_STYLE)
    group = parser.add_argument_group('pictures')
    group.add_argument(
        '--opacity', type=float, metavar='0..1',
        help='of the colours over the photo')
    switch = argparse.BooleanOptionalAction
    group.add_argument(
        '--outlines', action=switch,
        help='draw the borders of regions')
    group.add_argument(
        '--labels', action=switch,
        help='write the class names on large regions')
    group.add_argument(
        '--palette', metavar='FILE|JSON',
        help='colours of classes: a file with lines of "name: #rrggbb", or '
        'JSON, in a file or here: \'{"cat": "#ff8800"}\'')
    if not files:
        return
    group.add_argument(
        '--image-format', metavar='png|jpg|webp',
        help='of pictures; label maps are always PNG')
    group.add_argument(
        '--quality', type=int, metavar='1..100',
        help='of jpg and webp (default: 90)')
    group.add_argument(
        '--compression', type=int, metavar='0..9',
        help='of png, from fast to small (default: 1)')


def check_pictures(args):
    """Refuse what no picture can look like.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.

    Raises:
        UserError: A value out of range, or no palette.
    """
    if any(getattr(args, name) != value for name, value in _STYLE.items()):
        style_of(args)
    colours_of(args)


def style_of(args):
    """Style: How pictures look.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.

    Raises:
        UserError: A value out of range.
    """
    from mmseg_clipzs.visualization import Style
    return Style(**{name: getattr(args, name) for name in _STYLE})


def colours_of(args):
    """dict[str, tuple] | None: Given colours of classes, if any.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.

    Raises:
        UserError: ``--palette`` is no file of colours.
    """
    if args.palette is None:
        return None
    from mmseg_clipzs.visualization import read_palette
    return read_palette(args.palette)


def warn_of_names(args, colours, classes):
    """Warn of colours that no class has.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.
        colours (dict[str, tuple] | None): Result of :func:`colours_of`.
        classes (Sequence[str]): Class names.
    """
    from mmengine.logging import print_log
    known = {BACKGROUND, *(name.casefold() for name in classes)}
    unknown = [name for name in colours or () if name.casefold() not in known]
    if unknown:
        more = f' and {len(unknown) - 1} more of its names' * (
            len(unknown) > 1)
        print_log(
            f'{shown(args.palette)}: {unknown[0]!r}{more} '
            f'{"are no classes" if more else "is no class"} here.'
            f'{did_you_mean(unknown[0], classes)}', 'current',
            logging.WARNING)

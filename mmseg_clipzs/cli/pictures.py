"""Options of pictures."""
import argparse


def add_pictures(parser):
    """Add the options of :func:`style_of` and :func:`colours_of`.

    Args:
        parser (ArgumentParser): Result of ``make_parser``.
    """
    group = parser.add_argument_group('pictures')
    group.add_argument(
        '--opacity', type=float, default=0.5, metavar='0..1',
        help='of the colours over the photo')
    switch = argparse.BooleanOptionalAction
    group.add_argument(
        '--outlines', action=switch, default=True,
        help='draw the borders of regions')
    group.add_argument(
        '--labels', action=switch, default=True,
        help='write the class names on large regions')
    group.add_argument(
        '--palette', metavar='FILE',
        help='colours of classes: lines of "name: #rrggbb", or JSON')
    group.add_argument(
        '--image-format', default='png', metavar='png|jpg|webp',
        help='of pictures; label maps are always PNG')
    group.add_argument(
        '--quality', type=int, metavar='1..100',
        help='of jpg and webp (default: 90)')
    group.add_argument(
        '--compression', type=int, metavar='0..9',
        help='of png, from fast to small (default: 1)')


def style_of(args):
    """Style: How pictures look.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.

    Raises:
        UserError: A value out of range.
    """
    from mmseg_clipzs.visualization import Style
    return Style(args.opacity, args.outlines, args.labels, args.image_format,
                 args.quality, args.compression)


def colours_of(args):
    """dict[str, tuple] | None: Given colours of classes, if any.

    Args:
        args (Namespace): Parsed options of :func:`add_pictures`.

    Raises:
        UserError: ``--palette`` is no file of colours.
    """
    from mmseg_clipzs.visualization import read_palette
    return None if args.palette is None else read_palette(args.palette)

"""Pictures of label maps: overlays with a legend, heat maps, sheets."""
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_MARGIN = 8  # pixels
_TEXT = (20, 20, 20)


def voc_palette(count, background=False):
    """Pascal VOC's colours, in which neighbours in the list differ well.

    Args:
        count (int): How many colours.
        background (bool): Whether the first class is a background and gets
            VOC's black; otherwise black is left out.

    Returns:
        list[list[int]]: RGB in [0, 255].
    """
    palette = []
    for index in range(0 if background else 1, count + (not background)):
        colour = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                colour[channel] |= (index >> 3 * bit + channel & 1) << 7 - bit
        palette.append(colour)
    return palette


def colour_map(mask, palette):
    """(H, W) class indices -> (H, W, 3) uint8; 255 becomes white."""
    table = np.full((256 if len(palette) < 256 else len(palette), 3), 255,
                    dtype=np.uint8)
    table[:len(palette)] = palette
    return table[mask]


def overlay(photo, mask, palette, opacity=0.55):
    """The photo with coloured classes.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        palette (Sequence): RGB of each class.
        opacity (float): Of the colours, in [0, 1].

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    blend = (1 - opacity) * photo + opacity * colour_map(mask, palette)
    return blend.round().astype(np.uint8)


def with_legend(image, mask, classes, palette):
    """Put the names and shares of the classes that occur below a picture.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.

    Returns:
        ndarray: (H + legend, max(W, 240), 3) uint8 RGB.
    """
    index, count = np.unique(mask, return_counts=True)
    entries = [(classes[i], tuple(palette[i]), n / mask.size)
               for n, i in sorted(zip(count, index), reverse=True)
               if i < len(classes)]
    font = _font(14)
    height, width = image.shape[:2]
    width = max(width, 240)
    column = min(width, max(
        (int(font.getlength(f'{name} 100 %')) + 40 for name, _, _ in entries),
        default=width))
    columns = max(width // column, 1)
    rows = -(-len(entries) // columns)
    canvas = Image.new('RGB', (width, height + rows * 22 + _MARGIN), 'white')
    canvas.paste(Image.fromarray(image), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for position, (name, colour, share) in enumerate(entries):
        row, col = divmod(position, columns)
        x, y = col * column + _MARGIN, height + row * 22 + _MARGIN
        draw.rectangle((x, y, x + 16, y + 14), fill=colour, outline=_TEXT)
        draw.text((x + 22, y - 2), f'{name} {100 * share:.0f} %', _TEXT, font)
    return np.asarray(canvas)


def heat_map(photo, score):
    """The photo under a map of one class's probability.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        score (ndarray): (H, W) in [0, 1].

    Returns:
        ndarray: (H, W, 3) uint8 RGB; dark for 0, bright for 1.
    """
    colours = matplotlib.colormaps['inferno'](score)[..., :3] * 255
    return (0.35 * photo + 0.65 * colours).round().astype(np.uint8)


def outlined(photo, segments):
    """The photo with segments in colours and white lines between them.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        segments (ndarray): (H, W) indices.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    picture = overlay(photo, segments, voc_palette(int(segments.max()) + 1))
    right, below = np.diff(segments, axis=1), np.diff(segments, axis=0)
    picture[:, 1:][right != 0] = 255
    picture[1:][below != 0] = 255
    return picture


def grouping_sheet(photo, groups, mask, classes, palette, cell=320):
    """Photo, groups after each stage and classes, side by side.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        groups (ndarray): (stages, H, W) indices of groups.
        mask (ndarray): (H, W) class indices.
        classes, palette (Sequence): Names and RGB colours.
        cell (int): Side of the square each picture is fitted into, pixels.

    Returns:
        ndarray: (H', W', 3) uint8 RGB, with a legend.
    """
    titles = ['photo', *(f'groups of stage {i + 1}'
                         for i in range(len(groups) - 1)),
              'final groups', 'classes']
    pictures = [photo, *(outlined(photo, stage) for stage in groups),
                overlay(photo, mask, palette)]
    return with_legend(sheet([pictures], titles, cell), mask, classes,
                       palette)


def sheet(rows, titles, cell=192):
    """A table of pictures with a title over each column.

    Args:
        rows (Sequence[Sequence[ndarray]]): (H, W, 3) uint8 RGB pictures.
        titles (Sequence[str]): One for each column.
        cell (int): Side of the square each picture is fitted into, pixels.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    font = _font(15)
    step = cell + _MARGIN
    canvas = Image.new('RGB', (len(titles) * step + _MARGIN,
                               len(rows) * step + 32), 'white')
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        x = _MARGIN + column * step + cell / 2
        draw.text((x, 16), title, _TEXT, font, anchor='mm')
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            tile = Image.fromarray(picture)
            scale = cell / max(tile.size)
            tile = tile.resize(
                [max(round(side * scale), 1) for side in tile.size],
                Image.BICUBIC)
            canvas.paste(tile, (_MARGIN + c * step + (cell - tile.width) // 2,
                                28 + r * step + (cell - tile.height) // 2))
    return np.asarray(canvas)


def save_mask(path, mask, palette):
    """Write class indices as a palette PNG (16-bit grey above 255 classes).

    Args:
        path (str | Path): The PNG.
        mask (ndarray): (H, W) class indices.
    """
    if len(palette) > 255:
        Image.fromarray(mask.astype(np.uint16)).save(path)
        return
    image = Image.fromarray(mask.astype(np.uint8), mode='P')
    image.putpalette([value for colour in palette for value in colour])
    image.save(path)


def _font(size):
    # matplotlib brings DejaVu Sans, which has letters of most alphabets.
    path = Path(matplotlib.get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'
    return ImageFont.truetype(str(path), size)

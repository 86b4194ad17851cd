"""Visualize label maps: overlays, legends, heat maps, sheets."""
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from mmseg_clipzs.utils import MARK

from .labels import IGNORE_INDEX, ignore_index, label_dtype

_MARGIN = 8  # pixels
_TEXT = (20, 20, 20)


def voc_palette(count, background=False):
    """Pascal VOC's palette, in which consecutive colours differ clearly.

    Args:
        count (int): Number of colours.
        background (bool): Start with VOC's black for a background class;
            otherwise skip black.

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
    """Colour a label map.

    Args:
        mask (ndarray): (H, W) class indices.
        palette (Sequence): RGB colour of each class.

    Returns:
        ndarray: (H, W, 3) uint8 RGB; ignored pixels are white.
    """
    table = np.full((ignore_index(len(palette)) + 1, 3), 255, dtype=np.uint8)
    table[:len(palette)] = palette
    return table[mask]


def overlay(image, mask, palette, opacity=0.55):
    """Blend an image with its coloured label map.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        palette (Sequence): RGB colour of each class.
        opacity (float): Opacity of the colours, in [0, 1].

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    blend = (1 - opacity) * image + opacity * colour_map(mask, palette)
    return blend.round().astype(np.uint8)


def with_legend(image, mask, classes, palette):
    """Append a legend with the classes that occur and their shares.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        classes (Sequence[str]): Class names.
        palette (Sequence): RGB colour of each class.

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


def heat_map(image, score):
    """Blend an image with the probability map of one class.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        score (ndarray): (H, W) probabilities in [0, 1].

    Returns:
        ndarray: (H, W, 3) uint8 RGB, from dark (0) to bright (1).
    """
    from matplotlib import colormaps
    colours = colormaps['inferno'](score)[..., :3] * 255
    return (0.35 * image + 0.65 * colours).round().astype(np.uint8)


def outlined(image, segments):
    """Blend an image with coloured segments and their white outlines.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        segments (ndarray): (H, W) segment indices.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    result = overlay(image, segments, voc_palette(int(segments.max()) + 1))
    right, below = np.diff(segments, axis=1), np.diff(segments, axis=0)
    result[:, 1:][right != 0] = 255
    result[1:][below != 0] = 255
    return result


def grouping_sheet(image, groups, mask, classes, palette, cell=320):
    """Show an image, its groups after each stage and its label map in a row.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        groups (ndarray): (stages, H, W) group indices.
        mask (ndarray): (H, W) class indices.
        classes (Sequence[str]): Class names.
        palette (Sequence): RGB colour of each class.
        cell (int): Side of the square that each panel is fitted into, in
            pixels.

    Returns:
        ndarray: (H', W', 3) uint8 RGB, with a legend.
    """
    titles = ['image', *(f'groups of stage {i + 1}'
                         for i in range(len(groups) - 1)),
              'final groups', 'classes']
    panels = [image, *(outlined(image, stage) for stage in groups),
              overlay(image, mask, palette)]
    return with_legend(sheet([panels], titles, cell), mask, classes, palette)


def sheet(rows, titles, cell=192):
    """Arrange images in a table with column titles.

    Args:
        rows (Sequence[Sequence[ndarray]]): (H, W, 3) uint8 RGB images.
        titles (Sequence[str]): Title of each column.
        cell (int): Side of the square that each image is fitted into, in
            pixels.

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
        for c, image in enumerate(row):
            tile = Image.fromarray(image)
            scale = cell / max(tile.size)
            tile = tile.resize(
                [max(round(side * scale), 1) for side in tile.size],
                Image.BICUBIC)
            canvas.paste(tile, (_MARGIN + c * step + (cell - tile.width) // 2,
                                28 + r * step + (cell - tile.height) // 2))
    return np.asarray(canvas)


def save_mask(path, mask, palette):
    """Write a label map as a palette PNG, or 16-bit grey above 255 classes.

    Args:
        path (str | Path): PNG file to write.
        mask (ndarray): (H, W) class indices, or ignored pixels.
        palette (Sequence): RGB colour of each class.
    """
    image = Image.fromarray(mask.astype(label_dtype(len(palette))))
    if image.mode == 'L':  # becomes P
        # With fewer colours, Pillow would keep fewer bits of each label.
        colours = np.full((IGNORE_INDEX + 1, 3), 255, np.uint8)
        colours[:len(palette)] = palette
        image.putpalette(colours.tobytes())
    save_image(path, image)


def save_image(path, image):
    """Write a PNG that says that this package wrote it.

    Args:
        path (str | Path): PNG file to write.
        image (PIL.Image.Image): The image.
    """
    info = PngInfo()
    info.add_text('Software', MARK)
    # Of photos, more effort takes four times as long and saves nothing.
    effort = {'compress_level': 1} if image.mode == 'RGB' else {}
    image.save(path, format='PNG', pnginfo=info, **effort)


def _font(size):
    # matplotlib ships DejaVu Sans, which covers most alphabets.
    from matplotlib import get_data_path
    path = Path(get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'
    return ImageFont.truetype(str(path), size)

"""Several pictures in one."""
import numpy as np
from PIL import Image, ImageDraw

from .fonts import text_font
from .legend import TEXT, letter_size, one_line, with_legend, wrap
from .overlay import background_of, outlined, overlay

_MARGIN = 8  # pixels


def grouping_sheet(image, groups, mask, classes, palette, opacity=0.5,
                   outlines=True):
    """Show an image, its groups after each stage and its classes.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        groups (ndarray): (stages, H, W) group indices.
        mask (ndarray): (H, W) class indices.
        classes (Sequence[str]): Class names.
        palette (Sequence): RGB colour of each class.
        opacity (float): Of the classes' colours, in [0, 1].
        outlines (bool): Draw the borders of the classes.

    Returns:
        ndarray: (H', W', 3) uint8 RGB, with a legend. Each picture has its
        full size; they are in rows that make the sheet about as wide as it is
        high.
    """
    titles = ['image', *(f'groups of stage {i + 1}'
                         for i in range(len(groups) - 1)),
              'final groups', 'classes']
    painted = overlay(image, mask, palette, opacity, background_of(classes),
                      outlines)
    panels = [image, *(outlined(image, stage, palette) for stage in groups),
              painted]
    size = letter_size(*mask.shape)
    lines = [wrap(title, size, mask.shape[1]) for title in titles]
    most = max(map(len, lines))
    tiles = [_titled(panel, title, size, most)
             for panel, title in zip(panels, lines)]
    height, width = tiles[0].shape[:2]
    columns = min(range(1, len(tiles) + 1), key=lambda n: max(
        n * width, -(-len(tiles) // n) * height))
    rows = -(-len(tiles) // columns)
    canvas = np.full((rows * (height + _MARGIN) - _MARGIN,
                      columns * (width + _MARGIN) - _MARGIN, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = (position * (side + _MARGIN) for position, side in zip(
            divmod(i, columns), (height, width)))
        canvas[y:y + height, x:x + width] = tile
    return with_legend(canvas, mask, classes, palette, painted, size)


def _titled(image, lines, size, most):
    """A picture below its title, with room for ``most`` lines of it."""
    height, width = image.shape[:2]
    line = round(1.3 * size)
    canvas = Image.new('RGB', (width, height + line * most), 'white')
    draw = ImageDraw.Draw(canvas)
    for i, words in enumerate(lines, start=most - len(lines)):
        draw.text((width / 2, i * line), words, TEXT, text_font(words, size),
                  anchor='ma')
    canvas.paste(Image.fromarray(image), (0, line * most))
    return np.asarray(canvas)


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
    step = cell + _MARGIN
    canvas = Image.new('RGB', (len(titles) * step + _MARGIN,
                               len(rows) * step + 32), 'white')
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        x = _MARGIN + column * step + cell / 2
        title = one_line(title)
        draw.text((x, 16), title, TEXT, text_font(title, 15), anchor='mm')
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

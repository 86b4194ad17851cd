"""Image files of many formats, and damaged ones, written by Pillow."""
import io

import numpy as np
from PIL import Image


def noise(*shape, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(
        0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def smooth(h, w):
    """A gradient, which JPEG preserves within a few steps."""
    y, x = np.mgrid[:h, :w]
    return np.stack([255 * y / h, 255 * x / w, 128 + 0 * x],
                    -1).astype(np.uint8)


def on_white(rgb, alpha):
    alpha = alpha[..., None] / 255
    return rgb * alpha + 255 * (1 - alpha)


def rgb(path):
    pixels = noise(13, 17, 3)
    Image.fromarray(pixels).save(path)
    return pixels


def grey(path):
    pixels = noise(13, 17)
    Image.fromarray(pixels).save(path)
    return pixels[..., None].repeat(3, 2)


def grey_alpha(path):
    pixels = noise(13, 17, 2)
    Image.frombytes('LA', (17, 13), pixels.tobytes()).save(path)
    return on_white(pixels[..., :1].repeat(3, 2), pixels[..., 1])


def rgba(path):
    pixels = noise(13, 17, 4)
    Image.fromarray(pixels).save(path)
    return on_white(pixels[..., :3], pixels[..., 3])


def grey_16(path):
    """The full 16-bit range; clipping would make most of it white."""
    pixels = noise(13, 17, dtype=np.uint16)
    pixels[0, :2] = 0, 65535
    Image.fromarray(pixels).save(path)
    return (pixels / 65535 * 255)[..., None].repeat(3, 2)


def bilevel(path):
    pixels = noise(13, 17) > 127
    Image.fromarray(pixels).save(path)
    return 255 * pixels[..., None].repeat(3, 2)


def palette(path):
    pixels, colours = noise(13, 17) % 4, noise(4, 3, seed=1)
    image = Image.frombytes('P', (17, 13), pixels.tobytes())
    image.putpalette(colours.ravel().tolist())
    image.save(path)
    return colours[pixels]


def palette_transparent(path):
    pixels, colours = noise(13, 17) % 4, noise(4, 3, seed=1)
    image = Image.frombytes('P', (17, 13), pixels.tobytes())
    image.putpalette(colours.ravel().tolist())
    image.save(path, transparency=2)
    expected = colours[pixels]
    expected[pixels == 2] = 255
    return expected


def cmyk(path):
    """Adobe's inverted CMYK, as Pillow writes it."""
    pixels = smooth(24, 32)
    Image.fromarray(pixels).convert('CMYK').save(path, quality=98)
    return pixels


def jpeg(path):
    pixels = smooth(24, 32)
    Image.fromarray(pixels).save(path, quality=98)
    return pixels


def exif_rotated(path):
    """Orientation 6: displayed rotated clockwise by 90 degrees."""
    pixels = smooth(24, 32)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(path, quality=98, exif=exif)
    return np.rot90(pixels, -1)


def one_pixel(path):
    Image.fromarray(np.array([[[10, 200, 30]]], np.uint8)).save(path)
    return np.array([[[10, 200, 30]]])


def long_and_thin(path):
    pixels = noise(30, 4000, 3)
    Image.fromarray(pixels).save(path)
    return pixels


# kind -> suffix, writer (returns the expected RGB), tolerance of read_image
GOOD = {
    'rgb': ('png', rgb, 0),
    'grey': ('png', grey, 0),
    'grey_alpha': ('png', grey_alpha, 1),
    'rgba': ('png', rgba, 1),
    'grey_16': ('png', grey_16, 1),
    'bilevel': ('png', bilevel, 0),
    'palette': ('png', palette, 0),
    'palette_transparent': ('png', palette_transparent, 0),
    'jpeg': ('jpg', jpeg, 12),
    'cmyk': ('jpg', cmyk, 12),
    'exif_rotated': ('jpg', exif_rotated, 12),
    'one_pixel': ('png', one_pixel, 0),
    'long_and_thin': ('png', long_and_thin, 0),
}


def encoded():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'JPEG', quality=90)
    return buffer.getvalue()


def png():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'PNG')
    return buffer.getvalue()


# kind -> file name, content, message of read_image
BAD = {
    'truncated': ('cut.jpg', encoded()[:len(encoded()) // 2],
                  r'The image .*cut.jpg is damaged'),
    'truncated_png': ('cut.png', png()[:len(png()) // 2],
                      r'The image .*cut.png is damaged'),
    'empty': ('empty.jpg', b'', r'empty.jpg is not an image'),
    'text': ('note.jpg', b'Just text.\n' * 20,
             r'note.jpg is not an image'),
    'missing': ('gone.jpg', None, r'No image at .*gone.jpg'),
}


def write_bad(kind, folder):
    """Returns: Path and message."""
    name, content, message = BAD[kind]
    if content is not None:
        (folder / name).write_bytes(content)
    return folder / name, message

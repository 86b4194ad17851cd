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


def grey_32(path):
    """32-bit integers that hold 8 bits, as some cameras write them."""
    pixels = noise(13, 17)
    Image.fromarray(pixels.astype(np.int32)).save(path)
    return pixels[..., None].repeat(3, 2)


def grey_32_of_16(path):
    pixels = noise(13, 17, dtype=np.uint16)
    Image.fromarray(pixels.astype(np.int32)).save(path)
    return (pixels / 65535 * 255)[..., None].repeat(3, 2)


def grey_16_dark(path):
    """16 bits are always 0 to 65535, however dark the image is."""
    pixels = noise(13, 17).astype(np.uint16)
    Image.fromarray(pixels).save(path)
    return (pixels / 65535 * 255)[..., None].repeat(3, 2)


def floats_to_1(path):
    pixels = noise(13, 17)
    Image.fromarray((pixels / 255).astype(np.float32)).save(path)
    return pixels[..., None].repeat(3, 2)


def floats_to_255(path):
    pixels = noise(13, 17)
    Image.fromarray(pixels.astype(np.float32)).save(path)
    return pixels[..., None].repeat(3, 2)


def cmyk_tiff(path):
    pixels = smooth(24, 32)
    Image.fromarray(pixels).convert('CMYK').save(path)
    return pixels


def several(path):
    """An animation, or a file of several pages: the first is read."""
    pixels = smooth(24, 32)[..., :1].repeat(3, 2)
    first, *others = (Image.fromarray(part) for part in (
        pixels, 255 - pixels, pixels // 2))
    first.save(path, save_all=True, append_images=others)
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
    'grey_32': ('tif', grey_32, 0),
    'grey_32_of_16': ('tif', grey_32_of_16, 0.5),
    'grey_16_dark': ('tif', grey_16_dark, 0.5),
    'floats_to_1': ('tif', floats_to_1, 0),
    'floats_to_255': ('tiff', floats_to_255, 0),
    'cmyk_tiff': ('tif', cmyk_tiff, 1),
    'animation': ('gif', several, 1),
    'pages': ('TIFF', several, 0),
    'webp': ('WEBP', several, 20),
}


def encoded():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'JPEG', quality=90)
    return buffer.getvalue()


def png():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'PNG')
    return buffer.getvalue()


def tiff(values):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, 'TIFF')
    return buffer.getvalue()


FLOATS = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)

# kind -> file name, content, message of read_image
BAD = {
    # Pillow would start Ghostscript, or call an installed handler.
    'eps': ('eps.jpg', b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n',
            r'eps.jpg is not an image file: it has no known raster format'),
    'pdf': ('pdf.png', b'%PDF-1.4\n' + b' ' * 99, r'pdf.png is not an image'),
    'hdf5': ('hdf.jpg', b'\x89HDF\r\n\x1a\n' + bytes(99),
             r'hdf.jpg is not an image'),
    'video': ('video.jpg', b'\0\0\1\xb3' + bytes(99),
              r'video.jpg is not an image'),
    'not_finite': ('nan.tif', tiff(np.where(FLOATS > .9, np.nan, FLOATS)),
                   r'The image .*nan.tif has pixels that are not finite'),
    'floats': ('wide.tif', tiff(FLOATS * 1e4),
               r'wide.tif has values from 0 to 10000; scale them to 0..1 or'),
    'negative': ('minus.tif', tiff(np.arange(-9, 3, dtype=np.int32)[None]),
                 r'minus.tif has values from -9 to 2; scale them to 0'),
    'truncated': ('cut.jpg', encoded()[:len(encoded()) // 2],
                  r'The image .*cut.jpg is damaged'),
    'truncated_png': ('cut.png', png()[:len(png()) // 2],
                      r'The image .*cut.png is damaged'),
    'empty': ('empty.jpg', b'', r'empty.jpg is not .* file: it is empty'),
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

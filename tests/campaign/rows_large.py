"""Large photos, transparent photos, videos."""
from zlib import crc32

import numpy as np
from PIL import Image

from mmseg_clipzs.video import overlay_writer

from .inputs import prepared
from .rows_segment import mask_of
from .table import Row, says, usage, warns, works

TOY = '--config maskclip_toy --classes "cat; grass; sky" --device cpu'
SEGMENT = 'segment {photo} ' + TOY
VIDEO = 'video {video_clip} ' + TOY


def _blocks(w, h, seed=3):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((w, h)))


@prepared
def bomb(folder):
    """A PNG of a few bytes that says it has 40,000 x 40,000 pixels."""
    path = folder / 'bomb.png'
    Image.new('L', (1, 1)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = 2 * (40000).to_bytes(4, 'big')
    data[29:33] = crc32(data[12:29]).to_bytes(4, 'big')
    path.write_bytes(data)
    return path


@prepared
def cutout(folder):
    """A PNG whose left half is transparent."""
    rgba = np.dstack([_blocks(40, 32), np.full((32, 40), 255, np.uint8)])
    rgba[:, :20, 3] = 0
    Image.fromarray(rgba).save(folder / 'cutout.png')
    return folder / 'cutout.png'


@prepared
def empty_cutout(folder):
    """A PNG of which nothing is seen."""
    Image.new('RGBA', (40, 32)).save(folder / 'cutout.png')
    return folder / 'cutout.png'


@prepared
def wide(folder):
    """A photo of 1,100 x 8 pixels."""
    Image.fromarray(_blocks(1100, 8)).save(folder / 'wide.png')
    return folder / 'wide.png'


@prepared
def video_clip(folder):
    """Three frames of 40 x 32 pixels."""
    writer = overlay_writer(folder / 'clip.mp4', 10, (32, 40))
    for i in range(3):
        writer.write(_blocks(40, 32, i))
    writer.close()
    return folder / 'clip.mp4'


@prepared
def cut_clip(folder, video_clip):
    """The first half of the file of a video."""
    data = video_clip.read_bytes()
    (folder / 'cut.mp4').write_bytes(data[:len(data) // 2])
    return folder / 'cut.mp4'


def ignored(share):
    return lambda r: (mask_of(r, 'cutout') == 255).mean() == share


def _video(**options):
    from mmseg_clipzs.apis import segment_video
    return lambda box: segment_video(
        box.inferencer, box.video_clip, box.folder / 'out', **options)


ROWS = [
    Row('size_text', SEGMENT + ' --max-size big',
        usage("--max-size is the longest side .* but got 'big'")),
    Row('size_small', SEGMENT + ' --max-size 8',
        usage('--max-size is .* 16 or more, .* but got 8')),
    Row('size_half', SEGMENT + ' --max-size 512.5',
        usage("--max-size is .* but got '512.5'")),
    Row('size_negative', SEGMENT + ' --max-size=-1',
        usage("--max-size is .* but got '-1'")),
    Row('size_none', SEGMENT + ' --max-size none',
        works(lambda r: mask_of(r, r'cat').ndim == 2)),
    Row('shrunk', 'segment {wide} ' + TOY,
        warns('1100 x 8 pixels is segmented at 1024 x 7',
              lambda r: mask_of(r, 'wide').shape == (8, 1100))),
    Row('shrunk_more', SEGMENT + ' --max-size 16',
        warns('is segmented at 16 x ')),
    Row('bomb', 'segment {bomb} ' + TOY,
        says('bomb.png is too large: it has 40000 x 40000 pixels.*cut it')),
    Row('transparent', 'segment {cutout} ' + TOY, works(ignored(.5))),
    Row('invisible', 'segment {empty_cutout} ' + TOY, works(ignored(1.))),
    Row('transparent_set_image', lambda box: (
        box.inferencer.set_image(box.cutout),
        box.inferencer.predict('cat; sky').mask[:, :20])[1],
        works(lambda r: (r.value == 255).all())),
    # ------------------------------------------------------------- videos
    Row('video', VIDEO, works(lambda r: '3 frames are in' in r.out)),
    Row('video_missing', 'video none.mp4 ' + TOY, says('No video at none')),
    Row('video_photo_folder', 'video {photos} ' + TOY, says('is a folder')),
    Row('video_photo', 'video {photo} ' + TOY,
        says('cat.jpg is a single image, no video: clipzs segment .*cat.jpg')),
    Row('video_opacity', VIDEO + ' --opacity 2', says(
        r'opacity must be a number in \[0, 1\], but got 2.0')),
    Row('video_text', 'video {text_file} ' + TOY,
        says('is no video|has no frame')),
    Row('video_empty', 'video {empty_file} ' + TOY, says('is no video')),
    Row('video_cut', 'video {cut_clip} ' + TOY, says('cut.mp4 is no video')),
    Row('video_none', 'video', usage('required: FILE')),
    Row('video_no_words', 'video {video_clip} --config maskclip_toy',
        says('name them with --classes')),
    Row('video_every', VIDEO + ' --every 0', says('every must be a whole')),
    Row('video_every_text', VIDEO + ' --every x', usage('--every')),
    Row('video_smoothing', VIDEO + ' --smoothing 1', says(
        r'smoothing must be a number in \[0, 1\)')),
    Row('video_smoothing_nan', VIDEO + ' --smoothing nan', says(
        r'smoothing must be a number in \[0, 1\)')),
    Row('video_batch', VIDEO + ' --batch-size 0', says(
        'batch_size must be a whole')),
    Row('video_many', VIDEO + ' --every 100', works(
        lambda r: '1 frame is in' in r.out)),
    Row('video_classes', _video(), works(lambda r: r.value.frames == 3)),
    Row('video_python_every', _video(every='2'), says('every must be')),
    Row('video_python_smoothing', _video(smoothing=True),
        says('smoothing must be a number')),
]

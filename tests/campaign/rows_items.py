"""One bad item among good ones: photos, rows, members, cells, results."""
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
from image_files import BAD, write_bad
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.datasets import find_images, read_image
from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.datasets.image_text.image_text_shards import parse_sample
from mmseg_clipzs.datasets.image_text.lists import image_path
from mmseg_clipzs.datasets.image_text.shard_files import (
    DAMAGE,
    list_shards,
    read_shard,
    write_shards,
)
from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.leaderboard.rows import check_row
from mmseg_clipzs.utils import atomic_write, check_replaceable

from .inputs import prepared
from .table import Row, says, warns, works

TOY = 'segment --config maskclip_toy --device cpu --classes "cat; grass; sky"'


# ------------------------------------------------------------------- photos
@prepared
def all_bad(folder):
    """A folder of all kinds of damaged photos."""
    for kind in BAD:
        write_bad(kind, folder)
    return folder


@prepared
def among_bad(folder, photo):
    """The same with a good one, and with what no image program writes."""
    for kind in BAD:
        write_bad(kind, folder)
    (folder / 'cat.jpg').write_bytes(photo.read_bytes())
    for name in ('._cat.jpg', 'Thumbs.db', 'data.h5', 'clip.mpg'):
        (folder / name).write_bytes(b'\0\5\x16\7')
    (folder / 'sub.jpg').mkdir()
    (folder / '.clipzs-0-1-2-3.jpg').write_bytes(b'half')
    return folder


@prepared
def one_stem(folder):
    """a.jpg, a.png, a_2.jpg and A.bmp."""
    for name in ('a.jpg', 'a.png', 'a_2.jpg', 'A.bmp'):
        Image.new('RGB', (20, 16), 'red').save(folder / name)
    return folder


@prepared
def long_name(folder):
    """A photo whose name has 244 bytes."""
    path = folder / ('n' * 240 + '.png')
    Image.new('RGB', (20, 16), 'red').save(path)
    return path


@prepared
def no_utf_8(folder):
    """A folder with a photo whose name is Latin-1."""
    path = Path(os.fsdecode(os.fsencode(folder) + b'/caf\xe9.png'))
    Image.new('RGB', (20, 16), 'red').save(path)
    return folder


@prepared
def beside_results(folder):
    """A folder of a photo and the user's own cat_mask.png."""
    Image.new('RGB', (20, 16), 'red').save(folder / 'cat.jpg')
    Image.new('RGB', (20, 16), 'blue').save(folder / 'cat_mask.png')
    return folder


def of_kind(kind):
    """Call: read a bad photo, which is written for it."""
    def call(box):
        path, _ = write_bad(kind, box.folder)
        try:
            return read_image(path)
        finally:
            path.unlink(missing_ok=True)

    return call


def masks(count):
    return lambda r: len(list(r.folder.glob('out/*_mask.png'))) == count


def pipe(call):
    """Call with a named pipe, which waits for ever if it is opened."""
    def wrapped(box):
        path = box.folder / 'pipe.jpg'
        os.mkfifo(path)
        try:
            return call(path)
        finally:
            path.unlink()

    return wrapped


def image_of(values):
    return lambda box: box.inferencer(Image.fromarray(values), 'cat; sky')


# ---------------------------------------------------------- shards and lists
def member(tar, name, content=b'', **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    if content:
        tar.addfile(info, io.BytesIO(content))
    else:  # also one whose content is missing
        tar.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
        tar.offset += tarfile.BLOCKSIZE


def shard(kind, name='x.jpg', **fields):
    """A row: a member that is no file of the archive, then a good one."""
    def call(box):
        path = box.folder / 'x.tar'
        with tarfile.open(path, 'w') as tar:
            member(tar, name, **fields)
            member(tar, 'good.txt', b'abc')
        found = list(read_shard(path))
        path.unlink()
        return found

    return Row(f'shard_{kind}', call, works(lambda r: (
        r.value[-1] == ('good', dict(txt=b'abc'))
        and DAMAGE in r.value[0][1])))


def sample(kind, text, pattern, suffix='json'):
    """A row: a member with this text beside an image."""
    return Row(f'sample_{kind}', lambda box: parse_sample(
        Path('x.tar'), 'key', {'png': b'', suffix: text}), says(pattern))


def list_of(kind, row, pattern):
    """A row: the list of a training with one bad row among good ones."""
    def call(box):
        path = box.folder / 'list.json'
        image = str(box.photo)
        path.write_text(json.dumps([dict(image=image, caption='a'), row]))
        try:
            return DATASETS.build(dict(
                type='ImageTextDataset', data_root=str(box.folder),
                ann_file='list.json', pipeline=[]))
        finally:
            path.unlink()

    return Row(f'list_{kind}', call, warns(
        pattern, lambda r: len(r.value) == 1))


def urls(kind, value, pattern):
    return Row(f'urls_{kind}', lambda box: list_shards(value), says(pattern))


def packed(kind, row, pattern):
    """A row: packing a list of this row only."""
    return Row(f'pack_{kind}', lambda box: write_shards(
        [row], box.photos, box.folder / 'out', 1), says(pattern))


def photo_folder(root):
    return DATASETS.build(dict(
        type='PhotoFolderDataset', data_root=str(root),
        pipeline=[dict(type='LoadImageFromFile')],
        metainfo=dict(classes=('cat', ))))


def row_of(kind, pattern='.', **values):
    return Row(f'row_{kind}', lambda box: check_row(
        {**dict.fromkeys(('dataset', 'clip', 'weights')), 'method': 'a',
         'protocol': 'b', 'config': 'c', 'mIoU': 1., **values}),
        says(pattern))


def write_to(name):
    def call(box):
        with atomic_write(name) as file:
            file.touch()

    return call


ROWS = [
    # ------------------------------------------------------------- one photo
    *(Row(f'photo_{kind}', of_kind(kind), says(message))
      for kind, (_, _, message) in BAD.items()),
    Row('photo_pipe', pipe(read_image), says('is a named pipe')),
    Row('photo_device', lambda box: read_image('/dev/zero'),
        says('is a device')),
    Row('photo_folder', lambda box: read_image(box.photos),
        says('is a folder')),
    Row('photo_nul', lambda box: read_image('a\0.jpg'), says('null')),
    Row('photo_too_long', lambda box: read_image('x' * 300),
        says('too long')),
    Row('pil_not_finite', image_of(np.full((4, 5), np.nan, np.float32)),
        says('not finite')),
    Row('pil_wide_floats', image_of(np.full((4, 5), 1e9, np.float32)),
        says('scale them')),
    Row('pil_no_pixels', lambda box: box.inferencer(
        Image.new('RGB', (0, 9)), 'cat; sky'), says('no pixels')),
    Row('set_image_list', lambda box: box.inferencer.set_image([box.photo]),
        says('is a list')),
    Row('set_image_folder', lambda box: box.inferencer.set_image(box.photos),
        says('is a folder')),
    # ------------------------------------------------------------ many photos
    Row('all_bad', f'{TOY} {{all_bad}}', says('None of the .* images can be')),
    Row('among_bad', f'{TOY} {{among_bad}}', says(
        r'of \d+ photos were skipped; .*\.\.\. and \d+ more', masks(1),
        ['out/cat_*', 'out/results.jsonl'])),
    Row('among_bad_in_batches', f'{TOY} {{among_bad}} --batch-size 4', says(
        'photos were skipped', masks(1),
        ['out/cat_*', 'out/results.jsonl'])),
    Row('none_given', lambda box: list(box.inferencer.stream(iter(()))),
        says('No images')),
    Row('one_stem', f'{TOY} {{one_stem}}', works(masks(4))),
    Row('long_name', f'{TOY} {{long_name}} --heatmaps', works(
        lambda r: len(list(r.folder.glob('out/n*'))) == 5)),
    Row('no_utf_8', f'{TOY} {{no_utf_8}}', works(masks(1))),
    Row('out_has_a_photo', f'{TOY} {{my_beside_results}} '
        '--out {my_beside_results}', says(
            'cat_mask.png exists and was not written', lambda r: Image.open(
                r.folder / 'beside_results/cat_mask.png').getpixel((0, 0))
            == (0, 0, 255), ['beside_results/cat_mask_*',
                             'beside_results/results.jsonl'])),
    Row('a_result', lambda box: (
        box.inferencer(box.photo, 'cat; sky', box.folder),
        box.inferencer(box.folder / 'cat_mask.png')), says(
            'cat_mask.png is a result', leaves=['cat_*'])),
    Row('folder_missing', lambda box: find_images('gone'), says('gone')),
    Row('training_all_bad', lambda box: photo_folder(box.all_bad),
        says('None of the .* can be read')),
    Row('training_among_bad', lambda box: photo_folder(box.among_bad),
        warns('files in .* are skipped', lambda r: len(r.value) > 1)),
    # ----------------------------------------------------------------- shards
    shard('up', '../x.jpg'), shard('up_inside', 'a/../../x.jpg'),
    shard('absolute', '/etc/x.jpg'),
    shard('link', type=tarfile.SYMTYPE, linkname='/etc/passwd'),
    shard('hard_link', type=tarfile.LNKTYPE, linkname='good.txt'),
    shard('device', type=tarfile.CHRTYPE),
    shard('pipe', type=tarfile.FIFOTYPE),
    shard('1_tb', size=2**40), shard('negative', size=-1024),
    sample('number', b'{"captions": 5}', 'got 5'),
    sample('nouns', b'{"caption": "a", "nouns": 5}', 'nouns, but got 5'),
    sample('nested', b'{"caption": "a", "nouns": [["x"]]}', 'nouns'),
    sample('listed', b'[["x"]]', 'damaged text'),
    sample('deep', b'[' * 100000, 'recursion'),
    sample('surrogate', br'{"caption": "\ud800"}', 'Unicode'),
    sample('nan', b'{"caption": NaN}', 'no caption'),
    sample('latin', b'caf\xe9', 'damaged text', 'txt'),
    urls('pipe', 'pipe:touch x', 'local files'),
    urls('address', 'https://a/{0..1}.tar', 'local files'),
    urls('drive', 'C:/data/x.tar', 'missing, the first is C:/data/x.tar'),
    urls('many', '{0..9999999999}.tar', '10000000000 shards'),
    urls('number', 5, 'got 5'), urls('none', None, 'got None'),
    Row('urls_named_pipe', pipe(lambda path: list_shards(str(path))),
        says('named pipe')),
    Row('shards_of_nothing', lambda box: check_available(dict(
        type='ImageTextShards', data_root=str(box.text_file.parent),
        urls='note.jpg')), says('no image with a caption')),
    # ------------------------------------------------------------------ lists
    list_of('image_number', dict(image=5, caption='a'), 'Row 2'),
    list_of('caption_nan', dict(image='a.jpg', caption=float('nan')),
            'no caption'),
    list_of('captions_number', dict(image='a.jpg', captions=5), 'Row 2.*5'),
    list_of('nouns', dict(image='a.jpg', caption='a', nouns=5), 'Row 2'),
    list_of('outside', dict(image='../a.jpg', caption='a'), 'is outside of'),
    list_of('surrogate', dict(image='a.jpg', caption='\ud800'), 'Unicode'),
    list_of('not_a_row', ['x'], 'Row 2'),
    Row('path_outside', lambda box: image_path('/a', '../b.jpg'),
        says('is outside of /a')),
    packed('missing', dict(image='9.jpg', caption='a'), 'No image at'),
    packed('outside', dict(image='../0.jpg', caption='a'), 'is outside of'),
    packed('captions', dict(image='0.jpg', captions={}), 'captions, but got'),
    Row('pack_pipe', lambda box: pipe(lambda path: write_shards(
        [dict(image=str(path), caption='a')], '.', box.folder / 'out', 1))(
            box), says('named pipe')),
    # ---------------------------------------------------------------- results
    row_of('nan', 'mIoU', mIoU=float('nan')),
    row_of('text', 'mIoU', mIoU='1'), row_of('percent', 'mIoU', mIoU=101),
    row_of('classes', 'class_iou', class_iou=[1]),
    row_of('class', 'class_iou', class_iou={'a': 'b'}),
    row_of('infinite', 'seconds', seconds=float('inf')),
    row_of('prompts', 'prompts', prompts=[1]),
    row_of('method', 'method must be a text', method=None),
    row_of('needs', 'needs must be one of clip', needs='<b>'),
    row_of('needs_list', 'needs must be one of clip', needs=['clip']),
    row_of('seconds', 'seconds must be a number', seconds='1'),
    Row('row_bare', lambda box: check_row({'mIoU': 1.}),
        says('needs method, dataset')),
    Row('row_none', lambda box: check_row([]), says('names and values')),
    Row('samples_text', lambda box: read_samples(box.text_file),
        says('does not have prediction samples')),
    Row('samples_folder', lambda box: read_samples(box.photos),
        says('is a folder')),
    Row('not_ours', lambda box: check_replaceable(box.photo),
        says('was not written by this tool')),
    Row('write_below_a_file', lambda box: write_to(
        box.text_file / 'a.json')(box), says('is no folder')),
    Row('write_to_proc', write_to('/proc/a.json'), says('/proc/a.json')),
    Row('write_too_long', write_to('x' * 300), says('too long')),
]

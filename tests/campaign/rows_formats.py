"""Formats of results: names, options, classes, photos, files in the way."""
from functools import partial

import numpy as np

from mmseg_clipzs.apis.zero_shot_result import ZeroShotResult
from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.visualization import voc_palette

from .table import Row, says, usage, works

CLASSES = ('background', 'cat', 'sky')


def written(kind, box, classes=CLASSES, name='a', mask=None, files=(),
            **options):
    """Write a result to ``out``, in which there may be files already."""
    for file in files:
        path = box.folder / 'out' / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('mine')
    mask = np.arange(6).reshape(2, 3) % 3 if mask is None else mask
    kinds = make_formats([*kind.split()], box.folder / 'out', classes,
                         voc_palette(len(classes), True), **options)
    result = ZeroShotResult(name, np.zeros((*mask.shape, 3), np.uint8), mask,
                            None, classes, voc_palette(len(classes)))
    for each in kinds:
        each.check(name)
    return {file for each in kinds for file in each.write(result)['files']}


def row(id, kind, outcome, **settings):
    return Row(id, partial(written, kind, **settings), outcome)


def wrote(*files):
    return works(lambda r: r.value == set(files))


def files(r):
    """set[str]: Photos and labels of YOLO in ``out``."""
    return {path.relative_to(r.folder / 'out/yolo').as_posix()
            for path in (r.folder / 'out/yolo').rglob('*.*')}


TOY = ('segment {photo} --config maskclip_toy --device cpu '
       '--classes "cat; grass, lawn; sky" --format ')
ROWS = [
    Row('tool_near_name', TOY + 'yollo', usage("invalid choice: 'yollo'")),
    Row('tool_no_name', TOY.strip(), usage('expected at least one argument')),
    Row('tool_tolerance_without', TOY + 'index --tolerance 1',
        says('--tolerance is for the formats coco_polygons, yolo')),
    Row('tool_tolerance_negative', TOY + 'yolo --tolerance -1',
        says('--tolerance must be a number in')),
    Row('tool_tolerance_nan', TOY + 'yolo --tolerance nan',
        says('--tolerance must be a number in')),
    Row('tool_tolerance_word', TOY + 'yolo --tolerance much',
        usage('invalid float value')),
    Row('tool_no_photos_without', TOY + 'overlay --no-photos',
        says('--no-photos is for the formats voc, coco,')),
    Row('tool_labels_only', TOY + 'yolo --no-photos', works(
        lambda r: files(r) == {'README.txt', 'data.yaml',
                               'labels/train/cat.txt'})),
    Row('tool_yolo', TOY + 'yolo --tolerance 1', works(
        lambda r: files(r) == {'README.txt', 'data.yaml',
                               'images/train/cat.jpg',
                               'labels/train/cat.txt'})),
    Row('tool_voc_comment', 'segment {photo} --config maskclip_toy '
        '--device cpu --classes "sky; #1 cat" --format voc',
        says("cannot hold the class '#1 cat'")),
    Row('tool_opacity', TOY + 'overlay --opacity 2',
        says(r'opacity must be a number in \[0, 1\], but got 2.0')),
    Row('tool_opacity_word', TOY + 'overlay --opacity half',
        usage('argument --opacity: invalid float value')),
    Row('tool_image_format', TOY + 'overlay --image-format gif',
        says('image_format must be one of png, jpg, webp, but got .gif.')),
    Row('tool_quality', TOY + 'overlay --image-format webp --quality 101',
        says('quality must be a whole number in')),
    Row('tool_quality_of_png', TOY + 'overlay --quality 80',
        says('A quality .80. is for jpg and webp')),
    Row('tool_compression', TOY + 'overlay --compression 10',
        says('compression must be a whole number in')),
    Row('tool_compression_of_jpg',
        TOY + 'overlay --image-format jpg --compression 3',
        says('A compression .3. is for png')),
    Row('tool_no_palette', TOY + 'overlay --palette gone.txt',
        says('No file at gone.txt; expected a palette')),
    Row('tool_palette_is_photo', TOY + 'overlay --palette {photo}',
        says('is not UTF-8 text; expected a text file with one')),
    Row('tool_palette_is_half_a_text', TOY + "overlay --palette '{'",
        says('The palette is no JSON')),
    row('near_name', 'coc', says('no format .coc.; .* Did you mean coco')),
    row('upper_case', 'YOLO', says('Did you mean yolo')),
    row('image_format', 'png', says('no format .png.; choose from overlay')),
    row('twice', 'index index', wrote('a_mask.png')),
    row('folders', 'index yolo', wrote(
        'x/y/a_mask.png', 'yolo/images/train/x/y/a.jpg',
        'yolo/labels/train/x/y/a.txt'), name='x/y/a'),
    row('unknown_option', 'yolo', says("has an option 'tolerence'"),
        tolerence=1),
    row('negative_tolerance', 'yolo', says('tolerance must be a number'),
        tolerance=-1),
    row('no_flag', 'coco', says('copy_photos must be True or False'),
        copy_photos='no'),
    row('labels_only', 'yolo', wrote('yolo/labels/train/a.txt'),
        copy_photos=False),
    row('voc_colon', 'voc', says("cannot hold the class 'time: noon'"),
        classes=('background', 'time: noon')),
    row('voc_comment', 'voc', says("cannot hold the class '#1 cat'"),
        classes=('background', '#1 cat')),
    row('voc_many_classes', 'voc', says('holds 254 classes'),
        classes=[f'class {i}' for i in range(255)]),
    row('coco_many_classes', 'coco', wrote('coco/images/a.jpg'),
        classes=[f'class {i}' for i in range(300)]),
    row('binary_slash', 'binary', wrote('binary/0_a__b/a.png'),
        classes=('a/\\b', ), mask=np.zeros((2, 2), int)),
    row('binary_dots', 'binary', wrote('binary/0____etc_cat/a.png'),
        classes=('../etc/cat', ), mask=np.zeros((2, 2), int)),
    row('voc_line_break', 'voc', says(r'cannot hold the photo .a\\nb.'),
        name='a\nb'),
    row('voc_wide', 'voc', says(
        'a side of 65501 pixels', leaves=['out/voc/README.txt']),
        mask=np.zeros((1, 65501), int)),
    *(row(f'{kind}_of_others', kind, says(
        f'{there} exists and was not written by', lambda r, file=file: (
            r.folder / 'out' / file).read_text() == 'mine',
        leaves=['out/*']), files=[file])
      for kind, there, file in (
          ('index', 'a_mask.png', 'a_mask.png'),
          ('voc', 'voc', 'voc/labelmap.txt'),
          ('yolo', 'yolo', 'yolo/data.yaml'),
          ('coco', 'coco', 'coco'),  # no folder
          ('cutout', 'cutout', 'cutout/1_cat/a.png'))),
    row('only_ignored', 'coco yolo binary cutout', wrote(
        'coco/images/a.jpg', 'yolo/images/train/a.jpg',
        'yolo/labels/train/a.txt'), mask=np.full((2, 3), 255)),
]

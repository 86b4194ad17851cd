"""tools/segment.py: photos, names, numbers, output."""
import os
from functools import partial

import numpy as np
from PIL import Image

from mmseg_clipzs.cli.arguments import add_arguments, make_parser

from .inputs import prepared
from .table import Row, says, usage, warns, works

TOY = 'segment {photo} --config maskclip_toy --device cpu'
CLASSES = '--classes "cat; grass, lawn; sky"'


def made(*names):
    """Check: exactly these masks were written to ``out``."""
    return lambda r: sorted(
        path.name.removesuffix('_mask.png')
        for path in (r.folder / 'out').glob('*_mask.png')) == sorted(names)


def mask_of(r, name='cat'):
    with Image.open(r.folder / f'out/{name}_mask.png') as image:
        return np.asarray(image)


def parsed(text, box):
    """dict: What the tools understand by --cfg-options TEXT."""
    parser = make_parser('')
    add_arguments(parser, 'cfg_options')
    return parser.parse_args(['--cfg-options', text]).cfg_options


def _blocks(path, w=40, h=32):
    rng = np.random.default_rng(3)
    Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize(
        (w, h)).save(path)
    return path


@prepared
def odd_names(folder):
    """Photos whose names have spaces, quotes, brackets, other scripts."""
    for name in ('a b.jpg', "it's [1]*?.png", '猫.jpg', '%s %d.jpg',
                 '{photo}.png', '-x.jpg', 'a.b.c.jpeg', 'UPPER.JPG'):
        _blocks(folder / name)
    return folder


@prepared
def tiny_sides(folder):
    """Photos of 1 x 1, 1 x 60 and 300 x 2 pixels."""
    for w, h in ((1, 1), (1, 60), (300, 2)):
        _blocks(folder / f'{w}x{h}.png', w, h)
    return folder


@prepared
def linked(folder, photo):
    """A symbolic link to a photo."""
    os.symlink(photo, folder / 'link.jpg')
    return folder / 'link.jpg'


@prepared
def dead_link(folder):
    """A symbolic link to nothing."""
    os.symlink(folder / 'gone.jpg', folder / 'dead.jpg')
    return folder / 'dead.jpg'


@prepared
def huge_header(folder):
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""
    import struct
    import zlib

    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data + struct.pack(
            '>I', zlib.crc32(kind + data)))

    path = folder / 'huge.png'
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack(
            '>IIBBBBB', 60000, 60000, 8, 2, 0, 0, 0)) + chunk(
                b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b''))
    return path


@prepared
def postscript(folder):
    """PostScript called .jpg: Pillow would start Ghostscript for it."""
    path = folder / 'ps.jpg'
    path.write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n'
                     b'%%EndComments\n(x) show\nshowpage\n')
    return path


ROWS = [
    Row('nothing', 'segment', usage('required: PHOTO')),
    Row('no_classes', 'segment {photo} --config maskclip_toy',
        says(r'--classes')),
    Row('toy', f'{TOY} {CLASSES}', works(made('cat'))),
    Row('unknown_option', f'{TOY} {CLASSES} --clases x',
        usage(r'unrecognized arguments: --clases|--classes')),
    Row('missing_value', 'segment {photo} --classes',
        usage('expected one argument')),
    Row('missing_photo', f'segment gone.jpg --config maskclip_toy {CLASSES}',
        says('gone.jpg')),
    Row('missing_folder', f'segment gone/ --config maskclip_toy {CLASSES}',
        says('gone')),
    Row('empty_name', f'segment "" --config maskclip_toy {CLASSES}',
        says('.')),
    Row('address', 'segment https://example.org/cat.jpg '
        f'--config maskclip_toy {CLASSES}', says('cat.jpg')),
    Row('pattern', f'segment "*.jpg" --config maskclip_toy {CLASSES}',
        says(r'\*\.jpg')),
    Row('video', f'segment clip.mp4 --config maskclip_toy {CLASSES}',
        says('clip.mp4')),
    Row('null_in_name', lambda box: box.inferencer('a\0b.jpg'), says('a')),
    Row('no_photo_in_folder', 'segment {empty_folder} --config maskclip_toy '
        + CLASSES, says('nothing')),
    Row('text', 'segment {text_file} --config maskclip_toy ' + CLASSES,
        says('note.jpg')),
    Row('cut', 'segment {cut_photo} --config maskclip_toy ' + CLASSES,
        says('cut.jpg')),
    Row('no_bytes', 'segment {empty_file} --config maskclip_toy ' + CLASSES,
        says('empty.bin')),
    Row('dead_link', 'segment {dead_link} --config maskclip_toy ' + CLASSES,
        says('dead.jpg')),
    Row('huge', 'segment {huge_header} --config maskclip_toy ' + CLASSES,
        says('huge.png')),
    Row('postscript', 'segment {postscript} --config maskclip_toy '
        + CLASSES, says('ps.jpg')),
    Row('a_good_and_a_bad', 'segment {photo} {cut_photo} '
        f'--config maskclip_toy {CLASSES}',
        says('cut.jpg', made('cat'), ['out/*'])),
    Row('a_bad_and_a_good', 'segment {cut_photo} {text_file} {photo} '
        f'--config maskclip_toy {CLASSES}',
        says('cut.jpg', made('cat'), ['out/*'])),
    Row('link', f'segment {{linked}} --config maskclip_toy {CLASSES}',
        works(made('link'))),
    Row('odd_names', f'segment {{odd_names}} --config maskclip_toy {CLASSES}',
        works(made('a b', "it's [1]*?", '猫', '%s %d', '{photo}', '-x',
                   'a.b.c', 'UPPER'))),
    Row('tiny_sides', 'segment {tiny_sides} --config maskclip_toy '
        f'{CLASSES} --heatmaps', works(lambda r: (
            mask_of(r, '1x1').shape, mask_of(r, '1x60').shape,
            mask_of(r, '300x2').shape) == ((1, 1), (60, 1), (2, 300)))),
    Row('same_photo_twice', 'segment {photo} {photo} --config maskclip_toy '
        + CLASSES, works(lambda r: len(
            list((r.folder / 'out').glob('*_mask.png'))) in (1, 2))),
    Row('folder_and_its_photo', 'segment {photos} {photo} '
        f'--config maskclip_toy {CLASSES}', works(made('0', '1', '2', 'cat'))),
    # ------------------------------------------------------------- numbers
    Row('batch_0', f'{TOY} {CLASSES} --batch-size 0', says('batch')),
    Row('batch_negative', f'{TOY} {CLASSES} --batch-size -1', says('batch')),
    Row('batch_word', f'{TOY} {CLASSES} --batch-size two',
        usage("invalid int value: 'two'")),
    Row('batch_half', f'{TOY} {CLASSES} --batch-size 1.5',
        usage("invalid int value: '1.5'")),
    Row('batch_larger', f'segment {{photos}} --config maskclip_toy {CLASSES} '
        '--batch-size 1000', works(made('0', '1', '2'))),
    *(Row(f'background_{value}', f'{TOY} {CLASSES} --background {value}',
          usage(r'--background is a probability in \(0, 1\) .*"auto".* but '
                f"got '{value}'"))
      for value in ('0', '1', '-0.1', '50', 'nan', 'inf', 'half', '50%',
                    'automatic', 'auto,', 'auto,50')),
    Row('background_auto', f'{TOY} -w sun --background auto',
        works(lambda r: 'background ' in r.out and 'only' not in r.err)),
    Row('background_auto_of_all', f'{TOY} --classes ade20k150 '
        '--background auto', says('No contrast word is left')),
    Row('no_background', f'{TOY} {CLASSES}', warns(
        'Every pixel gets one of these 3 classes. --background auto',
        lambda r: r.out.count('Every pixel') == 1)),
    Row('list_without_background', f'{TOY} --classes voc20',
        works(lambda r: 'Every pixel' not in r.out + r.err)),
    # -------------------------------------------------------------- --word
    Row('words', f'{TOY} -w cat --word "grass, lawn" -w sky',
        works(made('cat'))),
    Row('words_and_classes', f'{TOY} {CLASSES} -w dog',
        usage('either --classes, or -w for each class')),
    Row('classes_after_words', f'{TOY} -w dog {CLASSES}',
        usage('either --classes, or -w for each class')),
    Row('word_without_value', f'{TOY} -w', usage('expected one argument')),
    Row('word_empty', f'{TOY} -w cat -w ""', says("letters, but got ''")),
    Row('word_twice', f'{TOY} -w cat -w "dog, cat"', says("'cat' occurs")),
    Row('word_equal', f'{TOY} -w cat -w Cat', says('same text embedding')),
    Row('words_in_one', f'{TOY} -w "cat; dog" -w sky', says('is one class')),
    Row('word_a_list', f'{TOY} -w voc20', says("'voc20' is the name of")),
    Row('word_alone', f'{TOY} -w cat', warns("'cat' is the only class.*auto")),
    # -------------------------------------------------------------- output
    Row('out_is_a_file', f'{TOY} {CLASSES} --out {{text_file}}',
        says('note.jpg')),
    Row('out_below_a_file', f'{TOY} {CLASSES} --out {{text_file}}/sub',
        says('note.jpg')),
    Row('out_not_writable', f'{TOY} {CLASSES} --out /proc/none',
        says('/proc/none.*(?i:writ|creat)|(?i:writ|creat).*/proc/none')),
    Row('out_null_device', f'{TOY} {CLASSES} --out /dev/null',
        says('/dev/null')),
    Row('out_nested', f'{TOY} {CLASSES} --out a/b/c',
        works(lambda r: (r.folder / 'a/b/c/cat_mask.png').is_file())),
    Row('out_is_the_photo_folder',
        f'segment {{my_photos}} --config maskclip_toy {CLASSES} '
        '--out {my_photos}', works(lambda r: len(list(
            (r.folder / 'photos').glob('?.*'))) == 3)),
    Row('groups_without', f'{TOY} {CLASSES} --groups', says('groupvit')),
    Row('heat_maps_of_paths', f'{TOY} --classes "up/../../x; a/b; CON" '
        '--heatmaps', works(lambda r: sorted(
            path.parent.name for path in r.folder.rglob('*.png'))
            == ['out'] * 5)),
    Row('class_of_a_path', f'{TOY} --classes "../../up; sky" --heatmaps',
        says(r'\.\./\.\./up')),
    Row('heat_map_of_a_long_name',
        f'{TOY} --heatmaps --classes "{"long " * 60}; sky"',
        works(lambda r: len(list((r.folder / 'out').iterdir())) == 5)),
    # --------------------------------------------------------------- device
    *(Row(f'device_{name.replace(":", "_")}',
          f'segment {{photo}} --config maskclip_toy {CLASSES} '
          f'--device {name}', says(name))
      for name in ('gpu', 'cuda:99', 'cpu:x', 'cuda:', 'CPU0', 'meta')),
    Row('device_empty', f'segment {{photo}} --config maskclip_toy {CLASSES} '
        '--device ""', works(made('cat'))),
    # -------------------------------------------------- config, checkpoint
    Row('config_mistyped', 'segment {photo} --config maskclip_tpy '
        + CLASSES, says('maskclip_toy')),
    Row('config_empty', 'segment {photo} --config "" ' + CLASSES, says('.')),
    Row('config_a_photo', 'segment {photo} --config {photo} ' + CLASSES,
        says('cat.jpg')),
    Row('config_a_folder', 'segment {photo} --config {photos} ' + CLASSES,
        says('photos')),
    Row('config_not_a_model', 'segment {photo} --config '
        f'groupvit_pretrain_toy {CLASSES}', says('trained|CHECKPOINT')),
    Row('checkpoint_missing', f'{TOY} {CLASSES} --checkpoint gone.pth',
        says('gone.pth')),
    Row('checkpoint_twice', 'segment {photo} --config maskclip_toy:a.pth '
        f'--checkpoint b.pth {CLASSES}', says('a.pth')),
    Row('checkpoint_of_nothing', 'segment {photo} --config maskclip_toy: '
        + CLASSES, says('CONFIG:CHECKPOINT')),
    Row('checkpoint_of_clip', f'{TOY} {CLASSES} --checkpoint {{tiny_weights}}',
        says('tiny-vit.pt|checkpoint')),
    # ----------------------------------------------------------------- CLIP
    Row('clip_empty', f'{TOY} {CLASSES} --clip ""', says('MODEL')),
    Row('clip_colon', f'{TOY} {CLASSES} --clip :', says('MODEL')),
    Row('clip_no_weights', f'{TOY} {CLASSES} --clip ViT-B-16:',
        says('MODEL')),
    Row('clip_unknown', f'{TOY} {CLASSES} --clip ViT-B-61:openai',
        says('ViT-B-16')),
    Row('clip_unknown_tag', f'{TOY} {CLASSES} --clip ViT-B-16:opnai',
        says('openai')),
    Row('clip_missing_file', f'{TOY} {CLASSES} --clip toy-vit-p8:gone.pt',
        says('gone.pt')),
    Row('clip_a_photo', f'{TOY} {CLASSES} --clip toy-vit-p8:{{photo}}',
        says('cat.jpg')),
    Row('clip_no_bytes', f'{TOY} {CLASSES} --clip toy-vit-p8:{{empty_file}}',
        says('empty.bin')),
    Row('clip_a_folder', f'{TOY} {CLASSES} --clip toy-vit-p8:{{photos}}',
        says('photos')),
    Row('clip_of_another', f'{TOY} {CLASSES} '
        '--clip toy-vit-p8:{tiny_weights}', says('tiny-vit.pt')),
    Row('clip_null_device', f'{TOY} {CLASSES} --clip toy-vit-p8:/dev/zero',
        says('/dev/zero')),
    # -------------------------------------------------------------- options
    Row('option_without_value', f'{TOY} {CLASSES} --cfg-options model',
        usage('KEY=VALUE|key=value')),
    Row('option_empty', f'{TOY} {CLASSES} --cfg-options ""',
        usage('KEY=VALUE|key=value')),
    Row('option_of_nothing', f'{TOY} {CLASSES} --cfg-options =3',
        usage('KEY=VALUE')),
    Row('option_unknown', f'{TOY} {CLASSES} --cfg-options modle.prompts=x',
        says('model')),
    Row('option_unknown_inside', f'{TOY} {CLASSES} '
        '--cfg-options model.promts=single', says('prompts')),
    Row('option_unknown_block', f'{TOY} {CLASSES} '
        '--cfg-options model.backbone.last_block=naclap', says('naclip')),
    Row('option_through_a_string', f'{TOY} {CLASSES} '
        '--cfg-options model.clip.model.x=1', says('do not fit maskclip_toy')),
    Row('option_twice', f'{TOY} {CLASSES} --cfg-options model.prompts=single '
        'model.prompts=single', works(made('cat'))),
    *(Row(f'option_with_spaces_{i}', partial(parsed, text),
          works(lambda r, value=value: r.value == {'a.b': value}))
      for i, (text, value) in enumerate((
          ('a.b=white car; red bus', 'white car; red bus'),
          ('a.b=/my data/VOC 2012', '/my data/VOC 2012'),
          ('a.b=[a photo of a {}.,a bad photo of a {}.]',
           ['a photo of a {}.', 'a bad photo of a {}.']),
          ('a.b="[white car, 3]"', ['white car', 3]),
          ('a.b=( 64, 64 )', (64, 64))))),
    Row('prompts_unknown', f'{TOY} {CLASSES} '
        '--cfg-options model.prompts=imagenet81', says('imagenet80')),
    Row('prompts_without_place', f'{TOY} {CLASSES} '
        '--cfg-options "model.prompts=[a photo]"', says('{}')),
    Row('window_stride', f'{TOY} {CLASSES} --cfg-options '
        'model.test_cfg.mode=slide "model.test_cfg.crop_size=(16,16)" '
        '"model.test_cfg.stride=(32,32)"', says('stride')),
    Row('window_zero', f'{TOY} {CLASSES} --cfg-options '
        'model.test_cfg.mode=slide "model.test_cfg.crop_size=(0,0)" '
        '"model.test_cfg.stride=(0,0)"', says('crop_size|stride')),
    Row('mode_unknown', f'{TOY} {CLASSES} --cfg-options '
        'model.test_cfg.mode=sliding', says('slide')),
    Row('one_class', f'{TOY} --classes cat', warns('one class|;')),
]

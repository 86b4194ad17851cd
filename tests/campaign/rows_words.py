"""Words, files of words, embeddings of words, and options that are numbers."""
import json
import os
import threading

import numpy as np
import torch
from mmseg.registry import DATASETS, HOOKS, MODELS, TRANSFORMS

from mmseg_clipzs.clip import TextEncoder
from mmseg_clipzs.vocabularies import get_vocabulary

from .inputs import prepared
from .rows_api import NAMES, PIXELS, build, segmentor
from .table import Row, says, warns, works

SEGMENT = 'segment {photo} --config maskclip_toy --device cpu --classes '
INF, NAN = float('inf'), float('nan')


def file_of(name, data):
    """Prepare a file; returns its placeholder."""
    key = 'words_' + ''.join(c if c.isalnum() else '_' for c in name)

    def make(folder):
        (folder / name).write_bytes(data)
        return folder / name

    make.__name__ = key
    prepared(make)
    return key


def reads(name, data):
    """Row: A file of cat, grass (lawn) and sky, in an unusual form."""
    key = file_of(name, data)
    return Row(f'file_{key}', lambda box: box.inferencer(
        PIXELS, str(getattr(box, key))), works(
            lambda r: r.value[0].classes == ('cat', 'grass', 'sky')))


def refuses(name, data, pattern):
    """Row: A file that is not one of classes."""
    key = file_of(name, data)
    return Row(f'file_{key}', f'{SEGMENT} {{{key}}}', says(pattern))


def text(name, value, pattern):
    return Row(f'text_{name}', lambda box: get_vocabulary(value),
               says(pattern))


def same_as(name, value, *names):
    """Row: A text with these class names."""
    return Row(f'text_{name}', lambda box: get_vocabulary(value), works(
        lambda r: r.value.classes == names))


def one(name, words, pattern, more=''):
    """Row: One class, which covers everything."""
    return Row(f'one_{name}', f'{SEGMENT} "{words}" {more}', warns(pattern))


def number(name, pattern, make):
    return Row(f'number_{name}', make, says(pattern))


def model(name, pattern, **settings):
    return number(name, pattern, lambda box: segmentor(box, **settings))


def head(name, pattern, **settings):
    return model(name, pattern, decode_head=dict(
        {'type': 'MaskClipHead', **settings}))


def block(name, pattern, **settings):
    return model(name, pattern, backbone=dict(
        type='ClipViT', last_block=settings))


def damaged_cache(rows, words=('cat', 'grass', 'sky')):
    """Row's call: the cache holds these rows, then the words are embedded."""
    def call(box):
        os.environ['MMSEG_CLIPZS_CACHE'] = str(box.folder / 'cache')
        encoder = TextEncoder(box.clip)
        want = encoder(NAMES.split('; '), 'single')
        path, = (box.folder / 'cache/text').iterdir()
        np.savez(path, embeddings=rows(want.numpy().copy()), words=(
            np.frombuffer(json.dumps(list(words)).encode(), np.uint8)))
        got = TextEncoder(box.clip)(NAMES.split('; '), 'single')
        return (got - want).abs().max().item()
    return call


def with_value(value):
    def change(rows):
        rows[1] = value
        return rows
    return change


def in_threads(box):
    """Four threads with classes of their own share an inferencer."""
    lists, wrong = ['cat; sky', 'sea; sand', 'dog; road', 'tree; wall'], []

    def run(names):
        for _ in range(5):
            result, = box.inferencer(PIXELS, names)
            if '; '.join(result.classes) != names:
                wrong.append(result.classes)

    threads = [threading.Thread(target=run, args=(each, )) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


REPAIRED = warns('are damaged .* will be recomputed',
                 lambda r: r.value < 1e-6)
TEXT = '# our words\ncat\ngrass: grass, lawn\nsky\n'
ROWS = [
    # ------------------------------------------------------------------ files
    reads('bom.txt', b'\xef\xbb\xbf' + TEXT.encode()),
    reads('notepad.txt', TEXT.encode('utf-16')),
    reads('windows.names', TEXT.replace('\n', '\r\n').encode()),
    reads('old_mac.TXT', TEXT.replace('\n', '\r').encode()),
    reads('list.csv', b'cat\n"grass",lawn\nsky,\n'),
    reads('one line.txt', 'cat；grass，lawn；sky'.encode()),
    reads('notes.lst', b'cat # tame\n\n  grass, lawn # green\nsky'),
    reads('v1.2', TEXT.encode()),
    refuses('latin.txt', 'café\ncat'.encode('latin-1'), 'not UTF-8.*line 1'),
    refuses('nul.txt', b'cat\0\nsky', 'NUL'),
    refuses('no_mark.txt', TEXT.encode('utf-16-le'), 'NUL'),
    refuses('list.json', b'["cat", "sky"]', 'JSON'),
    refuses('page.html', b'<p>cat</p>', 'markup'),
    refuses('columns.tsv', b'cat\tpet\nsky\tair', 'line 1.* has columns'),
    refuses('numbered.txt', b'1 cat\n2 sky\n', 'are numbered'),
    refuses('index.csv', b'0,cat\n1,sky\n', "letters, but got '0'"),
    refuses('nothing.txt', b'# cat\n', 'list of classes is empty'),
    refuses('twice.txt', 'é\ne\u0301\n'.encode(), "'é' occurs more than"),
    refuses('picture.txt', b'\x89PNG\r\n\x1a\n', 'is not UTF-8'),
    refuses('other.txt', b'cat\nlists/more.txt\n', 'line 2.*like a file'),
    refuses('quotes.csv', b'"door, screen"\nsky\n', 'quotation mark'),
    Row('file_missing', f'{SEGMENT} missing/list.csv',
        says('No vocabulary file at missing/list.csv')),
    Row('file_missing_upper', f'{SEGMENT} CLASSES.TXT', says('No vocabulary')),
    Row('file_folder', f'{SEGMENT} {{photos}}', says('is a folder')),
    Row('file_photo', f'{SEGMENT} {{photo}}', says('is not UTF-8 text')),
    Row('file_device', f'{SEGMENT} /dev/null', says('is a device')),
    Row('file_url', f'{SEGMENT} https://x.org/words.txt', says('No vocab')),
    # ------------------------------------------------------------------ texts
    text('set', {'cat', 'sky'}, 'no order'),
    text('float', 1.5, '1.5'), text('class', object, 'class'),
    text('tensor', torch.zeros(2), '0.0'), text('nan', ['cat', NAN], 'nan'),
    text('file_in_list', ['words.txt', 'sky'], 'looks like a file'),
    text('windows_path', 'C:\\words.txt', 'No vocabulary file'),
    text('line_break', 'cat\nsky', 'line break'),
    text('nul', 'cat; do\0g', r'U\+0000'),
    text('surrogate', 'caf\udce9; cat', 'not UTF-8'),
    text('emoji', 'cat; 🐕', 'letters'),
    text('no_width', '\u200b', 'empty'),
    text('near_list', 'voc2', 'Did you mean voc2'),
    text('upper_list', 'VOC20', 'Did you mean voc20'),
    text('list_and_word', 'voc20; sky', "'voc20' is the name of a voc"),
    text('list_in_list', ['ade20k150'], "'ade20k150' is the name of a voc"),
    text('semicolon_in_list', ['cat; dog', 'sky'], 'is one class'),
    text('composed', 'é; e\u0301', 'occurs more than once'),
    text('blanks', 'red car; red\u00a0 car', 'occurs more than once'),
    same_as('slash', 'tv/monitor; and/or', 'tv/monitor', 'and/or'),
    same_as('dots', '1.5 litre bottle; St. Bernard', '1.5 litre bottle',
            'St. Bernard'),
    same_as('trailing_comma', 'cat,; sky', 'cat', 'sky'),
    same_as('colon', 'ground: grass, lawn; sky', 'ground', 'sky'),
    same_as('generator', (name for name in ('cat', 'sky')), 'cat', 'sky'),
    same_as('array', np.array(['cat', 'sky']), 'cat', 'sky'),
    same_as('right_to_left', '\u200fقطة؛ سماء', 'قطة', 'سماء'),
    # ------------------------------------------------------------- one class
    one('word', 'cat', "'cat' is the only class, so that it covers"),
    one('commas', 'cat, dog, sky', 'with 3 words, as "," separates words'),
    one('list', 'voc', 'Did you mean voc2'),
    one('threshold', 'cat', 'threshold means nothing', '--background 0.5'),
    Row('one_trained', 'train maskclip_plus_photos_toy --photos {photos} '
        '--classes grass', says('two classes or more')),
    # ------------------------------------------------------- equal embeddings
    *(Row(f'equal_{name}', lambda box, words=words: segmentor(
        box, vocabulary=words), says('have the same text embedding'))
        for name, words in (
            ('case', 'Cat; cat'), ('synonyms', 'cat, CAT; sky'),
            ('entity', [['a &amp; b'], ['a & b']]),
            ('long', [f'{"very " * 90}cat', f'{"very " * 90}dog']))),
    Row('equal_rows', lambda box: segmentor(
        box, text_embeddings=torch.ones(3, 24)), says("'cat' and 'grass'")),
    Row('cut', lambda box: segmentor(
        box, vocabulary=['cat', 'very ' * 90]), warns('1 of 2 words.* cut')),
    Row('nothing_left', lambda box: segmentor(
        box, vocabulary=[['cat'], ['&nbsp;']]), says('leaves nothing')),
    # -------------------------------------------------------------- the cache
    Row('cache_nan', damaged_cache(with_value(NAN)), REPAIRED),
    Row('cache_inf', damaged_cache(with_value(INF)), REPAIRED),
    Row('cache_zero', damaged_cache(with_value(0)), REPAIRED),
    Row('cache_width', damaged_cache(lambda rows: rows[:, 1:]), REPAIRED),
    Row('cache_words', damaged_cache(lambda rows: rows, [1, 2, 3]), REPAIRED),
    Row('threads', in_threads, works(lambda r: r.value == [])),
    # ---------------------------------------------------------------- numbers
    *(model(f'logit_scale_{value}', 'logit_scale must be a number in .0, inf',
            logit_scale=value) for value in (0, -5, NAN, INF, True, '9')),
    *(model(f'background_{value}', 'background_threshold must be',
            background_threshold=value) for value in (0, 1, NAN, True, '.5')),
    model('area_bool', 'area_threshold must be', area_threshold=True,
          background_threshold=.5),
    *(model(f'std_{i}', 'std must be|std.0. must|together',
            data_preprocessor=dict(type='ZeroShotDataPreProcessor', **given))
      for i, given in enumerate((
          dict(mean=[0, 0, 0], std=[0, 1, 1]),
          dict(mean=[0, 0, 0], std=[NAN, 1, 1]),
          dict(mean=[0, 0, 0], std=[1, 1]), dict(mean=[0, 0, 0]),
          dict(mean=[0, 0, 0], std=1)))),
    model('test_cfg', "no option 'croop_size'.* Did you mean crop_size",
          test_cfg=dict(mode='slide', croop_size=(9, 9))),
    model('stride', 'stride <= crop_size', test_cfg=dict(
        mode='slide', crop_size=(8, 8), stride=(9, 9))),
    model('window_bool', 'window_batch must', test_cfg=dict(
        mode='whole', window_batch=True)),
    *(model(f'pamr_{i}', 'pamr', pamr=pamr) for i, pamr in enumerate((
        dict(steps=0), dict(steps=-1), dict(dilations=()), dict(step=3),
        dict(dilations=(8, 0)), dict(steps='10'), dict(dilations=8)))),
    *(model(f'propagation_{i}', pattern, propagation=given)
      for i, (pattern, given) in enumerate((
          ('propagation takes a dict', True),
          ('propagation takes a dict', 'value'),
          ('Did you mean neighbours', dict(neighbors=400)),
          ('propagation.neighbours must', dict(neighbours=0)),
          ('propagation.neighbours must', dict(neighbours=True)),
          ('propagation.neighbours must', dict(neighbours='400')),
          ('propagation.power must', dict(power=NAN)),
          ('propagation.decay must', dict(decay=-0.01)),
          ('propagation.alpha must', dict(alpha=1)),
          ('propagation.iterations must', dict(iterations=1.5)),
          ('propagation.tolerance must', dict(tolerance=INF)),
          ("part='values' is unknown", dict(part='values')),
          ('load_proxy as a dict', dict(proxy='dino')),
          ('needs weights', dict(proxy=dict(model='vit_tiny_patch16_224'))),
          ('Unknown network', dict(proxy=dict(
              model='vit_tiny_patch17_224', pretrained=None)))))),
    *(head(f'pd_{value}', 'pd_thresh must', pd_thresh=value)
      for value in (0, 1.1, NAN, True, '0.5')),
    head('ks', 'ks_thresh must', ks_thresh=-1),
    head('clusters', 'num_groups must', type='ClusterHead', num_groups=True),
    head('bandwidth', 'bandwidth must', type='ClusterHead', bandwidth=INF),
    head('quantile', 'quantile must', type='ClusterHead', quantile=NAN),
    *(block(f'std_{value}', 'neighbour_std must', type='naclip',
            neighbour_std=value) for value in (-1., NAN, INF)),
    block('gem_depth', 'depth of GEM', type='gem', depth=0),
    block('gem_steps', 'iterations of GEM', type='gem', iterations=-1),
    *(block(f'corrclip_{option}_{value}', f'{option}.* of CorrCLIP',
            type='corrclip', **{option: value}) for option, value in (
          ('scale', 0.), ('scale', NAN), ('distance', -0.1),
          ('distance', INF), ('spatial_blocks', -1),
          ('spatial_weight', -1.), ('semantic_weight', NAN),
          ('unsegmented', 'none'))),
    block('corrclip_regions', 'regions=dict', type='corrclip',
          proxy=dict(model='vit_tiny_patch16_224', pretrained=None)),
    block('sc_layers', 'summed_layers', type='scclip', summed_layers=(0, 4)),
    block('sc_outliers', 'outliers of SC-CLIP', type='scclip', outliers=1.),
    block('sc_threshold', 'threshold of SC-CLIP', type='scclip',
          threshold=NAN),
    block('sfp_outliers', 'outliers of SFP', type='sfp', outliers=-1),
    block('sfp_gain', 'cls_gain of SFP', type='sfp', cls_gain=NAN),
    block('sfp_layers', 'SFP needs summed_layers', type='sfp',
          summed_layers=(5, 4)),
    block('resclip_base', "base='maskclip' of ResCLIP is unknown; choose one",
          type='resclip', base='maskclip'),
    block('resclip_option', 'tau is unknown; resclip takes base, rcs',
          type='resclip', tau=2.),
    *(block(f'resclip_{key}_{value}', f'{key} of .*must be ',
            type='resclip', **{key: value}) for key, value in (
        ('rcs_weight', 1.5), ('sfr_weight', NAN), ('rcs_gain', 0.),
        ('sfr_gain', INF), ('sfr_std', -1.), ('label_threshold', 1.),
        ('sfr', 1), ('pamr', 'yes'), ('rcs_layers', (0, 9)))),
    block('ffn', 'ffn .*must be', ffn='no'),
    model('eps', 'norm_eps must', backbone=dict(type='ClipViT', norm_eps=0)),
    model('gelu', 'quick_gelu must', backbone=dict(
        type='ClipViT', quick_gelu='no')),
    number('topk', 'topk must', build(
        MODELS, 'GroupViTHead', in_channels=4, topk=0)),
    *(number(f'groupvit_{key}', key, build(MODELS, 'GroupViT', **{key: value}))
      for key, value in dict(
          gumbel_tau=0, drop_path_rate=1, depths=(6, -3, 3), patch_size=0,
          grouping_gain=-1, gumbel='no', num_group_tokens=(64, 8.5, 0),
          embed_dims=True).items()),
    number('text_width', 'embed_dims', build(
        MODELS, 'TextTransformer', embed_dims=100)),
    number('dilations', 'dilations', build(
        MODELS, 'DeepLabV2Head', in_channels=4, channels=4, num_classes=2,
        dilations=(6, 0))),
    *(number(f'switch_{value}', 'begin must', build(
        HOOKS, 'SelfTrainingHook', begin=value))
      for value in (-1, 2.5, True, '9')),
    number('interval', 'interval must', build(
        HOOKS, 'DataStateHook', interval=True)),
    number('samples', 'count must', build(
        HOOKS, 'PredictionSamplesHook', path='x.npz', count=True)),
    number('nouns', 'num_nouns must', build(
        TRANSFORMS, 'PackImageText', num_nouns=True, words=NAMES)),
    number('shuffle', 'shuffle must', build(
        DATASETS, 'ImageTextShards', urls='x.tar', shuffle=0)),
    number('ratio', 'ratio', build(
        TRANSFORMS, 'RandomResizedCrop', size=9, ratio=(2, 1))),
]

"""The Python interface: classes, functions and their arguments."""
import copy
import os
from functools import partial

import numpy as np
import torch
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from PIL import Image

import mmseg_clipzs.models  # noqa: F401  (registers)
from mmseg_clipzs.apis import ZeroShotInferencer, find_config
from mmseg_clipzs.clip import TextEncoder, load_clip
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.vocabularies import Vocabulary, get_vocabulary

from .inputs import prepared
from .table import Row, says, warns, works

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
NAMES = 'cat; grass; sky'


@prepared
def clip(folder, tiny_weights):
    """A LoadedClip of tiny-vit."""
    return load_clip('tiny-vit', pretrained=tiny_weights)


@prepared
def tiny(folder, tiny_weights):
    """dict(clip=...) of tiny-vit, for segmentors."""
    return dict(clip=dict(model='tiny-vit', pretrained=str(tiny_weights)))


def segmentor(box, **settings):
    """A ZeroShotSegmentor with tiny-vit."""
    return MODELS.build({**dict(
        type='ZeroShotSegmentor', clip=box.tiny['clip'],
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'), prompts='single',
        vocabulary=NAMES), **settings})


def model(name, pattern, **settings):
    return Row(f'model_{name}', partial(_build, settings), says(pattern))


def _build(settings, box):
    return segmentor(box, **settings)


def photo_of(value):
    return lambda box: box.inferencer(value, NAMES)


def _predicted_with(classes=NAMES, **settings):
    def call(box):
        inferencer = copy.deepcopy(box.inferencer)  # others have no image
        inferencer.set_image(PIXELS)
        return inferencer.predict(classes, **settings)
    return call


def _named_by_variable(box):
    os.environ['MMSEG_CLIPZS_PRODUCTS'] = 'mkl'
    return ZeroShotInferencer('maskclip_toy', device='cpu')


def same(r):
    """Check: both results of a row are equal."""
    first, second = r.value
    return np.array_equal(first[0].mask, second[0].mask)


def build(registry, name, **settings):
    return lambda box: registry.build(dict(type=name, **settings))


ROWS = [
    # ------------------------------------------------------ images as objects
    Row('photo_none', photo_of(None), says('None|NoneType')),
    Row('photo_number', photo_of(5), says('5|int')),
    Row('photo_bytes', photo_of(b'\xff\xd8'), says('bytes')),
    *(Row(f'photo_{name}', photo_of(image), works(
        lambda r: r.value[0].mask.shape == (24, 32)))
      for name, image in dict(
          tensor=torch.from_numpy(PIXELS).permute(2, 0, 1),
          tensor_float=torch.rand(3, 24, 32), grey_tensor=torch.rand(24, 32),
          grey_array=PIXELS[..., 0], one_channel=PIXELS[..., :1],
          four_channels=PIXELS[..., [0, 1, 2, 2]],
          float=PIXELS / 255).items()),
    Row('photo_tensor_last', photo_of(torch.zeros(24, 32, 3)),
        says(r'24, 32, 3.* tensor.permute\(2, 0, 1\)')),
    Row('photo_tensor_255', photo_of(torch.full((3, 24, 32), 200.)),
        says('Divide by 255')),
    Row('photo_tensor_normalised', photo_of(torch.full((3, 24, 32), -1.)),
        says('Undo the normalisation')),
    Row('photo_batch', photo_of(torch.zeros(2, 3, 24, 32)),
        says(r'list\(batch\)')),
    Row('photo_two_channels', photo_of(PIXELS[..., :2]), says('24, 32, 2')),
    Row('photo_channels_first', photo_of(PIXELS.transpose(2, 0, 1)),
        says(r'3, 24, 32')),
    *(Row(f'background_{value}', lambda box, value=value: ZeroShotInferencer(
        'maskclip_toy', device='cpu', background=value),
        says(r'background is a probability in \(0, 1\) .*"auto"'))
      for value in ('half', 50, True, 'auto,2', b'auto', float('nan'))),
    Row('background_of_predict', _predicted_with(background='none'),
        says(r'background is a probability in \(0, 1\)')),
    Row('background_of_everything', _predicted_with(
        'ade20k150', background='auto'), says('No contrast word is left')),
    Row('detections_regions', lambda box: box.inferencer(
        PIXELS, NAMES)[0].to_detections(regions='yes'),
        says("regions must be True or False, but got 'yes'")),
    Row('detections_area', lambda box: box.inferencer(
        PIXELS, NAMES)[0].to_detections(min_area=.5),
        says('min_area must be a whole number')),
    Row('photo_int64', photo_of(PIXELS.astype(np.int64)), says('int64')),
    Row('photo_bool', photo_of(PIXELS > 99), says('bool')),
    Row('photo_objects', photo_of(PIXELS.astype(object)), says('object')),
    Row('photo_empty_array', photo_of(PIXELS[:0]), says(r'0, 32, 3')),
    Row('photo_empty_list', photo_of([]), says('No images')),
    Row('photo_empty_name', photo_of(''), says('.')),
    Row('photo_nested', photo_of([[PIXELS]]), says('list')),
    Row('photo_dict', photo_of({'img': PIXELS}), says('.')),
    Row('photo_batch_array', photo_of(PIXELS[None]), says(r'1, 24, 32, 3')),
    Row('photo_pil', lambda box: (
        box.inferencer(Image.fromarray(PIXELS), NAMES),
        box.inferencer(PIXELS, NAMES)), works(same)),
    Row('photo_view', lambda box: (
        box.inferencer(PIXELS[::-1, ::2], NAMES),
        box.inferencer(PIXELS[::-1, ::2].copy(), NAMES)), works(same)),
    Row('photo_read_only', lambda box: (
        box.inferencer(np.frombuffer(PIXELS.tobytes(), np.uint8).reshape(
            PIXELS.shape), NAMES), box.inferencer(PIXELS, NAMES)),
        works(same)),
    Row('photo_tuple', lambda box: box.inferencer((PIXELS, box.photo), NAMES),
        works(lambda r: [x.name for x in r.value] == ['0', 'cat'])),
    Row('photo_generator', lambda box: box.inferencer(
        (each for each in [PIXELS, PIXELS]), NAMES),
        works(lambda r: len(r.value) == 2)),
    Row('photo_missing_in_list', lambda box: box.inferencer(
        [PIXELS, 'gone.jpg'], NAMES), warns('1 of 2 .*gone.jpg')),
    # --------------------------------------------------------------- classes
    *(Row(f'classes_{name}', partial(
        lambda value, box: box.inferencer(PIXELS, value), value),
        says(pattern)) for name, value, pattern in (
            ('number', 5, '5|int'), ('empty_list', [], 'empty'),
            ('empty_dict', {}, 'empty'), ('empty_text', '', '.'),
            ('semicolons', ';;;', '.'), ('none_in_list', ['cat', None],
                                         'None'),
            ('numbers', [1, 2], '1'), ('bytes', b'cat; sky', 'bytes|99|name'),
            ('nested', [['cat', ['sky']]], 'sky|list'),
            ('empty_word', ['cat', ''], "''"),
            ('empty_synonym', ['cat', ['grass', '']], "''"),
            ('twice', 'cat; sky; cat', "'cat'"),
            ('word_twice', 'cat, kitty; dog, kitty', "'kitty'"),
            ('digits', 'cat; 42', "'42'"), ('signs', 'cat; --', "'--'"),
            ('true', True, 'True|bool'), ('set_number', {1, 2}, '.'),
            ('dict_of_numbers', {'cat': 1}, '1'),
            ('dict_of_none', {'cat': None}, 'None'),
            ('number_keys', {1: ['cat'], 2: ['dog']}, '1'),
            ('missing_file', 'no/such/list.txt', 'list.txt'),
            ('vocabulary_name', 'voc_20', 'voc20'))),
    Row('classes_order_of_dict', lambda box: box.inferencer(
        PIXELS, {'b': ['sky'], 'a': ['cat']}), works(
            lambda r: r.value[0].classes == ('b', 'a'))),
    Row('classes_many_blanks', lambda box: get_vocabulary(
        '  white \u2003 car ;  red\u00a0bus  '), works(
            lambda r: r.value.classes == ('white car', 'red bus'))),
    Row('classes_other_script',
        lambda box: get_vocabulary('猫; Собака; ñandú'),
        works(lambda r: r.value.classes == ('猫', 'Собака', 'ñandú'))),
    Row('classes_tuple', lambda box: get_vocabulary(('cat', ('sky', 'air'))),
        works(lambda r: r.value.synonyms == (('cat', ), ('sky', 'air')))),
    Row('classes_last_comma', lambda box: get_vocabulary('cat,; sky'),
        works(lambda r: r.value.synonyms == (('cat', ), ('sky', )))),
    Row('classes_last_semicolon', lambda box: get_vocabulary('cat; sky;'),
        works(lambda r: r.value.classes == ('cat', 'sky'))),
    Row('vocabulary_without_words', lambda box: Vocabulary(
        ('cat', ), ((), )), says('empty')),
    Row('vocabulary_indices', lambda box: get_vocabulary(NAMES).indices(
        ['cta']), says("'cta'.*cat")),
    # ---------------------------------------------------- set_image, predict
    Row('predict_first', lambda box: ZeroShotInferencer.predict(
        box.inferencer, NAMES), says('set_image')),
    Row('set_image_missing', lambda box: box.inferencer.set_image('gone.jpg'),
        says('gone.jpg')),
    Row('set_image_list', lambda box: box.inferencer.set_image(
        [box.photo]), says('list')),
    Row('encode_list', lambda box: box.inferencer.encode(
        [box.photo]), says('list')),
    Row('predict_a_photo', lambda box: box.inferencer.predict(
        NAMES, image=box.photo), says('encode')),
    Row('batch_of_none', lambda box: box.inferencer(
        PIXELS, NAMES, batch_size=None), says('batch_size')),
    Row('batch_of_half', lambda box: box.inferencer(
        [PIXELS, PIXELS], NAMES, batch_size=1.5), says('batch_size')),
    Row('out_dir_a_file', lambda box: box.inferencer(
        PIXELS, NAMES, out_dir=box.text_file), says('note.jpg')),
    # ---------------------------------------------------------------- configs
    Row('config_none', lambda box: ZeroShotInferencer(None), says('None')),
    Row('config_number', lambda box: ZeroShotInferencer(3), says('3')),
    Row('config_dict', lambda box: ZeroShotInferencer(dict(model=1)),
        says('dict|config')),
    Row('config_name', lambda box: find_config('maskclip-toy'),
        says('maskclip_toy')),
    Row('config_case', lambda box: find_config('MaskCLIP_Toy'),
        says('maskclip_toy')),
    Row('options_list', lambda box: ZeroShotInferencer(
        'maskclip_toy', cfg_options=['model.prompts=single']),
        says('cfg_options|options')),
    Row('options_unknown', lambda box: ZeroShotInferencer(
        'maskclip_toy', cfg_options={'modell.prompts': 'single'}),
        says('model')),
    Row('device_gpu', lambda box: ZeroShotInferencer(
        'maskclip_toy', device='gpu'), says("gpu")),
    Row('device_object', lambda box: ZeroShotInferencer(
        'maskclip_toy', device=torch.device('cpu'), classes=NAMES)(PIXELS),
        works(lambda r: r.value[0].mask.shape == (24, 32))),
    Row('groups', lambda box: ZeroShotInferencer(
        'maskclip_toy', device='cpu', groups=True), says('groupvit')),
    Row('products_variable', _named_by_variable,
        says("MMSEG_CLIPZS_PRODUCTS='mkl' is unknown; choose one of auto, ")),
    Row('trained_first', lambda box: ZeroShotInferencer('maskclip_plus_toy'),
        says('trained')),
    Row('job_two_checkpoints', lambda box: Job.parse(
        'maskclip_toy:a.pth', checkpoint='b.pth'), says('a.pth')),
    Row('job_empty', lambda box: Job.parse(''), says('CONFIG')),
    Row('job_colons', lambda box: Job.parse('::'), says('CONFIG')),
    # -------------------------------------------------------------------- CLIP
    Row('clip_no_weights', lambda box: load_clip('ViT-B-16'),
        says('pretrained=')),
    Row('clip_typo', lambda box: load_clip('ViT-B-16', pretraned='openai'),
        says('pretraned|pretrained')),
    Row('clip_name', lambda box: load_clip('vit-b-16', pretrained=None),
        says('ViT-B-16')),
    Row('clip_number', lambda box: load_clip(16, pretrained=None), says('16')),
    Row('clip_none', lambda box: load_clip(None, pretrained=None),
        says('None')),
    Row('clip_precision', lambda box: load_clip(
        'tiny-vit', pretrained=None, precision='half'), says('fp16')),
    Row('clip_random', lambda box: load_clip('tiny-vit', pretrained=None),
        warns('RANDOM')),
    Row('clip_bytes_path', lambda box: load_clip(
        'tiny-vit', pretrained=b'openai'), says('openai|bytes')),
    Row('clip_true', lambda box: load_clip('tiny-vit', pretrained=True),
        says('True|bool')),
    Row('clip_no_file', lambda box: load_clip('tiny-vit', pretrained=''),
        says('.')),
    *(Row(f'templates_{name}', partial(
        lambda value, box: TextEncoder(box.clip, cache=False)(
            ['cat'], value), value), says(pattern))
      for name, value, pattern in (
          ('unknown', 'imagenet', 'imagenet80'), ('empty', [], '.'),
          ('two_places', ['{} and {}'], '{} and {}'),
          ('named', ['a {name}'], 'a {name}'), ('number', 3, '3'),
          ('none', None, 'None'), ('open', ['a {'], 'a {'))),
    Row('embed_nothing', lambda box: TextEncoder(box.clip, cache=False)(
        [], 'single'), says('word')),
    Row('embed_a_text', lambda box: TextEncoder(box.clip, cache=False)(
        'cat', 'single'), says('list|word')),
    # ------------------------------------------------------------- segmentors
    model('threshold', r'\(0, 1\)', background_threshold=2),
    model('threshold_nan', r'\(0, 1\)', background_threshold=float('nan')),
    model('threshold_text', r'\(0, 1\)', background_threshold='0.5'),
    model('threshold_true', r'\(0, 1\)', background_threshold=True),
    model('area_alone', 'background_threshold', area_threshold=.1),
    model('area', r'\(0, 1\)', area_threshold=1, background_threshold=.5),
    *(model(f'scale_{name}', 'logit_scale', logit_scale=value)
      for name, value in (('zero', 0), ('negative', -5), ('text', 'x'),
                          ('nan', float('nan')), ('inf', float('inf')))),
    model('pretrained', r'clip=dict', pretrained='x.pth'),
    model('embeddings_alone', 'vocabulary', vocabulary=None,
          text_embeddings='x.npy'),
    model('embeddings_missing', 'x.npy', text_embeddings='x.npy'),
    model('embeddings_rows', '2 text embeddings for 3|3 words',
          text_embeddings=torch.ones(2, 24)),
    model('embeddings_width', '24', text_embeddings=torch.eye(3, 23)),
    model('embeddings_nan', '(?i)finite|nan',
          text_embeddings=torch.full((3, 24), torch.nan)),
    model('embeddings_zero', '(?i)zero', text_embeddings=torch.zeros(3, 24)),
    model('mode', 'slide', test_cfg=dict(mode='slid')),
    model('window_missing', 'crop_size', test_cfg=dict(mode='slide')),
    model('window_number', 'crop_size', test_cfg=dict(
        mode='slide', crop_size=64, stride=32)),
    model('window_text', 'crop_size', test_cfg=dict(
        mode='slide', crop_size=('64', '64'), stride=(32, 32))),
    model('window_batch', 'window_batch', test_cfg=dict(
        mode='whole', window_batch=0)),
    model('window_batch_text', 'window_batch', test_cfg=dict(
        mode='whole', window_batch='4')),
    model('test_cfg_key', 'crop_size', test_cfg=dict(
        mode='slide', crop_sise=(64, 64), stride=(32, 32))),
    model('pamr_true', 'pamr', pamr=True),
    model('pamr_key', 'pamr|steps', pamr=dict(step=10)),
    model('pamr_zero', 'pamr|steps', pamr=dict(steps=0)),
    *(model(f'regions_{i}', pattern, regions=given)
      for i, (pattern, given) in enumerate((
          ('regions takes a dict with type', True),
          ('regions takes a dict with type', 'Felzenszwalb'),
          ('regions takes a dict with type', dict(scale=100.)),
          ('Did you mean Felzenszwalb', dict(type='Felzenswalb')),
          ('Did you mean scale', dict(type='Felzenszwalb', scales=100.)),
          ('regions.scale must', dict(type='Felzenszwalb', scale='100')),
          ('regions.min_size must', dict(type='Felzenszwalb', min_size=0)),
          ('regions.correct must', dict(type='Felzenszwalb', correct='no')),
          ('regions.compactness must', dict(type='Slic', compactness=0)),
          ('No folder at', dict(type='RegionFiles', folder='gone')),
          ('need folder=', dict(type='RegionFiles')),
          ('regions.folder must', dict(type='RegionFiles', folder=5)),
          ('regions.photos must', dict(
              type='RegionFiles', folder='.', photos=True)),
          ('regions.weights must', dict(type='Sam2Regions', weights=[])),
          ('regions.sigma must', dict(type='Slic', sigma=1e308)),
          ('regions.min_size must', dict(
              type='Felzenszwalb', min_size=10**40)),
          ('type=.* is unknown', dict(type=['Slic'])),
          ('type=.* is unknown', dict(type=dict)),
          ('No folder at', dict(type='Sam2Regions', weights='gone')),
          ('regions.pred_iou must', dict(type='Sam2Regions', pred_iou=2)),
          ('regions.overlap must', dict(type='EomtRegions', overlap='a'))))),
    model('block', 'naclip', backbone=dict(
        type='ClipViT', last_block='naclipp')),
    model('block_attend', 'attend', backbone=dict(
        type='ClipViT', last_block=dict(attend=('qx', )))),
    model('block_key', 'attend', backbone=dict(
        type='ClipViT', last_block=dict(atend=('qk', )))),
    *(model(f'proxy_{name}', message, backbone=dict(
        type='ClipViT', last_block=dict(type='proxyclip', **settings)))
      for name, message, settings in (
          ('text', 'dict', dict(proxy='dino')),
          ('model', 'vit_small_patch16_224', dict(proxy=dict(
              model='vit_smal_patch16_224', pretrained='dino'))),
          ('no_weights', 'pretrained=', dict(proxy=dict(
              model='vit_small_patch16_224'))),
          ('tag', 'dino', dict(proxy=dict(
              model='vit_small_patch16_224', pretrained='dinoo'))),
          ('file', 'x.pth', dict(proxy=dict(
              model='vit_small_patch16_224', pretrained='x.pth'))),
          ('resnet', 'Vision Transformer', dict(proxy=dict(
              model='resnet18', pretrained=None))),
          ('std', r'\(0, inf\)', dict(proxy=dict(
              model='vit_small_patch16_224', pretrained=None,
              mean=(0, 0, 0), std=(1, 1, 0)))),
          ('part', 'query[+]key', dict(proxy_part='keys')),
          ('beta', 'beta', dict(beta='x')),
          ('gamma', 'gamma', dict(gamma=-1.)))),
    model('pad_to', r'\[1, inf\)', backbone=dict(type='ClipViT', pad_to=0)),
    model('block_std', 'neighbour_std', backbone=dict(
        type='ClipViT', last_block=dict(neighbour_std=2.))),
    model('keys', 'out_keys', decode_head=dict(
        type='MaskClipHead', ks_thresh=1.)),
    model('prompts', 'imagenet80', prompts='imagenet8'),
    model('background_only', 'background', vocabulary='background',
          background_threshold=.5),
    Row('model_to_train', lambda box: segmentor(box).loss(None, None),
        says('MaskClipPlus')),
    # --------------------------------------------------- datasets, transforms
    Row('photos_none', build(DATASETS, 'PhotoFolderDataset',
                             data_root='gone'), says('gone')),
    Row('corrupt_kind', build(TRANSFORMS, 'Corrupt', kind='nois', level=1),
        says('noise')),
    Row('corrupt_level', build(TRANSFORMS, 'Corrupt', kind='spatter',
                               level=2.5), says('2.5')),
    *(Row(f'crop_{i}', build(TRANSFORMS, 'RandomResizedCrop', **settings),
          says('RandomResizedCrop|size|scale|ratio'))
      for i, settings in enumerate((
          dict(size=0), dict(size=9, scale=(.5, .1)),
          dict(size=9, scale=(0, 1)), dict(size=9, ratio=(-1, 1)),
          dict(size='9'), dict(size=9, scale=.5)))),
    Row('hide_nothing', build(TRANSFORMS, 'HideLabels', classes=NAMES,
                              unseen=[]), says('unseen')),
    Row('hide_unknown', build(TRANSFORMS, 'HideLabels', classes=NAMES,
                              unseen=['cta']), says("'cta'")),
    Row('metric_nothing', build(METRICS, 'ZeroShotIoUMetric', unseen=[]),
        says('unseen')),
    Row('metric_both', build(METRICS, 'ZeroShotIoUMetric', unseen=['cat'],
                             seen=['cat']), says("'cat'")),
    Row('samples_count', build(HOOKS, 'PredictionSamplesHook', path='x.npz',
                               count=0), says('count')),
    Row('shards_pipe', build(DATASETS, 'ImageTextShards',
                             urls='pipe:touch hacked'), says('pipe')),
    Row('shards_address', build(DATASETS, 'ImageTextShards',
                                urls='https://x.org/{0..1}.tar'),
        says('https')),
    Row('shards_missing', build(DATASETS, 'ImageTextShards',
                                urls='{000000..000002}.tar'),
        says('3 of 3 shards')),
    Row('shards_nothing', build(DATASETS, 'ImageTextShards', urls=[]),
        says('.')),
    Row('shards_shuffle', build(DATASETS, 'ImageTextShards', urls='x.tar',
                                shuffle=0), says('shuffle')),
]

"""Configs: their form, and that each zero-shot one predicts."""
import re
from pathlib import Path

import mmseg
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import DATASETS
from open_clip import get_model_config
from PIL import Image

from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

CONFIGS = Path(__file__).parent.parent / 'configs'
NAMES = sorted(path.stem for path in CONFIGS.glob('*.py'))
# Those that need no training; the others have tests of their own.
ZERO_SHOT = [name for name in NAMES if '_plus_' not in name and re.match(
    '((mask|clear|sc|)clip|(s|na)clip|gem|cliptrase)_', name)]

# data set -> mmseg's own config
DATA = {
    'voc': 'pascal_voc12',
    'voc21': 'pascal_voc12',
    'context': 'pascal_context_59',
    'context60': 'pascal_context',
    'coco_object': None,
    'coco_stuff': 'coco-stuff164k',
    'cityscapes': 'cityscapes',
    'ade20k': 'ade20k',
    'toy': None,
}
# the rest of the name -> method, architecture
METHODS = {
    'clip': ('CLIP', 'ViT-B-16'),
    'clip_b': ('CLIP', 'ViT-B-16'),
    'clip_rn50': ('CLIP', 'RN50'),
    'maskclip': ('MaskCLIP', 'ViT-B-16'),
    'maskclip_b': ('MaskCLIP', 'ViT-B-16'),
    'maskclip_rn50': ('MaskCLIP', 'RN50'),
    'maskclip_ks_pd': ('MaskCLIP + KS + PD', 'ViT-B-16'),
    'maskclip_authors': ("MaskCLIP (authors' settings)", 'ViT-B-16'),
    'maskclip_authors_rn50': ("MaskCLIP (authors' settings)", 'RN50'),
    'maskclip_authors_ks_pd': ("MaskCLIP + KS + PD (authors' settings)",
                               'ViT-B-16'),
    'sclip': ('SCLIP', 'ViT-B-16'),
    'clearclip': ('ClearCLIP', 'ViT-B-16'),
    'naclip': ('NACLIP', 'ViT-B-16'),
    'naclip_pamr': ('NACLIP + PAMR', 'ViT-B-16'),
    'gem': ('GEM', 'ViT-B-16'),
    'cliptrase': ('CLIPtrase (attention)', 'ViT-B-16'),
    'scclip': ('SC-CLIP', 'ViT-B-16'),
}
# Protocol A: data -> resize; the whole image.
SCALE_A = {
    'voc': (2048, 512),
    'context': (520, 520),
    'coco_stuff': (2048, 512),
    'cityscapes': (1024, 512),
    'ade20k': (2048, 512),
}
# Protocol B: whose settings -> what differs from data set to data set.
WINDOW = dict(mode='slide', crop_size=(224, 224), stride=(112, 112))
PROTOCOL_B = {
    'sclip': dict(
        label='B (SCLIP line)',
        side=dict(cityscapes=560, coco_stuff=448, default=336),
        test=dict(default=WINDOW),
        scale=dict(voc21=65, context60=50, coco_object=50, default=40),
        threshold=dict(voc21=0.1, context60=0.1, coco_object=0.1),
        words=dict(voc='voc20_sclip', voc21='voc21',
                   coco_object='coco_object81')),
    'clearclip': dict(
        label='B (ClearCLIP)',
        side=dict(default=448),
        test=dict(
            cityscapes=dict(mode='slide', crop_size=(224, 224),
                            stride=(224, 224)),
            default=dict(mode='slide', crop_size=(448, 448),
                         stride=(224, 224))),
        scale=dict(default=50),
        threshold=dict(voc21=0.5, context60=0.15, coco_object=0.4),
        words=dict(voc='voc20_plain', voc21='voc21_plain',
                   coco_object='coco_object81_plain')),
    'naclip': dict(
        label='B (SCLIP line)',
        side=dict(cityscapes=560, default=336),
        test=dict(voc=dict(mode='whole'), voc21=dict(mode='whole'),
                  default=WINDOW),
        scale=dict(default=40),
        threshold=dict(voc21=0.1, context60=0.1, coco_object=0.1)),
    'scclip': dict(
        label='B (SCLIP line)',
        side=dict(cityscapes=560, default=336),
        test=dict(default=WINDOW),
        scale=dict(voc21=50, coco_object=55, default=40),
        threshold=dict(voc21=0.15, context60=0.15, coco_object=0.35)),
}
WORDS = dict(context='context59_sclip', context60='context60',
             coco_stuff='coco_stuff171', cityscapes='cityscapes19',
             ade20k='ade20k150')
# method -> its own way with positions and images off the grid; PAMR
BACKBONE_B = {
    'gem': dict(last_block='gem', off_grid='drop', pos_embed='antialias'),
    'clearclip': dict(last_block='clearclip', off_grid='pad_even',
                      pos_embed='sclip'),
}
# method -> published mIoU: voc21, context60, coco_object, voc, context,
# coco_stuff, cityscapes, ade20k (protocol B)
PUBLISHED = {
    'clip': (16.2, 7.7, 5.5, 41.8, 9.2, 4.4, 5.5, 2.1),
    'maskclip': (43.4, 23.2, 20.6, 74.9, 26.4, 16.7, 24.9, 11.9),
    'sclip': (59.6, 31.7, 33.5, 81.5, 34.5, 22.8, 32.3, 16.5),
    'gem': (46.2, 32.6, None, 79.9, 35.9, 23.7, 30.8, 15.7),
    'clearclip': (51.8, 32.6, 33.0, 80.9, 35.9, 23.9, 30.0, 16.7),
    'naclip': (58.9, 32.2, 33.2, 79.7, 35.2, 23.3, 35.5, 17.4),
    'naclip_pamr': (64.1, 35.0, 36.2, 83.0, 38.4, 25.7, 38.3, 19.1),
    'cliptrase': (None, ) * 8,
    'scclip': (64.6, 36.8, 37.7, 84.3, 40.1, 26.6, 41.0, 20.1),
}
BENCHMARKS = ('voc21', 'context60', 'coco_object', 'voc', 'context',
              'coco_stuff', 'cityscapes', 'ade20k')


def name_b(method, data):
    """Methods with a protocol of their own have a letter for this one."""
    letter = method in ('clip', 'maskclip') and data in (*SCALE_A, 'toy')
    return f'{method}{"_b" * letter}_{data}'


CELLS_B = {name_b(method, data): (method, data)
           for method in PUBLISHED for data in BENCHMARKS}
TOY_B = {name_b(method, 'toy'): method for method in PUBLISHED}


def split(name):
    """'maskclip_rn50_voc' -> 'maskclip_rn50', 'voc'."""
    data = max((d for d in DATA if name.endswith(f'_{d}')), key=len)
    return name[:-len(data) - 1], data


def load(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


def depth(path):
    """How many files lie above this one in its longest line."""
    bases = re.search(r'^_base_ = (\[[^]]*\]|\S+)$', path.read_text(), re.M)
    if not bases:
        return 0
    return 1 + max(depth(path.parent / base) for base in re.findall(
        r"'([^']+)'", bases[1]))


# -------------------------------------------------------------------- form
@pytest.mark.parametrize('name', NAMES)
def test_opens_with_its_command(name):
    lines = (CONFIGS / f'{name}.py').read_text().splitlines()
    end = next(i for i, line in enumerate(lines) if line[:1] != '#')
    header = '\n'.join(lines[:end])
    assert end >= 3
    assert re.search(
        rf'^# +python tools/(test|train)\.py configs/{name}\.py', header,
        re.M)
    if name in ZERO_SHOT:
        assert 'rotocol' in header or 'toy' in name


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_is_a_short_difference(name):
    path = CONFIGS / f'{name}.py'
    settings = [line for line in path.read_text().splitlines()
                if line and line[0] != '#']
    assert len(settings) <= 10
    assert 1 <= depth(path) <= 3


@pytest.mark.parametrize('path', sorted((CONFIGS / '_base_').rglob('*.py')),
                         ids=lambda path: path.stem)
def test_base_is_read_alone(path):
    """Only one base imports the package (two would collide)."""
    cfg = Config.fromfile(path)
    assert ('custom_imports' in cfg) == ('default_scope' in cfg) == (
        'runtime' in path.stem)


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_runtime(name):
    cfg = load(name)
    assert cfg.default_scope == 'mmseg'
    assert 'mmseg_clipzs' in cfg.custom_imports.imports
    assert cfg.custom_imports.allow_failed_imports is False
    assert cfg.default_hooks.visualization.type == 'SegVisualizationHook'
    assert isinstance(cfg.test_evaluator, dict)
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline


def test_every_zero_shot_config_is_known():
    for name in ZERO_SHOT:
        method, data = split(name)
        assert method in METHODS and data in DATA


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_method_data_set_and_protocol(name):
    cfg = load(name)
    method, data = split(name)
    label, architecture = METHODS[method]
    assert cfg.method == label
    assert cfg.dataset_name == data
    assert cfg.protocol.split(' (')[0] == (
        'toy, B' if name in TOY_B else 'toy' if data == 'toy' else
        'B' if name in CELLS_B else 'A')
    assert cfg.model.clip.model == (
        'toy-vit-p8' if data == 'toy' else architecture)
    assert cfg.model.clip.pretrained == (
        'toy' if data == 'toy' else 'openai')
    assert cfg.model.backbone.type == (
        'ClipResNet' if architecture.startswith('RN') else 'ClipViT')
    assert cfg.model.backbone.last_block == method.split('_')[0]
    assert ('pamr' in cfg.model) == ('pamr' in name)
    assert ('ks_thresh' in cfg.model.decode_head) == ('ks_pd' in name)
    assert cfg.model.prompts == (
        'maskclip85' if 'authors' in name else 'imagenet80')
    if name not in CELLS_B and name not in TOY_B:
        assert cfg.model.test_cfg == dict(mode='whole')
        if data != 'toy':
            assert tuple(cfg.test_pipeline[1].scale) == SCALE_A[data]
            assert cfg.test_pipeline[1].keep_ratio


@pytest.mark.parametrize('name', CELLS_B)
def test_settings_of_protocol_b(name):
    """All methods on all data sets, each with its own settings."""
    method, data = CELLS_B[name]
    cfg, common = load(name), PROTOCOL_B['sclip']
    own = PROTOCOL_B.get(method.split('_')[0], common)

    def of(key):
        return own[key].get(data, own[key].get('default'))

    assert cfg.protocol == own['label']
    assert tuple(cfg.test_pipeline[1].scale) == (2048, of('side'))
    assert cfg.test_pipeline[1].keep_ratio
    assert cfg.model.test_cfg == of('test')
    assert cfg.model.logit_scale == of('scale')
    assert cfg.model.get('background_threshold') == of('threshold')
    words = {**WORDS, **own.get('words', common['words'])}
    assert cfg.model.vocabulary == words[data]
    assert cfg.model.backbone == dict(type='ClipViT', **BACKBONE_B.get(
        method, dict(last_block=method.split('_')[0], off_grid='drop',
                     pos_embed='sclip')))
    assert cfg.model.get('pamr') == (
        dict(steps=10, dilations=(8, 16)) if 'pamr' in method else None)


@pytest.mark.parametrize('name', TOY_B)
def test_protocol_b_of_the_toy_scenes(name):
    """The windows are half overlapping and of the toy CLIP's own size, as
    ViT-B/16's are; all else is as on photos."""
    cfg, photos = load(name), load(name_b(TOY_B[name], 'ade20k'))
    side = get_model_config('toy-vit-p8')['vision_cfg']['image_size']
    assert cfg.model.test_cfg == dict(
        mode='slide', crop_size=(side, side), stride=(side // 2, side // 2))
    assert cfg.protocol == f'toy, B (windows of {side})'
    for key in ('backbone', 'logit_scale', 'prompts', 'pamr'):
        assert cfg.model.get(key) == photos.model.get(key)
    assert cfg.test_dataloader == load('maskclip_toy').test_dataloader


@pytest.mark.parametrize('name', CELLS_B)
def test_header_has_the_published_figure(name):
    method, data = CELLS_B[name]
    header = (CONFIGS / f'{name}.py').read_text().split('#\n')[0]
    header = ' '.join(header.replace('#', '').split())
    figure = PUBLISHED[method][BENCHMARKS.index(data)]
    assert ('published' in header) == (figure is not None)
    if figure is not None:
        assert header.endswith(f'; published {figure} mIoU.')


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_authors_settings(name):
    """ImageNet's mean and std, GELU, eps 1e-6."""
    model = load(name).model
    authors = 'authors' in name
    assert ('mean' in model.data_preprocessor) == authors
    if authors:
        assert list(model.data_preprocessor.mean) == [123.675, 116.28, 103.53]
        assert list(model.data_preprocessor.std) == [58.395, 57.12, 57.375]
    vit = authors and 'rn50' not in name
    assert model.backbone.get('quick_gelu') == (False if vit else None)
    assert model.backbone.get('norm_eps') == (1e-6 if vit else None)


@pytest.mark.parametrize('name', [
    name for name in ZERO_SHOT if DATA[split(name)[1]]])
def test_data_lie_where_mmseg_has_them(name):
    data = split(name)[1]
    theirs = Config.fromfile(
        Path(mmseg.__file__).parent
        / f'.mim/configs/_base_/datasets/{DATA[data]}.py')
    ours, theirs = (cfg.test_dataloader.dataset
                    for cfg in (load(name), theirs))
    assert ours.data_root == theirs.data_root.rstrip('/')
    for key in ('type', 'data_prefix', 'ann_file'):
        assert ours.get(key) == theirs.get(key)


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_vocabulary_fits_the_data_set(name):
    cfg = load(name)
    dataset = cfg.test_dataloader.dataset
    names = dataset.get('metainfo', DATASETS.get(
        dataset.type).METAINFO)['classes']
    # mmseg's ADE20K has a class "bed ".
    assert get_vocabulary(cfg.model.vocabulary).classes == tuple(
        name.strip() for name in names)


# -------------------------------------------------------------- prediction
@pytest.mark.parametrize('name', ZERO_SHOT)
def test_builds_and_predicts(name, tiny_config, tmp_path):
    """A photo off every grid through the config's own pipeline."""
    cfg = tiny_config(name)
    resize = cfg.test_pipeline[1]
    if resize.type == 'Resize':
        # A quarter of the size, to be quick.
        resize.scale = tuple(side // 4 for side in resize.scale)
        for key in ('crop_size', 'stride'):
            if key in cfg.model.test_cfg:
                cfg.model.test_cfg[key] = tuple(
                    side // 4 for side in cfg.model.test_cfg[key])
    photo = np.random.default_rng(0).integers(
        0, 256, (75, 101, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / 'photo.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(tmp_path / 'photo.png'))
    classes = len(get_vocabulary(cfg.model.vocabulary).classes)
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data
    assert logits.shape == (classes, 75, 101)
    assert labels.shape == (1, 75, 101)
    assert (labels[0] == logits.argmax(0)).all()
    assert not logits.isnan().any()
    assert len(model.dataset_meta['palette']) == classes


@pytest.mark.parametrize('name', ['maskclip_voc21', 'maskclip_context60'])
@pytest.mark.parametrize('scale, sure', [(1., False), (1000., True)])
def test_unsure_pixels_are_background(name, scale, sure, tiny_config,
                                      tmp_path):
    """At scale 1 no word has a probability of 0.1, at 1000 each best one."""
    cfg = tiny_config(name)
    assert cfg.model.background_threshold == 0.1
    cfg.model.logit_scale = scale
    Image.new('RGB', (50, 40), 'red').save(tmp_path / 'photo.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(tmp_path / 'photo.png'))
    assert (result.pred_sem_seg.data == 0).all() == (not sure)

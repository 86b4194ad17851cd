"""Configs: their form, and that each zero-shot one predicts."""
import re
from pathlib import Path

import mmseg
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

CONFIGS = Path(__file__).parent.parent / 'configs'
NAMES = sorted(path.stem for path in CONFIGS.glob('*.py'))
# Those that need no training; the others have tests of their own.
ZERO_SHOT = [name for name in NAMES
             if re.match('(mask)?clip_|kmeans_|mean_shift_|spectral_', name)
             and '_plus_' not in name]

# data set's part of the name -> dataset_name, its protocol, mmseg's own config
DATA = {
    'voc': ('voc', 'A', 'pascal_voc12'),
    'voc21': ('voc21', 'B', 'pascal_voc12'),
    'voc21_448': ('voc21', 'A', 'pascal_voc12'),
    'context': ('context', 'A', 'pascal_context_59'),
    'context60': ('context60', 'B', 'pascal_context'),
    'coco_stuff': ('coco_stuff', 'A', 'coco-stuff164k'),
    'toy': ('toy', 'toy', None),
}
# the rest of the name -> method, architecture
METHODS = {
    'clip': ('CLIP', 'ViT-B-16'),
    'clip_rn50': ('CLIP', 'RN50'),
    'maskclip': ('MaskCLIP', 'ViT-B-16'),
    'maskclip_rn50': ('MaskCLIP', 'RN50'),
    'maskclip_ks_pd': ('MaskCLIP + KS + PD', 'ViT-B-16'),
    'maskclip_authors': ("MaskCLIP (authors' settings)", 'ViT-B-16'),
    'maskclip_authors_rn50': ("MaskCLIP (authors' settings)", 'RN50'),
    'maskclip_authors_ks_pd': ("MaskCLIP + KS + PD (authors' settings)",
                               'ViT-B-16'),
    'kmeans': ('CLIP + K-means', 'ViT-B-16'),
    'mean_shift': ('CLIP + mean-shift', 'ViT-B-16'),
    'spectral': ('CLIP + spectral clustering', 'ViT-B-16'),
}
GROUPING = ('kmeans', 'mean_shift', 'spectral')  # in GroupViT's protocol
# protocol's data -> resize, test mode (methods and tables of the papers)
SETTINGS = {
    'voc': ((2048, 512), dict(mode='whole')),
    'context': ((520, 520), dict(mode='whole')),
    'coco_stuff': ((2048, 512), dict(mode='whole')),
    'voc21': ((2048, 336), dict(mode='slide', crop_size=(224, 224),
                                stride=(112, 112))),
    'voc21_448': ((2048, 448), dict(mode='slide', crop_size=(448, 448),
                                    stride=(224, 224))),
    'context60': ((2048, 336), dict(mode='slide', crop_size=(224, 224),
                                    stride=(112, 112))),
}


def split(name):
    """'maskclip_rn50_voc' -> 'maskclip_rn50', 'voc'."""
    data = max((d for d in DATA if name.endswith(f'_{d}')), key=len)
    method = name[:-len(data) - 1]
    if method in GROUPING and data == 'voc21':
        data = 'voc21_448'
    return method, data


def load(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


def classes_of(cfg):
    """What the model tells apart."""
    vocabulary = get_vocabulary(cfg.model.vocabulary)
    if 'background_threshold' in cfg.model:
        vocabulary = vocabulary.with_background()
    return vocabulary.classes


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


@pytest.mark.parametrize('path', sorted(
    (CONFIGS / '_base_/datasets').glob('*_[0-9]*.py')),
    ids=lambda path: path.stem)
def test_data_sets_of_another_side(path):
    """NAME_SIDE.py is NAME.py but for the resize and the protocol."""
    name, _, side = path.stem.rpartition('_')
    cfg = Config.fromfile(path)
    assert cfg.dataset_name == name
    assert cfg.protocol in ('A (GroupViT)', 'B (SCLIP line)')
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline
    resize = cfg.test_pipeline[1]
    assert tuple(resize.scale) == (2048, int(side)) and resize.keep_ratio
    base = Config.fromfile(path.with_name(
        f'{name.replace("object", "stuff")}.py'))
    same = [other for other in base.test_pipeline if other.type != 'Resize']
    assert [step for step in cfg.test_pipeline if step != resize] == same
    for key in ('data_root', 'data_prefix', 'ann_file', 'metainfo'):
        assert cfg.test_dataloader.dataset.get(key) == (
            base.test_dataloader.dataset.get(key))


@pytest.mark.parametrize('name', ['cityscapes', 'ade20k'])
def test_bases_lie_where_mmseg_has_them(name):
    ours = Config.fromfile(CONFIGS / f'_base_/datasets/{name}.py')
    theirs = Config.fromfile(
        Path(mmseg.__file__).parent
        / f'.mim/configs/_base_/datasets/{name}.py')
    assert ours.protocol == 'A (MaskCLIP)'
    assert ours.dataset_name == name
    ours, theirs = (cfg.test_dataloader.dataset for cfg in (ours, theirs))
    assert ours.data_root == theirs.data_root.rstrip('/')
    assert ours.type == theirs.type
    assert ours.data_prefix == theirs.data_prefix


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
    dataset_name, protocol, _ = DATA[data]
    label, architecture = METHODS[method]
    assert cfg.method == label
    assert cfg.dataset_name == dataset_name
    assert cfg.protocol.split()[0] == protocol
    assert cfg.model.clip.model == (
        'toy-vit-p8' if data == 'toy' else architecture)
    assert cfg.model.clip.pretrained == (
        'toy' if data == 'toy' else 'openai')
    assert cfg.model.backbone.type == (
        'ClipResNet' if architecture.startswith('RN') else 'ClipViT')
    assert cfg.model.backbone.last_block == (
        'clip' if label.split()[0] == 'CLIP' else 'maskclip')
    assert ('ks_thresh' in cfg.model.decode_head) == ('ks_pd' in name)
    assert cfg.model.prompts == (
        'maskclip85' if 'authors' in name else
        'single' if data == 'voc21_448' else 'imagenet80')
    if data in SETTINGS:
        scale, test_cfg = SETTINGS[data]
        assert tuple(cfg.test_pipeline[1].scale) == scale
        assert cfg.test_pipeline[1].keep_ratio
        assert cfg.model.test_cfg == test_cfg


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_head(name):
    head = load(name).model.decode_head
    method = split(name)[0]
    if method in GROUPING:
        assert head == dict(type='ClusterHead', method=method)
    else:
        assert head.type == 'MaskClipHead'


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
    name for name in ZERO_SHOT if not name.endswith('toy')])
def test_data_lie_where_mmseg_has_them(name):
    data = split(name)[1]
    theirs = Config.fromfile(
        Path(mmseg.__file__).parent
        / f'.mim/configs/_base_/datasets/{DATA[data][2]}.py')
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
    assert classes_of(cfg) == tuple(names)


# -------------------------------------------------------------- prediction
@pytest.mark.parametrize('name', ZERO_SHOT)
def test_builds_and_predicts(name, tiny_config, tmp_path):
    """A photo off every grid through the config's own pipeline."""
    cfg = tiny_config(name)
    resize = cfg.test_pipeline[1]
    if resize.type == 'Resize' and cfg.model.test_cfg.mode == 'whole':
        # A quarter of the size, to be quick.
        resize.scale = tuple(side // 4 for side in resize.scale)
    photo = np.random.default_rng(0).integers(
        0, 256, (75, 101, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / 'photo.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(tmp_path / 'photo.png'))
    classes = len(classes_of(cfg))
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data
    assert logits.shape == (classes, 75, 101)
    assert labels.shape == (1, 75, 101)
    assert (labels[0] == logits.argmax(0)).all()
    assert not logits.isnan().any()
    assert len(model.dataset_meta['palette']) == classes


@pytest.mark.parametrize('name, threshold', [
    ('maskclip_voc21', 0.1), ('maskclip_context60', 0.1),
    ('kmeans_voc21', 0.95), ('mean_shift_voc21', 0.95),
    ('spectral_voc21', 0.95)])
@pytest.mark.parametrize('scale, sure', [(1., False), (1000., True)])
def test_unsure_pixels_are_background(name, threshold, scale, sure,
                                      tiny_config, tmp_path):
    """At scale 1 no word is that probable, at 1000 each best one."""
    cfg = tiny_config(name)
    assert cfg.model.background_threshold == threshold
    cfg.model.logit_scale = scale
    Image.new('RGB', (50, 40), 'red').save(tmp_path / 'photo.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(tmp_path / 'photo.png'))
    assert (result.pred_sem_seg.data == 0).all() == (not sure)

"""Configs: form, facts checked by hand, and a prediction with each."""
import re
from pathlib import Path

import mmseg
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.recipes import cells
from mmseg_clipzs.recipes.cells import source_of
from mmseg_clipzs.recipes.methods import HAND_WRITTEN
from mmseg_clipzs.recipes.trained import TRAINED
from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

CONFIGS = Path(__file__).parent.parent / 'configs'
NAMES = sorted(path.stem for path in CONFIGS.glob('*.py'))
CELLS = {cell.name: cell for cell in cells()}
# Configs of CLIP without training; the others have their own tests.
ZERO_SHOT = [name for name, cell in CELLS.items()
             if cell.method not in ('groupvit', 'sam3', 'tipsv2')]
# dataset -> mmseg's own config
THEIRS = {
    'voc': 'pascal_voc12',
    'voc21': 'pascal_voc12',
    'context': 'pascal_context_59',
    'context60': 'pascal_context',
    'coco_stuff': 'coco-stuff164k',
    'cityscapes': 'cityscapes',
    'ade20k': 'ade20k',
}
# Copied by hand from the papers and the authors' code: config -> size of the
# image (long, short), window and stride, logit scale, background threshold,
# area threshold, published mIoU.
BY_HAND = {
    'maskclip_voc': ((2048, 512), None, None, None, None, None),
    'maskclip_authors_voc': ((2048, 512), None, None, None, None, 49.5),
    'maskclip_authors_rn50_context': (
        (520, 520), None, None, None, None, 18.5),
    'maskclip_cityscapes': ((1024, 512), None, None, None, None, None),
    'maskclip_voc21': ((2048, 336), (224, 112), 65, .1, None, 43.4),
    'clip_context60': ((2048, 336), (224, 112), 50, .1, None, 7.7),
    'sclip_voc21': ((2048, 336), (224, 112), 65, .1, .1, 59.6),
    'sclip_coco_stuff': ((2048, 448), (224, 112), 40, None, None, 22.8),
    'clearclip_cityscapes': ((2048, 448), (224, 224), 50, None, None, 30.0),
    'clearclip_context60': ((2048, 448), (448, 224), 50, .15, None, 32.6),
    'naclip_cityscapes': ((2048, 560), (224, 112), 40, None, None, 35.5),
    'naclip_pamr_voc': ((2048, 336), None, 40, None, None, 83.0),
    'resclip_sclip_voc21': ((2048, 336), None, 40, .1, None, 60.7),
    'sfp_ade20k': ((2048, 384), (224, 112), 40, None, None, 20.8),
    'scclip_coco_object': ((2048, 336), (224, 112), 55, .35, None, 37.7),
    'groupvit_context60': ((2048, 448), (448, 224), None, .35, None, 22.4),
    'spectral_voc21': ((2048, 448), (448, 224), None, .95, None, 19.7),
}


def load(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


def depth(path):
    """Length of the longest chain of base configs."""
    bases = re.search(r'^_base_ = (\[[^]]*\]|\S+)$', path.read_text(), re.M)
    if not bases:
        return 0
    return 1 + max(depth(path.parent / base) for base in re.findall(
        r"'([^']+)'", bases[1]))


def header(name):
    """The sentences of a config's header as one line."""
    lines = (CONFIGS / f'{name}.py').read_text().split('#\n')[0]
    return ' '.join(lines.replace('#', '').split())


# -------------------------------------------------------------------- form
def test_every_config_is_made_or_listed():
    trained = [f'{method}_{dataset}' for method, entry in TRAINED.items()
               for dataset in entry['datasets']]
    assert NAMES == sorted([*CELLS, *trained, *HAND_WRITTEN])
    for name in NAMES:
        made = 'Made by tools/make_configs.py' in (
            CONFIGS / f'{name}.py').read_text()
        assert made == (name not in HAND_WRITTEN)


@pytest.mark.parametrize('name', NAMES)
def test_opens_with_its_command(name):
    lines = (CONFIGS / f'{name}.py').read_text().splitlines()
    end = next(i for i, line in enumerate(lines) if line[:1] != '#')
    assert end >= 3
    assert re.search(
        rf'^# +(clipzs (test|train) {name}\b|'
        rf'bash tools/dist_train\.sh configs/{name}\.py)',
        '\n'.join(lines[:end]), re.M)
    assert 1 <= depth(CONFIGS / f'{name}.py') <= 3


@pytest.mark.parametrize('name', CELLS)
def test_is_a_short_difference(name):
    settings = [
        line for line in (CONFIGS / f'{name}.py').read_text().splitlines()
        if line and line[0] != '#']
    assert len(settings) <= 16  # with options of the method


@pytest.mark.parametrize('name', CELLS)
def test_header(name):
    """Dataset, protocol and published figure, with its source."""
    cfg, text = load(name), header(name)
    assert cfg.protocol in text
    assert f'({len(get_vocabulary(cfg.model.vocabulary).classes)}' in text or (
        cfg.model.background_threshold)  # its list may lack background
    row = CELLS[name].published
    assert ('Published' in text) == (row is not None)
    if row:
        assert f'Published: {row["mIoU"]} mIoU ({source_of(row)}).' in text


@pytest.mark.parametrize('path', sorted((CONFIGS / '_base_').rglob('*.py')),
                         ids=lambda path: path.stem)
def test_base_is_read_alone(path):
    """Only one base imports the package (two would collide)."""
    cfg = Config.fromfile(path)
    assert ('custom_imports' in cfg) == ('default_scope' in cfg) == (
        'runtime' in path.stem)


@pytest.mark.parametrize('name', CELLS)
def test_runtime(name):
    cfg = load(name)
    assert cfg.default_scope == 'mmseg'
    assert 'mmseg_clipzs' in cfg.custom_imports.imports
    assert cfg.custom_imports.allow_failed_imports is False
    assert cfg.default_hooks.visualization.type == (
        'GroupVisualizationHook' if name.startswith('groupvit') else
        'SegVisualizationHook')
    assert isinstance(cfg.test_evaluator, dict)
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline


# ------------------------------------------------------------------- facts
@pytest.mark.parametrize('name', BY_HAND)
def test_facts(name):
    size, window, scale, threshold, area, published = BY_HAND[name]
    cfg = load(name)
    model = cfg.model
    resize = next(step for step in cfg.test_pipeline if step.type == 'Resize')
    assert tuple(resize.scale) == size and resize.keep_ratio
    assert model.test_cfg == (
        dict(mode='whole') if window is None else
        dict(mode='slide', crop_size=(window[0], ) * 2,
             stride=(window[1], ) * 2))
    assert model.get('logit_scale') == scale
    assert model.get('background_threshold') == threshold
    assert model.get('area_threshold') == area
    assert (f'Published: {published} mIoU' in header(name)) == (
        published is not None)


def test_protocols():
    """One letter for MaskCLIP, the SCLIP line and GroupViT each."""
    assert {name: load(name).protocol for name in (
        'maskclip_voc', 'maskclip_voc21', 'clearclip_voc', 'groupvit_voc21',
        'kmeans_voc21', 'maskclip_plus_voc', 'maskclip_toy',
        'maskclip_b_toy')} == {
            'maskclip_voc': 'A (MaskCLIP)',
            'maskclip_voc21': 'B (SCLIP line)',
            'clearclip_voc': 'B (ClearCLIP)',
            'groupvit_voc21': 'C (GroupViT)',
            'kmeans_voc21': 'C (GroupViT)',
            'maskclip_plus_voc': 'A (MaskCLIP)',
            'maskclip_toy': 'toy',
            'maskclip_b_toy': 'toy, B (windows of 64)'}


def test_settings_of_the_authors():
    """MaskCLIP's: ImageNet's mean and std, GELU, eps 1e-6, 85 prompts."""
    model = load('maskclip_authors_ks_pd_voc').model
    assert list(model.data_preprocessor.mean) == [123.675, 116.28, 103.53]
    assert list(model.data_preprocessor.std) == [58.395, 57.12, 57.375]
    assert model.backbone == dict(
        type='ClipViT', last_block='maskclip', quick_gelu=False,
        norm_eps=1e-6, out_keys='projected')
    assert model.prompts == 'maskclip85'
    assert 'mean' not in load('maskclip_voc').model.data_preprocessor


@pytest.mark.parametrize('name', [
    name for name, cell in CELLS.items() if cell.authors])
def test_corrected_settings_name_the_authors(name):
    """Only mean and std, activation, eps, prompts and keys differ."""
    authors = CELLS[name].authors.name
    ours, theirs = load(name), load(authors)
    assert 'Corrected: CLIP\'s mean and std, ' in header(name)
    assert f'The authors\' settings are in {authors}' in header(name)
    assert ('with the published figure' in header(name)) == (
        'Published: ' in header(authors))
    assert ours.test_dataloader == theirs.test_dataloader
    assert ('QuickGELU' in header(name)) == (
        'quick_gelu' in theirs.model.backbone)
    for model in (ours.model, theirs.model):
        del model['data_preprocessor'], model['prompts']
        for key in ('quick_gelu', 'norm_eps', 'out_keys'):
            model.backbone.pop(key, None)
        model.decode_head.pop('key_norm', None)
    assert ours.model == theirs.model


def test_positions_and_images_off_the_grid():
    assert {name: (load(name).model.backbone.get('pos_embed'),
                   load(name).model.backbone.get('off_grid'))
            for name in ('maskclip_voc', 'sclip_voc', 'gem_voc',
                         'clearclip_voc')} == {
        'maskclip_voc': (None, None), 'sclip_voc': ('sclip', 'drop'),
        'gem_voc': ('antialias', 'drop'),
        'clearclip_voc': ('sclip', 'pad_even')}


@pytest.mark.parametrize('name', [
    name for name, cell in CELLS.items() if cell.dataset in THEIRS])
def test_data_lie_where_mmseg_has_them(name):
    theirs = Config.fromfile(
        Path(mmseg.__file__).parent / '.mim/configs/_base_/datasets'
        / f'{THEIRS[CELLS[name].dataset]}.py')
    ours, theirs = (cfg.test_dataloader.dataset
                    for cfg in (load(name), theirs))
    assert ours.data_root == theirs.data_root.rstrip('/')
    for key in ('type', 'data_prefix', 'ann_file'):
        assert ours.get(key) == theirs.get(key)


@pytest.mark.parametrize('name', CELLS)
def test_vocabulary_fits_the_dataset(name):
    cfg = load(name)
    dataset = cfg.test_dataloader.dataset
    names = dataset.get('metainfo', DATASETS.get(
        dataset.type).METAINFO)['classes']
    vocabulary = get_vocabulary(cfg.model.vocabulary)
    if cfg.protocol.startswith('C') or 'sam3' in name and (
            'background_threshold' in cfg.model):  # background has no words
        vocabulary = vocabulary.with_background()
        assert vocabulary.synonyms[0] == ()
    # mmseg's ADE20K has a class "bed ".
    assert vocabulary.classes == tuple(name.strip() for name in names)


# ------------------------------------------------------------ derived values
@pytest.mark.parametrize('name', [
    name for name in NAMES if '_plus_' in name or 'pretrain' in name])
def test_schedule_ends_with_the_training(name):
    cfg = load(name)
    last, length = cfg.param_scheduler[-1], cfg.train_cfg.max_iters
    assert last.get('end', length) == length  # mmengine's default
    assert last.begin in (0, cfg.param_scheduler[0].get('end'))
    hooks = {hook.type: hook for hook in cfg.custom_hooks}
    assert ('SelfTrainingHook' in hooks) == ('zero_shot' in name)
    # A tenth of the training, derived.
    assert 'begin' not in hooks.get('SelfTrainingHook', {})


@pytest.mark.parametrize('name', [n for n in NAMES if 'pretrain' in n])
def test_model_and_data_agree_on_the_texts(name):
    cfg = load(name)
    pack = cfg.train_dataloader.dataset.pipeline[-1]
    assert pack.type == 'PackImageText'
    assert cfg.model.num_nouns == pack.num_nouns == 3
    assert cfg.model.text_backbone.context_length == (
        pack.context_length) == 77


# -------------------------------------------------------------- prediction
def check_prediction(cfg, folder):
    """An image that fits no patch grid, through the config's pipeline."""
    resize = cfg.test_pipeline[1]
    if resize.type == 'Resize':
        # A seventh of the size, for speed.
        resize.scale = tuple(side // 7 for side in resize.scale)
        for key in ('crop_size', 'stride'):
            if key in cfg.model.test_cfg:
                cfg.model.test_cfg[key] = tuple(
                    side // 7 for side in cfg.model.test_cfg[key])
    pixels = np.random.default_rng(0).integers(
        0, 256, (75, 101, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / 'image.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(folder / 'image.png'))
    dataset = cfg.test_dataloader.dataset
    classes = len(dataset.get('metainfo', DATASETS.get(
        dataset.type).METAINFO)['classes'])
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data
    assert logits.shape == (classes, 75, 101)
    assert labels.shape == (1, 75, 101)
    assert (labels[0] == logits.argmax(0)).all()
    assert not logits.isnan().any()
    assert len(model.dataset_meta['palette']) == classes


@pytest.mark.parametrize('name', ZERO_SHOT)
def test_builds_and_predicts(name, tiny_config, tmp_path):
    check_prediction(tiny_config(name), tmp_path)


@pytest.mark.parametrize('name', [
    'groupvit_toy', *(name for name, cell in CELLS.items()
                      if cell.method == 'groupvit')])
def test_groupvit_builds_and_predicts(name, tmp_path):
    """With the toy model's weights in place of the published ones."""
    cfg, toy = load(name), load('groupvit_toy').model
    cfg.model.update(weights=toy.weights, backbone=toy.backbone,
                     text_backbone=toy.text_backbone,
                     embed_dims=toy.embed_dims,
                     projector_dims=toy.projector_dims)
    check_prediction(cfg, tmp_path)


@pytest.mark.parametrize('name', [
    name for name, cell in CELLS.items() if cell.method == 'sam3'])
def test_sam3_builds_and_predicts(name, small_sam3, tmp_path):
    """With a small SAM 3 of random weights."""
    cfg = load(name)
    cfg.model.update(weights=str(small_sam3), word_batch=64)
    check_prediction(cfg, tmp_path)


def test_tipsv2_builds_and_predicts(tmp_path):
    """Likewise."""
    pytest.importorskip('transformers', minversion='5.20')
    from foreign_models import write_tipsv2
    write_tipsv2(tmp_path / 'weights')
    cfg = load('tipsv2_ade20k')
    cfg.model.clip.pretrained = str(tmp_path / 'weights')
    check_prediction(cfg, tmp_path)


@pytest.mark.parametrize('name', ['maskclip_voc21', 'maskclip_context60'])
@pytest.mark.parametrize('scale, sure', [(1., False), (1000., True)])
def test_unsure_pixels_are_background(name, scale, sure, tiny_config,
                                      tmp_path):
    """At scale 1 no word reaches 0.1; at 1000 every best word does."""
    cfg = tiny_config(name)
    assert cfg.model.background_threshold == 0.1
    cfg.model.logit_scale = scale
    Image.new('RGB', (50, 40), 'red').save(tmp_path / 'image.png')
    model = init_model(cfg, None, device='cpu')
    result = inference_model(model, str(tmp_path / 'image.png'))
    assert (result.pred_sem_seg.data == 0).all() == (not sure)

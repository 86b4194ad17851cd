"""Settings and class lists of the real configs against the authors'."""
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.models.backbones.clip_vit import get_last_block
from mmseg_clipzs.recipes import cells
from mmseg_clipzs.vocabularies import available, get_vocabulary

TESTS = Path(__file__).parent.parent
CONFIGS = TESTS.parent / 'configs'
FACTS = yaml.safe_load((TESTS / 'facts/protocols.yml').read_text())
B = tuple(key for key, entry in FACTS.items() if isinstance(entry, dict)
          and 'methods' in entry and key != 'groupvit')
IMAGENET = FACTS['imagenet']
GROUPING = ('kmeans', 'mean_shift', 'spectral')
SCENE = tuple(f'{start} in the scene.' for start in (
    'there is a {}', 'there is the {}', 'this is a {}', 'this is the {}',
    'this is one {}'))
# Pairs of a config and the origin of its settings.
IN_B = [(f'{method}_{dataset}', key) for key in B
        for method in FACTS[key]['methods']
        for dataset in FACTS[key]['settings']]
IN_C = [(f'groupvit_{dataset}', 'groupvit')
        for dataset in FACTS['groupvit']['settings']]
AUTHORS_A = [
    *(f'maskclip_authors_{dataset}' for dataset in FACTS['maskclip']['sizes']),
    *(f'{method}_{dataset}' for method in (
        'clip_authors', 'maskclip_authors_rn50', 'maskclip_authors_rn50x16',
        'maskclip_authors_ks_pd')
        for dataset in ('voc', 'context', 'coco_stuff'))]
CORRECTED_A = [cell.name for cell in cells() if cell.protocol == 'maskclip'
               and 'authors' not in cell.method]


@cache
def load(name):
    """A config; ``clip_b_voc21`` is called ``clip_voc21``."""
    path = CONFIGS / f'{name}.py'
    return Config.fromfile(path if path.is_file() else
                           CONFIGS / f'{name.replace("_b_", "_")}.py')


def dataset_of(name):
    return next(dataset for dataset in sorted(
        FACTS['sclip']['settings'], key=len, reverse=True)
        if name.endswith(f'_{dataset}'))


def words(key, dataset):
    return tuple(
        tuple(word.strip() for word in each.split(','))
        for each in FACTS['lists'][FACTS[key]['lists']][dataset].split(';'))


def settings(cfg):
    """Settings of a config, under the names of the facts."""
    model, test = cfg.model, cfg.model.test_cfg
    resize, = (step for step in cfg.test_dataloader.dataset.pipeline
               if step.type == 'Resize')
    whole = test.mode == 'whole'
    return dict(
        size=list(resize.scale), keep_ratio=resize.keep_ratio,
        window=(0, 0) if whole else test.crop_size,
        stride=(0, 0) if whole else test.stride,
        scale=model.get('logit_scale'),
        threshold=model.get('background_threshold'),
        area=model.get('area_threshold'), pamr=model.get('pamr'),
        positions=model.backbone.get('pos_embed'),
        off_grid=model.backbone.get('off_grid'),
        mean=model.data_preprocessor.get('mean'),
        std=model.data_preprocessor.get('std'),
        templates=get_templates(model.prompts),
        words=get_vocabulary(model.vocabulary).synonyms)


def facts(name, key):
    """The same, as transcribed."""
    entry, dataset = FACTS[key], dataset_of(name)
    short, window, stride, scale, threshold, area = entry['settings'][dataset]
    group = key == 'groupvit'
    return dict(
        size=[2048, short], keep_ratio=True, window=(window, ) * 2,
        stride=(stride, ) * 2, scale=scale, threshold=threshold, area=area,
        pamr=dict(entry['pamr'], dilations=tuple(entry['pamr']['dilations']))
        if '_pamr_' in name else None,
        positions=entry.get('positions_of_gem' if name.startswith('gem_') else
                            'positions'),
        off_grid=entry.get('off_grid'),
        mean=IMAGENET['mean'] if group else None,
        std=IMAGENET['std'] if group else None,
        templates=tuple(entry['templates']) if group else get_templates(
            'imagenet80'),
        words=words(key, dataset))


def differences(got, want):
    assert set(got) == set(want)
    return {key: (got[key], want[key]) for key in want
            if got[key] != want[key]}


def test_no_config_is_left_out():
    assert len(FACTS['sclip']['settings']) == 8
    assert len(IN_B) == 8 * sum(len(FACTS[key]['methods']) for key in B)
    assert {load(name).filename for name, _ in IN_B + IN_C} | {
        load(name).filename for name in AUTHORS_A} == {
        str(CONFIGS / f'{cell.name}.py') for cell in cells()
        if cell.dataset != 'toy' and cell.name not in CORRECTED_A
        and cell.method not in (*GROUPING, 'sam3', 'tipsv2')}


@pytest.mark.parametrize('name, key', IN_B + IN_C)
def test_settings_and_words_are_the_authors(name, key):
    assert differences(settings(load(name)), facts(name, key)) == {}


@pytest.mark.parametrize('name', AUTHORS_A + CORRECTED_A)
def test_protocol_a_is_the_authors(name):
    """Sizes and words of all; normalisation and prompts of the authors'."""
    cfg, dataset = load(name), dataset_of(name)
    got = settings(cfg)
    assert got['size'] == FACTS['maskclip']['sizes'][dataset]
    assert got['words'] == words('maskclip', dataset)
    assert got['window'] == (0, 0) and got['keep_ratio']
    assert {got[key] for key in (
        'scale', 'threshold', 'area', 'pamr', 'positions', 'off_grid')} == {
        None}
    if name in CORRECTED_A:
        return
    assert (got['mean'], got['std']) == (IMAGENET['mean'], IMAGENET['std'])
    assert len(got['templates']) == 85
    assert got['templates'] == get_templates('imagenet80') + SCENE
    if cfg.model.backbone.type == 'ClipViT':
        assert cfg.model.backbone.quick_gelu is False
        assert cfg.model.backbone.norm_eps == 1e-6


@pytest.mark.parametrize('name, key', [
    pair for pair in IN_B if 'options' in FACTS[pair[1]]])
def test_options_are_the_authors(name, key):
    """Of the last block, which takes its own defaults for others."""
    block = get_last_block(load(name).model.backbone.last_block)
    assert [getattr(block, option) for option in FACTS[key]['options_are']
            ] == FACTS[key]['options'][dataset_of(name)]


@pytest.mark.parametrize('name, key', IN_B + IN_C)
def test_clip_of_the_published_figures(name, key):
    """Mostly OpenAI's ViT-B/16, and GroupViT's CC12M and YFCC14M."""
    model = load(name).model
    if key == 'groupvit':
        assert model.weights == 'nvidia/groupvit-gcc-yfcc'
    else:
        architecture, tag = FACTS[key].get('clip', ('ViT-B-16', 'openai'))
        assert model.clip == dict(model=architecture, pretrained=tag)


def test_published_figures_are_beside_the_authors_settings():
    """Of the configs without training; grouping has a test of its own."""
    want = {}
    for figures, datasets in (
            (FACTS['published'], list(FACTS['sclip']['settings'])),
            (FACTS['published_in_a'], ['voc', 'context', 'coco_stuff'])):
        for method, row in figures.items():
            for dataset, figure in zip(datasets, row):
                if figure is not None:
                    path = load(f'{method}_{dataset}').filename
                    want[Path(path).stem] = f'{figure:.1f}'
    got = {}
    for cell in cells():
        text = (CONFIGS / f'{cell.name}.py').read_text()
        if cell.method not in GROUPING and 'Published: ' in text:
            got[cell.name] = re.search(r'Published: (\S+) mIoU', text)[1]
    assert got == want


def test_no_two_lists_are_equal():
    lists = {}
    for name in available():
        vocabulary = get_vocabulary(name)
        lists.setdefault((vocabulary.classes, vocabulary.synonyms),
                         []).append(name)
    assert [names for names in lists.values() if len(names) > 1] == []

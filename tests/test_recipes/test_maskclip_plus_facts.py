"""The MaskCLIP+ configs and their table against facts/maskclip_plus.yml."""
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

from mmseg_clipzs.clip.templates import get_templates
from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.engine import SelfTrainingHook
from mmseg_clipzs.vocabularies import get_vocabulary

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / 'shared'  # not part of the project
FACTS = yaml.safe_load(
    (ROOT / 'tests/facts/maskclip_plus.yml').read_text())
COMMON = FACTS['common']
FREE, ZERO_SHOT = FACTS['annotation-free'], FACTS['zero-shot']
NAMES = [*FREE, *ZERO_SHOT]
CORRECTED = [
    path.stem for path in sorted((ROOT / 'configs').glob('maskclip_plus_*'))
    if 'authors' not in path.stem and path.stem.split('_')[-1] in (
        'voc', 'context', 'stuff', 'ade20k', 'cityscapes')
    and 'pspnet' not in path.stem and 'segformer' not in path.stem]


@cache
def load(name):
    """Config: Of this name, not to be changed."""
    return Config.fromfile(ROOT / 'configs' / f'{name}.py')


def dataset_of(name):
    """str: The longest dataset's name that a config's name ends in."""
    return max((key for key in FACTS['datasets'] if name.endswith(key)),
               key=len)


def classes_of(dataset):
    return tuple(name.strip() for name in dataset.get(
        'metainfo', DATASETS.get(dataset.type).METAINFO)['classes'])


def header(name):
    lines = (ROOT / f'configs/{name}.py').read_text().split('#\n')[0]
    return ' '.join(lines.replace('#', '').split())


def test_every_config_has_facts():
    assert sorted(NAMES) == sorted(
        path.stem for path in (ROOT / 'configs').glob(
            'maskclip_plus_*authors_*.py'))
    assert len(CORRECTED) == 8


# ------------------------------------------------------------ student, length
@pytest.mark.parametrize('name', NAMES)
def test_student(name):
    clip, head, *_ = {**FREE, **ZERO_SHOT}[name]
    model = load(name).model
    student, facts = model.student, FACTS['heads'][head]
    assert model.type == 'MaskClipPlus'
    assert student.type == 'EncoderDecoder'
    assert f'{student.backbone.type}, depth {student.backbone.depth}' == (
        COMMON['backbone'].split(', stride')[0])
    # Two halvings in the stem, one in the second stage: stride 8.
    assert student.backbone.strides == (1, 2, 1, 1)
    assert student.backbone.dilations == (1, 1, 2, 4)
    assert student.backbone.contract_dilation
    assert student.backbone.init_cfg == dict(
        type='Pretrained', checkpoint=COMMON['initialisation'])
    assert student.decode_head.type == {
        'V2': 'DeepLabV2Head', 'V3+': 'DepthwiseSeparableASPPHead'}[head]
    assert list(student.decode_head.dilations) == facts['dilations']
    assert [student.decode_head.get(key) for key in (
        'c1_in_channels', 'c1_channels')] == facts.get('c1', [None, None])
    assert student.decode_head.channels == FACTS['widths'][clip]
    assert student.decode_head.dropout_ratio == COMMON['dropout']
    assert student.backbone.norm_cfg.type == 'SyncBN'
    assert student.decode_head.norm_cfg.type == 'SyncBN'
    assert model.get('normalize', False) is COMMON['normalised features']
    assert student.decode_head.loss_decode.type == 'CrossEntropyLoss'
    assert 'auxiliary_head' not in student


@pytest.mark.parametrize('name', [*NAMES, *CORRECTED])
def test_schedule(name):
    """Corrected configs train as long as the authors', at the same rate."""
    cfg, key = load(name), name
    if name in CORRECTED:
        key = name.replace('plus_', 'plus_authors_').replace(
            'authors_zero_shot_', 'zero_shot_authors_')
        key = {'maskclip_plus_zero_shot_authors_context':
               'maskclip_plus_zero_shot_authors_context60'}.get(key, key)
    row = {**FREE, **ZERO_SHOT}[key]
    assert cfg.train_cfg.max_iters == row[2]
    optimizer = cfg.optim_wrapper.optimizer
    assert optimizer.type == 'SGD'
    assert optimizer.momentum == COMMON['momentum']
    assert [optimizer.lr, optimizer.weight_decay] == FACTS['own rates'].get(
        key, FACTS['rates'])
    poly, = cfg.param_scheduler
    assert (poly.type, poly.begin, poly.by_epoch) == ('PolyLR', 0, False)
    assert [poly.power, poly.eta_min] == COMMON['poly']
    assert 'end' not in poly
    assert cfg.auto_scale_lr == dict(
        enable=True, base_batch_size=COMMON['images'])
    assert cfg.train_dataloader.batch_size * 4 == COMMON['images']
    hooks = [hook.type for hook in cfg.custom_hooks]
    assert ('SelfTrainingHook' in hooks) == (key in ZERO_SHOT)
    if key in ZERO_SHOT:
        hook, *_ = [hook for hook in cfg.custom_hooks
                    if hook.type == 'SelfTrainingHook']
        assert 'begin' not in hook
        # The authors count iterations from 1.
        assert first_self_training(row[2]) + 1 == row[3]


def first_self_training(length):
    """int: Index, from 0, of the first iteration of self-training."""
    hook = SelfTrainingHook()
    model = SimpleNamespace(self_training=False)
    runner = SimpleNamespace(
        model=model, train_loop=SimpleNamespace(max_iters=length),
        logger=MMLogger.get_current_instance(), iter=0)
    hook.before_train(runner)
    while not model.self_training:
        hook.before_train_iter(runner, 0)
        runner.iter += 1
    return runner.iter - 1


# ------------------------------------------------------------- teacher, labels
@pytest.mark.parametrize('name', NAMES)
def test_teacher(name):
    clip = {**FREE, **ZERO_SHOT}[name][0]
    model = load(name).model
    teacher = model.teacher
    assert dict(teacher.clip) == dict(model=clip, pretrained='openai')
    assert list(teacher.data_preprocessor.mean) == COMMON['mean'] == (
        list(model.student.data_preprocessor.mean))
    assert list(teacher.data_preprocessor.std) == COMMON['std'] == (
        list(model.student.data_preprocessor.std))
    assert len(get_templates(teacher.prompts)) == COMMON['prompts']
    backbone, head = teacher.backbone, dict(teacher.decode_head)
    assert head.pop('type') == 'MaskClipHead'
    parts = name.split('_')
    wanted = {}
    for part in ('ks', 'pd'):
        if part in parts:
            wanted.update(FACTS['refinements'][part])
    assert {key: value for key, value in head.items()
            if value is not None} == wanted
    assert backbone.get('out_keys') == ('projected' if 'ks' in parts else None)
    if clip.startswith('ViT'):
        assert (backbone.type, backbone.last_block) == ('ClipViT', 'maskclip')
        assert (backbone.quick_gelu, backbone.norm_eps) == (False, 1e-6)
    else:
        assert backbone.type == 'ClipResNet'
        assert backbone.get('last_block', 'maskclip') == 'maskclip'
    assert model.get('distill_weight') == (
        FACTS['distillation']['distill_weight'] if 'distill' in parts
        else None)
    assert model.get('conf_thresh') is None


@pytest.mark.parametrize('name', NAMES)
def test_labels_and_classes(name):
    cfg, dataset = load(name), dataset_of(name)
    scale, crop, count = FACTS['datasets'][dataset]
    learnt = dataset in FACTS['learnt background']
    assert cfg.model.get('learn_background', False) == learnt
    vocabulary = get_vocabulary(cfg.model.teacher.vocabulary)
    if learnt:
        assert 'background' not in vocabulary.classes
        vocabulary = vocabulary.with_background()
    for each in (*leaf_datasets(cfg.train_dataloader.dataset),
                 cfg.test_dataloader.dataset):
        assert classes_of(each) == vocabulary.classes
        assert len(vocabulary.classes) == count
    for each in leaf_datasets(cfg.train_dataloader.dataset):
        steps = {step.type: step for step in each.pipeline}
        assert list(steps)[:3] == [
            'LoadImageFromFile', 'LoadAnnotations', 'HideLabels']
        hide = steps['HideLabels']
        names = get_vocabulary(hide.classes)
        assert names.classes == vocabulary.classes
        want = (FACTS['unseen'][dataset] if name in ZERO_SHOT else
                list(range(count)))
        assert names.indices(hide.unseen) == want
        assert vocabulary.indices(cfg.model.unseen) == want
        resize = steps['RandomResize']
        assert list(resize.scale) == scale and resize.keep_ratio
        assert list(resize.ratio_range) == COMMON['ratio']
        assert list(steps['RandomCrop'].crop_size) == crop == list(
            cfg.model.student.data_preprocessor.size)
        assert steps['RandomCrop'].cat_max_ratio == COMMON['share']
        assert steps['RandomFlip'].prob == 0.5
        assert 'PhotoMetricDistortion' in steps
    assert cfg.test_evaluator.type == (
        'ZeroShotIoUMetric' if name in ZERO_SHOT else 'IoUMetric')


@pytest.mark.parametrize('name', CORRECTED)
def test_what_the_corrected_configs_claim(name):
    """No figure; annotation-free, no label file is read."""
    cfg, text = load(name), header(name)
    assert 'Published' not in text
    assert 'Differs from the authors\' recipe: CLIP\'s mean and std' in text
    assert 'The authors\' settings are in maskclip_plus_' in text
    assert 'mean' not in cfg.model.teacher.data_preprocessor
    assert not {'quick_gelu', 'norm_eps'} & set(cfg.model.teacher.backbone)
    assert cfg.model.teacher.prompts == 'imagenet80'
    assert cfg.model.teacher.clip.model == 'ViT-B-16'
    if 'zero_shot' not in name:
        assert 'unseen' not in cfg.model
        for each in leaf_datasets(cfg.train_dataloader.dataset):
            assert not {step.type for step in each.pipeline} & {
                'LoadAnnotations', 'HideLabels'}


# ------------------------------------------------------------ what pages say
def table_rows():
    page = (ROOT / 'docs/maskclip_plus.md').read_text()
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in page.splitlines()
            if re.match(r'\| `maskclip_plus\w*_authors\w*` \|', line)]
    return {row[0].strip('`'): row[1:] for row in rows}


def test_table_of_the_docs():
    rows = table_rows()
    assert set(rows) == set(NAMES)
    for name, (clip, head, length, *figures) in {**FREE, **ZERO_SHOT}.items():
        rates = FACTS['own rates'].get(name, FACTS['rates'])
        if name in ZERO_SHOT:
            _, unseen, whole, harmonic, repository = figures
            figure = '–' if whole is None else (
                f'{whole} (unseen {unseen}, harmonic mean {harmonic}), '
                f'{repository}\\*')
        else:
            star = '\\*' if name in FACTS['repository'] else ''
            figure = '–' if figures[0] is None else f'{figures[0]}{star}'
        assert rows[name][1:] == [
            clip.replace('B-16', 'B/16'), f'DeepLab{head}',
            str(FACTS['widths'][clip]), f'{length:,}',
            'seen classes' if name in ZERO_SHOT else 'ignored pixels',
            f'{rates[0]} / {rates[1]}', figure]


@pytest.mark.parametrize('name', NAMES)
def test_header(name):
    clip, head, length, *figures = {**FREE, **ZERO_SHOT}[name]
    text = header(name)
    for part in (clip.replace('B-16', 'B/16'), f'DeepLab{head} with',
                 f'width {FACTS["widths"][clip]}', f'{length:,} iterations',
                 f'({FACTS["datasets"][dataset_of(name)][2]} classes)'):
        assert part in text
    figure = figures[2] if name in ZERO_SHOT else figures[0]
    if figure is None:
        assert 'No figure is published' in text
    else:
        assert f'Published: {figure} mIoU' in text
    if name in ZERO_SHOT and figure:
        assert f'unseen {figures[1]}, harmonic mean {figures[3]}' in text
        assert f'{figures[4]} mIoU by the authors\' repository' in text
    if name in FACTS['repository']:
        assert 'authors\' repository; slightly different' in text


# ------------------------------------------------- the collected facts, if any
DATASETS_OF_FACTS = {
    'voc': 'voc', 'context': 'context', 'coco-stuff': 'coco_stuff'}


def collected_rows():
    """Cells of the table of published rows in the collection of facts."""
    path = SHARED / 'methods.md'
    if not path.is_file():
        pytest.skip(f'no collection of facts at {path}')
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines)
                 if line.startswith('| row | published mIoU |'))
    for line in lines[start + 2:]:
        if not line.startswith('|'):
            return
        yield [cell.strip().replace('**', '')
               for cell in line.split('|')[1:-1]]


def test_table_of_the_docs_is_the_collections():
    """A second source: the facts file was transcribed from the first."""
    rows, compared = table_rows(), 0
    for title, figure, clip, head, length, _ in collected_rows():
        kind, _, dataset = title.lower().partition(' ')
        dataset = DATASETS_OF_FACTS.get(dataset.partition(' ')[0])
        if kind not in ('annotation-free', 'zero-shot') or not dataset:
            continue
        iterations = re.match(r'[\d,]+', length)[0]
        if kind == 'zero-shot':
            name = next(name for name in ZERO_SHOT
                        if dataset_of(name).removesuffix('60') == dataset)
            all_, paper = re.match(
                r'([\d.]+)\* all \(paper ([\d.]+)\)', figure).groups()
            found = rows[name]
            assert found[1] == clip and found[4] == iterations
            assert found[-1].startswith(f'{paper} ')
            assert found[-1].endswith(f', {all_}\\*')
            compared += 1
            continue
        clips = clip.split(' / ') if clip.count('/') == 1 else [
            'RN50', 'RN50x16', 'ViT-B/16']
        widths = head.removeprefix('V2').strip(', ').split(' / ')
        for i, (each, wanted) in enumerate(zip(
                clips, figure.split(' / '), strict=True)):
            suffix = {'ViT-B/16': ''}.get(each, f'{each.lower()}_')
            found = rows[f'maskclip_plus_authors_{suffix}{dataset}']
            assert found[1:3] == [each, 'DeepLabV2']
            assert found[4] == iterations
            assert found[-1] == wanted.replace('*', '\\*')
            if widths[0]:
                assert found[3] == widths[i]
            compared += 1
    assert compared == 11

"""``run_test`` on real and on generated images."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

ROW = {'method': str, 'dataset': str, 'protocol': str, 'clip': str,
       'weights': str, 'config': str, 'checkpoint': type(None),
       'vocabulary': str, 'prompts': str, 'mIoU': float, 'seconds': float,
       'images_per_second': float, 'peak_memory_mb': int, 'aAcc': float,
       'mAcc': float, 'class_iou': dict}


@pytest.fixture
def small_config(tiny_config):
    """``configs/NAME.py`` with a tiny CLIP and images of 64 pixels."""
    def load(name):
        cfg = tiny_config(name)
        cfg.test_dataloader.dataset.pipeline[1].scale = (256, 64)
        return cfg

    return load


def class_iou(predicted, masks, names, classes, first):
    """IoU in percent, computed from files; labels start at ``first``."""
    inter, union = np.zeros(classes), np.zeros(classes)
    for name in names:
        with Image.open(predicted / f'{name}.png') as image:
            label_map = np.asarray(image).astype(int)
        with Image.open(masks / f'{name}.png') as image:
            truth = np.asarray(image).astype(int)
        assert label_map.shape == truth.shape
        valid = (truth != 255) & (truth >= first)
        for c in range(classes):
            p = (label_map == c) & valid
            t = (truth - first == c) & valid
            inter[c] += (p & t).sum()
            union[c] += (p | t).sum()
    return [100 * i / u if u else None for i, u in zip(inter, union)]


# ------------------------------------------------------------- real images
@pytest.mark.parametrize('name, classes, first, count', [
    ('maskclip_voc', 20, 1, 12),
    ('maskclip_voc21', 21, 0, 5),
    ('clip_rn50_voc', 20, 1, 12),
    pytest.param('maskclip_voc', 20, 1, 54, marks=pytest.mark.slow),
])
def test_miou_is_that_of_the_written_masks(
        name, classes, first, count, tiny_config, voc_root, tmp_path):
    cfg = tiny_config(name)
    if count < 54:
        cfg.test_dataloader.dataset.indices = count
    row = run_test(Job(cfg, data_root=voc_root), tmp_path / 'work',
                   out=tmp_path / 'masks')
    names = (voc_root / 'ImageSets/Segmentation/val.txt').read_text().split()
    assert len(names) == 54
    assert {path.stem for path in (tmp_path / 'masks').iterdir()} == set(
        names[:count])
    # The written indices start at the first class.
    expected = class_iou(
        tmp_path / 'masks', voc_root / 'SegmentationClass', names[:count],
        classes, first)
    assert len(row['class_iou']) == classes
    assert list(row['class_iou'].values()) == [
        value and pytest.approx(value, abs=0.0051) for value in expected]
    assert row['mIoU'] == pytest.approx(np.mean(
        [value for value in expected if value is not None]), abs=0.0051)
    assert 0 < row['mIoU'] < 100  # not trivially equal
    assert row['images_per_second'] == pytest.approx(
        count / row['seconds'], abs=0.01, rel=0.02)


# -------------------------------------------------------- generated images
def test_row_of_results(small_config, small_voc, tmp_path, tiny_vit):
    row = run_test(Job(small_config('maskclip_ks_pd_voc'),
                       data_root=small_voc), tmp_path)
    assert {key: type(value) for key, value in row.items()} == ROW
    assert row['method'] == 'MaskCLIP + KS + PD'
    assert row['dataset'] == 'voc' and row['protocol'] == 'A (MaskCLIP)'
    assert row['clip'] == tiny_vit['model']
    assert row['vocabulary'] == 'voc20' and row['prompts'] == 'single'


@pytest.mark.parametrize('changes, want', [
    (dict(prefix='voc'), {'mIoU', 'voc/aAcc'}),
    (dict(iou_metrics=['mDice']), {'mDice'}),
    (dict(format_only=True), set())])
def test_figures_of_other_evaluators(small_config, small_voc, tmp_path,
                                     changes, want):
    """mmseg's own settings of the metric; there may be no mIoU."""
    cfg = small_config('maskclip_voc')
    cfg.test_evaluator.update(output_dir=str(tmp_path / 'out'), **changes)
    row = run_test(Job(cfg, data_root=small_voc), tmp_path)
    assert (row['mIoU'] is not None) == ('mIoU' in want)
    assert want <= set(row) and list((tmp_path / 'out').iterdir())


@pytest.mark.parametrize('batch_size', [2, 3, 7])
def test_batches_of_different_sizes(small_config, small_voc, tmp_path,
                                    batch_size):
    job = Job(small_config('maskclip_voc'), data_root=small_voc)
    single = run_test(job, tmp_path, out=tmp_path / 'single')
    batched = run_test(
        job.replace(options={'test_dataloader.batch_size': batch_size}),
        tmp_path, out=tmp_path / 'batched')
    assert batched['mIoU'] == pytest.approx(single['mIoU'], abs=0.01)
    for i in range(7):
        a, b = (np.asarray(Image.open(tmp_path / kind / f'{i}.png'))
                for kind in ('single', 'batched'))
        assert (a == b).mean() > 0.999


@pytest.mark.parametrize('name', ['maskclip_voc', 'maskclip_voc21'])
def test_tta_without_augmentation_changes_nothing(
        small_config, small_voc, tmp_path, name):
    """Also with a background threshold and synonyms."""
    masks = []
    for tta in (False, True):
        cfg = small_config(name)
        cfg.tta_pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='TestTimeAug', transforms=[
                [cfg.test_dataloader.dataset.pipeline[1]],
                [dict(type='LoadAnnotations')],
                [dict(type='PackSegInputs')]])]
        out = tmp_path / f'masks_{tta}'
        row = run_test(Job(cfg, data_root=small_voc, tta=tta), tmp_path,
                       out=out)
        assert row['protocol'].endswith(', TTA') == tta
        masks.append([np.asarray(Image.open(path))
                      for path in sorted(out.iterdir())])
    assert len(masks[0]) == 7
    for a, b in zip(*masks):
        assert np.array_equal(a, b)


def test_models_of_the_toolbox_run_too(small_config, small_voc, tmp_path):
    cfg = small_config('maskclip_voc21')
    cfg.model = Config(dict(model=dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', mean=[0.] * 3,
                               std=[255.] * 3),
        backbone=dict(
            type='ResNetV1c', depth=18, num_stages=4, out_indices=(3, )),
        decode_head=dict(
            type='FCNHead', in_channels=512, channels=8, num_classes=21,
            num_convs=1),
        test_cfg=dict(mode='whole')))).model
    cfg.method = 'FCN'
    job = Job(cfg, data_root=small_voc)
    with pytest.raises(UserError, match='must be trained first'):
        run_test(job, tmp_path)
    torch.manual_seed(0)
    checkpoint = tmp_path / 'fcn.pth'
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
               checkpoint)
    row = run_test(job.replace(checkpoint=checkpoint), tmp_path)
    assert row['method'] == 'FCN' and row['checkpoint'] == str(checkpoint)
    assert row['clip'] is row['vocabulary'] is row['prompts'] is None


def test_a_checkpoint_is_loaded(small_config, zero_shot, small_voc, tmp_path):
    model = zero_shot()
    torch.manual_seed(5)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'other.pth')
    rows = [run_test(Job(small_config('maskclip_voc'), checkpoint,
                         data_root=small_voc), tmp_path)
            for checkpoint in (None, tmp_path / 'other.pth')]
    assert rows[0]['mIoU'] != rows[1]['mIoU']


@pytest.mark.parametrize('tta', [False, True])
def test_a_checkpoint_of_another_model(small_config, small_voc, tmp_path, tta):
    state = {'decode_head.conv_seg.weight': torch.ones(1)}
    torch.save(dict(state_dict=state), tmp_path / 'fcn.pth')
    with pytest.raises(UserError, match='checkpoint belongs to another model'):
        run_test(Job(small_config('maskclip_voc'), tmp_path / 'fcn.pth',
                     data_root=small_voc, tta=tta), tmp_path)


def test_the_callers_config_is_not_changed(small_config, small_voc, tmp_path):
    cfg = small_config('maskclip_voc')
    before = cfg.to_dict()
    row = run_test(Job(cfg, data_root=small_voc), tmp_path,
                   out=tmp_path / 'masks', show_dir=tmp_path / 'shown')
    assert cfg.to_dict() == before
    assert len(row['class_iou']) == 20


def test_out_needs_one_evaluator(small_config, small_voc, tmp_path):
    cfg = small_config('maskclip_voc')
    cfg.test_evaluator = [cfg.test_evaluator] * 2
    with pytest.raises(UserError, match='--out needs a single'):
        run_test(Job(cfg, data_root=small_voc), tmp_path, out=tmp_path)


def test_nothing_to_test_on(tmp_path):
    checkpoint = tmp_path / 'a.pth'
    checkpoint.touch()
    with pytest.raises(UserError, match='no test_dataloader'):
        run_test(Job('maskclip_plus_photos', checkpoint), tmp_path)


# ------------------------------------------------------------------- classes
@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=0, val=4, size=64, seed=3)
    return root


@pytest.mark.parametrize('name', [
    'maskclip_plus_toy', 'text_mapped_zero_shot_toy'])
def test_classes_of_a_trained_model(name, scenes, tmp_path):
    """The same classes in reverse order: each label i becomes 11 - i."""
    options = {'model.prompts': 'single'}
    if name == 'maskclip_plus_toy':
        options = {'model.teacher.prompts': 'single',
                   'model.student.backbone.base_channels': 8,
                   'model.student.decode_head.in_channels': 64}
    torch.manual_seed(0)
    model = MODELS.build(Job(name, options=options).load().model)
    model.init_weights()
    checkpoint = tmp_path / 'trained.pth'
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    job = Job(name, checkpoint, {
        **options, 'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': False}, scenes)
    reverse = {f'other {i}': words for i, words in enumerate(
        get_vocabulary('toy').synonyms[::-1])}
    rows, maps = [], []
    for each in (job, job.replace(classes=reverse)):
        out = tmp_path / str(len(rows))
        rows.append(run_test(each, tmp_path, out=out))
        maps.append(np.stack([np.asarray(Image.open(path)).astype(int)
                              for path in sorted(out.iterdir())]))
    assert [row['vocabulary'] for row in rows] == ['toy', 'custom']
    assert maps[0].shape == (4, 64, 64)
    assert np.array_equal(maps[1], 11 - maps[0])


def test_too_few_classes_of_a_trained_model(scenes, tmp_path):
    options = {'model.prompts': 'single'}
    torch.manual_seed(0)
    model = MODELS.build(
        Job('text_mapped_zero_shot_toy', options=options).load().model)
    checkpoint = tmp_path / 'trained.pth'
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    job = Job('text_mapped_zero_shot_toy', checkpoint, options, scenes,
              classes='cat; sky')
    with pytest.raises(UserError, match='custom has 2 classes.* has 12'):
        run_test(job, tmp_path)

"""GroupViT's configs, from training to visualization."""
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from clipzs import main
from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import grouping_sheet

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs'
SMALL = {
    'model.backbone.embed_dims': 32, 'model.backbone.num_heads': 2,
    'model.text_backbone.embed_dims': 64, 'model.text_backbone.depth': 1,
    'model.embed_dims': 16, 'model.projector_dims': 32,
    'log_level': 'ERROR'}
TRAINED = {
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'default_hooks.checkpoint.interval': 3}

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=12, val=4, size=64, seed=3)
    return root


def small(name, **options):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(
        {**SMALL, **(TRAINED if 'pretrain' in name else {}), **options})
    return cfg


def scalars(folder):
    return [json.loads(line) for line in next(
        Path(folder).glob('*/vis_data/scalars.json')).read_text(
        ).splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize('stages', ['', '_two_stage'])
def test_trained_from_captions_and_evaluated(scenes, tmp_path, stages):
    """mIoU of validation during training equals the checkpoint's."""
    cfg = small(f'groupvit_pretrain{stages}_toy', **{
        'train_dataloader.batch_size': 4, 'default_hooks.logger.interval': 1,
        'train_dataloader.dataset.data_root': str(scenes),
        'val_dataloader.dataset.data_root': str(scenes)})
    run_train(Job(cfg, options={
        'train_cfg.max_iters': 6, 'train_cfg.val_interval': 4}),
        tmp_path / 'train')
    rows = scalars(tmp_path / 'train')
    losses = [row for row in rows if 'loss_multi_label' in row]
    assert len(losses) == 6 and all(
        np.isfinite(row['loss']) and row['logit_scale'] > 10
        for row in losses)
    # The learning rate follows the batch and the length of the run.
    rates = [row['lr'] for row in losses]
    assert max(rates) == pytest.approx(1e-3 * 4 / 128)
    assert rates[-1] < .3 * max(rates)
    # The last iteration is validated and saved, whatever the intervals.
    measured = [row['mIoU'] for row in rows if 'mIoU' in row]
    assert len(measured) == 2
    row = run_test(
        Job(small(f'groupvit_pretrain{stages}_toy'),
            tmp_path / 'train/iter_6.pth', data_root=scenes),
        tmp_path / 'test')
    assert row['mIoU'] == pytest.approx(measured[-1], abs=.02)


@pytest.mark.slow
def test_twenty_steps_on_real_captions(tmp_path, scenes, coco_captions,
                                       monkeypatch, capsys):
    """120 photos of COCO in shards, with a resumed run."""
    monkeypatch.setattr(sys, 'argv', [
        'make_shards.py', str(coco_captions / 'captions.json'), '--out',
        str(tmp_path / 'coco'), '--size', '40', '--words',
        'man; woman; dog; cat; banana; train; bus; table'])
    main('make_shards')
    assert '120 images in 3 shards' in capsys.readouterr().out
    options = {
        'model.backbone.depths': (1, 1, 1), 'val_dataloader.num_workers': 0,
        'val_dataloader.persistent_workers': False,
        'train_dataloader.dataset.urls': '{000000..000002}.tar',
        'train_dataloader.batch_size': 6, 'train_cfg.val_interval': 100,
        'default_hooks.logger.interval': 10}
    voc = scenes  # not used: no validation
    for max_iters in (10, 20):
        cfg = small('groupvit_pretrain_gcc_yfcc', **options)
        cfg.val_dataloader.dataset.data_root = str(voc)
        cfg.default_hooks.checkpoint.interval = 10
        run_train(Job(cfg, data_root=tmp_path / 'coco', options={
            'train_cfg.max_iters': max_iters}), tmp_path / 'run', resume=True)
    rows = [json.loads(line) for path in sorted(
        (tmp_path / 'run').glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines() if 'loss_contr' in line]
    assert len(rows) == 2 and all(np.isfinite(r['loss']) for r in rows)
    # One process with six pairs does not train at the rate of 4,096.
    assert all(0 < row['lr'] <= 1.6e-3 * 6 / 4096 for row in rows)
    assert (tmp_path / 'run/iter_20.pth').is_file()


def test_no_pairs(tmp_path):
    cfg = small('groupvit_pretrain_toy', **{
        'train_dataloader.dataset.data_root': str(tmp_path / 'toy_captions')})
    with pytest.raises(UserError, match='toy_captions.*make-toy-scenes'):
        run_train(Job(cfg), tmp_path)


@pytest.mark.parametrize('name', ['voc21', 'context60', 'coco_object'])
def test_configs_predict(name, small_voc):
    """With random weights."""
    cfg = small(f'groupvit_{name}', **{'model.weights': None})
    cfg.model.backbone.depths = (1, 1, 1)
    inferencer = ZeroShotInferencer(cfg, device='cpu')
    photo = small_voc / 'JPEGImages/3.jpg'
    result, = inferencer(photo)
    assert result.mask.shape == Image.open(photo).size[::-1]
    assert len(result.classes) == dict(
        voc21=21, context60=60, coco_object=81)[name]
    assert result.classes[0] == 'background'
    assert inferencer.model.background_threshold == dict(
        voc21=.95, context60=.35, coco_object=.95)[name]
    # Class 0 is raised beside the probabilities of the others.
    assert result.scores.min() >= 0
    assert result.scores[1:].sum(0).max() <= 1 + 1e-5
    assert np.array_equal(result.scores.argmax(0), result.mask)


# ----------------------------------------------------------- visualisation
def test_group_sheets(scenes, tmp_path):
    """Sheet with image, groups of each stage and classes."""
    photo = scenes / 'JPEGImages/toy_val_00000.jpg'
    cfg = small('groupvit_toy', **{'model.weights': None})
    cfg.model.backbone.update(depths=(1, 1, 0), num_group_tokens=(16, 8, 0),
                              num_output_groups=(16, 8))
    result, = ZeroShotInferencer(cfg, device='cpu', groups=True)(
        photo, classes='zebra; sun; sea', out_dir=tmp_path)
    assert result.groups.shape == (2, 64, 64)
    assert result.groups[0].max() < 16 and result.groups[1].max() < 8
    with Image.open(tmp_path / 'toy_val_00000_groups.png') as sheet:
        np.testing.assert_array_equal(sheet, grouping_sheet(
            result.photo, result.groups, result.mask, result.classes,
            result.palette))  # whose four panels have a test of their own
    result, = ZeroShotInferencer(cfg, device='cpu')(photo)
    assert result.groups is None


def test_groups_of_another_model(zero_shot):
    cfg = Config.fromfile(CONFIGS / 'maskclip_toy.py')
    with pytest.raises(UserError, match='has no groups.*groupvit_toy'):
        ZeroShotInferencer(cfg, device='cpu', groups=True)


def test_show_dir(scenes, tmp_path):
    cfg = small('groupvit_toy', **{'model.weights': None})
    run_test(Job(cfg, data_root=scenes), tmp_path / 'work',
             show_dir=tmp_path / 'shown')
    names = [name for _, _, files in os.walk(tmp_path / 'shown')
             for name in files if name.endswith('.png')]
    assert sum('groups' in name for name in names) == 4
    assert len(names) == 8

"""Exported students: stock names, stock config, the same label maps."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from students import batch, build, student

from mmseg_clipzs.export import export_config, export_student, export_weights
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
CONFIGS = Path(__file__).parents[2] / 'configs'


def config(teacher, head='fcn', **settings):
    cfg = Config.fromfile(CONFIGS / 'maskclip_plus_toy.py')
    cfg.model = dict(type='MaskClipPlus', teacher=teacher,
                     student=student(head, auxiliary=True), **settings)
    return cfg


@pytest.fixture(scope='module')
def teacher(tiny_vit):
    return dict(
        type='ZeroShotSegmentor', clip=tiny_vit,
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'), prompts='single',
        vocabulary='cat; dog; grass; sky')


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('meta', [False, True])
@pytest.mark.parametrize('head', ['fcn', 'v2', 'aspp_plus'])
def test_the_same_label_maps(teacher, tmp_path, background, meta, head):
    """Build mmseg's own class from the written files."""
    cfg = config(teacher, head, learn_background=background)
    model = build(**{k: v for k, v in cfg.model.items() if k != 'type'})
    data = model.data_preprocessor(batch(labels=False), True)
    model.loss(**data)  # batch statistics
    checkpoint = dict(state_dict=model.state_dict())
    if meta:
        checkpoint['meta'] = dict(dataset_meta=model.dataset_meta)
    torch.save(checkpoint, tmp_path / 'trained.pth')
    for _ in range(2):  # an earlier export is replaced
        files = export_student(
            cfg, tmp_path / 'trained.pth', tmp_path / 'out')
    assert [file.name for file in files] == ['student.py', 'student.pth']
    exported = Config.fromfile(files[0])
    assert 'clipzs' not in exported.pretty_text
    stock = MODELS.build(exported.model)
    loaded = load_checkpoint(stock, str(files[1]), strict=True)
    assert tuple(loaded['meta']['dataset_meta']['classes']) == (
        model.vocabulary.classes)
    inputs = data['inputs']
    for got, want in zip(stock.eval().predict(inputs),
                         model.eval().predict(inputs)):
        np.testing.assert_array_equal(got.pred_sem_seg.data,
                                      want.pred_sem_seg.data)
        torch.testing.assert_close(got.seg_logits.data.log_softmax(0),
                                   want.seg_logits.data)


def test_a_preprocessor_of_the_whole_comes_first(teacher):
    other = dict(type='SegDataPreProcessor', mean=[1., 2., 3.],
                 std=[4., 5., 6.])
    cfg = config(teacher, data_preprocessor=other)
    model = build(**{k: v for k, v in cfg.model.items() if k != 'type'})
    assert model.data_preprocessor.mean.flatten().tolist() == [1, 2, 3]
    exported = export_config(cfg, ['cat', 'dog', 'grass', 'sky'])
    assert exported.model.data_preprocessor == other


def test_class_counts_and_datasets_are_stock(teacher):
    exported = export_config(config(teacher), ['a', 'b', 'c'])
    heads = exported.model.decode_head, exported.model.auxiliary_head
    assert [head.num_classes for head in heads] == [3, 3]
    assert exported.test_dataloader.dataset.type == 'BaseSegDataset'
    assert exported.test_evaluator.type == 'IoUMetric'


def test_trainings_without_test_data(teacher):
    cfg = config(teacher)
    cfg.test_dataloader = None
    exported = export_config(cfg, ['cat', 'dog', 'grass', 'sky'])
    assert 'test_dataloader' not in exported
    assert exported.test_pipeline


@pytest.mark.parametrize('settings, message', [
    (dict(normalize=True), 'normalize=True cannot be exported'),
    (dict(type='EncoderDecoder'), 'trains EncoderDecoder'),
])
def test_what_is_not_exported(teacher, settings, message):
    cfg = config(teacher)
    cfg.model.update(settings)
    with pytest.raises(UserError, match=message):
        export_config(cfg, ['cat'])


def test_other_checkpoints():
    with pytest.raises(UserError, match='checkpoint is not of a MaskClipPlus'):
        export_weights({'backbone.conv1.weight': torch.zeros(1)})


def test_files_of_the_user_are_not_replaced(teacher, tmp_path):
    """Known before the checkpoint is read."""
    for name in ('student.pth', 'student.py'):
        (tmp_path / name).write_text('mine')
        with pytest.raises(UserError, match=r'student\.\w+ exists and was'):
            export_student(config(teacher), 'gone.pth', tmp_path)
        assert (tmp_path / name).read_text() == 'mine'

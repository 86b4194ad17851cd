"""Lists of classes that a run joins by position."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from PIL import Image
from students import student

from mmseg_clipzs.run.class_order import check_class_order
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies.order import check_order

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.mark.parametrize('own, names, same', [
    (['cat', 'dog'], ['cat', 'dog'], 2), (['cat', 'dog'], ['Cat ', 'x'], 1),
    (['kitten, cat', 'dog'], ['cat', 'hound'], 1),
    (['a', 'b'], ['x', 'y'], 0), (['1', '2'], ['1', '2'], 2),
    (['cat', 'Cat'], ['Cat', 'cat'], 2)])
def test_one_order(own, names, same):
    assert check_order([each.split(', ') for each in own], 'mine', names,
                       'the data') == same


def test_another_order():
    with pytest.raises(UserError, match=(
            "'dog' is class 1 of mine, but class 0 of the data. List the")):
        check_order([['x'], ['dog']], 'mine', ['Dog', 'cat'], 'the data')


def test_another_order_of_words(log):
    """Only a warning: the names are others."""
    assert check_order([['kitten', 'cat'], ['puppy', 'dog']], 'mine',
                       ['dog', 'cat'], 'the data') == 0
    assert "'cat' is class 0 of mine, but class 1 of the data" in log[-1]


# ------------------------------------------------------------------- configs
def config(train, val):
    def dataset(classes):
        return dict(dataset=dict(
            type='BaseSegDataset', metainfo=dict(classes=classes)))
    return Config(dict(
        model=dict(type='EncoderDecoder'), train_dataloader=dataset(train),
        val_dataloader=dataset(val)))


def test_training_and_validation():
    check_class_order(config(['a', 'b'], ['a', 'b']))
    with pytest.raises(UserError, match=(
            "'b' is class 0 of the validation data, but class 1 of the train")
    ):
        check_class_order(config(['a', 'b'], ['b', 'a']))


def test_words_are_compared_without_a_hook_in_the_config():
    cfg = Job('maskclip_toy', options={'custom_hooks': []}).load()
    check_class_order(cfg)
    check_class_order(cfg)
    assert cfg.custom_hooks == [dict(type='VocabularyHook')]


# --------------------------------------------------------------- stock models
@pytest.fixture(scope='module')
def stock(tmp_path_factory):
    """``stock(trained, classes)``: a row of an mmseg model and its data."""
    root = tmp_path_factory.mktemp('stock')
    for part in ('img', 'ann'):
        (root / part).mkdir()
        Image.fromarray(np.zeros((32, 32), np.uint8)).save(
            root / f'{part}/0.png')

    def run(trained, classes):
        cfg = Job('maskclip_toy').load()
        cfg.model = student()
        cfg.model['decode_head']['num_classes'] = len(trained)
        cfg.test_dataloader.dataset = dict(
            type='BaseSegDataset', data_root=str(root), img_suffix='.png',
            data_prefix=dict(img_path='img', seg_map_path='ann'),
            metainfo=dict(classes=classes), pipeline=cfg.test_pipeline)
        torch.save(dict(
            state_dict=MODELS.build(cfg.model).state_dict(),
            meta=dict(dataset_meta=dict(classes=trained))), root / 'c.pth')
        return run_test(Job(cfg, root / 'c.pth'), root / 'work')

    return run


def test_a_checkpoint_and_its_data(stock):
    assert 0 <= stock(['a', 'b', 'c'], ['a', 'b', 'c'])['mIoU'] <= 100
    with pytest.raises(UserError, match=(
            "'a' is class 0 of the checkpoint, but class 1 of the data")):
        stock(['a', 'b', 'c'], ['b', 'a', 'c'])
    with pytest.raises(UserError, match='3 classes .a, b, c, .*have 2'):
        stock(['a', 'b', 'c'], ['a', 'b'])

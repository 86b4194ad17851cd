from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseTTAModel
from mmseg.datasets import PascalVOCDataset
from mmseg.registry import DATASETS, HOOKS, MODELS
from torch import nn

from mmseg_clipzs.engine import VocabularyHook
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

VOC = PascalVOCDataset.METAINFO


class Dataset:
    """The part of a dataset that the hook uses."""

    def __init__(self, classes, palette=None):
        palette = palette or [[i, 2 * i, 3] for i in range(len(classes))]
        self.metainfo = dict(classes=classes, palette=palette, extra=1)


class Wrapper(nn.Module):
    """Like DistributedDataParallel and TTA models."""

    def __init__(self, module):
        super().__init__()
        self.module = module


def runner(model, dataset):
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(model=model, test_dataloader=loader,
                           val_dataloader=loader)


@pytest.mark.parametrize('moment', ['before_test', 'before_val'])
def test_names_come_from_the_dataset(zero_shot, moment):
    model = zero_shot()
    dataset = Dataset(('cat', 'dog', 'fire hydrant'))
    hook = HOOKS.build(dict(type='VocabularyHook'))
    getattr(hook, moment)(runner(model, dataset))
    assert model.vocabulary.words == ('cat', 'dog', 'fire hydrant')
    assert model.num_classes == model.out_channels == 3
    assert model.dataset_meta == dataset.metainfo


def test_training_pairs_have_no_names(zero_shot):
    """The classes come from the validation data."""
    model = zero_shot()
    pairs = SimpleNamespace(metainfo={})
    hook = VocabularyHook()
    hook.before_train(SimpleNamespace(
        model=model, train_dataloader=SimpleNamespace(dataset=pairs)))
    assert model.vocabulary is None
    hook.before_val(runner(model, Dataset(['cat', 'dog'])))
    assert model.vocabulary.words == ('cat', 'dog')


def test_names_with_commas_are_one_word(zero_shot):
    """For example in ADE20K."""
    model = zero_shot()
    VocabularyHook().before_test(
        runner(model, Dataset(['door, screen', 'cat'])))
    assert model.vocabulary.words == ('door, screen', 'cat')


def test_a_named_vocabulary_stays(zero_shot):
    model = zero_shot(vocabulary='kitten, cat; puppy')
    dataset = Dataset(('cat', 'dog'))
    VocabularyHook().before_test(runner(model, dataset))
    assert model.vocabulary.words == ('kitten', 'cat', 'puppy')
    # Images are drawn with the dataset's names and colours.
    assert model.dataset_meta['classes'] == ('cat', 'dog')
    assert model.dataset_meta['palette'] == dataset.metainfo['palette']


def test_classes_and_palette_of_a_part_of_a_dataset(zero_shot):
    """VOC without its background."""
    dataset = DATASETS.build(dict(
        type='PascalVOCDataset', ann_file=__file__, lazy_init=True,
        data_prefix=dict(img_path='.', seg_map_path='.'),
        metainfo=dict(classes=VOC['classes'][1:])))
    model = zero_shot(vocabulary='voc20')
    VocabularyHook().before_test(runner(model, dataset))
    assert tuple(model.dataset_meta['classes']) == VOC['classes'][1:]
    assert model.dataset_meta['palette'] == VOC['palette'][1:]


@pytest.mark.parametrize('vocabulary, source, count', [
    ('cat; dog; sky', 'custom', 3), ('voc20', 'voc20', 20)])
def test_another_number_of_classes(zero_shot, vocabulary, source, count):
    model = zero_shot(vocabulary=vocabulary)
    with pytest.raises(UserError, match=(
            f'vocabulary {source} has {count} classes, but the dataset '
            r'Dataset has 4 \(a, b, c, ...\)')):
        VocabularyHook().before_test(runner(model, Dataset(list('abcd'))))


def test_a_background_in_front_is_counted(zero_shot):
    model = zero_shot(background_threshold=0.3)
    with pytest.raises(UserError, match='has 3 classes.* has 2'):
        VocabularyHook().before_test(runner(model, Dataset(['a', 'b'])))
    model = zero_shot(background_threshold=0.3)
    VocabularyHook().before_test(
        runner(model, Dataset(['background', 'a', 'b'])))
    assert model.num_classes == 3


@pytest.mark.parametrize('vocabulary', [None, 'a; background; b'])
def test_a_background_moved_by_a_threshold_does_not_fit(zero_shot, vocabulary):
    dataset = Dataset(['a', 'background', 'b'])
    model = zero_shot(vocabulary=vocabulary)
    VocabularyHook().before_test(runner(model, dataset))
    assert model.vocabulary.classes == ('a', 'background', 'b')
    model = zero_shot(vocabulary=vocabulary, background_threshold=.3)
    with pytest.raises(UserError, match='Class 0 .* is "background", which is '
                       'class 1 of the dataset Dataset'):
        VocabularyHook().before_test(runner(model, dataset))


@pytest.mark.parametrize('depth', [1, 2])
def test_wrapped_models(zero_shot, depth):
    model = wrapped = zero_shot()
    for _ in range(depth):
        wrapped = Wrapper(wrapped)
    VocabularyHook().before_test(runner(wrapped, Dataset(['cat', 'dog'])))
    assert model.vocabulary.words == ('cat', 'dog')


def test_tta_models(zero_shot):
    model = zero_shot()
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    assert isinstance(tta, BaseTTAModel)
    VocabularyHook().before_test(runner(tta, Dataset(['cat', 'dog'])))
    assert model.vocabulary.words == ('cat', 'dog')


@pytest.mark.parametrize('model', [
    nn.Linear(1, 1), Wrapper(nn.Linear(1, 1)), Wrapper(nn.Identity())])
def test_other_models_are_left_alone(model):
    before = set(vars(model))
    VocabularyHook().before_test(runner(model, Dataset(['cat', 'dog'])))
    VocabularyHook().before_val(runner(model, Dataset(['cat', 'dog'])))
    assert set(vars(model)) == before


def test_the_next_dataset_brings_its_own_names(zero_shot):
    """Classes taken from a dataset are not kept for the next one."""
    model = zero_shot()
    hook = VocabularyHook()
    hook.before_val(runner(model, Dataset(['cat', 'dog'])))
    hook.before_test(runner(model, Dataset(['sea', 'sky'])))
    assert model.vocabulary.words == ('sea', 'sky')
    hook.before_test(runner(model, Dataset(['a', 'b', 'c'])))
    assert model.num_classes == 3


def test_many_classes_without_the_tools(zero_shot, tmp_path):
    """A runner of mmengine reads masks as mmseg does."""
    names = [f'{chr(97 + i % 26)}{chr(97 + i // 26)}' for i in range(256)]
    (tmp_path / 'a').mkdir()
    dataset = DATASETS.build(dict(
        type='BaseSegDataset', data_root=str(tmp_path),
        data_prefix=dict(img_path='a', seg_map_path='a'),
        metainfo=dict(classes=names),
        pipeline=[dict(type='LoadAnnotations')], serialize_data=False))
    with pytest.raises(UserError, match='8 bits of each label.* 256 classes'):
        VocabularyHook().before_test(runner(zero_shot(), dataset))
    dataset.pipeline.transforms.clear()
    VocabularyHook().before_test(runner(zero_shot(), dataset))


@pytest.mark.parametrize('unseen, trained, message', [
    (['cat'], ['cat'], None), ('all', ['cat', 'dog'], None),
    (None, ['cat', 'dog'], None), (torch.tensor([1]), ['dog'], None),
    (['cat'], None, None),
    (['cat'], ['cat', 'dog'], 'without labels of all 2 classes, but .* cat'),
    (['cat'], ['dog'], 'without labels of dog, but .* of cat: use the config'),
    (None, ['cat'], 'without labels of cat, but .* of all 2 classes'),
    (['cat'], [], 'without labels of no class')])
def test_checkpoints_of_another_setting(zero_shot, unseen, trained, message):
    """Figures of unseen classes need a training without their labels."""
    model = zero_shot(vocabulary='cat; dog')
    model.training_classes, model.unseen = ('cat', 'dog'), unseen
    hook, saved = VocabularyHook(), dict(meta={})
    hook.before_save_checkpoint(runner(model, None), saved)
    saved['meta']['unseen'], own = trained, saved['meta']['unseen']
    assert message or trained in (None, own)
    if trained is None:
        saved['meta'].pop('unseen')
    hook.after_load_checkpoint(runner(model, None), saved)
    tested = runner(model, Dataset(('cat', 'dog')))
    if message:
        with pytest.raises(UserError, match=message):
            hook.before_test(tested)
    else:
        hook.before_test(tested)

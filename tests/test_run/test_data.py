"""The data root in all loaders and wrappers."""
import pytest
from mmengine.config import Config

from mmseg_clipzs.run.data import (
    check_unseen,
    datasets_of,
    replace_data_root,
    require_one_root,
)
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

TRAIN, TEST = 'train_dataloader', 'test_dataloader'


def leaf(root):
    return dict(type='ToyScenesDataset', data_root=root)


def config(train, test, val=None):
    return Config({f'{name}_dataloader': dict(dataset=dataset)
                   for name, dataset in dict(train=train, val=val,
                                             test=test).items() if dataset})


def concat(*datasets):
    return dict(type='ConcatDataset', datasets=list(datasets))


def roots(cfg):
    return [dataset.data_root for dataset in datasets_of(cfg)]


def test_datasets_in_wrappers():
    wrapped = dict(type='RepeatDataset', times=2, dataset=concat(
        leaf('a'), dict(type='MultiImageMixDataset', dataset=leaf('b'))))
    cfg = config(wrapped, leaf('c'))
    assert roots(cfg) == ['a', 'b', 'c']
    assert [each.data_root for each in datasets_of(cfg, TEST)] == ['c']


def test_all_datasets_with_the_same_root_move():
    cfg = config(dict(type='RepeatDataset', dataset=concat(
        leaf('a'), leaf('a'))), leaf('a'), val=concat(leaf('a'), leaf('b')))
    replace_data_root(cfg, 'new', TRAIN)
    assert roots(cfg) == ['new', 'new', 'new', 'b', 'new']


def test_each_purpose_has_its_root():
    """Captions in one folder, labelled scenes in another."""
    cfg = config(leaf('captions'), leaf('scenes'), val=leaf('scenes'))
    job = Job(cfg, data_root='new')
    assert roots(job.load(train=True)) == ['new', 'scenes', 'scenes']
    assert roots(job.load()) == ['captions', 'new', 'new']


@pytest.mark.parametrize('cfg, loader, message', [
    (config(concat(leaf('a'), leaf('b')), leaf('c')), TRAIN,
     'train_dataloader reads from a, b'),
    (config(leaf('a'), None), TEST, 'test_dataloader reads from none')])
def test_no_single_root(cfg, loader, message):
    with pytest.raises(UserError, match=message):
        replace_data_root(cfg, 'new', loader)


def test_one_root_for_several_jobs():
    jobs = [Job(config(leaf('a'), leaf('a'))) for _ in range(2)]
    require_one_root(jobs)
    with pytest.raises(UserError, match='one dataset.* from a, b'):
        require_one_root([*jobs, Job(config(leaf('b'), None))])


@pytest.mark.parametrize('option, value', [
    ('model.unseen', ('zebra', )), ('unseen', ('zebra', 'sun')),
    ('train_pipeline', None)])
def test_one_list_of_unseen_classes(option, value):
    """Hidden in the data, but not unseen by the model."""
    cfg = Job('maskclip_plus_zero_shot_toy').load(train=True)
    check_unseen(cfg)
    if option == 'train_pipeline':
        next(step for step in cfg.train_dataloader.dataset.pipeline
             if step.type == 'HideLabels').unseen = ('zebra', 'sand')
    else:
        cfg.merge_from_dict({option: value})
    with pytest.raises(UserError, match='unseen classes must be the same'):
        check_unseen(cfg)


def test_unseen_classes_of_every_training_set():
    """VOC and SBD: the first one differs."""
    cfg = Job('maskclip_plus_zero_shot_voc').load(train=True)
    check_unseen(cfg)
    first = datasets_of(cfg, TRAIN)[0]
    next(step for step in first.pipeline
         if step.type == 'HideLabels').unseen = ('cat', )
    with pytest.raises(UserError, match='train.txt: .*cat'):
        check_unseen(cfg)

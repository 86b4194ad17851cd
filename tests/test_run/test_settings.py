"""Unknown settings are refused by name, and right ones are not."""
from pathlib import Path

import mmseg
import pytest
from mmengine.config import Config
from torch import nn

from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.settings import check_settings
from mmseg_clipzs.run.signatures import accepted
from mmseg_clipzs.run.values import check_values
from mmseg_clipzs.utils import UserError

STOCK = Path(mmseg.__file__).parent / '.mim/configs'


# ------------------------------------------------------- no false refusals
@pytest.mark.parametrize('name', list(list_configs())[::8])
def test_configs_of_the_project(name):
    Job(name)


@pytest.mark.parametrize('folder', [
    'beit', 'bisenetv2', 'convnext', 'ddrnet', 'fcn', 'hrnet', 'mask2former',
    'mobilenet_v3', 'ocrnet', 'pidnet', 'pointrend', 'segformer', 'segnext',
    'setr', 'stdc', 'swin', 'unet', 'upernet', 'vit', 'vpd'])
def test_configs_of_mmseg(folder):
    tried = 0
    for path in sorted((STOCK / folder).glob('*.py'))[:3]:
        try:
            cfg = Config.fromfile(path)
        except ImportError:  # needs another package
            continue
        check_settings(cfg, path.stem)
        check_values(cfg, path.stem)
        tried += 1
    if not tried:
        pytest.skip('its configs need another package')


@pytest.mark.parametrize('config, options', [
    ('maskclip_toy', {'model.backbone.last_block': dict(type='gem', depth=3)}),
    ('maskclip_toy', {'model.pamr': dict(steps=3)}),
    ('maskclip_toy', {'test_dataloader.prefetch_factor': 4}),
    ('maskclip_toy', {'custom_hooks': [dict(type='EMAHook', priority=49)]}),
    ('maskclip_toy', {'default_hooks.timer': None}),
    ('maskclip_toy', {'env_cfg.dist_cfg': dict(backend='gloo', timeout=9)}),
    ('maskclip_toy', {'test_evaluator.type': 'mmseg.IoUMetric'}),
    ('maskclip_toy', {'model.decode_head.norm_cfg': dict(
        type='SyncBN', requires_grad=True)}),
    ('maskclip_plus_toy', {'optim_wrapper.paramwise_cfg': dict(
        custom_keys={'norm': dict(decay_mult=0.)})}),
    ('maskclip_plus_toy', {'optim_wrapper': dict(
        _delete_=True, optimizer=dict(type='torch.optim.SGD', lr=0.1))}),
    ('maskclip_plus_toy', {'train_cfg': dict(
        _delete_=True, by_epoch=True, max_epochs=3, val_interval=1)}),
    ('maskclip_plus_toy', {'model.student.test_cfg': dict(
        mode='whole', size_divisor=32)}),
    ('maskclip_plus_toy', {'model.student.decode_head.sampler': dict(
        type='OHEMPixelSampler', thresh=0.7, min_kept=100000)})])
def test_unusual_but_right(config, options):
    Job(config, options=options)


# ------------------------------------------------------------- refusals
@pytest.mark.parametrize('config, options, said', [
    ('maskclip_toy', {'model.backbon.last_block': 'naclip'},
     "model.backbon is not known.*Did you mean backbone"),
    ('maskclip_toy', {'model.backbone.lastblock.x': 1},
     'model.backbone.lastblock.*last_block'),
    ('maskclip_toy', {'model.clip.pretraned': 'toy'}, 'pretrained'),
    ('maskclip_toy', {'model.test_cfg.croop_size': (3, 3)}, 'crop_size'),
    ('maskclip_toy', {'model.decode_head.type': 'MaskClipHed'},
     'model.decode_head.type: no model is called.*MaskClipHead'),
    ('maskclip_toy', {'model.decode_head': 'MaskClipHead'}, 'must be dict'),
    ('maskclip_toy', {'test_dataloader.batch_sise': 2}, 'batch_size'),
    ('maskclip_toy', {'train_dataloader.batch_size': 2}, 'has no dataset'),
    ('maskclip_toy', {'train_cfg.max_iters': 2}, 'has no type'),
    ('maskclip_toy', {'test_dataloader.dataset.pipeline.0.imdecode': 1},
     'imdecode_backend'),
    ('maskclip_toy', {'default_hooks.loger.interval': 3}, 'mean logger'),
    ('maskclip_toy', {'default_hooks.logger.intervall': 3}, 'interval'),
    ('maskclip_toy', {'randomness.sed': 3}, 'seed'),
    ('maskclip_toy', {'test_cfg.fp61': True}, 'fp16'),
    ('maskclip_plus_toy', {'optim_wrapper.optimizer.lrr': 3}, 'AdamW.*lr'),
    ('maskclip_plus_toy', {'param_scheduler.0.type': 'PoliLR'}, 'PolyLR'),
    ('maskclip_plus_toy', {'model.student.decode_head.num_clases': 3},
     'model.student.decode_head.num_clases.*num_classes'),
    ('maskclip_plus_toy', {'model.student.test_cfg.croop_size': 3},
     'crop_size'),
    # They take any other key, but hardly this one.
    ('maskclip_plus_toy', {'default_hooks.checkpoint.intervl': 3},
     'CheckpointHook.*interval'),
    ('maskclip_plus_toy', {'model.student.decode_head.norm_cfg.type': 'BNN'},
     'BN'),
    ('maskclip_plus_toy', {'runner_type': 'Ruuner'}, 'Runner'),
    ('maskclip_plus_toy', {'train_pipeline.0.type': 'x'},
     r'change nothing.*Set train_dataloader.dataset.pipeline.0.type')])
def test_unknown_settings(config, options, said):
    with pytest.raises(UserError, match=said):
        Job(config, options=options)


def test_a_mistyped_key_of_a_config():
    cfg = Job('maskclip_toy').load()
    cfg.test_dataloder = dict(batch_size=2)
    with pytest.raises(UserError, match='Did you mean test_dataloader'):
        Job(cfg)


@pytest.mark.parametrize('option, value', [
    ('test_dataloader.batch_size', 0), ('test_dataloader.num_workers', -1),
    ('test_dataloader.persistent_workers', 'maybe'),
    ('test_evaluator.iou_metrics', 'mIou'), ('log_level', 'LOUD'),
    ('randomness.seed', 'x'), ('randomness.seed', 2**32),
    ('optim_wrapper.optimizer.lr', 'fast'),
    ('optim_wrapper.optimizer.lr', float('nan')),
    ('optim_wrapper.accumulative_counts', 0), ('train_cfg.val_interval', 0),
    ('train_dataloader.batch_size', True),
    ('param_scheduler.1.power', 'x')])
def test_values(option, value):
    with pytest.raises(UserError, match=f'{option} must be .*, but got'):
        Job('maskclip_plus_toy', options={option: value})


def test_loaders_without_processes():
    loader = Job('maskclip_toy', options={
        'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': True,
        'test_dataloader.prefetch_factor': 2}).load().test_dataloader
    assert not loader.persistent_workers and 'prefetch_factor' not in loader


# ---------------------------------------------------------- the protocol
@pytest.mark.parametrize('job, protocol', [
    (dict(options={'model.logit_scale': 40, 'log_level': 'ERROR'}),
     'toy, changed: model.logit_scale=40'),
    (dict(options={'model.logit_scale': 40, 'protocol': 'mine'}), 'mine'),
    (dict(options={'test_dataloader.num_workers': 1,
                   'model.test_cfg.window_batch': 2,
                   'model.clip.model': 'toy-vit-p8'}), 'toy'),
    (dict(data_root='elsewhere'), 'toy'),
    (dict(options={'model.test_cfg.mode': 'whole'}), 'toy'),
    (dict(classes='cat; sky'), 'toy, changed: model.vocabulary=cat; sky')])
def test_a_changed_protocol_says_so(job, protocol):
    assert Job('maskclip_toy', **job).describe()['protocol'] == protocol


# --------------------------------------------------------- constructors
class Base(nn.Module):
    def __init__(self, depth, init_cfg=None):
        super().__init__()


class Passes(Base):
    def __init__(self, width, **kwargs):
        self.extra = kwargs.pop('extra', None)
        super().__init__(**kwargs)


class Keeps(Base):
    def __init__(self, width, **kwargs):
        super().__init__(depth=1)
        self.rest = kwargs


class Inherits(Passes):
    pass


@pytest.mark.parametrize('kind, names, others', [
    (Base, {'depth', 'init_cfg'}, False),
    (Passes, {'depth', 'init_cfg', 'width', 'extra'}, False),
    (Inherits, {'depth', 'init_cfg', 'width', 'extra'}, False),
    (Keeps, {'width'}, True),
    (lambda a, *, b=1: None, {'a', 'b'}, False)])
def test_accepted(kind, names, others):
    assert accepted(kind) == (names, others)

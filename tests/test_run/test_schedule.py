"""``train_cfg.max_iters`` moves the schedule."""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from mmseg_clipzs.recipes import cells
from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

ALONE = {cell.name for cell in cells()}  # without training
# One training for each schedule.
TRAININGS = {
    repr((cfg.train_cfg, cfg.param_scheduler, cfg.optim_wrapper)): name
    for name, path in list_configs().items() if name not in ALONE
    if (cfg := Config.fromfile(path)).get('train_dataloader')}.values()


def learning_rates(cfg):
    """Factor of the learning rate in each iteration of the run."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.)
    length, lr = cfg.train_cfg.max_iters, cfg.optim_wrapper.optimizer.lr
    schedulers = []
    for scheduler in cfg.param_scheduler:
        scheduler = dict(scheduler)
        scheduler.setdefault('end', length)  # as mmengine does
        if 'eta_min' in scheduler:
            scheduler['eta_min'] /= lr
        schedulers.append(PARAM_SCHEDULERS.build(
            scheduler, default_args=dict(optimizer=optimizer)))
    rates = []
    for _ in range(length):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return torch.tensor(rates)


def shortened(name, length, **options):
    return Job(name, options={
        'train_cfg.max_iters': length, **options}).load(train=True)


@pytest.mark.parametrize('length', [300, 2400])
@pytest.mark.parametrize('name', [
    'maskclip_plus_toy', 'groupvit_pretrain_toy'])
def test_the_curve_keeps_its_shape(name, length):
    before = learning_rates(Job(name).load(train=True))
    after = learning_rates(shortened(name, length))
    assert len(before) != len(after) == length
    places = torch.linspace(0, 1, 51)
    one, two = (rates[(places * (len(rates) - 1)).round().long()]
                for rates in (before, after))
    assert one[-1] < .02 and two[-1] < .02
    torch.testing.assert_close(one, two, atol=.04, rtol=0)


@pytest.mark.parametrize('length', [1, 2, 10])
@pytest.mark.parametrize('name', TRAININGS)
def test_a_few_iterations_of_any_training(name, length):
    """The warm-up ends and the rate falls."""
    rates = learning_rates(shortened(name, length))
    assert len(rates) == length
    assert rates.min() >= 0 and rates.max() <= 1
    if length == 10:
        assert rates.argmax() <= 5 and rates.max() > .9 and rates[-1] < .3


def test_what_options_set_is_not_moved():
    cfg = shortened('groupvit_pretrain_toy', 60, **{
        'param_scheduler.0.end': 40, 'param_scheduler.1.begin': 40})
    assert cfg.param_scheduler[0].end == cfg.param_scheduler[1].begin == 40
    same = Job('groupvit_pretrain_toy', options={
        'train_cfg.val_interval': 7}).load()
    assert same.param_scheduler == Job(
        'groupvit_pretrain_toy').load().param_scheduler


def test_epochs_and_periods():
    cfg = Config(dict(
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=100),
        param_scheduler=[
            dict(type='CosineAnnealingLR', T_max=50, by_epoch=False),
            dict(type='StepLR', step_size=1, begin=3, end=9)]))
    first, second = Job(cfg, options={'train_cfg.max_iters': 20}).load(
        ).param_scheduler
    assert first.T_max == 10
    assert (second.begin, second.end) == (3, 9)  # epochs


@pytest.mark.parametrize('length', [0, -1, 1.5, 'many'])
def test_bad_input(length):
    with pytest.raises(UserError, match=f'max_iters must be .*{length}'):
        shortened('maskclip_plus_toy', length)

"""Options: a last block that is given by name."""
import pytest

from mmseg_clipzs.run.job import Job

NAME = 'model.backbone.last_block'


@pytest.mark.parametrize('config, options, wanted', [
    ('naclip_toy', {f'{NAME}.neighbour_std': 3},
     dict(type='naclip', neighbour_std=3)),
    ('naclip_toy', {NAME: 'gem', f'{NAME}.depth': 4},
     dict(type='gem', depth=4)),
    ('naclip_toy', {f'{NAME}.depth': 4, f'{NAME}.type': 'gem'},
     dict(type='gem', depth=4)),
    ('naclip_toy', {'model': dict(backbone=dict(last_block=dict(ffn=True)))},
     dict(type='naclip', ffn=True)),
    ('naclip_toy', {NAME: 'clip'}, 'clip'),
    ('naclip_toy', {'model.logit_scale': 3}, 'naclip'),
    ('maskclip_plus_toy', {'model.teacher.backbone.last_block.ffn': False},
     dict(type='maskclip', ffn=False))])
def test_a_last_block_by_name(config, options, wanted):
    model = Job(config, options=options).load().model
    assert model.get('teacher', model).backbone.last_block == wanted


def test_a_later_option_wins():
    """Options on top of a dict, e.g. of a config that was written back."""
    cfg = Job('naclip_toy', options={f'{NAME}.neighbour_std': 3}).load()
    assert Job(cfg, options={f'{NAME}.neighbour_std': 2}).load(
        ).model.backbone.last_block == dict(type='naclip', neighbour_std=2)
    assert Job(cfg, options={NAME: 'clip'}).load(
        ).model.backbone.last_block == 'clip'

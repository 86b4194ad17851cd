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


@pytest.mark.parametrize('config, options, wanted', [
    ('naclip_regions_toy', {'model.regions.type': 'RegionFiles',
                            'model.regions.folder': '.'},
     dict(type='RegionFiles', folder='.')),
    ('corrclip_toy', {'model.regions': dict(type='Slic', sigma=2.)},
     dict(type='Slic', sigma=2., unsegmented='zero')),
    ('naclip_regions_toy', {'model': dict(regions=dict(type='Slic'))},
     dict(type='Slic')),
    ('naclip_regions_toy', {'model.regions.sigma': 2.},
     dict(type='Felzenszwalb', scale=400., sigma=2.)),
    ('naclip_regions_toy', {'model.regions.type': 'Felzenszwalb'},
     dict(type='Felzenszwalb', scale=400., sigma=0.)),
    ('maskclip_toy', {'model.regions.type': 'Slic'}, dict(type='Slic'))])
def test_regions_of_another_type_have_their_defaults(config, options, wanted):
    assert Job(config, options=options).load().model.regions == wanted


def test_what_stays_with_another_type():
    cfg = Job('naclip_regions_toy', options={
        'model.regions.correct': False}).load()
    assert Job(cfg, options={'model.regions.type': 'Slic'}).load(
        ).model.regions == dict(type='Slic', correct=False)
    assert Job('corrclip_toy', options={f'{NAME}.type': 'gem'}).load(
        ).model.backbone.last_block == 'gem'


def test_a_later_option_wins():
    """Options on top of a dict, e.g. of a config that was written back."""
    cfg = Job('naclip_toy', options={f'{NAME}.neighbour_std': 3}).load()
    assert Job(cfg, options={f'{NAME}.neighbour_std': 2}).load(
        ).model.backbone.last_block == dict(type='naclip', neighbour_std=2)
    assert Job(cfg, options={NAME: 'clip'}).load(
        ).model.backbone.last_block == 'clip'

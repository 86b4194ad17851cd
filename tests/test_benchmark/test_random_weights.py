"""Random weights for every network of a method."""
import pytest

from mmseg_clipzs.benchmark.random_weights import random_options
from mmseg_clipzs.run.job import Job


def needed(value):
    """Yields the weights that a part of a config names."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ('pretrained', 'weights') and part is not None:
                yield part
            yield from needed(part)


@pytest.mark.parametrize('name', [
    'maskclip_voc21', 'proxyclip_voc21', 'corrclip_voc21', 'lposs_voc21',
    'trident_voc21', 'groupvit_voc21', 'maskclip_plus_voc'])
def test_no_weights_are_needed(name):
    cfg = Job(name).load()
    assert list(needed(cfg.model))
    random = Job(name, options=random_options(cfg)).load()
    assert not list(needed(random.model))
    assert random.model.type == cfg.model.type
    if 'regions' in cfg.model:
        assert random.model.regions.type == 'Felzenszwalb'


def test_names_of_methods_have_default_networks():
    """A name, and a propagation without options."""
    cfg = Job('naclip_voc21', options={
        'model.backbone.last_block': 'proxyclip',
        'model.propagation.neighbours': 9}).load()
    options = random_options(cfg)
    assert options['model.backbone.last_block'] == dict(
        type='proxyclip', proxy=dict(
            model='vit_base_patch8_224', pretrained=None))
    assert options['model.propagation.proxy'] == dict(
        model='vit_base_patch16_224', pretrained=None)
    assert not list(needed(Job(cfg, options=options).load().model))

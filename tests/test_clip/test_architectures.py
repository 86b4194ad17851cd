import open_clip
import pytest
import torch

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.architectures import (
    check_architecture,
    guess_architecture,
)
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('name, want', [
    ('ViT-B-16', 'ViT-B-16'), ('ViT-B/16', 'ViT-B-16'), ('RN50', 'RN50'),
    ('toy/vit/p8', 'toy-vit-p8')])
def test_names(name, want):
    assert check_architecture(name) == want


@pytest.mark.parametrize('name, message', [
    ('VIT-B16', 'Unknown CLIP architecture .VIT-B16.. Did you .*ViT-B-16'),
    ('Rn50x46', 'Did you mean .*RN50x4'),
    ('§', 'architecture .§.. open_clip.list'),
    ('ViT-B-16-SigLIP',
     'ViT-B-16-SigLIP. is not supported: .*RN50x64.*ViT-L-14'),
    ('convnext_base', 'is not supported'),
    ('coca_ViT-B-32', 'is not supported'),
    ('roberta-ViT-B-32', 'is not supported'),
])
def test_unsupported(name, message):
    with pytest.raises(UserError, match=message):
        check_architecture(name)


def _outline(name):
    """Names and shapes of a state dict, without values."""
    config = open_clip.get_model_config(name)
    with torch.device('meta'):
        state = open_clip.CLIP(**config).state_dict()
    return {key: torch.zeros(()).expand(value.shape)
            for key, value in state.items()}


@pytest.mark.parametrize('name', [
    'ViT-B-32', 'ViT-B-16', 'ViT-L-14', 'ViT-L-14-336', 'RN50', 'RN101',
    'RN50x4', 'RN50x16'])
def test_guess(name):
    assert name in guess_architecture(_outline(name)).split(' or ')


def test_guess_of_unknown_sizes():
    config = open_clip.get_model_config('tiny-vit')
    config['vision_cfg'].update(width=96, head_width=32)
    assert guess_architecture(open_clip.CLIP(**config).state_dict()) == (
        'a ViT of width 96, 3 layers, patch 16, embedding 24, 64 px')
    config = open_clip.get_model_config('tiny-rn')
    config['vision_cfg'].update(width=16)
    assert guess_architecture(open_clip.CLIP(**config).state_dict()) == (
        'a ResNet of width 16')


def test_guess_of_tiny_models(tiny_vit, tiny_rn):
    for clip, name in ((tiny_vit, 'tiny-vit'), (tiny_rn, 'tiny-rn')):
        state = load_clip(**clip).model.state_dict()
        assert name in guess_architecture(state).split(' or ')


def test_guess_of_another_network():
    assert guess_architecture({'fc.weight': torch.ones(1)}) == (
        'no CLIP at all (first keys: fc.weight)')

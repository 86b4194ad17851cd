"""Positional embeddings in ClipViT: cached per grid, never stale."""
import pytest
import torch

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipViT


def _features(backbone, x):
    with torch.no_grad():
        return backbone(x)[0]


def _fresh(tiny_vit, change=lambda model: None):
    clip = load_clip(**tiny_vit)
    change(clip.model)
    return ClipViT(clip).requires_grad_(False)


SIZES = [(64, 64), (80, 48), (48, 80), (80, 48), (64, 64), (16, 96)]


def test_positions_of_alternating_sizes(tiny_vit):
    backbone = _fresh(tiny_vit)
    for size in SIZES:
        x = torch.randn(1, 3, *size)
        assert torch.equal(_features(backbone, x),
                           _features(_fresh(tiny_vit), x))


def _scale(model):
    model.visual.positional_embedding.data *= -3


def test_positions_follow_a_checkpoint(tiny_vit):
    backbone, x = _fresh(tiny_vit), torch.randn(1, 3, 80, 48)
    before = _features(backbone, x)
    other = _fresh(tiny_vit, _scale)
    backbone.load_state_dict(other.state_dict())
    got = _features(backbone, x)
    assert torch.equal(got, _features(other, x))
    assert (got - before).abs().max() > 1e-2
    backbone.load_state_dict(_fresh(tiny_vit).state_dict(), assign=True)
    assert torch.equal(_features(backbone, x), before)


@pytest.mark.parametrize('move', [
    lambda model: model.double(), lambda model: model.double().float(),
    lambda model: model.bfloat16().float()], ids=[
        'double', 'there and back', 'rounded'])
def test_positions_follow_the_dtype(tiny_vit, move):
    backbone, x = _fresh(tiny_vit), torch.randn(1, 3, 80, 48)
    _features(backbone, x)
    move(backbone)
    x = x.to(backbone.visual.proj)
    other = move(_fresh(tiny_vit))
    assert torch.equal(_features(backbone, x), _features(other, x))
    assert _features(backbone, x).dtype == x.dtype


def test_positions_follow_changes_in_place(tiny_vit):
    backbone, x = _fresh(tiny_vit), torch.randn(1, 3, 80, 48)
    _features(backbone, x)
    with torch.no_grad():
        backbone.visual.positional_embedding.mul_(-3)
    other = _fresh(tiny_vit, _scale)
    assert torch.equal(_features(backbone, x), _features(other, x))


def test_positions_are_cached(tiny_vit, monkeypatch):
    backbone, x = _fresh(tiny_vit), torch.randn(1, 3, 80, 48)
    want = _features(backbone, x)

    def interpolate(*arguments):
        raise AssertionError('interpolated again')

    monkeypatch.setattr(backbone, '_interpolate', interpolate)
    assert torch.equal(_features(backbone, x), want)


def test_positions_can_be_trained(tiny):
    backbone, x = ClipViT(tiny), torch.randn(1, 3, 80, 48)
    _features(backbone, x)
    weight = backbone.visual.positional_embedding.requires_grad_()
    for _ in range(2):
        weight.grad = None
        backbone(x)[0].square().sum().backward()
        assert weight.grad[1:].abs().sum() > 0

import pytest
import torch
from torch import nn

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.image_tower import override_tower
from mmseg_clipzs.clip.towers import QuickGELU


def _settings(visual):
    """Activations and LayerNorm epsilons of a tower."""
    return ({type(module.gelu) for module in visual.modules()
             if hasattr(module, 'gelu')},
            {module.eps for module in visual.modules()
             if isinstance(module, nn.LayerNorm)})


@pytest.mark.parametrize('overrides, want', [
    (dict(quick_gelu=True), ({QuickGELU}, {1e-5})),
    (dict(quick_gelu=False), ({nn.GELU}, {1e-5})),
    (dict(norm_eps=1e-6), ({nn.GELU}, {1e-6})),
    (dict(quick_gelu=True, norm_eps=.1), ({QuickGELU}, {.1})),
])
def test_original_is_unchanged(tiny_vit, overrides, want):
    visual, x = load_clip(**tiny_vit).model.visual, torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = visual(x)
        other = override_tower(visual, **overrides)
        assert torch.equal(visual(x), before)
    assert _settings(visual) == ({nn.GELU}, {1e-5})
    assert _settings(other) == want


def test_weights_are_shared(tiny):
    visual = tiny.model.visual
    other = override_tower(visual, quick_gelu=True, norm_eps=1e-6)
    for kind in ('named_parameters', 'named_buffers'):
        ours, theirs = dict(getattr(other, kind)()), dict(
            getattr(visual, kind)())
        assert ours.keys() == theirs.keys()
        assert all(ours[name] is theirs[name] for name in ours)


def test_nothing_to_override(tiny):
    assert override_tower(tiny.model.visual) is tiny.model.visual


def test_equals_a_load_with_the_activation(tiny_vit, tiny):
    x = torch.randn(1, 3, 64, 64)
    want = load_clip(**tiny_vit, quick_gelu=True).model.visual
    got = override_tower(tiny.model.visual, quick_gelu=True)
    with torch.no_grad():
        assert torch.equal(got(x), want(x))
        assert not torch.equal(got(x), tiny.model.visual(x))

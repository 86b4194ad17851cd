"""GEM against the paper's equations; its goldens are in test_clip_vit.py."""
import pytest
import torch
from plain_vit import PlainViT, fit

from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.gem import Gem
from mmseg_clipzs.utils import UserError

TOLERANCE = dict(rtol=0, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize('size', [(224, 320), (200, 232)])
def test_antialiased_positions_b16(vit_b16, vit_b16_state, image, size):
    """GEM's own resizing of the positional embedding."""
    plain = PlainViT(vit_b16_state, 12, 16, 14)
    got, = ClipViT(vit_b16, 'gem', off_grid='drop',
                   pos_embed='antialias')(image(size))
    layers = plain.layers(fit(image(size)[0], 'drop'), 'antialias')
    torch.testing.assert_close(
        got[0], plain.dense(layers, got.shape[2:], 'gem'), **TOLERANCE)


@torch.no_grad()
@pytest.mark.parametrize('changes', [
    dict(depth=2), dict(iterations=0), dict(iterations=3)], ids=str)
def test_arguments(tiny_quick, changes):
    x, plain = torch.randn(1, 3, 64, 64), PlainViT(
        tiny_quick.model.state_dict(), 4, 16, 4)
    got, = ClipViT(tiny_quick, dict(type='gem', **changes))(x)
    want = plain.gem(plain.layers(x[0], 'exact'), (4, 4), **changes)
    want = (plain.norm(want, 'visual.ln_post')
            @ plain.state['visual.proj'])[1:]
    torch.testing.assert_close(got[0].flatten(1).T, want, **TOLERANCE)


@pytest.mark.parametrize('changes', [dict(depth=0), dict(iterations=-1)])
def test_wrong_arguments(changes):
    with pytest.raises(UserError, match='of GEM must be a whole number'):
        Gem(**changes)

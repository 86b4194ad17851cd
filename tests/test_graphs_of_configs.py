"""Export and compilation of the networks of the toy configs."""
import pytest
import torch
from test_scores_of_configs import build
from torch import nn

from mmseg_clipzs.models.backbones.last_block import LastBlock

pytestmark = pytest.mark.usefixtures('one_thread')
# All toy configs but those whose network differs in data, windows or PAMR
# only, or in the attention of the last block (test_clip_vit_export.py).
NETWORKS = [
    'clearclip_toy', 'naclip_toy', 'gem_toy', 'scclip_toy',
    'sfp_toy', 'maskclip_ks_pd_toy', 'kmeans_toy', 'groupvit_toy',
    'maskclip_plus_toy', 'text_mapped_zero_shot_toy']
COMPILED = ['scclip_toy', 'groupvit_toy', 'kmeans_toy']


class Network(nn.Module):
    """Log-probabilities (N, C, H, W) of images (N, 3, H, W)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.encode_decode(x, [dict(img_shape=x.shape[2:])])


def _network(name):
    if name == 'scclip_toy' and torch.__version__.startswith('2.6.'):
        pytest.skip('torch 2.6 cannot export a quantile')
    model = build(name).requires_grad_(False)
    if hasattr(model, 'current_embeddings'):
        model.current_embeddings()  # GroupViT embeds its words when asked
    visual = getattr(getattr(model, 'backbone', None), 'visual', None)
    if visual is not None:  # few blocks are faster
        count = 1 if isinstance(model.backbone.last_block, LastBlock) else 2
        visual.transformer.resblocks = visual.transformer.resblocks[-count:]
    return Network(model).eval()


def _assert_equal(graph, network, *shape):
    x = torch.randn(shape)
    got, want = graph(x), network(x)
    torch.testing.assert_close(got.exp(), want.exp(), rtol=0, atol=1e-5)
    assert (got.argmax(1) == want.argmax(1)).float().mean() > .9999


@torch.no_grad()
@pytest.mark.parametrize('name', NETWORKS)
def test_export(name):
    """One graph for any batch, height and width."""
    network = _network(name)
    graph = torch.export.export(
        network, (torch.randn(2, 3, 76, 99), ), strict=False,
        dynamic_shapes=(dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC), )
    ).module()
    _assert_equal(graph, network, 3, 3, 64, 64)  # the native grid
    _assert_equal(graph, network, 1, 3, 101, 83)  # no whole patches


@torch.no_grad()
@pytest.mark.parametrize('name', COMPILED)
def test_compile(name):
    """Without breaks."""
    torch.compiler.reset()
    network = _network(name)
    graph = torch.compile(
        network, backend='eager', fullgraph=True, dynamic=True)
    _assert_equal(graph, network, 2, 3, 64, 99)


def test_words_that_are_not_embedded_yet():
    model = build('groupvit_toy')
    with pytest.raises(Exception, match='current_embeddings'):
        torch.export.export(
            Network(model), (torch.randn(1, 3, 64, 64), ), strict=False)

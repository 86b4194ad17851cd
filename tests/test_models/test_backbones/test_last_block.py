"""Parts of the last block; its methods are tested in test_clip_vit.py."""
import math

import pytest
import torch

from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.last_block import (
    LastBlock,
    mean_size,
    mix_values,
    neighbour_prior,
    patch_keys,
    run_last_block,
)
from mmseg_clipzs.utils import UserError


def test_golden_neighbour_prior(golden):
    want = golden('naclip_extras.npz')['naclip.prior_4x6_std5']
    got = neighbour_prior((4, 6), 5.)
    torch.testing.assert_close(
        got, torch.from_numpy(want), rtol=0, atol=1e-6)
    assert not got[0].any() and not got[:, 0].any() and got.max() == 1


@pytest.mark.parametrize('grid, std', [
    ((4, 6), 5.), ((3, 2), 1.), ((1, 5), .3)])
def test_neighbour_prior(grid, std):
    got = neighbour_prior(grid, std)
    places = [(y, x) for y in range(grid[0]) for x in range(grid[1])]
    assert got.shape == (1 + len(places), ) * 2
    assert not got[0].any() and not got[:, 0].any()
    for i, (y, x) in enumerate(places, 1):
        for j, (v, u) in enumerate(places, 1):
            want = math.exp(-((y - v)**2 + (x - u)**2) / (2 * std**2))
            assert got[i, j].item() == pytest.approx(want, abs=1e-6)


@torch.no_grad()
def test_mix_values_with_the_own_attention(tiny):
    """The block's own attention weights yield its own output."""
    block = tiny.model.visual.transformer.resblocks[-1]
    x = torch.randn(2, 10, 64)
    h = block.ln_1(x)
    q, k, _ = (part.unflatten(-1, (4, 16)).transpose(1, 2) for part in (
        h @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).chunk(
            3, -1))
    attention = (q @ k.transpose(2, 3) / 4).softmax(-1)
    want = run_last_block(
        block, x, LastBlock(('qk', ), residual=False, ffn=False), (3, 3))
    torch.testing.assert_close(
        mix_values(block, h, attention)[:, 1:], want, rtol=0, atol=1e-5)


def test_mean_size():
    q, k = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 7, 4)
    for one in range(2):
        sizes = [
            sum(math.dist(row, [0] * 4) for row in q[one, head].tolist()) / 5
            * sum(math.dist(row, [0] * 4) for row in k[one, head].tolist()) / 7
            for head in range(3)]
        assert mean_size(q, k)[one].item() == pytest.approx(
            sum(sizes) / 3 / 2, rel=1e-5)  # sqrt(4) channels


def test_no_keys_unless_requested(tiny):
    block = tiny.model.visual.transformer.resblocks[-1]
    assert patch_keys(block, torch.randn(1, 5, 64), None) is None
    assert len(ClipViT(tiny)(torch.randn(1, 3, 64, 64))) == 1


def test_keys(tiny):
    x = torch.randn(1, 3, 64, 64)
    block = tiny.model.visual.transformer.resblocks[-1]
    tokens = []
    handle = block.ln_1.register_forward_hook(
        lambda module, inputs, output: tokens.append(output))
    with torch.no_grad():
        features, keys = ClipViT(tiny, out_keys='raw')(x)
        _, projected = ClipViT(tiny, out_keys='projected')(x)
    handle.remove()
    weight, bias = (n.chunk(3)[1] for n in (
        block.attn.in_proj_weight, block.attn.in_proj_bias))
    want = tokens[0][0, 1:] @ weight.T + bias  # (h * w, C)
    assert keys.shape == (1, 64, 4, 4) and features.shape == (1, 24, 4, 4)
    torch.testing.assert_close(keys[0].flatten(1).T, want)
    torch.testing.assert_close(
        projected[0].flatten(1).T, block.attn.out_proj(want))


@pytest.mark.parametrize('settings, message', [
    (dict(attend=('qx', )), "Invalid attend=.'qx',.: pass a sequence of"),
    (dict(attend='qk'), "Invalid attend='qk'"),
    (dict(attend=None), 'Invalid attend=None'),
    (dict(neighbour_std=5.), 'set e.g. attend='),
    (dict(attend=('kk', ), similarity=False), 'set neighbour_std='),
])
def test_wrong_arguments(settings, message):
    with pytest.raises(UserError, match=message):
        LastBlock(**settings)

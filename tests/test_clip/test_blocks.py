"""Blocks run from their parameters, against PyTorch and open_clip."""
import pytest
import torch
from torch import nn

from mmseg_clipzs.clip.blocks import project, run_block, split_heads


@pytest.fixture
def block(tiny):
    return tiny.model.visual.transformer.resblocks[0]


def _attention(block):
    attention = nn.MultiheadAttention(64, block.attn.num_heads,
                                      batch_first=True)
    attention.load_state_dict(block.attn.state_dict())
    return attention


@torch.no_grad()
@pytest.mark.parametrize('is_causal', [False, True])
def test_run_block(block, is_causal):
    x, mask = torch.randn(2, 7, 64), None
    if is_causal:
        mask = torch.ones(7, 7, dtype=torch.bool).triu(1)
    h = block.ln_1(x)
    want = x + _attention(block)(h, h, h, attn_mask=mask)[0]
    want = want + block.mlp(block.ln_2(want))
    torch.testing.assert_close(
        run_block(block, x, is_causal), want, rtol=0, atol=1e-5)


@torch.no_grad()
def test_open_clip(block):
    x = torch.randn(2, 7, 64)
    if getattr(block.attn, 'batch_first', False):
        want = block(x)
    else:  # open_clip before 2.25
        want = block(x.transpose(0, 1)).transpose(0, 1)
    torch.testing.assert_close(run_block(block, x), want, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('part', [0, 1, 2])
def test_project(block, part):
    x = torch.randn(2, 7, 64)
    packed = nn.Linear(64, 192)
    packed.weight.copy_(block.attn.in_proj_weight)
    packed.bias.copy_(block.attn.in_proj_bias)
    torch.testing.assert_close(
        project(block, x, 'qkv'[part]),
        packed(x)[..., 64 * part:64 * part + 64], rtol=0, atol=1e-5)


def test_split_heads():
    x = torch.randn(2, 7, 12)
    got = split_heads(x, 3)
    assert got.shape == (2, 3, 7, 4)
    for head in range(3):
        assert torch.equal(got[:, head], x[..., 4 * head:4 * head + 4])

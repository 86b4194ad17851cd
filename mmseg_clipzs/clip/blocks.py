"""Residual attention blocks of open_clip, run from their parameters.

The modules' ``forward`` changes between releases (token layout, return of the
attention weights); their parameter names do not.
"""
from functools import partial

from torch import nn

from mmseg_clipzs.products import linear, run_layer, run_mlp

from .attention import attend


def split_heads(x, heads):
    """(N, L, C) -> (N, heads, L, C / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def project(block, x, part):
    """Project to queries, keys or values.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, L, C), after ``ln_1``.
        part (str): 'q', 'k' or 'v', or 'qkv' for all, side by side.

    Returns:
        Tensor: (N, L, C), or (N, L, 3C).
    """
    attn, width = block.attn, x.size(-1)
    start = 'qkv'.index(part) * width
    rows = slice(start, start + len(part) * width)
    return linear(x, attn.in_proj_weight[rows], attn.in_proj_bias[rows])


def project_out(block, x, residual=None):
    """Output projection of a block's attention.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (..., C), concatenated heads.
        residual (Tensor, optional): (..., C), added.

    Returns:
        Tensor: (..., C).
    """
    return _scaled(block.ls_1, partial(
        run_layer, block.attn.out_proj, x), residual)


def feed_forward(block, x):
    """A block's second half, with its residual: (..., C) -> (..., C)."""
    return _scaled(block.ls_2, partial(run_mlp, block.mlp, block.ln_2(x)), x)


def _scaled(scale, run, residual):
    """``residual + scale(run())``."""
    if isinstance(scale, nn.Identity):
        return run(residual)
    out = scale(run())
    return out if residual is None else residual + out


def run_block(block, x, is_causal=False):
    """Run the unmodified block: (N, L, C) -> (N, L, C)."""
    q, k, v = _heads(block, x)
    return _finish(block, attend(q, k, v, is_causal=is_causal), x)


def run_block_with_attention(block, x):
    """Run the unmodified block and keep its attention.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, L, C).

    Returns:
        tuple[Tensor]: Its output (N, L, C), and its attention (N, heads, L,
        L), whose rows, the queries, sum to 1.
    """
    q, k, v = _heads(block, x)
    attention = scaled_similarity(q, k).softmax(-1)
    return _finish(block, attention @ v, x), attention


def scaled_similarity(q, k):
    """s q k^T of heads (..., L, C / heads): (..., L, L)."""
    return (q * q.size(-1)**-0.5) @ k.transpose(-1, -2)


def _heads(block, x):
    """Queries, keys and values (N, heads, L, C / heads) of a block."""
    return (split_heads(part, block.attn.num_heads)
            for part in project(block, block.ln_1(x), 'qkv').chunk(3, -1))


def _finish(block, out, x):
    """The rest of a block, after its heads (N, heads, L, C / heads)."""
    return feed_forward(block, project_out(
        block, out.transpose(1, 2).flatten(2), x))

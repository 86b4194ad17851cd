"""Residual attention blocks of open_clip, run from their parameters.

The modules' ``forward`` changes between releases (token layout, return of the
attention weights); their parameter names do not.
"""
import torch.nn.functional as F


def split_heads(x, heads):
    """(N, L, C) -> (N, heads, L, C / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def project(block, x, part):
    """Project to queries, keys or values.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, L, C), after ``ln_1``.
        part (str): 'q', 'k' or 'v'.

    Returns:
        Tensor: (N, L, C).
    """
    attn, width = block.attn, x.size(-1)
    start = 'qkv'.index(part) * width
    rows = slice(start, start + width)
    return F.linear(x, attn.in_proj_weight[rows], attn.in_proj_bias[rows])


def run_block(block, x, is_causal=False):
    """Run the unmodified block: (N, L, C) -> (N, L, C)."""
    attn = block.attn
    qkv = F.linear(block.ln_1(x), attn.in_proj_weight, attn.in_proj_bias)
    q, k, v = (split_heads(part, attn.num_heads) for part in qkv.chunk(3, -1))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    x = x + block.ls_1(attn.out_proj(out.transpose(1, 2).flatten(2)))
    return x + block.ls_2(block.mlp(block.ln_2(x)))

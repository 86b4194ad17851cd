"""What the last transformer block computes: one function, a table of methods.

CLIP, MaskCLIP and its training-free successors differ in which of q, k and v
attend to which, and in whether the block's residual and feed-forward stay.
"""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import project, split_heads


@dataclass(frozen=True)
class LastBlock:
    """One row of the table.

    Attributes:
        attend (tuple[str]): Pairs out of 'qk', 'qq', 'kk', 'vv' whose
            attention maps are added; none stands for the identity, the value
            of each token alone.
        residual (bool): Keep ``x +``.
        ffn (bool): Keep the feed-forward part.
        neighbour_std (float): Standard deviation, in patches, of a Gaussian
            added to the scaled similarities (NACLIP, equation 8); 0 for none.
    """
    attend: tuple[str, ...] = ()
    residual: bool = True
    ffn: bool = True
    neighbour_std: float = 0.


LAST_BLOCKS = {
    'clip': LastBlock(attend=('qk', )),
    'maskclip': LastBlock(),
    'sclip': LastBlock(attend=('qq', 'kk')),
    'clearclip': LastBlock(attend=('qq', ), residual=False, ffn=False),
    'naclip': LastBlock(
        attend=('kk', ), residual=False, ffn=False, neighbour_std=5.),
    'cliptrase': LastBlock(attend=('qq', 'kk', 'vv')),
}


def run_last_block(block, x, row, grid, keys=None):
    """The last block as a row of the table asks, for the patches alone.

    Args:
        block (nn.Module): The last residual attention block.
        x (Tensor): (N, 1 + h * w, C) tokens, class token first.
        row (LastBlock): What to compute.
        grid (tuple[int]): (h, w).
        keys (str, optional): Return the patches' keys as well: 'raw', or
            'projected' by the output projection, as MaskCLIP's code does.

    Returns:
        tuple[Tensor, Tensor | None]: Patches (N, h * w, C) before ``ln_post``
        and keys (N, h * w, C).
    """
    attn, patches = block.attn, slice(1, None)
    h = block.ln_1(x)
    if row.attend:
        needed = {'v'}.union(*row.attend)
        tokens = {part: split_heads(project(block, h, part), attn.num_heads)
                  for part in needed}
        prior = None
        if row.neighbour_std:
            prior = neighbour_prior(grid, row.neighbour_std)[patches].to(h)
        out = sum(
            F.scaled_dot_product_attention(
                tokens[query][:, :, patches], tokens[key], tokens['v'],
                attn_mask=prior)
            for query, key in row.attend)  # (N, heads, h * w, C / heads)
        out = out.transpose(1, 2).flatten(2)
    else:
        # Identity attention needs the patches' values and nothing else.
        out = project(block, h[:, patches], 'v')
    out = block.ls_1(attn.out_proj(out))
    if row.residual:
        out = x[:, patches] + out
    if row.ffn:
        out = out + block.ls_2(block.mlp(block.ln_2(out)))
    if keys is None:
        return out, None
    k = project(block, h[:, patches], 'k')
    return out, attn.out_proj(k) if keys == 'projected' else k


def neighbour_prior(grid, std):
    """NACLIP's Gaussian over patch distances; row and column 0 are zero.

    Args:
        grid (tuple[int]): (h, w).
        std (float): In patches.

    Returns:
        Tensor: (1 + h * w, 1 + h * w) float32, peak 1, not normalised.
    """
    rows, columns = (torch.arange(n, dtype=torch.float32) for n in grid)
    row_part, column_part = (
        torch.exp(-(p[:, None] - p[None])**2 / (2 * std**2))
        for p in (rows, columns))
    # Separable: exp(a + b) = exp(a) * exp(b).
    return F.pad(torch.kron(row_part, column_part), (1, 0, 1, 0))

"""What the last transformer block computes: one function, a table of methods.

CLIP, MaskCLIP and its training-free successors differ in which of q, k and v
attend to which, and in whether the block's residual and feed-forward stay.
Methods that read more blocks are beside it, with the same call: ``gem.py``,
``self_calibration.py``.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import project, run_block, split_heads
from mmseg_clipzs.utils import UserError


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
        similarity (bool): False leaves the Gaussian alone, times the mean
            size that the similarities would have had (NACLIP's ablation).

    Raises:
        UserError: Switches that do not fit together.
    """
    attend: tuple[str, ...] = ()
    residual: bool = True
    ffn: bool = True
    neighbour_std: float = 0.
    similarity: bool = True

    def __post_init__(self):
        if not isinstance(self.attend, Sequence) or set(self.attend) - {
                'qk', 'qq', 'kk', 'vv'}:
            raise UserError(f'attend={self.attend!r} may hold "qk", "qq", '
                            '"kk" and "vv".')
        if self.neighbour_std and not self.attend:
            raise UserError('neighbour_std= is added to similarities: name '
                            'their pairs in attend=.')
        if not self.similarity and not self.neighbour_std:
            raise UserError('similarity=False leaves the Gaussian alone: give '
                            'its neighbour_std=.')

    def __call__(self, blocks, x, grid, keys=None):
        """Run all blocks, the last one by these switches.

        Args:
            blocks (nn.ModuleList): Residual attention blocks.
            x (Tensor): (N, 1 + h * w, C) tokens, class token first.
            grid (tuple[int]): (h, w).
            keys (str, optional): As for :func:`patch_keys`.

        Returns:
            tuple[Tensor, Tensor | None]: Patches (N, h * w, C) before
            ``ln_post`` and the last block's keys (N, h * w, C).
        """
        for block in blocks[:-1]:
            x = run_block(block, x)
        return (run_last_block(blocks[-1], x, self, grid),
                patch_keys(blocks[-1], x, keys))


LAST_BLOCKS = {
    'clip': LastBlock(attend=('qk', )),
    'maskclip': LastBlock(),
    'sclip': LastBlock(attend=('qq', 'kk')),
    'clearclip': LastBlock(attend=('qq', ), residual=False, ffn=False),
    'naclip': LastBlock(
        attend=('kk', ), residual=False, ffn=False, neighbour_std=5.),
    'naclip_nonly': LastBlock(
        attend=('qk', ), residual=False, ffn=False, neighbour_std=5.,
        similarity=False),
    'cliptrase': LastBlock(attend=('qq', 'kk', 'vv')),
}


def run_last_block(block, x, row, grid):
    """The last block as a row of the table asks, for the patches alone.

    Args:
        block (nn.Module): The last residual attention block.
        x (Tensor): (N, 1 + h * w, C) tokens, class token first.
        row (LastBlock): What to compute.
        grid (tuple[int]): (h, w).

    Returns:
        Tensor: Patches (N, h * w, C) before ``ln_post``.
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
        out = 0
        for query, key in row.attend:
            q, k, bias = tokens[query], tokens[key], prior
            if not row.similarity:
                bias = mean_size(q, k) * prior  # (N, 1, h * w, 1 + h * w)
                q = torch.zeros_like(q)
            out = out + F.scaled_dot_product_attention(
                q[:, :, patches], k, tokens['v'], attn_mask=bias)
        # (N, heads, h * w, C / heads) -> (N, h * w, C)
        out = out.transpose(1, 2).flatten(2)
    else:
        # Identity attention needs the patches' values and nothing else.
        out = project(block, h[:, patches], 'v')
    out = block.ls_1(attn.out_proj(out))
    if row.residual:
        out = x[:, patches] + out
    if row.ffn:
        out = out + block.ls_2(block.mlp(block.ln_2(out)))
    return out


def mix_values(block, h, attention):
    """The block's attention output where the attention comes from elsewhere.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        h (Tensor): (N, L, C), after ``ln_1``.
        attention (Tensor): (N, heads or 1, L, L), rows over keys; from any
            source, such as another layer's or another backbone's features.

    Returns:
        Tensor: (N, L, C).
    """
    v = split_heads(project(block, h, 'v'), block.attn.num_heads)
    out = (attention @ v).transpose(1, 2).flatten(2)
    return block.ls_1(block.attn.out_proj(out))


def patch_keys(block, x, keys):
    """Keys of the patches in the last block, for key smoothing.

    Args:
        block (nn.Module): The last residual attention block.
        x (Tensor): (N, 1 + h * w, C), its input.
        keys (str | None): 'raw', or 'projected' by the output projection, as
            MaskCLIP's code does; None for none.

    Returns:
        Tensor | None: (N, h * w, C).
    """
    if keys is None:
        return None
    k = project(block, block.ln_1(x[:, 1:]), 'k')
    return block.attn.out_proj(k) if keys == 'projected' else k


def mean_size(q, k):
    """s * mean |q| * mean |k|, averaged over heads: (N, 1, 1, 1).

    Args:
        q, k (Tensor): (N, heads, L, C / heads).
    """
    size = q.norm(dim=-1).mean(-1) * k.norm(dim=-1).mean(-1)  # (N, heads)
    return size.mean(1)[:, None, None, None] * q.size(-1)**-0.5


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

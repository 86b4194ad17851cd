"""Variants of the last transformer block, as a table of methods.

CLIP, MaskCLIP and its training-free successors differ in the attention of the
last block (qk, qq, kk, vv) and in whether it keeps its residual connection
and feed-forward. ``gem.py`` and ``self_calibration.py`` implement methods
that use more blocks, with the same signature.
"""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.attention import attend
from mmseg_clipzs.clip.blocks import (
    feed_forward,
    project,
    project_out,
    run_block,
    split_heads,
)
from mmseg_clipzs.products import run_layer
from mmseg_clipzs.utils import UserError, check_flag, check_number

from .method import Dense

_PAIRS = ('qk', 'qq', 'kk', 'vv')


@dataclass(frozen=True)
class LastBlock:
    """Configuration of the last block.

    Attributes:
        attend (tuple[str]): Pairs of 'qk', 'qq', 'kk' and 'vv' whose
            attention maps are added; empty for the identity: each token
            attends to itself.
        residual (bool): Keep the residual connection of the attention.
        ffn (bool): Keep the feed-forward network.
        neighbour_std (float): Standard deviation, in patches, of a Gaussian
            added to the scaled similarities (NACLIP, equation 8); 0 for none.
        similarity (bool): False replaces the similarities by the Gaussian
            times their mean magnitude (NACLIP's ablation).

    Raises:
        UserError: Invalid combination of arguments.
    """
    attend: tuple[str, ...] = ()
    residual: bool = True
    ffn: bool = True
    neighbour_std: float = 0.
    similarity: bool = True

    def __post_init__(self):
        if not isinstance(self.attend, (list, tuple)) or not all(
                pair in _PAIRS for pair in self.attend):
            raise UserError(f'Invalid attend={self.attend!r}: pass a sequence '
                            'of "qk", "qq", "kk" and "vv".')
        check_number('neighbour_std', self.neighbour_std, '[0, inf)')
        for option in ('residual', 'ffn', 'similarity'):
            check_flag(option, getattr(self, option))
        if self.neighbour_std and not self.attend:
            raise UserError('neighbour_std adds to similarities, but attend '
                            'is empty; set e.g. attend=("kk", ).')
        if not self.similarity and not self.neighbour_std:
            raise UserError('similarity=False keeps only the Gaussian: set '
                            'neighbour_std= to a positive value.')

    def __call__(self, visual, x, grid, keys=None, view=None):
        """Run all blocks, the last one as configured.

        Args:
            visual (nn.Module): Image tower of open_clip.
            x (Tensor): (N, 1 + h * w, C) tokens, class token first.
            grid (tuple[int]): (h, w).
            keys (str, optional): See :func:`patch_keys`.
            view (View, optional): For methods that look at more.

        Returns:
            Dense: Patches and, if wanted, the last block's keys.
        """
        *blocks, last = visual.transformer.resblocks
        for block in blocks:
            x = run_block(block, x)
        return Dense(run_last_block(last, x, self, grid), grid,
                     patch_keys(last, x, keys))


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


def run_last_block(block, x, variant, grid):
    """Run a variant of the last block for the patches only.

    Args:
        block (nn.Module): The last residual attention block.
        x (Tensor): (N, 1 + h * w, C) tokens, class token first.
        variant (LastBlock): What to compute.
        grid (tuple[int]): (h, w).

    Returns:
        Tensor: Patches (N, h * w, C) before ``ln_post``.
    """
    attn, patches = block.attn, slice(1, None)
    h = block.ln_1(x)
    if variant.attend:
        needed = set('v' + ''.join(variant.attend))
        tokens = {part: split_heads(project(block, h, part), attn.num_heads)
                  for part in needed}
        prior = None
        if variant.neighbour_std:
            prior = neighbour_prior(grid, variant.neighbour_std)[patches].to(h)
        out = 0
        for query, key in variant.attend:
            q, k, bias = tokens[query], tokens[key], prior
            if not variant.similarity:
                bias = mean_size(q, k) * prior  # (N, 1, h * w, 1 + h * w)
                q = torch.zeros_like(q)
            out = out + attend(
                q[:, :, patches], k, tokens['v'], attn_mask=bias)
        # (N, heads, h * w, C / heads) -> (N, h * w, C)
        out = out.transpose(1, 2).flatten(2)
    else:
        # Identity attention only needs the values of the patches.
        out = project(block, h[:, patches], 'v')
    out = project_out(block, out, x[:, patches] if variant.residual else None)
    return feed_forward(block, out) if variant.ffn else out


def mix_values(block, h, attention):
    """Output of a block's attention for given attention weights.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        h (Tensor): (N, L, C), after ``ln_1``.
        attention (Tensor): (N, heads or 1, L, L), queries x keys, e.g. from
            another layer's or another backbone's features.

    Returns:
        Tensor: (N, L, C).
    """
    v = split_heads(project(block, h, 'v'), block.attn.num_heads)
    out = (attention @ v).transpose(1, 2).flatten(2)
    return project_out(block, out)


def patch_keys(block, x, keys):
    """Keys of the patches in a block, for key smoothing.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, 1 + h * w, C), input of the block.
        keys (str | None): 'raw', 'projected' through the output projection
            as in MaskCLIP's code, or None for no keys.

    Returns:
        Tensor | None: (N, h * w, C).
    """
    if keys is None:
        return None
    k = project(block, block.ln_1(x[:, 1:]), 'k')
    return run_layer(block.attn.out_proj, k) if keys == 'projected' else k


def mean_size(q, k):
    """Mean magnitude of scaled similarities, s * mean |q| * mean |k|.

    Args:
        q, k (Tensor): (N, heads, L, C / heads).

    Returns:
        Tensor: (N, 1, 1, 1), averaged over heads.
    """
    size = q.norm(dim=-1).mean(-1) * k.norm(dim=-1).mean(-1)  # (N, heads)
    return size.mean(1)[:, None, None, None] * q.size(-1)**-0.5


def neighbour_prior(grid, std):
    """NACLIP's Gaussian of patch distances.

    Args:
        grid (tuple[int]): (h, w).
        std (float): In patches.

    Returns:
        Tensor: (1 + h * w, 1 + h * w) float32, peak 1, not normalised; the
        class token's row and column are zero.
    """
    rows, columns = (torch.arange(n, dtype=torch.float32) for n in grid)
    row_part, column_part = (
        torch.exp(-(p[:, None] - p[None])**2 / (2 * std**2))
        for p in (rows, columns))
    # Separable: exp(a + b) = exp(a) * exp(b).
    prior = row_part[:, None, :, None] * column_part[:, None]  # (h, w, h, w)
    return F.pad(prior.flatten(2).flatten(0, 1), (1, 0, 1, 0))

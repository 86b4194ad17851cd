"""ResCLIP: attention of other layers, and of patches labelled alike."""
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import (
    feed_forward,
    project,
    project_out,
    run_block,
    run_block_with_attention,
    scaled_similarity,
    split_heads,
)
from mmseg_clipzs.utils import UserError, check_flag, check_number

from .last_block import (
    LAST_BLOCKS,
    LastBlock,
    neighbour_prior,
    patch_keys,
)
from .layers import check_span, scaled
from .method import Dense
from .semantic_feedback import semantic_feedback

_BASES = {
    **{name: base for name, base in LAST_BLOCKS.items()
       if base.attend and base.similarity},
    'vanilla': LastBlock(attend=('qk', ), residual=False, ffn=False)}


@dataclass(frozen=True)
class ResidualAttention:
    """ResCLIP (arXiv 2411.15851) on top of another last block.

    Two passes through the last block. Residual cross-correlation
    self-attention (RCS) mixes its attention with that of middle layers.
    Semantic feedback refinement (SFR) is the second pass, whose similarities
    are mixed with a matrix of the patches that the first pass labels alike.

    Attributes:
        base (str): The last block it builds on: 'naclip', 'sclip',
            'clearclip', 'clip', 'cliptrase', or 'vanilla': 'clip' without
            residual and feed-forward.
        rcs (bool): Mix in the attention of middle layers.
        rcs_layers (tuple[int]): First and last of them, whose attention is
            averaged for each head; numbered from 1 for a model of 12 blocks,
            scaled in proportion for others.
        rcs_weight (float): Its share in the attention (lambda), in [0, 1].
        rcs_gain (float): Factor of the mixed attention (tau).
        sfr (bool): Run the second pass.
        sfr_weight (float): Share of the matrix (lambda), in [0, 1].
        sfr_gain (float): Factor of the mixed similarities (tau).
        sfr_std (float): Standard deviation, in patches, of the Gaussian that
            smooths the rows of the matrix.
        path_check (bool): Weaken pairs with other labels between them.
        label_threshold (float): Pixels whose best word has a lower
            probability count as word 0 in the labels, in [0, 1).
        pamr (bool): Refine the scores along the edges of the image before
            they are turned into labels.
        half (bool): Round the matrix to float16, as the authors' code does.

    Raises:
        UserError: Invalid arguments.
    """
    base: str = 'naclip'
    rcs: bool = True
    rcs_layers: tuple[int, int] = (6, 9)
    rcs_weight: float = 0.3
    rcs_gain: float = 2.
    sfr: bool = True
    sfr_weight: float = 0.7
    sfr_gain: float = 1.8
    sfr_std: float = 5.
    path_check: bool = True
    label_threshold: float = 0.
    pamr: bool = True
    half: bool = False

    def __post_init__(self):
        if self.base not in _BASES:
            raise UserError(f'base={self.base!r} of ResCLIP is unknown; '
                            f'choose one of {", ".join(_BASES)}.')
        check_span('rcs_layers', 'ResCLIP', self.rcs_layers)
        for name, within in (
            ('rcs_weight', '[0, 1]'), ('sfr_weight', '[0, 1]'),
            ('rcs_gain', '(0, inf)'), ('sfr_gain', '(0, inf)'),
            ('sfr_std', '(0, inf)'), ('label_threshold', '[0, 1)')):
            check_number(f'{name} of ResCLIP', getattr(self, name), within)
        for name in ('rcs', 'sfr', 'path_check', 'pamr', 'half'):
            check_flag(f'{name} of ResCLIP', getattr(self, name))

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`."""
        *blocks, last = visual.transformer.resblocks
        x, middle = self._run_blocks(blocks, x)
        h = last.ln_1(x)
        tokens = {part: split_heads(
            project(last, h, part), last.attn.num_heads) for part in 'qkv'}

        given = last, x, tokens, grid, middle
        return Dense(self._attend(*given), grid, patch_keys(last, x, keys),
                     refine=partial(self._refine, given) if self.sfr else None)

    def _refine(self, given, labels):
        """Second pass, of what the first was given, with a label map."""
        feedback = semantic_feedback(labels, self.sfr_std, self.path_check)
        if self.half:
            feedback = feedback.half()
        # (N, 1, h * w, h * w)
        return self._attend(*given, feedback[:, None].to(given[1]))

    def _run_blocks(self, blocks, x):
        """Run all but the last block.

        Returns:
            tuple: Its input (N, 1 + h * w, C), and the mean attention of the
            middle layers (N, heads, h * w, 1 + h * w) or None.
        """
        first, end = scaled(self.rcs_layers, len(blocks) + 1)
        maps = []
        for layer, block in enumerate(blocks, start=1):
            if self.rcs and first <= layer <= end:
                x, attention = run_block_with_attention(block, x)
                maps.append(attention[:, :, 1:])
            else:
                x = run_block(block, x)
        return x, sum(maps) / len(maps) if maps else None

    def _attend(self, block, x, tokens, grid, middle, feedback=None):
        """One pass: patches (N, h * w, C)."""
        base, patches = _BASES[self.base], slice(1, None)
        attention = 0
        for query, key in base.attend:
            scores = scaled_similarity(
                tokens[query][:, :, patches], tokens[key])
            if feedback is not None:
                scores = self.sfr_gain * torch.lerp(
                    scores, F.pad(feedback, (1, 0)), self.sfr_weight)
            if base.neighbour_std:
                scores = scores + neighbour_prior(
                    grid, base.neighbour_std)[patches].to(scores)
            attention = attention + scores.softmax(-1)
        if middle is not None:
            attention = self.rcs_gain * torch.lerp(
                attention, middle, self.rcs_weight)
        # (N, heads, h * w, C / heads) -> (N, h * w, C)
        out = (attention @ tokens['v']).transpose(1, 2).flatten(2)
        out = project_out(block, out, x[:, patches] if base.residual else None)
        return feed_forward(block, out) if base.ffn else out

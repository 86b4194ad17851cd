"""GEM: a parallel stream of self-self attention."""
from dataclasses import dataclass

import torch.nn.functional as F

from mmseg_clipzs.clip.attention import attend
from mmseg_clipzs.clip.blocks import (
    project,
    project_out,
    run_block,
    split_heads,
)
from mmseg_clipzs.utils import check_number

from .last_block import patch_keys
from .method import Dense


@dataclass(frozen=True)
class Gem:
    """Grounding Everything Module (GEM, arXiv 2312.00878), section 3.

    A second stream runs in parallel to the last blocks. It starts from their
    input; each block adds the mean of three self-self attentions (qq, kk, vv)
    over the unmodified tokens, without feed-forward.

    Attributes:
        depth (int): Number of blocks with a second stream.
        iterations (int): Self-attention steps on the normalised q, k and v,
            which cluster the tokens.

    Raises:
        UserError: Arguments out of range.
    """
    depth: int = 6
    iterations: int = 1

    def __post_init__(self):
        check_number('depth of GEM', self.depth, '[1, inf)', int)
        check_number('iterations of GEM', self.iterations, '[0, inf)', int)

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`."""
        blocks = visual.transformer.resblocks
        for block in blocks[:-self.depth]:
            x = run_block(block, x)
        stream = x[:, 1:]  # (N, h * w, C), without class token
        for block in blocks[-self.depth:]:
            stream = self._attend(block, block.ln_1(x), stream)
            if block is not blocks[-1]:
                x = run_block(block, x)
        return Dense(stream, grid, patch_keys(blocks[-1], x, keys))

    def _attend(self, block, h, stream):
        """(N, 1 + h * w, C) after ``ln_1``, (N, h * w, C) -> (N, h * w, C)."""
        heads = block.attn.num_heads
        q, k, v = (split_heads(project(block, h, part), heads)
                   for part in 'qkv')  # (N, heads, 1 + h * w, C / heads)
        # Adaptive temperature, one per image.
        sharpness = h.norm(dim=-1).mean(1)[:, None, None, None]
        sharpness = sharpness * v.size(-1)**-0.5
        out = 0
        for x in (q, k, v):
            x = F.normalize(x, dim=-1)
            for _ in range(self.iterations):
                x = F.normalize(attend(
                    sharpness * x, x, x, scale=1.), dim=-1)
            out = out + attend(
                (sharpness * x)[:, :, 1:], x, v, scale=1.)
        out = (out / 3).transpose(1, 2).flatten(2)
        return project_out(block, out, stream)

"""GEM: a second stream of self-self attention through the last blocks."""
from dataclasses import dataclass

import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import project, run_block, split_heads
from mmseg_clipzs.utils import UserError

from .last_block import patch_keys


@dataclass(frozen=True)
class Gem:
    """Grounding everything (GEM, arXiv 2312.00878), section 3.

    Beside the unmodified blocks runs a stream that starts as their input and
    adds in each block, without feed-forward, the mean of three self-self
    attentions (qq, kk, vv) of the unmodified tokens.

    Attributes:
        depth (int): How many blocks, from the last one backwards.
        iterations (int): How often the normalised q, k and v are replaced by
            what they attend to, which draws groups together.

    Raises:
        UserError: Numbers out of range.
    """
    depth: int = 6
    iterations: int = 1

    def __post_init__(self):
        if self.depth < 1 or self.iterations < 0:
            raise UserError('GEM needs depth= of 1 or more and iterations= of '
                            f'0 or more, but got {self.depth} and '
                            f'{self.iterations}.')

    def __call__(self, blocks, x, grid, keys=None):
        """As :meth:`LastBlock.__call__`."""
        for block in blocks[:-self.depth]:
            x = run_block(block, x)
        stream = x[:, 1:]  # (N, h * w, C): the patches alone
        for block in blocks[-self.depth:]:
            stream = stream + self._attend(block, block.ln_1(x))
            if block is not blocks[-1]:
                x = run_block(block, x)
        return stream, patch_keys(blocks[-1], x, keys)

    def _attend(self, block, h):
        """(N, 1 + h * w, C) after ``ln_1`` -> (N, h * w, C)."""
        heads = block.attn.num_heads
        q, k, v = (split_heads(project(block, h, part), heads)
                   for part in 'qkv')  # (N, heads, 1 + h * w, C / heads)
        # Adaptive temperature, one for each image.
        sharpness = h.norm(dim=-1).mean(1)[:, None, None, None]
        sharpness = sharpness * v.size(-1)**-0.5
        out = 0
        for x in (q, k, v):
            x = F.normalize(x, dim=-1)
            for _ in range(self.iterations):
                x = F.normalize(F.scaled_dot_product_attention(
                    sharpness * x, x, x, scale=1.), dim=-1)
            out = out + F.scaled_dot_product_attention(
                (sharpness * x)[:, :, 1:], x, v, scale=1.)
        out = (out / 3).transpose(1, 2).flatten(2)
        return block.ls_1(block.attn.out_proj(out))

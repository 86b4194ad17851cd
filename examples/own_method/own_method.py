"""A last block of one's own, registered as 'sharp'."""
from dataclasses import dataclass

from mmseg_clipzs.clip.blocks import (
    project,
    project_out,
    run_block,
    scaled_similarity,
    split_heads,
)
from mmseg_clipzs.models.backbones.clip_vit import METHODS
from mmseg_clipzs.models.backbones.last_block import patch_keys
from mmseg_clipzs.models.backbones.method import Dense


@dataclass(frozen=True)
class Sharp:
    """Keys against keys, patches only, more sharply than by softmax alone."""
    sharpness: float = 2.

    def __call__(self, visual, x, grid, keys=None, view=None):
        *blocks, last = visual.transformer.resblocks
        for block in blocks:
            x = run_block(block, x)  # (N, 1 + h * w, C), class token first
        h = last.ln_1(x)[:, 1:]
        k, v = (split_heads(project(last, h, part), last.attn.num_heads)
                for part in 'kv')  # (N, heads, h * w, C / heads)
        weights = (self.sharpness * scaled_similarity(k, k)).softmax(-1)
        out = (weights @ v).transpose(1, 2).flatten(2)
        return Dense(project_out(last, out), grid, patch_keys(last, x, keys))


METHODS['sharp'] = Sharp()

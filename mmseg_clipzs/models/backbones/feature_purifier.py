"""SFP: mend outlier tokens, attend by the similarities of a middle layer."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import (
    project,
    run_block,
    run_block_with_attention,
    scaled_similarity,
    split_heads,
)
from mmseg_clipzs.utils import check_number

from .last_block import mix_values, patch_keys
from .layers import LAYERS, check_span, scaled
from .method import Dense
from .self_calibration import replace_outliers
from .similarity import (
    aggregation,
    cosine_similarity,
    cut,
    sharpened_attention,
)


@dataclass(frozen=True)
class FeaturePurifier:
    """Self-adaptive feature purifier (SFP, ICCV 2025).

    As :class:`.SelfCalibration`, from which it differs in the choice of the
    outliers, the cut of the similarities and the attention. Layers are
    numbered from 1 for a model of 12 blocks and scaled in proportion for
    others.

    Attributes:
        similar_layer (int): Layer whose cosine similarities S, outliers
            mended and those below ``threshold`` 0, weight the aggregation
            before the last block and are the attention softmax(3 (S - mean
            S)) over positive values.
        output_layer (int): Layer whose cosine similarities weight the
            aggregation of the output.
        summed_layers (tuple[int]): First and last layer whose sum is the
            second stream.
        threshold (float): Minimum cosine similarity.
        cls_weight (float): Weight of the class token, added to all patches.
        outliers (int): Largest number of patches that are mended: those that
            the class token attends to most in the last block but one ...
        cls_gain (float): ... and ``cls_gain`` times that attention is more
            than they attend to themselves.

    Raises:
        UserError: Arguments out of range.
    """
    similar_layer: int = 9
    output_layer: int = 4
    summed_layers: tuple[int, int] = (4, 10)
    threshold: float = 0.4
    cls_weight: float = 0.3
    outliers: int = 10
    cls_gain: float = 1.5

    def __post_init__(self):
        for name, within, kind in (
            ('similar_layer', LAYERS, int), ('output_layer', LAYERS, int),
            ('threshold', '[-1, 1]', float),
            ('cls_weight', '(-inf, inf)', float),
            ('outliers', '[0, inf)', int), ('cls_gain', '[0, inf)', float)):
            check_number(f'{name} of SFP', getattr(self, name), within, kind)
        check_span('summed_layers', 'SFP', self.summed_layers)

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`."""
        *blocks, block = visual.transformer.resblocks
        layers = [x]
        for one in blocks[:-1]:
            layers.append(run_block(one, layers[-1]))
        x, attention = run_block_with_attention(blocks[-1], layers[-1])
        layers.append(x)
        similar, output, first, last = scaled(
            (self.similar_layer, self.output_layer, *self.summed_layers),
            len(layers))
        outliers = self.find_outliers(attention.mean(1))
        similarity = cut(cosine_similarity(replace_outliers(
            layers[similar][:, 1:], outliers, grid)), self.threshold)
        patches = aggregation(similarity, self.threshold) @ replace_outliers(
            x[:, 1:], outliers, grid)
        attention = sharpened_attention(similarity)[:, None]
        weights = aggregation(
            cosine_similarity(layers[output][:, 1:]), self.threshold)
        total = sum(layers[first:last + 1])
        h = block.ln_1(patches)
        out = self.cls_weight * x[:, :1] + weights @ mix_values(
            block, h, (attention + self._own_attention(block, h)) / 3)
        out = out + self.cls_weight * total[:, :1] + weights @ mix_values(
            block, block.ln_1(total[:, 1:]), attention)
        return Dense(out, grid, patch_keys(block, x, keys))

    def find_outliers(self, attention):
        """Patches that draw the class token's attention.

        Args:
            attention (Tensor): (N, 1 + h * w, 1 + h * w), mean of the heads.

        Returns:
            Tensor: (N, h * w) bool.
        """
        of_class = attention[:, 0, 1:]
        of_itself = attention.diagonal(dim1=1, dim2=2)[:, 1:]
        candidates = self.cls_gain * of_class > of_itself
        # More places than patches, of which a small grid has too few.
        scores = F.pad(of_class.masked_fill(~candidates, -1),
                       (0, self.outliers), value=-1)
        most = scores.topk(self.outliers).indices
        chosen = torch.zeros_like(scores).scatter(1, most, 1.)
        return (chosen[:, :of_class.size(1)] > 0) & candidates

    @staticmethod
    def _own_attention(block, h):
        """Sum of the attention qq and kk, (N, heads, h * w, h * w)."""
        return sum(scaled_similarity(one, one).softmax(-1) for one in (
            split_heads(project(block, h, part), block.attn.num_heads)
            for part in 'qk'))

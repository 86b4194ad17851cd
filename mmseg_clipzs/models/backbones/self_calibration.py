"""SC-CLIP: repair outlier tokens, calibrate with other layers."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import (
    project,
    run_block,
    scaled_similarity,
    split_heads,
)
from mmseg_clipzs.utils import check_number

from .last_block import mix_values, patch_keys
from .layers import LAYERS, check_span, scaled
from .method import Dense
from .similarity import (
    aggregation,
    cosine_similarity,
    diagonal,
    sharpened_attention,
)


@dataclass(frozen=True)
class SelfCalibration:
    """Self-calibrated CLIP (SC-CLIP, arXiv 2411.15869).

    Only patches go through the last block, without residual and
    feed-forward, and the results of two inputs are added: the penultimate
    layer with outlier tokens replaced and similar patches aggregated, and the
    sum of several layers. Layers are numbered from 1 for a model of 12 blocks
    and scaled in proportion for others.

    Attributes:
        similar_layer (int): Layer whose cosine similarities S weight the
            aggregation before the last block and make up half of its
            attention: softmax(3 (S - mean S)) over positive values.
        output_layer (int): Layer whose cosine similarities weight the
            aggregation of the output.
        summed_layers (tuple[int]): First and last layer of the sum.
        threshold (float): Minimum cosine similarity in aggregations.
        cls_weight (float): Weight of the class token, added to all patches.
        neighbours (int): Number of neighbours in the local outlier factor.
        outliers (float): Fraction of patches replaced, in [0, 1).

    Raises:
        UserError: Arguments out of range.
    """
    similar_layer: int = 9
    output_layer: int = 4
    summed_layers: tuple[int, int] = (4, 10)
    threshold: float = 0.4
    cls_weight: float = 0.3
    neighbours: int = 30
    outliers: float = 0.05

    def __post_init__(self):
        for name, within, kind in (
            ('similar_layer', LAYERS, int), ('output_layer', LAYERS, int),
            ('threshold', '[-1, 1]', float),
            ('cls_weight', '(-inf, inf)', float),
            ('neighbours', '[1, inf)', int), ('outliers', '[0, 1)', float)):
            check_number(
                f'{name} of SC-CLIP', getattr(self, name), within, kind)
        check_span('summed_layers', 'SC-CLIP', self.summed_layers)

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`."""
        blocks = visual.transformer.resblocks
        layers = [x]
        for block in blocks[:-1]:
            layers.append(run_block(block, layers[-1]))
        similar, output, first, last = scaled(
            (self.similar_layer, self.output_layer, *self.summed_layers),
            len(blocks))
        x, block = layers[-1], blocks[-1]
        patches = x[:, 1:]  # (N, h * w, C)
        scores = outlier_factor(patches, self.neighbours)
        # Strictly above: identical patches have no outliers.
        outliers = scores > scores.quantile(
            1 - self.outliers, dim=1, keepdim=True)  # (N, h * w)
        similarity = cosine_similarity(
            replace_outliers(layers[similar][:, 1:], outliers, grid))
        patches = aggregation(similarity, self.threshold) @ replace_outliers(
            patches, outliers, grid)
        total = sum(layers[first:last + 1])
        attention = sharpened_attention(similarity)[:, None]
        weights = aggregation(
            cosine_similarity(layers[output][:, 1:]), self.threshold)
        out = 0
        for cls, part in ((x[:, :1], patches), (total[:, :1], total[:, 1:])):
            out = out + self.cls_weight * cls + weights @ self._attend(
                block, part, attention)
        return Dense(out, grid, patch_keys(block, x, keys))

    @staticmethod
    def _attend(block, patches, attention):
        """Output of the last block's attention, averaged with kk."""
        h = block.ln_1(patches)
        k = split_heads(project(block, h, 'k'), block.attn.num_heads)
        own = scaled_similarity(k, k).softmax(-1)
        return mix_values(block, h, (attention + own) / 2)


def outlier_factor(patches, neighbours):
    """Local outlier factor of patches.

    On squared distances, with the distance to the k-th neighbour in place of
    the reachability distance of Breunig et al.

    Args:
        patches (Tensor): (N, L, C).
        neighbours (int): Number of neighbours k.

    Returns:
        Tensor: (N, L) float32, about 1 inside clusters, larger for outliers;
        all 1 if L <= k + 1.
    """
    if patches.size(1) - 1 <= neighbours:
        return patches.new_ones(patches.shape[:2], dtype=torch.float32)
    distances = torch.cdist(patches.float(), patches.float()).square()
    distances = distances.masked_fill(diagonal(distances), torch.inf)
    reach, indices = distances.topk(neighbours, largest=False)
    reach = reach[..., -1].clamp(min=torch.finfo(reach.dtype).eps)
    density = (1 / reach)[:, None].expand_as(distances).gather(2, indices)
    return density.mean(-1) * reach


def replace_outliers(patches, outliers, grid):
    """Replace outlier tokens by the mean of their 3 x 3 neighbourhood.

    Args:
        patches (Tensor): (N, h * w, C).
        outliers (Tensor): (N, h * w) bool; left out of the means. Outliers
            without other neighbours keep their value.
        grid (tuple[int]): (h, w).

    Returns:
        Tensor: (N, h * w, C).
    """
    kept = (~outliers).to(patches)[:, None].unflatten(2, grid)
    maps = patches.transpose(1, 2).unflatten(2, grid)  # (N, C, h, w)
    # Both are averages over 9: the factor cancels.
    total, count = (
        F.avg_pool2d(part, 3, 1, 1) for part in (maps * kept, kept))
    mean = (total / count.clamp(min=1e-6)).flatten(2).transpose(1, 2)
    isolated = (count == 0).flatten(1)  # (N, h * w)
    return torch.where((outliers & ~isolated)[..., None], mean, patches)

"""SC-CLIP: outliers mended, the last block calibrated by other layers."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import project, run_block, split_heads
from mmseg_clipzs.utils import UserError

from .last_block import mix_values, patch_keys

_DEPTH = 12  # blocks of the model whose layers the defaults count


@dataclass(frozen=True)
class SelfCalibration:
    """Self-calibrated CLIP (SC-CLIP, arXiv 2411.15869).

    The patches alone go through the last block, without its residual and
    feed-forward: once the last but one layer's, mended and aggregated, once
    the sum of several layers. Layers are counted from 1, as of a model of 12
    blocks; a deeper model's are scaled in proportion.

    Attributes:
        similar_layer (int): Its cosines S make half of the attention,
            softmax(3 (S - mean S)) over what is positive, and the aggregation
            of the patches before the block.
        output_layer (int): Its cosines aggregate the block's output.
        summed_layers (tuple[int]): First and last of the sum.
        threshold (float): Aggregation leaves out smaller cosines.
        cls_weight (float): Of the class token, which is added to all patches.
        neighbours (int): Of the local outlier factor.
        outliers (float): Share of the patches that are mended, below 1.

    Raises:
        UserError: Numbers out of range.
    """
    similar_layer: int = 9
    output_layer: int = 4
    summed_layers: tuple[int, int] = (4, 10)
    threshold: float = 0.4
    cls_weight: float = 0.3
    neighbours: int = 30
    outliers: float = 0.05

    def __post_init__(self):
        first, last = self.summed_layers
        if not (1 <= first <= last and self.neighbours >= 1
                and 0 <= self.outliers < 1):
            raise UserError(
                'SC-CLIP needs summed_layers= in ascending order, neighbours= '
                'of 1 or more and outliers= in [0, 1), but got '
                f'{self.summed_layers}, {self.neighbours}, {self.outliers}.')

    def __call__(self, blocks, x, grid, keys=None):
        """As :meth:`LastBlock.__call__`."""
        layers = [x]
        for block in blocks[:-1]:
            layers.append(run_block(block, layers[-1]))
        similar, output, first, last = (
            min(max(round(layer * len(blocks) / _DEPTH), 1), len(blocks) - 1)
            for layer in (self.similar_layer, self.output_layer,
                          *self.summed_layers))
        x, block = layers[-1], blocks[-1]
        patches = x[:, 1:]  # (N, h * w, C)
        scores = outlier_factor(patches, self.neighbours)
        # Strictly above, so that patches that are all alike have no outlier.
        outliers = scores > scores.quantile(
            1 - self.outliers, dim=1, keepdim=True)  # (N, h * w)
        similarity = _cosine(mend(layers[similar][:, 1:], outliers, grid))
        patches = self._aggregation(similarity) @ mend(patches, outliers, grid)
        total = sum(layers[first:last + 1])
        attention = _attention(similarity)[:, None]  # (N, 1, h * w, h * w)
        weights = self._aggregation(_cosine(layers[output][:, 1:]))
        out = 0
        for cls, part in ((x[:, :1], patches), (total[:, :1], total[:, 1:])):
            out = out + self.cls_weight * cls + weights @ self._attend(
                block, part, attention)
        return out, patch_keys(block, x, keys)

    def _aggregation(self, similarity):
        """Weights (N, h * w, h * w) of the mean over similar patches."""
        weights = similarity.masked_fill(similarity < self.threshold, 0)
        return F.normalize(weights, p=1, dim=-1)

    @staticmethod
    def _attend(block, patches, attention):
        """The last block's attention output, half of it by the keys."""
        h = block.ln_1(patches)
        k = split_heads(project(block, h, 'k'), block.attn.num_heads)
        own = (k @ k.transpose(-1, -2) * k.size(-1)**-0.5).softmax(-1)
        return mix_values(block, h, (attention + own) / 2)


def _cosine(patches):
    """(N, L, C) -> (N, L, L)."""
    patches = F.normalize(patches, dim=-1)
    return patches @ patches.transpose(1, 2)


def _attention(similarity):
    """Sharpened attention over what is more similar than on average."""
    scores = 3 * (similarity - similarity.mean((1, 2), keepdim=True))
    # Each patch is like itself, whatever rounding says where all are alike.
    scores.diagonal(dim1=1, dim2=2).clamp_(min=0)
    return scores.masked_fill(scores < 0, -torch.inf).softmax(-1)


def outlier_factor(patches, neighbours):
    """How much thinner it is around a patch than around its neighbours.

    A local outlier factor on squared distances, where a patch's reach is the
    distance of its own last neighbour (in Breunig et al. it would not be less
    than that of the other's).

    Args:
        patches (Tensor): (N, L, C).
        neighbours (int): How many.

    Returns:
        Tensor: (N, L) float32, about 1 inside groups, larger for outliers; 1
        where all others would be neighbours and nothing is local.
    """
    if patches.size(1) - 1 <= neighbours:
        return patches.new_ones(patches.shape[:2], dtype=torch.float32)
    distances = torch.cdist(patches.float(), patches.float()).square()
    distances.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    reach, indices = distances.topk(neighbours, largest=False)
    reach = reach[..., -1].clamp(min=torch.finfo(reach.dtype).eps)
    density = (1 / reach)[:, None].expand_as(distances).gather(2, indices)
    return density.mean(-1) * reach


def mend(patches, outliers, grid):
    """Replace outliers by the mean of their neighbours in 3 x 3 patches.

    Args:
        patches (Tensor): (N, h * w, C).
        outliers (Tensor): (N, h * w) bool; they count as no neighbours, and
            one that has no others stays as it is.
        grid (tuple[int]): (h, w).

    Returns:
        Tensor: (N, h * w, C).
    """
    kept = (~outliers).to(patches)[:, None].unflatten(2, grid)
    maps = patches.transpose(1, 2).unflatten(2, grid)  # (N, C, h, w)
    # Both are divided by 9.
    total, count = (
        F.avg_pool2d(part, 3, 1, 1) for part in (maps * kept, kept))
    mean = (total / count.clamp(min=1e-6)).flatten(2).transpose(1, 2)
    lonely = (count == 0).flatten(1)  # (N, h * w)
    return torch.where((outliers & ~lonely)[..., None], mean, patches)

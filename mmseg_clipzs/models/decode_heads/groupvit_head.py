from typing import NamedTuple

import torch
from mmseg.models.utils import resize
from mmseg.registry import MODELS

from mmseg_clipzs.utils import check_number

from .text_head import TextHead


class GroupFeatures(NamedTuple):
    """Embeddings of N images and of their groups.

    Attributes:
        image (Tensor): (N, D), unit length.
        groups (Tensor): (N, G, D), unit length.
        assignments (tuple[Tensor]): See ``Grouping``.
        grid (tuple[int]): (h, w) in patches.
    """
    image: torch.Tensor
    groups: torch.Tensor
    assignments: tuple[torch.Tensor, ...]
    grid: tuple[int, int]


@MODELS.register_module()
class GroupViTHead(TextHead):
    """Classify groups and assign their classes to the pixels.

    GroupViT (arXiv 2202.11094), section 3.3; details in ``docs/groupvit.md``.

    Args:
        in_channels (int): Width D of the joint embedding space; set by the
            segmentor.
        topk (int): Number of candidate classes: the best ones for the image as
            a whole.

    Raises:
        UserError: ``topk`` below 1.
    """

    def __init__(self, in_channels, topk=5, **kwargs):
        super().__init__(in_channels, **kwargs)
        check_number('topk', topk, '[1, inf)', int)
        self.topk = topk

    def forward(self, inputs):
        """Compare images and groups with the words.

        Args:
            inputs (GroupFeatures): Features of N images.

        Returns:
            Tensor: (N, Q, 1 + G) cosines of the image and of its groups.
        """
        features = torch.cat([inputs.image[:, None], inputs.groups], dim=1)
        return self.text_like(features) @ features.transpose(1, 2)

    def score(self, logits):
        """Probability of each class for each group.

        Args:
            logits (Tensor): (N, C, 1 + G) scaled cosines of the image and of
                its groups.

        Returns:
            Tensor: (N, C, G) in [0, 1]: softmax over all classes, times the
            softmax over the ``topk`` classes of the image.
        """
        image, groups = logits[..., :1], logits[..., 1:]
        # Classes before each one; of equal classes the first ones are kept.
        # ONNX has no stable sort.
        others = image.transpose(1, 2)  # (N, 1, C)
        index = torch.arange(image.size(1), device=image.device)
        before = (others > image) | (
            (others == image) & (index < index[:, None]))
        out = before.sum(2, keepdim=True) >= self.topk
        likely = groups.masked_fill(out, -torch.inf)
        return groups.softmax(1) * likely.softmax(1)

    def group_maps(self, inputs, size):
        """Group of each pixel after each stage.

        The soft assignments of the stages are multiplied and upsampled before
        the best group is taken.

        Args:
            inputs (GroupFeatures): Features of N images.
            size (tuple[int]): (H, W).

        Returns:
            list[Tensor]: (N, H, W) int64 for each stage; the last one holds
            the final groups.
        """
        return [self._best_group(product, inputs.grid, size)
                for product in self._products(inputs)]

    def final_groups(self, inputs, size):
        """Final group of each pixel, the last of :meth:`group_maps`.

        Args:
            inputs (GroupFeatures): Features of N images.
            size (tuple[int]): (H, W).

        Returns:
            Tensor: (N, H, W) int64.
        """
        return self._best_group(
            self._products(inputs)[-1], inputs.grid, size)

    @staticmethod
    def _products(inputs):
        """Soft assignment of the patches after each stage, (N, G_i, hw)."""
        products = [inputs.assignments[0]]
        for assignment in inputs.assignments[1:]:
            # (N, G_i, G_i-1) @ (N, G_i-1, hw) -> (N, G_i, hw)
            products.append(assignment @ products[-1])
        return products

    def _best_group(self, product, grid, size):
        product = resize(
            product.unflatten(2, grid), size=size, mode='bilinear',
            align_corners=self.align_corners)
        return product.max(1).indices  # the first; faster than argmax

    @staticmethod
    def paint(scores, groups):
        """Map the scores of groups to their pixels.

        Args:
            scores (Tensor): (N, C, G).
            groups (Tensor): (N, H, W) int64.

        Returns:
            Tensor: (N, C, H, W).
        """
        if torch.compiler.is_compiling():  # a loop would fix N
            index = groups.flatten(1)[:, None].expand(-1, scores.size(1), -1)
            return scores.gather(2, index).unflatten(2, groups.shape[1:])
        return torch.stack([
            each.index_select(1, index.flatten()).unflatten(
                1, index.shape) for each, index in zip(scores, groups)])

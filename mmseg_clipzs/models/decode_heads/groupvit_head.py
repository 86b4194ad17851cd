from typing import NamedTuple

import torch
from mmseg.models.utils import resize
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError

from .text_head import TextHead


class GroupFeatures(NamedTuple):
    """Pictures and their groups in the joint space.

    Attributes:
        image (Tensor): (N, D), length 1.
        groups (Tensor): (N, G, D), length 1.
        assignments (tuple[Tensor]): As of ``Grouping``.
        grid (tuple[int]): (h, w), patches.
    """
    image: torch.Tensor
    groups: torch.Tensor
    assignments: tuple[torch.Tensor, ...]
    grid: tuple[int, int]


@MODELS.register_module()
class GroupViTHead(TextHead):
    """Classify groups, then paint them.

    GroupViT (arXiv 2202.11094), section 3.3; details as in
    ``docs/groupvit.md``.

    Args:
        in_channels (int): Width D of the joint space; the segmentor fills it
            in.
        topk (int): Only so many classes, the best of the whole picture, can
            occur in it.

    Raises:
        UserError: ``topk`` below 1.
    """

    def __init__(self, in_channels, topk=5, **kwargs):
        super().__init__(in_channels, **kwargs)
        if topk < 1:
            raise UserError(f'topk is 1 or more, but got {topk}.')
        self.topk = topk

    def forward(self, inputs):
        """Compare with the words.

        Args:
            inputs (GroupFeatures): Of N pictures.

        Returns:
            Tensor: (N, Q, 1 + G) cosines of the picture and of its groups.
        """
        features = torch.cat([inputs.image[:, None], inputs.groups], dim=1)
        return self.text_like(features) @ features.transpose(1, 2)

    def score(self, logits):
        """Probabilities of the classes in each group.

        Args:
            logits (Tensor): (N, C, 1 + G) scaled cosines of the picture and
                of its groups.

        Returns:
            Tensor: (N, C, G): softmax over the classes, times the softmax
            over the picture's best classes alone.
        """
        image, groups = logits[..., :1], logits[..., 1:]
        best = image.topk(min(self.topk, image.size(1)), dim=1).indices
        out = torch.ones_like(image, dtype=torch.bool).scatter(1, best, False)
        likely = groups.masked_fill(out, -torch.inf)
        return groups.softmax(1) * likely.softmax(1)

    def group_maps(self, inputs, size):
        """Which group each pixel belongs to, after each stage.

        The soft assignments of the stages are multiplied and brought to the
        picture's size before the best group is taken.

        Args:
            inputs (GroupFeatures): Of N pictures.
            size (tuple[int]): (H, W).

        Returns:
            list[Tensor]: (N, H, W) int64 for each stage; the last one holds
            the final groups.
        """
        return [self._best_group(product, inputs.grid, size)
                for product in self._products(inputs)]

    def final_groups(self, inputs, size):
        """The last of :meth:`group_maps`, without the others.

        Args:
            inputs (GroupFeatures): Of N pictures.
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
        return product.argmax(1)

    def paint(self, scores, groups):
        """Give each pixel the scores of its group.

        Args:
            scores (Tensor): (N, C, G).
            groups (Tensor): (N, H, W) int64.

        Returns:
            Tensor: (N, C, H, W).
        """
        index = groups.flatten(1)[:, None].expand(-1, scores.size(1), -1)
        return scores.gather(2, index).unflatten(2, groups.shape[1:])

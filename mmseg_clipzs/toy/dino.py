"""DINO's and iBOT's objective: agreement of a student with its own average.

`DINO <https://arxiv.org/abs/2104.14294>`_ for the class token across crops of
a scene, `iBOT <https://arxiv.org/abs/2111.07832>`_ for the patches that are
hidden from the student.
"""
import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

_STUDENT_TEMPERATURE = .1
_TEACHER_TEMPERATURES = .04, .05  # at first, after _RISE of all steps
_RISE = .3
_CENTRE_MOMENTUM = .9


class Branch(nn.Module):
    """A Vision Transformer with the head that both kinds of tokens share.

    Args:
        network (nn.Module): timm's ``VisionTransformer`` of width C, without
            classifier, for images of any size.
        prototypes (int): K.
        hidden (int): Width of the head.
        bottleneck (int): Dimensions of the space of the prototypes.
    """

    def __init__(self, network, prototypes, hidden=384, bottleneck=96):
        super().__init__()
        width = network.embed_dim
        self.network = network
        self.mask_token = nn.Parameter(torch.zeros(width))
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(),
            nn.Linear(hidden, hidden), nn.GELU(),
            nn.Linear(hidden, bottleneck))
        for layer in self.mlp[::2]:
            nn.init.trunc_normal_(layer.weight, std=.02)
            nn.init.zeros_(layer.bias)
        self.prototypes = nn.Parameter(torch.randn(prototypes, bottleneck))

    def forward(self, images, masks=None):
        """Normed output tokens.

        Args:
            images (Tensor): (N, 3, H, W) float, normalised.
            masks (Tensor, optional): (N, h, w) bool, hidden patches.

        Returns:
            Tensor: (N, 1 + h * w, C), class token first.
        """
        network = self.network
        x = network.patch_embed(images)  # (N, h, w, C)
        if masks is not None:
            x = torch.where(masks[..., None], self.mask_token.to(x.dtype), x)
        return network.norm(network.blocks(network._pos_embed(x)))

    def score(self, tokens):
        """Cosines with the prototypes: (..., C) -> (..., K) float32."""
        return F.linear(F.normalize(self.mlp(tokens).float(), dim=-1),
                        F.normalize(self.prototypes, dim=-1)).float()


class SelfDistillation(nn.Module):
    """A student, and a teacher that averages its weights.

    Args:
        network (nn.Module): See :class:`Branch`.
        recipe (ToyDinoRecipe): Hyperparameters.
    """

    def __init__(self, network, recipe):
        super().__init__()
        self.recipe = recipe
        self.student = Branch(network, recipe.prototypes)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        for block in network.blocks:  # twice as fast as the fused kernel
            block.attn.fused_attn = False
        for name in ('class_centre', 'patch_centre'):
            self.register_buffer(name, torch.zeros(recipe.prototypes))

    def forward(self, large, small, masks, step):
        """The losses of a step; moves the centres.

        Args:
            large (Sequence[Tensor]): Two crops of each scene, (N, 3, H, W)
                float, normalised.
            small (Sequence[Tensor]): Further crops of each scene, of another
                size.
            masks (Tensor): (2 * N, h, w) bool, hidden patches of ``large``.
            step (int): For the temperature.

        Returns:
            tuple[Tensor]: Mean cross-entropies of class tokens and of hidden
            patches, scalars.
        """
        student, teacher, chosen = self.student, self.teacher, masks.flatten(1)
        images = torch.cat(tuple(large))
        with torch.no_grad():
            tokens = teacher(images)
            class_goals = self._goals(
                teacher.score(tokens[:, 0]), self.class_centre, step)
            patch_goals = self._goals(
                teacher.score(tokens[:, 1:][chosen]), self.patch_centre, step)
        tokens = student(images, masks)
        views = student.score(tokens[:, 0]).chunk(2)
        patches = student.score(tokens[:, 1:][chosen])
        if len(small):
            views += student.score(student(torch.cat(tuple(small)))[:, 0]
                                   ).chunk(len(small))
        class_loss = torch.stack([
            cross_entropy(view, goal).mean()
            for i, goal in enumerate(class_goals.chunk(2))
            for j, view in enumerate(views) if i != j]).mean()
        return class_loss, mean_per_image(
            cross_entropy(patches, patch_goals), chosen)

    def _goals(self, scores, centre, step):
        """The teacher's distributions: (M, K) cosines -> (M, K)."""
        low, high = _TEACHER_TEMPERATURES
        rise = min(1, step / (_RISE * self.recipe.steps))
        goals = ((scores - centre) / (low + (high - low) * rise)).softmax(-1)
        if len(scores):
            centre.lerp_(scores.mean(0), 1 - _CENTRE_MOMENTUM)
        return goals

    @torch.no_grad()
    def follow(self, step):
        """Move the teacher towards the student after a step."""
        share = (1 - self.recipe.momentum) * .5 * (
            1 + np.cos(np.pi * step / self.recipe.steps))
        for own, new in zip(self.teacher.parameters(),
                            self.student.parameters()):
            own.lerp_(new, share)


def cross_entropy(scores, goals):
    """Of the student's cosines (M, K) with distributions (M, K): (M, )."""
    return -(goals * (scores / _STUDENT_TEMPERATURE).log_softmax(-1)).sum(-1)


def mean_per_image(values, chosen):
    """Mean over the chosen patches of an image, then over images.

    Args:
        values (Tensor): (M, ) float, one for each True in ``chosen``.
        chosen (Tensor): (N, L) bool.

    Returns:
        Tensor: Scalar; 0 if nothing is chosen.
    """
    counts = chosen.sum(1)
    weights = (1 / counts.clamp(min=1))[:, None].expand_as(chosen)[chosen]
    return (values * weights).sum() / (counts > 0).sum().clamp(min=1)


def block_masks(rng, count, side, share):
    """Hide rectangles of patches in every second image, as iBOT does.

    Args:
        rng (np.random.Generator): The only source of randomness.
        count (int): Number of images, N.
        side (int): Patches per side.
        share (float): Mean share of hidden patches; each image has its own,
            from half to one and a half of it, rounded up to whole rectangles.

    Returns:
        Tensor: (N, side, side) bool.
    """
    masks = np.zeros((count, side, side), bool)
    for mask in masks[:: 2 if share else count + 1]:
        goal = share * rng.uniform(.5, 1.5) * mask.size
        while mask.sum() < goal:
            h, w = rng.integers(2, side // 2 + 2, 2)
            y, x = rng.integers(0, side - h + 1), rng.integers(0, side - w + 1)
            mask[y:y + h, x:x + w] = True
    return torch.from_numpy(masks)

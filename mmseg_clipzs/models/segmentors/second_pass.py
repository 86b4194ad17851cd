"""Labels of patches, for backbones that want to see their predictions."""
import math

import torch
import torch.nn.functional as F

from .pamr import check_pamr, refine
from .upsampling import first_argmax


@torch.no_grad()
def label_patches(second, scores, align_corners, log_probabilities):
    """The most frequent word of each patch, from the scores of a first pass.

    Each image by itself, whatever the batch: scores are upsampled to its
    pixels, refined along its edges and turned into probabilities; the pixels
    of a patch vote.

    Args:
        second (SecondPass): Images, their patches and options.
        scores (Tensor): (N, Q, h, w) of the words.
        align_corners (bool): See ``torch.nn.functional.interpolate``.
        log_probabilities (Callable): Scores (1, Q, H, W) -> log-probabilities
            of the words.

    Returns:
        Tensor: (N, h, w) int64 in [0, Q); of equally frequent words the
        first.
    """
    (height, width), pamr = second.patch_size, check_pamr({})
    count, *grid = scores.shape[1:]
    labels = []
    for image, maps in zip(second.images.float(), scores.float()):
        maps = F.interpolate(maps[None], size=image.shape[1:],
                             mode='bilinear', align_corners=align_corners)
        if second.pamr:
            maps = refine(image[None], maps, **pamr)
        log_p = log_probabilities(maps)[0]  # (Q, H, W)
        words = first_argmax(log_p)
        if second.threshold:
            words = words.masked_fill(
                log_p.amax(0) < math.log(second.threshold), 0)
        # Rows and columns beyond the last patch do not belong to any.
        words = words[:grid[0] * height, :grid[1] * width].unflatten(
            1, (-1, width)).unflatten(0, (-1, height))  # (h, p, w, p)
        votes = torch.zeros(
            *grid, count, dtype=torch.int32, device=words.device)
        words = words.transpose(1, 2).flatten(2)  # (h, w, p * p)
        votes.scatter_add_(2, words, torch.ones_like(
            words, dtype=votes.dtype))
        labels.append(first_argmax(votes.movedim(2, 0)))
    return torch.stack(labels)

"""Attention made of the cosine similarities of patches."""
import torch
import torch.nn.functional as F


def cosine_similarity(patches):
    """Cosines of all pairs: (N, L, C) -> (N, L, L)."""
    patches = F.normalize(patches, dim=-1)
    return patches @ patches.transpose(1, 2)


def cut(similarity, threshold):
    """Similarities (N, L, L), those below the threshold 0."""
    return similarity.masked_fill(similarity < threshold, 0)


def aggregation(similarity, threshold):
    """Weights (N, L, L) of averages over patches similar by a threshold."""
    return F.normalize(cut(similarity, threshold), p=1, dim=-1)


def diagonal(scores):
    """(L, L) bool, whether a location of (N, L, L) is compared with itself."""
    index = torch.arange(scores.size(1), device=scores.device)
    return index == index[:, None]


def sharpened_attention(similarity, beta=1., gamma=3.):
    """Attention over the patches that are more similar than most.

    softmax(gamma (S - beta mean S)) over its positive values; the mean is the
    image's. A patch attends to itself in any case: for identical patches
    nothing else may be above the mean.

    Args:
        similarity (Tensor): (N, L, L), S.
        beta (float): Factor of the mean.
        gamma (float): Sharpness.

    Returns:
        Tensor: (N, L, L), rows of sum 1.
    """
    scores = gamma * (similarity - beta * similarity.mean(
        (1, 2), keepdim=True))
    dissimilar = (scores < 0) & ~diagonal(scores)
    return scores.masked_fill(dissimilar, -torch.inf).softmax(-1)

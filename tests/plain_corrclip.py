"""CorrCLIP's equations, one patch, region and image at a time."""
import math

import torch
from plain_vit import cosines
from sklearn.cluster import DBSCAN


def near(labels, size):
    """Nearest cells of a grid (list of rows) on another one."""
    h, w = len(labels), len(labels[0])
    return [[labels[y * h // size[0]][x * w // size[1]]
             for x in range(size[1])] for y in range(size[0])]


def stretched(maps, size):
    """Bilinear, half-pixel centres: (h, w, C) -> (I, J, C)."""
    rows, columns = (_linear(old, new) for old, new in zip(
        maps.shape[:2], size))
    return torch.einsum('ih,jw,hwc->ijc', rows, columns, maps)


def _linear(old, new):
    matrix = torch.zeros(new, old)
    for i in range(new):
        centre = min(max((i + 0.5) * old / new - 0.5, 0), old - 1)
        low = min(int(centre), old - 1)
        matrix[i, low] += 1 - (centre - low)
        matrix[i, min(low + 1, old - 1)] += centre - low
    return matrix


def merged_regions(regions, features, lowest):
    """Regions of patches, similar ones merged; 0 = unsegmented.

    Args:
        regions (list[list[int]]): On the proxy's grid.
        features (Tensor): (I, J, C).
        lowest (bool): The lowest id, not 0, is unsegmented.
    """
    flat = [id_ for row in regions for id_ in row]
    bare = min(flat) if lowest else 0
    ids = sorted(set(flat) - {bare})
    features = features.flatten(0, 1)
    features = features / features.norm(dim=1, keepdim=True)
    new = {bare: 0}
    if ids:
        means = [torch.stack([f for f, id_ in zip(features, flat)
                              if id_ == each]).mean(0) for each in ids]
        similarity = cosines(torch.stack(means))
        distance = (similarity.max() - similarity).clamp(min=0)
        new.update((id_, int(label) + 1) for id_, label in zip(ids, DBSCAN(
            eps=0.2, min_samples=1, metric='precomputed').fit_predict(
                distance.numpy())))
    return [[new[id_] for id_ in row] for row in regions]


def attention(features, labels):
    """(I, J, C), list of rows -> (I * J, I * J)."""
    similarity = cosines(features.flatten(0, 1))
    mean, similarity = similarity.mean().item(), similarity.tolist()
    labels = [id_ for row in labels for id_ in row]
    weights = torch.tensor([
        [math.exp(4 * cosine) if i == j or (
            a == b if a and b else cosine > mean) else 0.
         for j, (b, cosine) in enumerate(zip(labels, row))]
        for i, (a, row) in enumerate(zip(labels, similarity))])
    return weights / weights.sum(1, keepdim=True)


def region_token(plain, layers, names, patches):
    """A class token that sees the class token and some patches."""
    token = layers[0][:1]
    for x, name in zip(layers, names):
        x = torch.cat([token, x[:1], x[1:][patches]])
        # The token is the query of the first row, and nobody's key.
        prior = torch.zeros(len(x), len(x))
        prior[:, 0] = -torch.inf
        token = plain.block(x, name, prior=prior)[:1]
    return token[0]


def dense(plain, layers, grid, proxy, regions, lowest=False, spatial=None):
    """Features of an image.

    Args:
        plain (PlainViT): CLIP's image tower.
        layers (list[Tensor]): Inputs of its blocks.
        grid (tuple[int]): CLIP's.
        proxy (Tensor): (C, I, J).
        regions (Tensor): (H, W).
        lowest (bool): See :func:`merged_regions`.
        spatial (Sequence[int]): Layers of the spatial branch, from 1.

    Returns:
        Tensor: (D, I, J).
    """
    fine, name = tuple(proxy.shape[1:]), plain.names[-1]
    features = proxy.permute(1, 2, 0)
    labels = merged_regions(near(regions.tolist(), fine), features, lowest)
    coarse = near(labels, grid)
    weights = attention(features, labels)
    means = sum(layers[i] for i in spatial) / len(spatial)
    out = 0
    for x in (layers[-1], means):
        h = plain.norm(x[1:], f'{name}.ln_1')
        v = torch.cat(plain.heads_of(h, name, 'v'), 1)
        v = stretched(v.unflatten(0, grid), fine).flatten(0, 1)
        out = out + plain.norm(plain.linear(
            weights @ v, f'{name}.attn.out_proj'), 'visual.ln_post')
    where = torch.tensor(coarse).flatten()
    tokens = {label: plain.norm(region_token(
        plain, layers, plain.names, where == label), 'visual.ln_post')
        for label in set(where.tolist())}
    out = out + 0.5 * torch.stack(
        [tokens[label] for row in near(coarse, fine) for label in row])
    return (out @ plain.state['visual.proj']).T.unflatten(1, fine)

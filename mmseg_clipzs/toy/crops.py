"""Random crops of a batch of scenes, for training without labels."""
import math

import numpy as np
import torch
import torch.nn.functional as F

_GREY = torch.tensor([.299, .587, .114])


def random_crops(rng, images, size, area, jitter=.4, hue=.1, grey=.1):
    """Crop, flip and recolour each image of a batch at random.

    Args:
        rng (np.random.Generator): The only source of randomness.
        images (Tensor): (N, 3, H, W) float RGB in [0, 1].
        size (int): Side of the square results in pixels.
        area (tuple[float]): Least and largest share of the image's area.
        jitter (float): Brightness and contrast change by a factor of up to
            1 +- jitter, saturation by half as much, in four of five crops.
        hue (float): Largest turn of the hue, as a share of the circle.
        grey (float): Share of crops without colour.

    Returns:
        Tensor: (N, 3, size, size) float in [0, 1].
    """
    crops = _cut(rng, images, size, area)
    count = len(crops)
    coloured = _turn_hue(crops * _factors(rng, count, jitter),
                         _draw(rng, count, -hue, hue))
    mean = coloured.mean((1, 2, 3), keepdim=True)
    coloured = mean + (coloured - mean) * _factors(rng, count, jitter)
    luma = _luma(coloured)
    coloured = luma + (coloured - luma) * _factors(rng, count, jitter / 2)
    crops = torch.where(_chosen(rng, count, .8), coloured, crops)
    crops = torch.where(_chosen(rng, count, grey), _luma(crops), crops)
    return crops.clamp(0, 1)


def _cut(rng, images, size, area):
    count = len(images)
    share = _draw(rng, count, *area)
    aspect = _draw(rng, count, -math.log(4 / 3), math.log(4 / 3)).exp()
    width = (share * aspect).sqrt().clamp(max=1)
    height = (share / aspect).sqrt().clamp(max=1)
    flip = torch.where(torch.from_numpy(rng.random(count) < .5), -1., 1.)
    theta = images.new_zeros(count, 2, 3)  # in units of half an image
    theta[:, 0, 0], theta[:, 1, 1] = width * flip, height
    theta[:, 0, 2] = (1 - width) * _draw(rng, count, -1, 1)
    theta[:, 1, 2] = (1 - height) * _draw(rng, count, -1, 1)
    grid = F.affine_grid(theta, (count, 3, size, size), align_corners=False)
    return F.grid_sample(images, grid, padding_mode='border',
                         align_corners=False)


def _turn_hue(images, turns):
    """Turn colours around the grey axis; ``turns`` (N, ) of the circle."""
    cos, sin = (2 * math.pi * turns).cos(), (2 * math.pi * turns).sin() / 3**.5
    same, before, after = (cos + (1 - cos) / 3, (1 - cos) / 3 - sin,
                           (1 - cos) / 3 + sin)
    matrix = torch.stack([same, before, after, after, same, before,
                          before, after, same], 1).view(-1, 3, 3)
    return torch.einsum('nij,njhw->nihw', matrix, images)


def _luma(images):
    return torch.einsum('c,nchw->nhw', _GREY, images)[:, None].expand_as(
        images)


def _draw(rng, count, low, high):
    """(count, ) float32."""
    return torch.from_numpy(rng.uniform(low, high, count).astype(np.float32))


def _factors(rng, count, jitter):
    return _draw(rng, count, 1 - jitter, 1 + jitter).view(-1, 1, 1, 1)


def _chosen(rng, count, share):
    return torch.from_numpy(rng.random(count) < share).view(-1, 1, 1, 1)

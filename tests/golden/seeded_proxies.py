"""Seeded DINO networks under timm's names, and region maps, for the arrays.

Every value is also a float16 number; values come from
``numpy.random.Generator(PCG64(seed))``, one draw per key, in sorted order.
"""
import hashlib
import math

import numpy as np

VIT = {
    'vit_base_patch8_224.dino': dict(width=768, layers=12, patch=8, grid=28),
    'vit_base_patch16_224.dino': dict(width=768, layers=12, patch=16, grid=14),
    'vit_small_patch8_224.dino': dict(width=384, layers=12, patch=8, grid=28),
    'vit_small_patch16_224.dino': dict(
        width=384, layers=12, patch=16, grid=14),
}


def _normal(std=1., mean=0.):
    return lambda rng, shape: mean + std * rng.standard_normal(
        shape, dtype=np.float32)


def _fan_in(gain=1.):
    """N(0, gain^2 / fan_in) for a weight of shape (out, in, ...)."""
    return lambda rng, shape: rng.standard_normal(
        shape, dtype=np.float32) * (gain / math.sqrt(np.prod(shape[1:])))


def _qkv(gain):
    """Packed (3d, d) projection whose query and key rows have a larger gain,
    which keeps the attention away from uniform."""

    def draw(rng, shape):
        weight = _fan_in()(rng, shape)
        weight[:2 * shape[1]] *= gain
        return weight

    return draw


def _layer_norm(spec, name, width):
    spec[f'{name}.weight'] = (width, ), _normal(.1, 1.)
    spec[f'{name}.bias'] = (width, ), _normal(.05)


def _linear(spec, name, out_width, in_width, gain=1.):
    spec[f'{name}.weight'] = (out_width, in_width), _fan_in(gain)
    spec[f'{name}.bias'] = (out_width, ), _normal(.05)


def _specification(name):
    """``{key: (shape, draw)}``."""
    if name not in VIT:
        raise ValueError(f'unknown model {name!r}; available: {sorted(VIT)}')
    model = VIT[name]
    width, patch, grid = model['width'], model['patch'], model['grid']
    spec = {}
    spec['cls_token'] = (1, 1, width), _normal(.3)
    spec['pos_embed'] = (1, grid**2 + 1, width), _normal(.3)
    spec['patch_embed.proj.weight'] = (width, 3, patch, patch), _fan_in()
    spec['patch_embed.proj.bias'] = (width, ), _normal(.05)
    for i in range(model['layers']):
        block = f'blocks.{i}'
        _layer_norm(spec, f'{block}.norm1', width)
        spec[f'{block}.attn.qkv.weight'] = (3 * width, width), _qkv(1.4)
        spec[f'{block}.attn.qkv.bias'] = (3 * width, ), _normal(.05)
        _linear(spec, f'{block}.attn.proj', width, width, .7)
        _layer_norm(spec, f'{block}.norm2', width)
        _linear(spec, f'{block}.mlp.fc1', 4 * width, width)
        _linear(spec, f'{block}.mlp.fc2', width, 4 * width, .7)
    _layer_norm(spec, 'norm', width)
    return spec


def arrays(name, seed):
    """``{key: float32 array}`` of the model ``name``, without PyTorch."""
    rng = np.random.Generator(np.random.PCG64(seed))
    spec = _specification(name)
    out = {}
    for key in sorted(spec):
        shape, draw = spec[key]
        out[key] = draw(rng, shape).astype(np.float16).astype(np.float32)
    return out


def fingerprint(name, seed):
    """SHA-256 over the sorted keys and the raw bytes of their values."""
    digest = hashlib.sha256()
    for key, value in sorted(arrays(name, seed).items()):
        digest.update(key.encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def state_dict(name, seed):
    """``{key: torch.Tensor}`` (float32)."""
    import torch
    return {
        key: torch.from_numpy(np.array(value))
        for key, value in arrays(name, seed).items()
    }


def seeded_regions(height, width, seed, count=9, without=2):
    """int32 label map ``(height, width)``: the cells nearest to ``count``
    random points, numbered from 1; the last ``without`` of them are 0 (no
    region)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    points = rng.random((count, 2)) * (height, width)
    rows, cols = np.mgrid[:height, :width] + .5
    distance = ((rows[..., None] - points[:, 0])**2 +
                (cols[..., None] - points[:, 1])**2)
    label = distance.argmin(axis=-1).astype(np.int32) + 1
    label[label > count - without] = 0
    return label


def seeded_masks(height, width, seed, count=7):
    """bool ``(count, height, width)``: ellipses that overlap one another."""
    rng = np.random.Generator(np.random.PCG64(seed))
    centre = rng.random((count, 2)) * (height, width)
    radius = (.1 + .3 * rng.random((count, 2))) * (height, width)
    rows, cols = np.mgrid[:height, :width] + .5
    return np.stack([((rows - c[0]) / r[0])**2 + ((cols - c[1]) / r[1])**2 < 1
                     for c, r in zip(centre, radius)])

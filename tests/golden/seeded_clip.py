"""Seeded weights under OpenAI's names, and inputs, for the stored CLIP arrays.

Names and shapes are open_clip's. Values are drawn in the order of the sorted
names from one PCG64 stream per model and rounded to float16, so that a
half-precision file is exact. Random scales avoid uniform attention and
identical features.
"""
import hashlib
import math
import re
from functools import lru_cache

import numpy as np
import open_clip
import torch
from torch import nn


def _rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


def _normal(std, mean=0.):
    return lambda z: mean + std * z


def _by_inputs(gain=1.):
    """Variance gain^2 / inputs, for a weight of shape (outputs, inputs...)."""
    return lambda z: z * (gain / math.sqrt(math.prod(z.shape[1:])))


def _centred(gain):
    """:func:`_by_inputs` with a zero mean over the inputs of each output.

    After a ReLU, this keeps the positions of a random ResNet from being
    almost parallel.
    """
    def draw(z):
        z = _by_inputs(gain)(z)
        return z - z.mean(axis=tuple(range(1, z.ndim)), keepdims=True)

    return draw


def _query_key_value(z):
    """Queries and keys 1.4 times larger than values."""
    z = _by_inputs()(z)
    z[:2 * z.shape[1]] *= 1.4
    return z


def _by_rows(z):
    """Variance 1 / inputs, for a matrix of shape (inputs, outputs)."""
    return z * (1 / math.sqrt(len(z)))


CONSTANTS = {'logit_scale': math.log(100), 'num_batches_tracked': 0}
RULES = [  # the first matching pattern applies
    (r'running_var', lambda z: 1 + .2 * np.abs(z)),
    (r'running_mean|bias', _normal(.05)),
    (r'layer\d.*bn3\.weight', _normal(.1 * .4, .4)),
    (r'(ln_\w+|bn\d|downsample\.1)\.weight', _normal(.1, 1.)),
    (r'embedding', _normal(.3)),
    (r'in_proj_weight', _query_key_value),
    (r'(out_proj|mlp\.c_proj)\.weight', _by_inputs(.7)),
    (r'[qk]_proj\.weight', _centred(2.)),
    (r'v_proj\.weight', _centred(1.)),
    (r'(c_fc|attnpool\.c_proj)\.weight', _by_inputs()),
    (r'proj(ection)?$', _by_rows),
]
STEMS = {'ViT-B-16': _by_inputs(), 'RN50': _by_inputs(1.1)}
CONVOLUTION = _centred(1.8)  # after a ReLU


def _rule(model, name):
    if name == 'visual.conv1.weight':
        return STEMS[model]
    return next((rule for pattern, rule in RULES if re.search(pattern, name)),
                CONVOLUTION)


@lru_cache(1)  # 600 MB
def arrays(model, seed):
    """Values of all parameters and buffers.

    Args:
        model (str): 'ViT-B-16' or 'RN50'.
        seed (int): Seed of the stream.

    Returns:
        dict[str, ndarray]: Name -> float32 (int64 for counters), sorted.
    """
    with torch.device('meta'):
        shapes = open_clip.CLIP(
            **open_clip.get_model_config(model)).state_dict()
    rng, values = _rng(seed), {}
    for name in sorted(shapes):
        shape = tuple(shapes[name].shape)
        constant = CONSTANTS.get(name.rpartition('.')[2])
        if constant is None:
            value = _rule(model, name)(
                rng.standard_normal(shape, dtype=np.float32))
        else:
            value = np.full(shape, constant, np.float32)
        values[name] = value.astype(np.float16).astype(
            np.int64 if constant == 0 else np.float32)
    return values


def fingerprint(values):
    """SHA-256 over the names and bytes of :func:`arrays`."""
    digest = hashlib.sha256()
    for name, value in values.items():
        digest.update(name.encode() + value.tobytes())
    return digest.hexdigest()


def state_dict(model, seed):
    """dict[str, Tensor]: :func:`arrays` as tensors."""
    return {name: torch.from_numpy(value)
            for name, value in arrays(model, seed).items()}


def save_openai_archive(path, model, seed):
    """Write a TorchScript archive in the layout of OpenAI's downloads.

    Products are in float16, embeddings and normalisations in float32; three
    integers describe the model. It contains no code.
    """
    state = {
        name: value if re.search(r'embedding|ln_|bn\d|downsample\.1|_tracked'
                                 '|logit_scale', name) else value.half()
        for name, value in state_dict(model, seed).items()}
    state.update(input_resolution=torch.tensor(224),
                 context_length=torch.tensor(77),
                 vocab_size=torch.tensor(49408))
    torch.jit.script(_module_tree(state)).save(str(path))


def _module_tree(state):
    module, children = nn.Module(), {}
    for name, value in state.items():
        first, _, rest = name.partition('.')
        if rest:
            children.setdefault(first, {})[rest] = value
        elif value.is_floating_point() and 'running_' not in name:
            module.register_parameter(
                name, nn.Parameter(value, requires_grad=False))
        else:
            module.register_buffer(name, value)
    for name, part in children.items():
        module.add_module(name, _module_tree(part))
    return module


def seeded_image(height, width, seed):
    """(1, 3, H, W) float32, normalised: 48 x 40 blocks and noise."""
    rng = _rng(seed)
    blocks = rng.standard_normal(
        (1, 3, math.ceil(height / 48), math.ceil(width / 40)),
        dtype=np.float32).repeat(48, 2).repeat(40, 3)
    noise = rng.standard_normal((1, 3, height, width), dtype=np.float32)
    return blocks[..., :height, :width] + np.float32(.5) * noise


def seeded_unit_vectors(count, dim, seed):
    """(count, dim) float32 in place of text embeddings."""
    vectors = _rng(seed).standard_normal((count, dim))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / length).astype(np.float32)

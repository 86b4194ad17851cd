"""MaskCLIP's image tower in NumPy, float64.

The equations of ViT (arXiv:2010.11929) and MaskCLIP (arXiv:2112.01071,
section 3.2), apart from PyTorch: what a device computes is compared with it.
"""
import math

import numpy as np

_erf = np.vectorize(math.erf)


def dense_features(state, image, heads):
    """Features of each patch in CLIP's joint space.

    Args:
        state (dict[str, ndarray]): Weights under OpenAI's names.
        image (ndarray): (3, H, W), normalised, of the training size.
        heads (int): Attention heads.

    Returns:
        ndarray: (h * w, D) float64.
    """
    state = {name.removeprefix('visual.'): value.astype(np.float64)
             for name, value in state.items() if name.startswith('visual.')}
    kernel = state['conv1.weight']
    patch = kernel.shape[-1]
    rows, columns = (side // patch for side in image.shape[1:])
    patches = image.reshape(3, rows, patch, columns, patch).transpose(
        1, 3, 0, 2, 4).reshape(rows * columns, -1)
    x = patches @ kernel.reshape(len(kernel), -1).T
    x = np.concatenate([state['class_embedding'][None], x])
    x = _norm(state, 'ln_pre', x + state['positional_embedding'])
    depth = 1 + max(int(name.split('.')[2]) for name in state
                    if name.startswith('transformer.'))
    for i in range(depth):
        block = f'transformer.resblocks.{i}'
        q, k, v = (y.reshape(len(y), heads, -1)
                   for y in _query_key_value(state, block, x))
        if i < depth - 1:  # in the last one each patch attends to itself
            scores = np.einsum('ihc,jhc->hij', q, k) / math.sqrt(q.shape[-1])
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            v = np.einsum('hij,jhc->ihc', weights, v)
        x = x + _linear(state, f'{block}.attn.out_proj', v.reshape(x.shape))
        y = _linear(state, f'{block}.mlp.c_fc',
                    _norm(state, f'{block}.ln_2', x))
        y *= .5 * (1 + _erf(y / math.sqrt(2)))  # GELU
        x = x + _linear(state, f'{block}.mlp.c_proj', y)
    return (_norm(state, 'ln_post', x) @ state['proj'])[1:]


def _query_key_value(state, block, x):
    x = _norm(state, f'{block}.ln_1', x)
    x = (x @ state[f'{block}.attn.in_proj_weight'].T
         + state[f'{block}.attn.in_proj_bias'])
    return np.split(x, 3, axis=1)


def _linear(state, name, x):
    return x @ state[f'{name}.weight'].T + state[f'{name}.bias']


def _norm(state, name, x):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(
        x.var(-1, keepdims=True) + 1e-5)
    return x * state[f'{name}.weight'] + state[f'{name}.bias']

"""Equations of a plain Vision Transformer and of the methods that use one.

As ``plain_vit.py``: one patch, head and image at a time, no code shared with
the package. State dicts have timm's names, which are those of DINO's authors.
"""
import math

import torch
from plain_vit import _bicubic, _filtered, _softmax, cosines


class PlainProxy:
    """A Vision Transformer on a state dict with timm's names."""

    def __init__(self, state, heads, patch, own_grid):
        self.state, self.heads = state, heads
        self.patch, self.own_grid = patch, own_grid

    def norm(self, x, name):
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean)**2).mean(-1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return x * self.state[f'{name}.weight'] + self.state[f'{name}.bias']

    def linear(self, x, name):
        return x @ self.state[f'{name}.weight'].T + self.state[f'{name}.bias']

    def positions(self, grid, how):
        weight, own = self.state['pos_embed'][0], self.own_grid
        prefix, patches = weight[:-own**2], weight[-own**2:]
        if grid != (own, own):
            rows, columns = (
                _filtered(own, n) if how == 'antialias' else
                _bicubic(own, n, (n + {'exact': 0, 'sclip': 0.1}[how]) / own)
                for n in grid)
            patches = torch.einsum(
                'ya,xb,abc->yxc', rows, columns, patches.double().reshape(
                    own, own, -1)).flatten(0, 1).to(weight)
        return prefix, patches

    def run(self, image, how='exact'):
        """(3, H, W) -> parts of the patches, (I J, C) each, and the grid."""
        p, state = self.patch, self.state
        grid = image.shape[1] // p, image.shape[2] // p
        x = torch.stack([
            image[:, p * y:p * y + p, p * x:p * x + p].flatten()
            for y in range(grid[0]) for x in range(grid[1])])
        x = x @ state['patch_embed.proj.weight'].flatten(1).T + state[
            'patch_embed.proj.bias']
        first = [state[key][0] for key in ('cls_token', 'reg_token')
                 if key in state]
        first = torch.cat(first) if first else x[:0]
        before, positions = self.positions(grid, how)
        if len(before):
            first = first + before
        x, parts = torch.cat([first, x + positions]), {}
        depth = sum(key.endswith('attn.qkv.weight') for key in state)
        for i in range(depth):
            name = f'blocks.{i}'
            qkv = self.linear(self.norm(x, f'{name}.norm1'),
                              f'{name}.attn.qkv')
            parts = dict(zip(('query', 'key', 'value'), qkv.chunk(3, 1)))
            out = torch.cat([
                _softmax(q @ k.T / math.sqrt(q.shape[1])) @ v
                for q, k, v in zip(*(part.chunk(self.heads, 1)
                                     for part in parts.values()))], 1)
            x = x + self.scaled(self.linear(out, f'{name}.attn.proj'),
                                f'{name}.ls1.gamma')
            z = self.linear(self.norm(x, f'{name}.norm2'), f'{name}.mlp.fc1')
            z = z * (1 + torch.erf(z / math.sqrt(2))) / 2  # GELU
            x = x + self.scaled(self.linear(z, f'{name}.mlp.fc2'),
                                f'{name}.ls2.gamma')
        parts['tokens'] = self.norm(x, 'norm')
        parts['query+key'] = parts['query'] + parts['key']
        return {key: part[len(first):] for key, part in parts.items()}, grid

    def scaled(self, x, name):
        return x * self.state.get(name, 1)


def bilinear(patches, grid, size):
    """(h w, C) -> (I J, C), sample by sample, align_corners off."""
    def samples(n, wanted):
        matrix = torch.zeros(wanted, n)
        for i in range(wanted):
            place = max((i + 0.5) * n / wanted - 0.5, 0)
            low = min(math.floor(place), n - 1)
            matrix[i, low] += 1 - (place - low)
            matrix[i, min(low + 1, n - 1)] += place - low
        return matrix

    rows, columns = map(samples, grid, size)
    return torch.einsum('ya,xb,abc->yxc', rows, columns,
                        patches.reshape(*grid, -1)).flatten(0, 1)


def proxyclip(plain, x, grid, parts, size, beta=1.2, gamma=3):
    """ProxyCLIP: patches (I J, C) before ``ln_post``.

    Args:
        plain (PlainViT): CLIP.
        x: (1 + h w, C), input of the last block, on ``grid``.
        parts, size: Of :meth:`PlainProxy.run`.
    """
    name = plain.names[-1]
    similarity = cosines(parts['tokens'])
    average, rows = similarity.mean(), []
    for i, row in enumerate(similarity):
        scores = gamma * (row - beta * average)
        kept = scores >= 0
        kept[i] = True
        rows.append(torch.where(kept, scores, -torch.inf))
    attention = _softmax(torch.stack(rows))
    h = plain.norm(x[1:], f'{name}.ln_1')
    out = torch.cat([attention @ bilinear(v, grid, size)
                     for v in plain.heads_of(h, name, 'v')], 1)
    return plain.linear(out, f'{name}.attn.out_proj')


METHODS = {'proxyclip': proxyclip}

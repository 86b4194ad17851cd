"""The papers' equations on a state dict, one patch, head and image at a time.

Shares no code with the package; no batches, no attention or normalisation
modules of PyTorch.
"""
import math

import numpy as np
import torch


class PlainViT:
    """The papers' equations on a state dict with OpenAI's names."""

    def __init__(self, state, heads, patch, own_grid):
        self.state, self.heads = state, heads
        self.patch, self.own_grid = patch, own_grid

    @staticmethod
    def activation(z):
        return z / (1 + torch.exp(-1.702 * z))  # QuickGELU

    def norm(self, x, name):
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean)**2).mean(-1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-5)
        return x * self.state[f'{name}.weight'] + self.state[f'{name}.bias']

    def linear(self, x, name):
        return x @ self.state[f'{name}.weight'].T + self.state[f'{name}.bias']

    def tokens(self, image, positions):
        """(3, H, W), whole patches -> (1 + h w, C) before the first block."""
        p = self.patch
        h, w = image.shape[1] // p, image.shape[2] // p
        patches = [image[:, p * y:p * y + p, p * x:p * x + p].flatten()
                   for y in range(h) for x in range(w)]
        x = torch.stack(patches) @ self.state['visual.conv1.weight'].flatten(
            1).T
        x = torch.cat([self.state['visual.class_embedding'][None], x])
        return self.norm(x + self.positions(h, w, positions), 'visual.ln_pre')

    def positions(self, h, w, how):
        own, weight = self.own_grid, self.state['visual.positional_embedding']
        if (h, w) == (own, own):
            return weight
        rows, columns = (
            _filtered(own, n) if how == 'antialias' else
            _bicubic(own, n, (n + {'exact': 0, 'sclip': 0.1}[how]) / own)
            for n in (h, w))
        patches = torch.einsum(
            'ya,xb,abc->yxc', rows, columns,
            weight[1:].double().reshape(own, own, -1))
        return torch.cat([weight[:1], patches.flatten(0, 1).to(weight)])

    def heads_of(self, x, name, part):
        rows = slice(*('qkv'.index(part) * x.shape[1] + n
                       for n in (0, x.shape[1])))
        x = (x @ self.state[f'{name}.attn.in_proj_weight'][rows].T
             + self.state[f'{name}.attn.in_proj_bias'][rows])
        return x.chunk(self.heads, dim=1)

    def block(self, x, name, pairs=('qk', ), prior=0, residual=True,
              ffn=True):
        h = self.norm(x, f'{name}.ln_1')
        parts = {part: self.heads_of(h, name, part) for part in 'qkv'}
        outs = []
        for head in range(self.heads):
            v = parts['v'][head]
            out = 0 if pairs else v
            for a, b in pairs:
                scores = parts[a][head] @ parts[b][head].T / math.sqrt(
                    v.shape[1]) + prior
                out = out + _softmax(scores) @ v
            outs.append(out)
        out = self.linear(torch.cat(outs, 1), f'{name}.attn.out_proj')
        if residual:
            out = out + x
        if ffn:
            z = self.linear(self.norm(out, f'{name}.ln_2'), f'{name}.mlp.c_fc')
            out = out + self.linear(self.activation(z), f'{name}.mlp.c_proj')
        return out

    def layers(self, image, positions):
        """Inputs of all blocks, (1 + h w, C)."""
        layers = [self.tokens(image, positions)]
        for name in self.names[:-1]:
            layers.append(self.block(layers[-1], name))
        return layers

    @property
    def names(self):
        depth = sum(key.startswith('visual.')
                    and key.endswith('attn.in_proj_bias')
                    for key in self.state)
        return [f'visual.transformer.resblocks.{i}' for i in range(depth)]

    def dense(self, layers, grid, method):
        """Inputs of the blocks -> (D, h, w)."""
        if METHODS[method] is None:
            x = getattr(self, method)(layers, grid)
        else:
            x = self.last_block(layers[-1], grid, **METHODS[method])
        x = self.norm(x, 'visual.ln_post')[1:] @ self.state['visual.proj']
        return x.T.unflatten(1, grid)

    def last_block(self, x, grid, std=None, nonly=False, **switches):
        name = self.names[-1]
        if std is None:
            return self.block(x, name, **switches)
        prior = neighbours(grid, std)
        if not nonly:
            return self.block(x, name, prior=prior, **switches)
        h = self.norm(x, f'{name}.ln_1')
        q, k, v = (self.heads_of(h, name, part) for part in 'qkv')
        size = sum(a.norm(dim=1).mean() * b.norm(dim=1).mean()
                   for a, b in zip(q, k)) / self.heads / math.sqrt(
                       v[0].shape[1])
        weights = _softmax(size * prior)
        return self.linear(torch.cat([weights @ one for one in v], 1),
                           f'{name}.attn.out_proj')

    def gem(self, layers, grid, depth=6, iterations=1):
        """A second stream in parallel to the last blocks."""
        start = max(len(self.names) - depth, 0)
        stream = layers[start]
        for x, name in zip(layers[start:], self.names[start:]):
            h = self.norm(x, f'{name}.ln_1')
            outs = []
            for q, k, v in zip(*(self.heads_of(h, name, p) for p in 'qkv')):
                tau = h.norm(dim=1).mean() / math.sqrt(v.shape[1])
                out = 0
                for one in (q, k, v):
                    one = one / one.norm(dim=1, keepdim=True)
                    for _ in range(iterations):
                        one = _softmax(tau * one @ one.T) @ one
                        one = one / one.norm(dim=1, keepdim=True)
                    out = out + _softmax(tau * one @ one.T) @ v / 3
                outs.append(out)
            stream = stream + self.linear(
                torch.cat(outs, 1), f'{name}.attn.out_proj')
        return stream

    def scclip(self, layers, grid):
        """Outliers replaced, patches aggregated, attention calibrated."""
        name = self.names[-1]
        similar, output, first, last = self.scaled_layers(9, 4, 4, 10)
        _, outliers = local_outliers(layers[-1][1:])
        middle = cosines(replaced(layers[similar][1:], outliers, grid))
        average = middle.mean()
        attention = _softmax(torch.where(
            middle >= average, 3 * (middle - average), -torch.inf))
        streams = [(layers[-1][0], aggregated(
            replaced(layers[-1][1:], outliers, grid), middle))]
        total = sum(layers[first:last + 1])
        streams.append((total[0], total[1:]))
        result = 0
        for cls, patches in streams:
            h = self.norm(patches, f'{name}.ln_1')
            outs = []
            for k, v in zip(*(self.heads_of(h, name, p) for p in 'kv')):
                own = _softmax(k @ k.T / math.sqrt(k.shape[1]))
                outs.append((attention + own) / 2 @ v)
            out = self.linear(torch.cat(outs, 1), f'{name}.attn.out_proj')
            result = result + 0.3 * cls + aggregated(
                out, cosines(layers[output][1:]))
        return torch.cat([result[:1], result])  # dummy class token

    def attention(self, x, name, pair='qk'):
        """Softmax of the scaled similarities, one matrix per head."""
        h = self.norm(x, f'{name}.ln_1')
        return [_softmax(a @ b.T / math.sqrt(a.shape[1])) for a, b in zip(
            *(self.heads_of(h, name, part) for part in pair))]

    def scaled_layers(self, *layers):
        """Layers of a model with 12 blocks -> of this one."""
        blocks = len(self.names)
        return [min(max(round(n * blocks / 12), 1), blocks - 1)
                for n in layers]

    def sfp(self, layers, grid, count=10, cls_weight=.3, gain=1.5):
        """Patches that the class token looks at are mended."""
        name = self.names[-1]
        similar, output, first, last = self.scaled_layers(9, 4, 4, 10)
        maps = self.attention(layers[-2], self.names[-2])
        mean = sum(maps) / len(maps)
        able = [i for i in range(1, len(mean))
                if gain * mean[0, i] > mean[i, i]]
        able.sort(key=lambda i: -mean[0, i].item())
        outliers = [i - 1 for i in able[:count]]
        middle = cosines(replaced(layers[similar][1:], outliers, grid))
        middle = torch.where(middle < .4, 0, middle)
        shared = _softmax(torch.where(
            middle >= middle.mean(), 3 * (middle - middle.mean()),
            -torch.inf))
        patches = aggregated(
            replaced(layers[-1][1:], outliers, grid), middle)
        total = sum(layers[first:last + 1])
        own = [self.attention(patches, name, pair) for pair in ('kk', 'qq')]
        result = 0
        for tokens, cls, attention in (
                (patches, layers[-1][0],
                 [(shared + a + b) / 3 for a, b in zip(*own)]),
                (total[1:], total[0], [shared] * self.heads)):
            values = self.heads_of(
                self.norm(tokens, f'{name}.ln_1'), name, 'v')
            out = self.linear(torch.cat([
                a @ v for a, v in zip(attention, values)], 1),
                f'{name}.attn.out_proj')
            result = result + aggregated(
                out + cls_weight * cls, cosines(layers[output][1:]))
        return torch.cat([result[:1], result])  # dummy class token

    def resclip(self, layers, grid, matrix=None, base='naclip', rcs=(2., .3),
                sfr=(1.8, .7)):
        """One pass; the second one with the matrix of feedback."""
        name, x = self.names[-1], layers[-1]
        first, last = self.scaled_layers(6, 9)
        # The attention of block n follows from its input.
        middle = [self.attention(layers[n - 1], self.names[n - 1])
                  for n in range(first, last + 1)]
        h = self.norm(x, f'{name}.ln_1')
        parts = {part: self.heads_of(h, name, part) for part in 'qkv'}
        pairs, residual, prior = {
            'naclip': (['kk'], False, neighbours(grid, 5)),
            'clearclip': (['qq'], False, 0), 'clip': (['qk'], True, 0),
            'vanilla': (['qk'], False, 0),
            'sclip': (['qq', 'kk'], True, 0)}[base]
        outs = []
        for head in range(self.heads):
            attention = 0
            for a, b in pairs:
                scores = parts[a][head] @ parts[b][head].T / math.sqrt(
                    h.shape[1] / self.heads)
                if matrix is not None:
                    scores = sfr[0] * (1 - sfr[1]) * scores
                    scores[1:, 1:] += sfr[0] * sfr[1] * matrix
                attention = attention + _softmax(scores + prior)
            crossed = sum(one[head] for one in middle) / len(middle)
            attention = rcs[0] * (
                (1 - rcs[1]) * attention + rcs[1] * crossed)
            outs.append(attention @ parts['v'][head])
        out = self.linear(torch.cat(outs, 1), f'{name}.attn.out_proj')
        if not residual:
            return out
        out = x + out
        z = self.linear(self.norm(out, f'{name}.ln_2'), f'{name}.mlp.c_fc')
        return out + self.linear(self.activation(z), f'{name}.mlp.c_proj')


METHODS = {
    'clip': {},
    'maskclip': dict(pairs=()),
    'sclip': dict(pairs=('qq', 'kk')),
    'clearclip': dict(pairs=('qq', ), residual=False, ffn=False),
    'naclip': dict(pairs=('kk', ), std=5, residual=False, ffn=False),
    'naclip_nonly': dict(std=5, nonly=True),
    'cliptrase': dict(pairs=('qq', 'kk', 'vv')),
    'gem': None,
    'scclip': None,
    'sfp': None,
    'resclip': None,
}


def _softmax(scores):
    scores = torch.exp(scores - scores.amax(1, keepdim=True))
    return scores / scores.sum(1, keepdim=True)


def neighbours(grid, std):
    """Gaussian of the patches' distances; 0 for the class token."""
    y, x = (n.flatten() for n in torch.meshgrid(
        *map(torch.arange, grid), indexing='ij'))
    distance = (y[:, None] - y)**2 + (x[:, None] - x)**2
    prior = torch.zeros(len(y) + 1, len(y) + 1)
    prior[1:, 1:] = torch.exp(-distance / (2 * std**2))
    return prior


def cosines(patches):
    patches = patches / patches.norm(dim=1, keepdim=True)
    return patches @ patches.T


def aggregated(patches, similarity):
    """Weighted mean of the patches with a cosine of 0.4 or more."""
    return torch.stack([
        (row[row >= 0.4, None] * patches[row >= 0.4]).sum(0)
        / row[row >= 0.4].sum() for row in similarity])


def local_outliers(patches, neighbours=30):
    """Outlier factors of the patches and indices of the top 5 %."""
    if len(patches) <= neighbours + 1:
        return [1.] * len(patches), []
    near, reach = [], []
    for i, one in enumerate(patches):
        distances = sorted((((one - other)**2).sum().item(), j)
                           for j, other in enumerate(patches) if j != i)
        near.append([j for _, j in distances[:neighbours]])
        reach.append(distances[:neighbours][-1][0])
    scores = [reach[i] * sum(1 / reach[j] for j in near[i]) / len(near[i])
              for i in range(len(patches))]
    limit = np.quantile(scores, 0.95)
    return scores, [i for i, score in enumerate(scores) if score > limit]


def replaced(patches, outliers, grid):
    """Replace outliers by the mean of their neighbours that are not."""
    result = patches.clone()
    for i in outliers:
        y, x = divmod(i, grid[1])
        around = [r * grid[1] + c for r in range(y - 1, y + 2)
                  for c in range(x - 1, x + 2)
                  if 0 <= r < grid[0] and 0 <= c < grid[1]]
        around = [j for j in around if j not in outliers]
        if around:
            result[i] = patches[around].mean(0)
    return result


def _filtered(own, size):
    """(size, own) matrix of Pillow's bicubic filter, a = -0.5."""
    matrix = torch.zeros(size, own, dtype=torch.float64)
    scale = own / size
    width = max(scale, 1)
    for i in range(size):
        for tap in range(own):
            t, a = abs((tap + 0.5 - (i + 0.5) * scale) / width), -0.5
            if t < 2:
                matrix[i, tap] = (
                    (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else
                    a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a)
    return matrix / matrix.sum(1, keepdim=True)


def _bicubic(own, size, factor):
    """(size, own) matrix of cubic convolution with a = -0.75."""
    matrix = torch.zeros(size, own, dtype=torch.float64)
    for i in range(size):
        centre = (i + 0.5) / factor - 0.5
        for tap in range(math.floor(centre) - 1, math.floor(centre) + 3):
            t, a = abs(centre - tap), -0.75
            weight = (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else (
                a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a)
            matrix[i, min(max(tap, 0), own - 1)] += weight
    return matrix


def fit(image, how):
    """Pad or crop to whole patches of 16 pixels."""
    _, h, w = image.shape
    if how == 'drop':
        return image[:, :h // 16 * 16, :w // 16 * 16]
    below, right = math.ceil(h / 16) * 16 - h, math.ceil(w / 16) * 16 - w
    top, left = (below // 2, right // 2) if how == 'pad_even' else (0, 0)
    canvas = torch.zeros(3, h + below, w + right)
    canvas[:, top:top + h, left:left + w] = image
    return canvas

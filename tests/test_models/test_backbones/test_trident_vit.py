"""Trident's first half against loops written from the formulas."""
import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from plain_proxy import PlainProxy, bilinear, proxyclip
from plain_vit import PlainViT
from tiny_proxy import GRID, HEADS, PATCH

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import TridentViT
from mmseg_clipzs.proxy import Proxy, load_proxy
from mmseg_clipzs.utils import UserError

MEAN = torch.tensor([.48145466, .4578275, .40821073])[:, None, None]
STD = torch.tensor([.26862954, .26130258, .27577711])[:, None, None]
OWN_MEAN = torch.tensor([.485, .456, .406])[:, None, None]
OWN_STD = torch.tensor([.229, .224, .225])[:, None, None]
SMALL = dict(crop_size=48, stride=32, sam_size=64)
SAM = dict(model='tiny_sam', pretrained=None)


@pytest.fixture(scope='module')
def build(tiny_vit, tiny_proxy):
    clip = load_clip(**tiny_vit, quick_gelu=True)

    def make(**options):
        return TridentViT(
            clip, dict(type='proxyclip', proxy=tiny_proxy),
            **{**SMALL, 'sam': SAM, **options})

    return make


class Plain:
    """One window, head and pair of patches at a time."""

    def __init__(self, backbone, tiny_proxy):
        self.clip = PlainViT(
            {f'visual.{key}': value for key, value in
             backbone.visual.state_dict().items()}, 4, 16, 4)
        self.dino = PlainProxy(
            torch.load(tiny_proxy['pretrained']), HEADS, PATCH, GRID)
        self.sam = backbone.sam.network

    def splice(self, image, crop, stride):
        h, w = image.shape[1] // 16, image.shape[2] // 16
        found = [[] for _ in range(h * w)]
        for y in self.starts(h, crop, stride):
            for x in self.starts(w, crop, stride):
                window = image[:, 16 * y:16 * (y + crop),
                               16 * x:16 * (x + crop)]
                rows, columns = window.shape[1] // 16, window.shape[2] // 16
                parts, size = self.dino.run(
                    (window * STD + MEAN - OWN_MEAN) / OWN_STD)
                out = proxyclip(
                    self.clip, self.clip.layers(window, 'exact')[-1],
                    (rows, columns), parts, size)
                out = bilinear(out, size, (rows, columns))
                for i, one in enumerate(out):
                    found[(y + i // columns) * w + x + i % columns].append(one)
        return torch.stack([torch.stack(each).mean(0) for each in found])

    @staticmethod
    def starts(cells, crop, stride):
        starts = [0]
        while starts[-1] + crop < cells:
            starts.append(min(starts[-1] + stride, cells - crop))
        return starts

    def sam_parts(self, image, grid):
        """q, k, v (64, C) of the 8 x 8 patches of the padded image."""
        seen, canvas = {}, torch.zeros(3, 64, 64)
        size = 8 * grid[0], 8 * grid[1]
        small = F.interpolate(image[None], size, mode='bilinear',
                              antialias=size[0] < image.shape[1])
        canvas[:, :size[0], :size[1]] = (
            small[0] * STD + MEAN - OWN_MEAN) / OWN_STD
        attention = self.sam.blocks[-1].attn
        handle = attention.register_forward_pre_hook(
            lambda module, args: seen.update(x=args[0]))
        self.sam.forward_features(canvas[None])
        handle.remove()
        return attention.qkv(seen['x'])[0].flatten(0, 1).chunk(3, 1)

    def refine(self, image, features, grid, factor, keep_negative):
        """(C, ...) features (I J, C) on SAM's grid -> the same, mixed."""
        attention = self.sam.blocks[-1].attn
        places = [(y, x) for y in range(8) for x in range(8)]
        inside = [i for i, (y, x) in enumerate(places)
                  if y < grid[0] and x < grid[1]]
        maps, cosines = [], []
        for q, k, v in zip(*(part.chunk(3, 1)
                             for part in self.sam_parts(image, grid))):
            weights = torch.empty(64, 64)
            for i, (y, x) in enumerate(places):
                rows, columns = (q[i] @ table.T for table in (
                    attention.rel_pos_h, attention.rel_pos_w))
                bias = torch.stack([rows[y - b + 7] + columns[x - a + 7]
                                    for b, a in places])
                row = q[i] @ k.T / math.sqrt(q.shape[1]) + bias
                weights[i] = torch.exp(row) / torch.exp(row).sum()
            v = v[inside] / v[inside].norm(dim=1, keepdim=True)
            maps.append(weights[inside][:, inside])
            cosines.append(v @ v.T)
        rows = []
        for i in range(len(inside)):
            limit = factor * sum(c[i].mean() for c in cosines) / len(cosines)
            limit = min(limit if limit >= 0 or keep_negative else 0.6, 0.9)
            row = sum(torch.where(c[i] > limit, a[i], 0.)
                      for a, c in zip(maps, cosines))
            rows.append(row / row.sum())
        return torch.stack(rows) @ features

    def __call__(self, image, grid, factor=1.2, keep_negative=True):
        """(3, H, W), whole patches -> (D, I, J)."""
        h, w = image.shape[1] // 16, image.shape[2] // 16
        x = bilinear(self.splice(image, 3, 2), (h, w), grid)
        x = self.refine(image, x, grid, factor, keep_negative)
        x = self.clip.norm(x, 'visual.ln_post') @ self.clip.state[
            'visual.proj']
        return x.T.unflatten(1, grid)


@torch.no_grad()
@pytest.mark.parametrize('size, grid', [
    ((64, 64), (8, 8)), ((48, 96), (4, 8)), ((112, 80), (8, 6)),
    ((32, 32), (8, 8))])
def test_plain_loops(build, tiny_proxy, size, grid):
    """A batch of three; the last is smaller than a window."""
    backbone, images = build(), torch.randn(3, 3, *size)
    plain = Plain(backbone, tiny_proxy)
    got, = backbone(images)
    for one, image in zip(got, images):
        torch.testing.assert_close(one, plain(image, grid), rtol=0, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize('options', [
    dict(cosine_factor=3., keep_negative=False), dict(cosine_factor=0.),
    dict(cosine_factor=9.)])
def test_threshold(build, tiny_proxy, options):
    backbone, image = build(**options), torch.randn(3, 48, 64)
    want = Plain(backbone, tiny_proxy)(
        image, (6, 8), options['cosine_factor'],
        options.get('keep_negative', True))
    torch.testing.assert_close(
        backbone(image[None])[0][0], want, rtol=0, atol=1e-4)


@torch.no_grad()
def test_negative_thresholds(build, tiny_proxy, monkeypatch):
    """Values that point in all directions have negative mean cosines."""
    results = []
    for keep in (True, False):
        backbone = build(keep_negative=keep, cosine_factor=3.)
        attention = backbone.sam.network.blocks[-1].attn
        attention.qkv.bias[96:] -= 0.2
        image = torch.linspace(-2, 2, 3 * 64 * 64).view(3, 64, 64)
        results.append(backbone(image[None])[0][0])
        torch.testing.assert_close(results[-1], Plain(backbone, tiny_proxy)(
            image, (8, 8), 3., keep), rtol=0, atol=1e-4)


@torch.no_grad()
def test_halves(build, tiny_proxy):
    """SAM sees each half at its own scale."""
    backbone, image = build(halves=True), torch.randn(3, 64, 128)
    plain = Plain(backbone, tiny_proxy)
    features = bilinear(plain.splice(image, 3, 2), (4, 8), (8, 16))
    features = features.reshape(8, 2, 8, -1)
    want = [plain.refine(half, features[:, i].flatten(0, 1), (8, 8), 1.2, True)
            for i, half in enumerate((image[..., :64], image[..., 64:]))]
    want = torch.cat([
        (plain.clip.norm(x, 'visual.ln_post') @ plain.clip.state[
            'visual.proj']).T.unflatten(1, (8, 8)) for x in want], 2)
    torch.testing.assert_close(
        backbone(image[None])[0][0], want, rtol=0, atol=1e-4)


@torch.no_grad()
def test_attention_is_that_of_timm():
    """Weights and values give what the block's attention gives."""
    proxy, images = load_proxy(**SAM), torch.randn(2, 3, 40, 56)
    block, seen = proxy.network.blocks[-1], []
    block.attn.proj.register_forward_pre_hook(
        lambda module, args: seen.append(args[0]))
    values, maps = proxy.attention(images)
    out = torch.cat([weights @ v for weights, v in zip(
        maps, values.unbind(1))], 2)
    proxy.network.forward_features(images)
    torch.testing.assert_close(out, seen[-1], rtol=0, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
@pytest.mark.parametrize('size', [(50, 81), (20, 130), (9, 9)])
def test_any_size(build, off_grid, size):
    backbone, images = build(off_grid=off_grid), torch.randn(2, 3, *size)
    got, = backbone(images)
    assert got.isfinite().all() and max(got.shape[2:]) == 8
    each = torch.cat([backbone(one[None])[0] for one in images])
    torch.testing.assert_close(got, each, rtol=0, atol=1e-5)


def test_predicts(zero_shot, tiny_vit, tiny_proxy):
    """As part of a segmentor, in bfloat16 nearly the same."""
    labels, x = [], F.interpolate(
        torch.randn(2, 3, 6, 8), size=(80, 112), mode='bicubic')
    for precision in ('fp32', 'bf16'):
        model = zero_shot(
            clip=dict(tiny_vit, precision=precision), vocabulary='cat; dog',
            backbone=dict(type='TridentViT', sam=SAM, **SMALL, last_block=dict(
                type='proxyclip', proxy=tiny_proxy)))
        assert not any(p.requires_grad for p in model.parameters())
        with torch.no_grad():
            results = model.predict(x)
        assert results[0].pred_sem_seg.data.shape == (1, 80, 112)
        labels.append(torch.stack([r.pred_sem_seg.data for r in results]))
    assert (labels[0] == labels[1]).float().mean() > 0.8


def test_another_transformer_in_place_of_sam(build, tiny_proxy):
    backbone = build(sam=tiny_proxy, sam_size=64)
    with torch.no_grad():
        assert backbone(torch.randn(1, 3, 64, 96))[0].shape == (1, 24, 5, 8)


@pytest.mark.parametrize('options, message', [
    (dict(crop_size=0), 'crop_size'), (dict(stride=64), 'leave gaps'),
    (dict(sam_size=2.5), 'sam_size'),
    (dict(cosine_factor=-1), 'cosine_factor'),
    (dict(keep_negative='no'), 'keep_negative'), (dict(halves=1), 'halves'),
    (dict(out_keys='raw'), 'leave out_keys away'),
    (dict(sam=dict(model='samvit_base_patch1')),
     'Did you mean .*samvit_base_patch16'),
    (dict(sam=dict(model='samvit_base_patch16')), 'sa1b')])
def test_wrong_options(build, options, message):
    with pytest.raises(UserError, match=message):
        build(**options)


def test_no_second_pass(tiny_vit):
    for block in ('resclip', dict(type='resclip', base='sclip')):
        with pytest.raises(UserError, match='no second pass: set sfr=False'):
            TridentViT(tiny_vit, block, sam=SAM)


def test_networks_without_such_an_attention(tiny_proxy):
    proxy = load_proxy(**tiny_proxy)
    proxy.network.blocks[-1].window_size = 3
    with pytest.raises(UserError, match='is not supported'):
        proxy.attention(torch.zeros(1, 3, 32, 32))


def test_registered():
    assert MODELS.get('TridentViT') is TridentViT and Proxy

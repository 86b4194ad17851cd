"""ClipResNet against plain equations and goldens."""
import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipResNet
from mmseg_clipzs.utils import UserError


# --------------------- plain equations of CLIP (arXiv 2103.00020, section 2.4)
class PlainResNet:
    """The paper's equations on a state dict with OpenAI's names."""

    def __init__(self, state, heads):
        self.state, self.heads = state, heads

    def conv(self, x, conv, norm, stride=1):
        """Convolution and batch normalisation."""
        weight = self.state[f'visual.{conv}.weight']
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[2] // 2)
        weight, bias, mean, var = (
            self.state[f'visual.{norm}.{name}'][:, None, None]
            for name in ('weight', 'bias', 'running_mean', 'running_var'))
        return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias

    def last_stage(self, x):
        """(N, 3, H, W) -> (N, C, h, w), with a stem of three convolutions."""
        for i, stride in ((1, 2), (2, 1), (3, 1)):
            x = self.conv(x, f'conv{i}', f'bn{i}', stride).relu()
        x = F.avg_pool2d(x, 2)
        for stage in (1, 2, 3, 4):
            index = 0
            while f'visual.layer{stage}.{index}.conv1.weight' in self.state:
                x = self.bottleneck(
                    x, f'layer{stage}.{index}', stage > 1 and index == 0)
                index += 1
        return x

    def bottleneck(self, x, name, halve):
        """Strided layers are preceded by average pooling."""
        out = self.conv(x, f'{name}.conv1', f'{name}.bn1').relu()
        out = self.conv(out, f'{name}.conv2', f'{name}.bn2').relu()
        if halve:
            out, x = F.avg_pool2d(out, 2), F.avg_pool2d(x, 2)
        out = self.conv(out, f'{name}.conv3', f'{name}.bn3')
        if f'visual.{name}.downsample.0.weight' in self.state:
            x = self.conv(x, f'{name}.downsample.0', f'{name}.downsample.1')
        return (out + x).relu()

    def linear(self, x, name):
        weight, bias = (self.state[f'visual.attnpool.{name}.{part}']
                        for part in ('weight', 'bias'))
        return x @ weight.T + bias

    def maskclip(self, x):
        """MaskCLIP (arXiv 2112.01071), section 3.3."""
        x = x.permute(0, 2, 3, 1)
        return self.linear(self.linear(x, 'v_proj'), 'c_proj').permute(
            0, 3, 1, 2)

    def keys(self, x):
        return self.linear(x.permute(0, 2, 3, 1), 'k_proj').permute(0, 3, 1, 2)

    def pool(self, x):
        """Locations attend to the mean and to all locations."""
        outs = []
        for one in x:
            tokens = one.flatten(1).T
            answers = torch.cat([tokens.mean(0, keepdim=True), tokens])
            heads = []
            for q, k, v in zip(
                    self.linear(tokens, 'q_proj').chunk(self.heads, 1),
                    self.linear(answers, 'k_proj').chunk(self.heads, 1),
                    self.linear(answers, 'v_proj').chunk(self.heads, 1)):
                heads.append((q @ k.T / math.sqrt(q.shape[1])).softmax(1) @ v)
            out = self.linear(torch.cat(heads, 1), 'c_proj')
            outs.append(out.T.unflatten(1, one.shape[1:]))
        return torch.stack(outs)


@pytest.fixture
def tiny(tiny_rn):
    """A small LoadedClip with a ResNet."""
    return load_clip(**tiny_rn)


def _compare(clip, plain, image, last_block, atol):
    """Compare on an image; returns the grid."""
    with torch.no_grad():
        got, keys = ClipResNet(clip, last_block, out_keys='raw')(image)
        last = plain.last_stage(image)
        want = plain.pool(last) if last_block == 'clip' else (
            plain.maskclip(last))
        torch.testing.assert_close(got, want, rtol=0, atol=atol)
        torch.testing.assert_close(keys, plain.keys(last), rtol=0, atol=atol)
    return tuple(got.shape[2:])


@pytest.fixture(scope='module')
def plain_rn50(seeded_weights):
    return PlainResNet(seeded_weights.state_dict('RN50', 0), 32)


@pytest.mark.parametrize('last_block, size, grid', [
    ('clip', (224, 224), (7, 7)), ('clip', (224, 320), (7, 10)),
    ('maskclip', (200, 232), (6, 7))])
def test_plain_equations_rn50(rn50, plain_rn50, image, last_block, size,
                              grid):
    assert _compare(rn50, plain_rn50, image(size), last_block, 1e-4) == grid


@pytest.mark.parametrize('last_block', ['clip', 'maskclip'])
@pytest.mark.parametrize('size', [(64, 64), (97, 130), (63, 200)])
def test_plain_equations(tiny, last_block, size):
    plain = PlainResNet(tiny.model.state_dict(), 8)
    _compare(tiny, plain, torch.randn(2, 3, *size), last_block, 1e-5)


def test_golden(rn50, golden, image):
    want = golden('maskclip_rn50.npz')
    last = []
    handle = rn50.model.visual.layer4.register_forward_hook(
        lambda module, inputs, output: last.append(output))
    with torch.no_grad():
        got, = ClipResNet(rn50)(image((224, 224)))
    handle.remove()
    for value, key in ((got, 'feat_every8'), (last[0], 'backbone_every8')):
        torch.testing.assert_close(
            value[0, ::8], torch.from_numpy(want[f'224x224.{key}']), rtol=0,
            atol=1e-4)


def test_open_clip(tiny):
    """The plain attention pool equals open_clip's."""
    visual, x = tiny.model.visual, torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        want = visual(x)
        plain = PlainResNet(tiny.model.state_dict(), 8)
        last = plain.last_stage(x)
        tokens = last.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1)
        tokens = tokens + visual.attnpool.positional_embedding
        # (N, 1 + h w, C)
        got = [_pool_first(plain, one) for one in tokens]
    torch.testing.assert_close(torch.stack(got), want, rtol=0, atol=1e-5)


def _pool_first(plain, tokens):
    q, k, v = (plain.linear(tokens, f'{part}_proj').chunk(plain.heads, 1)
               for part in 'qkv')
    heads = [(a[:1] @ b.T / math.sqrt(a.shape[1])).softmax(1) @ c
             for a, b, c in zip(q, k, v)]
    return plain.linear(torch.cat(heads, 1), 'c_proj')[0]


# --------------------------------------------------------------- invariants
@pytest.mark.parametrize('last_block', ['maskclip', 'clip'])
def test_batch_of_two(tiny, last_block):
    backbone = ClipResNet(tiny, last_block, out_keys='raw')
    x = torch.randn(2, 3, 100, 70)
    with torch.no_grad():
        both, each = backbone(x), [backbone(one[None]) for one in x]
    for i, out in enumerate(both):
        torch.testing.assert_close(
            out, torch.cat([one[i] for one in each]), rtol=0, atol=1e-5)


@pytest.mark.parametrize('last_block', ['maskclip', 'clip'])
@pytest.mark.parametrize('size, grid', [
    ((1, 1), (1, 1)), ((15, 15), (1, 1)), ((17, 300), (1, 9)),
    ((400, 3), (12, 1)), ((32, 32), (1, 1)), ((62, 63), (1, 2)),
    ((64, 65), (2, 2)), ((4000, 30), (125, 1))])
def test_any_size(tiny, last_block, size, grid):
    """n pixels yield (n + 1) // 32 locations, at least one."""
    backbone = ClipResNet(tiny, last_block, out_keys='raw')
    with torch.no_grad():
        features, keys = backbone(torch.randn(1, 3, *size))
    assert features.shape == (1, 24, *grid)
    assert keys.shape == (1, 256, *grid)
    assert features.isfinite().all() and keys.isfinite().all()


def test_small_images_are_padded_below_and_right(tiny):
    backbone, x = ClipResNet(tiny), torch.randn(1, 3, 20, 64)
    padded = torch.zeros(1, 3, 32, 64)
    padded[:, :, :20] = x
    with torch.no_grad():
        assert torch.equal(backbone(x)[0], backbone(padded)[0])


def test_statistics_stay(tiny):
    """A forward pass in eval mode keeps batch norm's statistics."""
    backbone = ClipResNet(tiny).eval()
    before = {key: value.clone()
              for key, value in backbone.state_dict().items()}
    with torch.no_grad():
        backbone(torch.randn(2, 3, 64, 64))
    backbone.init_weights()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_given_clip_is_unchanged(tiny_rn, precision):
    """Including the memory format of its weights."""
    clip = load_clip(**tiny_rn, precision=precision)
    # torch's default, e.g. of a LoadedClip built by hand.
    visual = clip.model.visual.to(memory_format=torch.contiguous_format)
    strides = {name: parameter.stride()
               for name, parameter in visual.named_parameters()}
    ClipResNet(clip)
    assert {name: parameter.stride() for name, parameter
            in visual.named_parameters()} == strides


# ------------------------------------------------------------------ options
def test_registered(tiny_rn):
    backbone = MODELS.build(dict(type='ClipResNet', clip=tiny_rn))
    assert backbone.embed_dims == 24
    assert len(backbone(torch.randn(1, 3, 64, 64))) == 1


@pytest.mark.parametrize('settings, message', [
    (dict(last_block='sclip'),
     "last_block='sclip' is unknown for a ResNet; choose \"maskclip\" or"),
    (dict(last_block=dict(attend=())), 'is unknown for a ResNet'),
    (dict(out_keys='projected'),
     "out_keys='projected' is unknown for a ResNet; choose None or \"raw\""),
])
def test_wrong_options(tiny, settings, message):
    with pytest.raises(UserError, match=message):
        ClipResNet(tiny, **settings)


def test_transformer(tiny_vit):
    with pytest.raises(UserError, match=(
            'ClipResNet needs RN50 or another ResNet, but CLIP tiny-vit has a '
            'VisionTransformer; .*type="ClipViT"')):
        ClipResNet(tiny_vit)

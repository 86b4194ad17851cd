"""Features of Vision Transformers against equations and timm."""
import pytest
import timm
import torch
from plain_proxy import PlainProxy
from timm.models.vision_transformer import VisionTransformer

from mmseg_clipzs.proxy import PARTS, Proxy, load_proxy
from mmseg_clipzs.utils import UserError

MEAN, STD = (0.5, ) * 3, (0.5, ) * 3
# What DINO, DINOv2, DINOv2 with registers and others differ in.
KINDS = {
    'dino': {},
    'dinov2': dict(init_values=0.1),
    'registers': dict(reg_tokens=2, no_embed_class=True, init_values=0.1),
    'positions of registers': dict(reg_tokens=2),
    'no class token': dict(class_token=False, global_pool='avg', fc_norm=False)
}


def _network(**options):
    torch.manual_seed(0)
    network = VisionTransformer(
        img_size=32, patch_size=8, embed_dim=48, depth=3, num_heads=3,
        num_classes=0, **options).eval()
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape)
    return network


@torch.no_grad()
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', [(32, 32), (40, 24), (45, 60)])
@pytest.mark.parametrize('pos_embed', ['exact', 'antialias', 'sclip'])
def test_plain_equations(kind, size, pos_embed):
    network, images = _network(**KINDS[kind]), torch.randn(3, 3, *size)
    proxy = Proxy(network, MEAN, STD)
    plain = PlainProxy(network.state_dict(), 3, 8, 4)
    wanted = [plain.run(image, pos_embed) for image in images]
    for part in PARTS:
        got = proxy(images, part, pos_embed)
        assert not got.requires_grad
        for one, (parts, grid) in zip(got, wanted):
            assert grid == (size[0] // 8, size[1] // 8) == one.shape[1:]
            torch.testing.assert_close(
                one.flatten(1).T, parts[part], rtol=0, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize('kind', KINDS)
def test_as_timm_on_the_native_grid(kind):
    network, images = _network(**KINDS[kind]), torch.randn(2, 3, 32, 32)
    want = network.forward_features(images)[:, network.num_prefix_tokens:]
    torch.testing.assert_close(
        Proxy(network, MEAN, STD)(images).flatten(2).transpose(1, 2), want,
        rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('off_grid, grid', [
    ('drop', (5, 7)), ('pad', (6, 8)), ('pad_even', (6, 8))])
def test_off_the_grid(off_grid, grid):
    proxy = Proxy(_network(), MEAN, STD)
    images, canvas = torch.randn(1, 3, 45, 60), torch.zeros(1, 3, 48, 64)
    top, left = (1, 2) if off_grid == 'pad_even' else (0, 0)
    canvas[:, :, top:top + 45, left:left + 60] = images
    want = proxy(canvas if off_grid != 'drop' else images[..., :40, :56])
    assert want.shape[2:] == grid
    assert torch.equal(proxy(images, off_grid=off_grid), want)


def test_unknown_part():
    with pytest.raises(UserError, match="part='keys' is unknown; .*'key'"):
        Proxy(_network(), MEAN, STD)(torch.zeros(1, 3, 32, 32), 'keys')


# --------------------------------------------------- other networks of timm
# Architectures that the larger ones share, by size: two blocks of each.
OTHERS = {
    'vit_small_patch14_reg4_dinov2': (384, 14),
    'vit_small_patch16_dinov3': (384, 16),
    'vit_small_patch16_dinov3_qkvb': (384, 16),
    'vit_pe_spatial_tiny_patch16_512': (192, 16),
    'eva02_tiny_patch14_224': (192, 14),
    'vit_base_patch16_radio_v3': (768, 16),
    'samvit_base_patch16': (768, 16),
}


@torch.no_grad()
@pytest.mark.parametrize('name', OTHERS)
def test_other_networks(name, two_blocks):
    """Every part, on a grid that is not square, alone and in a batch."""
    if not timm.is_model(name):
        pytest.skip(f'this timm has no {name}')
    width, patch = OTHERS[name]
    proxy = load_proxy(name, pretrained=None)
    assert proxy.patch_size == (patch, patch)
    images = torch.randn(2, 3, 6 * patch + 3, 4 * patch)
    for part in PARTS:
        got = proxy(images, part)
        channels = 256 if 'samvit' in name and part == 'tokens' else width
        assert got.shape == (2, channels, 6, 4) and got.isfinite().all()
        torch.testing.assert_close(
            proxy(images[1:], part), got[1:], rtol=0, atol=1e-4)
    if 'samvit' not in name:  # SAM's has further layers behind the last block
        want = proxy.network.forward_features(images[..., :6 * patch, :])[
            :, proxy.network.num_prefix_tokens:] if (
                'dinov3' in name or 'eva' in name) else None
        if want is not None:
            torch.testing.assert_close(
                proxy(images).flatten(2).transpose(1, 2), want, rtol=0,
                atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('name', ['vit_small_patch16_dinov3',
                                  'vit_small_patch16_dinov3_qkvb'])
def test_queries_and_keys_of_other_networks(name, two_blocks):
    """What timm's attention computes before its rotary positions."""
    if not timm.is_model(name):
        pytest.skip(f'this timm has no {name}')
    proxy = load_proxy(name, pretrained=None)
    block, seen = proxy.network.blocks[-1], {}
    for parameter in proxy.parameters():  # biases, too
        parameter.data += 0.05 * torch.randn(parameter.shape)
    block.attn.register_forward_pre_hook(
        lambda module, args: seen.update(x=args[0]))
    images = torch.randn(1, 3, 48, 32)
    proxy.network.forward_features(images)
    x, attn = seen['x'][0, proxy.network.num_prefix_tokens:], block.attn
    qkv = x @ attn.qkv.weight.T
    if attn.q_bias is not None:
        qkv = qkv + torch.cat([attn.q_bias, attn.k_bias, attn.v_bias])
    query, key, value = qkv.chunk(3, 1)
    for part, want in dict(query=query, key=key, value=value,
                           **{'query+key': query + key}).items():
        torch.testing.assert_close(
            proxy(images, part)[0].flatten(1).T, want, rtol=0, atol=1e-4)


@pytest.fixture
def two_blocks(monkeypatch):
    """Networks with two blocks, which are quick to build."""
    create = timm.create_model
    monkeypatch.setattr(timm, 'create_model', lambda name, **options: create(
        name, depth=2, **options, **(dict(global_attn_indexes=(1, )) if (
            'samvit' in name) else {})))

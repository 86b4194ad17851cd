"""ProxyCLIP: attention from the features of another network."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import seeded_proxies
from plain_proxy import PlainProxy, proxyclip
from plain_vit import PlainViT, fit
from tiny_proxy import GRID, HEADS, PATCH

from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.proxy_attention import ProxyAttention
from mmseg_clipzs.models.backbones.similarity import sharpened_attention
from mmseg_clipzs.utils import UserError

TOLERANCE = dict(rtol=0, atol=1e-4)
MEAN = torch.tensor([.48145466, .4578275, .40821073])[:, None, None]
STD = torch.tensor([.26862954, .26130258, .27577711])[:, None, None]
OWN_MEAN = torch.tensor([.485, .456, .406])[:, None, None]
OWN_STD = torch.tensor([.229, .224, .225])[:, None, None]


# ------------------------------------------------------- the authors' numbers
def _golden_backbone(vit_b16, name, folder):
    model = f'vit_{name}_224'
    path = folder / 'dino.pt'
    torch.save(seeded_proxies.state_dict(f'{model}.dino', 0), path)
    return ClipViT(vit_b16, dict(type='proxyclip', proxy=dict(
        model=model, pretrained=path)), off_grid='drop', pos_embed='sclip')


@pytest.mark.slow
@pytest.mark.parametrize('name, every', [
    ('small_patch16', 1), ('base_patch8', 8)])
def test_golden(vit_b16, golden, seeded_weights, tmp_path, monkeypatch, name,
                every):
    arrays = golden(f'proxyclip_224x224_{name}.npz')
    want = {key.removeprefix(f'{name}.'): arrays[key] for key in arrays}
    backbone = _golden_backbone(vit_b16, name, tmp_path)
    image = torch.from_numpy(seeded_weights.seeded_image(
        224, 224, int(want['image_seed'])))
    run, seen = backbone._proxy_features, []
    monkeypatch.setattr(
        backbone, '_proxy_features', lambda x: seen.append(run(x)) or seen[-1])
    with torch.no_grad():
        got = backbone(image)[0][0].flatten(1).T  # (I J, D)
    features = seen[0][0].flatten(1).T
    _assert_close(features[:, ::8], want['dino.every8'], 1e-4)
    cosine = F.normalize(features, dim=1)
    cosine = cosine @ cosine.T
    _assert_close(cosine[::8], want['similarity.rows_every8'], 1e-5)
    assert cosine.double().mean().item() == pytest.approx(
        float(want['similarity.mean']), abs=1e-6)
    _assert_close(sharpened_attention(cosine[None], 1.2, 3.)[0, ::8],
                  want['attention.rows_every8'], 1e-5)
    _assert_close(got[:, ::every],
                  want['feat' if every == 1 else f'feat.every{every}'], 1e-4)
    text = torch.from_numpy(seeded_weights.seeded_unit_vectors(6, 512, 2011))
    got = F.normalize(got, dim=1) @ text.T
    _assert_close(got, want['cosine'], 1e-5)
    if 'logits_every8' in want:
        logits = F.interpolate(got.T.unflatten(1, (14, 14))[None],
                               size=(224, 224), mode='bilinear')[0]
        _assert_close(logits[:, ::8, ::8], want['logits_every8'], 1e-5)


def _assert_close(got, want, atol):
    torch.testing.assert_close(
        got, torch.from_numpy(want), rtol=0, atol=atol)


# ----------------------------------------------------- equations of the paper
@pytest.fixture(scope='module')
def plain(tiny_quick, tiny_proxy):
    return (PlainViT(tiny_quick.model.state_dict(), 4, 16, 4),
            PlainProxy(torch.load(tiny_proxy['pretrained']), HEADS, PATCH,
                       GRID))


def _expected(plain, image, off_grid, pos_embed, **options):
    """(D, I, J) of an image (3, H, W), CLIP-normalised."""
    clip, proxy = plain
    image = fit(image, off_grid) if off_grid != 'drop' else image
    parts, size = proxy.run(
        (image * STD + MEAN - OWN_MEAN) / OWN_STD, pos_embed)
    image = fit(image, 'drop')
    grid = tuple(n // 16 for n in image.shape[1:])
    x = clip.layers(image, pos_embed)[-1]
    x = proxyclip(clip, x, grid, parts, size, **options)
    x = clip.norm(x, 'visual.ln_post') @ clip.state['visual.proj']
    return x.T.unflatten(1, size)


@torch.no_grad()
@pytest.mark.parametrize('size', [(64, 64), (64, 96), (50, 81), (23, 129)])
@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
@pytest.mark.parametrize('pos_embed', ['exact', 'antialias', 'sclip'])
def test_plain_equations(tiny_quick, tiny_proxy, plain, off_grid, pos_embed,
                         size):
    """A batch of three images."""
    images = torch.randn(3, 3, *size)
    backbone = ClipViT(
        tiny_quick, dict(type='proxyclip', proxy=tiny_proxy),
        off_grid=off_grid, pos_embed=pos_embed)
    for got, image in zip(backbone(images)[0], images):
        torch.testing.assert_close(got, _expected(
            plain, image, off_grid, pos_embed), **TOLERANCE)


@torch.no_grad()
def test_beta_and_gamma(tiny_quick, tiny_proxy, plain):
    image = torch.randn(3, 64, 80)
    backbone = ClipViT(tiny_quick, dict(
        type='proxyclip', proxy=tiny_proxy, beta=0.7, gamma=8))
    torch.testing.assert_close(backbone(image[None])[0][0], _expected(
        plain, image, 'pad', 'exact', beta=0.7, gamma=8), **TOLERANCE)


@torch.no_grad()
@pytest.mark.parametrize('part', ['key', 'query+key', 'value'])
def test_other_parts(tiny_quick, tiny_proxy, plain, part):
    """What the paper's ablation compares."""
    clip, proxy = plain
    image = torch.randn(3, 64, 80)
    parts, size = proxy.run((image * STD + MEAN - OWN_MEAN) / OWN_STD)
    x = proxyclip(clip, clip.layers(image, 'exact')[-1], (4, 5),
                  dict(tokens=parts[part]), size)
    want = clip.norm(x, 'visual.ln_post') @ clip.state['visual.proj']
    got, = ClipViT(tiny_quick, dict(
        type='proxyclip', proxy=tiny_proxy, proxy_part=part))(image[None])
    torch.testing.assert_close(got[0], want.T.unflatten(1, size), **TOLERANCE)


# ----------------------------------------------------------------- invariants
@pytest.fixture
def backbone(tiny, tiny_proxy):
    return ClipViT(tiny, dict(type='proxyclip', proxy=tiny_proxy))


@torch.no_grad()
def test_identical_patches(backbone):
    """All are as similar as the mean: each attends to itself."""
    got, = backbone(torch.zeros(1, 3, 64, 64))
    assert got.isfinite().all()
    scores = sharpened_attention(torch.ones(2, 5, 5), 1.2, 3.)
    assert torch.equal(scores, torch.eye(5).expand(2, -1, -1))


@torch.no_grad()
def test_padding_to_the_authors_multiple(tiny, tiny_proxy):
    """56 is no multiple of 16: CLIP's grid is stretched over the other."""
    method = dict(type='proxyclip', proxy=tiny_proxy)
    x, padded = torch.randn(1, 3, 90, 100), torch.zeros(1, 3, 112, 112)
    padded[:, :, 11:101, 6:106] = x
    got, = ClipViT(tiny, method, off_grid='pad_even', pad_to=56)(x)
    want, = ClipViT(tiny, method, off_grid='drop')(padded)
    assert got.shape[2:] == (14, 14)
    torch.testing.assert_close(got, want, rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize('off_grid, grid', [
    ('pad', (8, 8)), ('pad_even', (8, 8)), ('drop', (4, 5))])
def test_patch_sizes_without_a_common_grid(tiny, off_grid, grid):
    """14 and 16: images are padded to 112, or each drops its rest."""
    backbone = ClipViT(tiny, dict(type='proxyclip', proxy=dict(
        model='tiny_dino_patch14', pretrained=None)), off_grid=off_grid)
    got, = backbone(torch.randn(1, 3, 65, 83))
    assert got.shape == (1, 24, *grid)


@torch.no_grad()
@pytest.mark.parametrize('size, grid', [
    ((3, 5), (2, 2)), ((15, 40), (2, 6)), ((16, 20), (2, 2))])
def test_small_images(tiny, tiny_proxy, size, grid):
    """Smaller than a patch of one of the networks."""
    method = dict(type='proxyclip', proxy=tiny_proxy)
    got, = ClipViT(tiny, method, off_grid='drop')(torch.randn(2, 3, *size))
    assert got.shape == (2, 24, *grid) and got.isfinite().all()


@torch.no_grad()
def test_statistics_of_the_inputs(zero_shot, tiny_proxy):
    """The segmentor's preprocessor may have others than CLIP's."""
    photo = torch.randint(256, (1, 3, 64, 80)).float()
    settings = dict(vocabulary='cat; dog', backbone=dict(
        type='ClipViT', last_block=dict(type='proxyclip', proxy=tiny_proxy)))
    features = []
    for stats in ({}, dict(mean=[0., 10., 20.], std=[50., 60., 70.])):
        model = zero_shot(data_preprocessor=dict(
            type='ZeroShotDataPreProcessor', bgr_to_rgb=False, **stats),
            **settings)
        x = model.data_preprocessor(dict(inputs=[photo[0]]))['inputs']
        features.append(model.backbone._proxy_features(x))
    torch.testing.assert_close(*features, rtol=0, atol=1e-4)


def test_the_second_network_is_frozen(zero_shot, tiny_proxy):
    model = zero_shot(vocabulary='cat; dog', backbone=dict(
        type='ClipViT', last_block=dict(type='proxyclip', proxy=tiny_proxy)))
    proxy = model.train().backbone.proxy
    assert not any(module.training for module in proxy.modules())
    assert not any(p.requires_grad for p in proxy.parameters())
    assert any(key.startswith('backbone.proxy.') for key in model.state_dict())
    assert model.double().backbone.proxy.network.pos_embed.dtype == (
        torch.float64)


# -------------------------------------------------------------------- options
@pytest.mark.parametrize('settings, message', [
    (dict(beta='high'), 'beta of proxyclip must be float'),
    (dict(gamma=0.), 'gamma of ProxyCLIP'),
    (dict(proxy_part='keys'), "proxy_part='keys' .*query[+]key"),
    (dict(proxy='dino'), "proxy of proxyclip must be dict, but got 'dino'"),
    (dict(proxy={}), 'Unknown network None'),
    (dict(proxy=dict(model='vit_base_patch8_224')), 'needs weights: .*dino')])
def test_wrong_options(tiny, settings, message):
    with pytest.raises(UserError, match=message):
        ClipViT(tiny, dict(type='proxyclip', **settings))


def test_default_is_dino():
    assert ProxyAttention().proxy == dict(
        model='vit_base_patch8_224', pretrained='dino')
    assert np.isclose(ProxyAttention().beta, 1.2)

"""CorrCLIP against plain loops, and its invariants."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import seeded_proxies
from mmseg.structures import SegDataSample
from plain_corrclip import dense
from plain_vit import PlainViT

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.corr_clip import CorrClip, run_region_tokens
from mmseg_clipzs.models.backbones.method import View
from mmseg_clipzs.patch_grid import fit_to_grid, nearest
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
EXACT = dict(rtol=0, atol=1e-4)


# ------------------------------------------------------- the authors' numbers
@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize('name, unsegmented', [
    ('small_patch16', 'zero'), ('base_patch8', 'lowest')])
def test_golden(vit_b16, golden, seeded_weights, tmp_path, monkeypatch, name,
                unsegmented):
    """These maps have patches of id 0, which both readings leave out."""
    want = golden(f'corrclip_224x224_{name}.npz')
    model, path = f'vit_{name}_224', tmp_path / 'dino.pt'
    torch.save(seeded_proxies.state_dict(f'{model}.dino', 0), path)
    backbone = ClipViT(vit_b16, dict(
        type='corrclip', proxy=dict(model=model, pretrained=path),
        unsegmented=unsegmented), off_grid='pad_even', pos_embed='sclip')
    image = torch.from_numpy(seeded_weights.seeded_image(
        224, 224, int(want['image_seed'])))
    regions = torch.from_numpy(want['masks'])[None].long()
    tokens, projected = [], []
    monkeypatch.setattr(
        'mmseg_clipzs.models.backbones.corr_clip.run_region_tokens',
        lambda *args: tokens.append(run_region_tokens(*args)) or tokens[-1])
    handle = vit_b16.model.visual.ln_post.register_forward_pre_hook(
        lambda module, inputs: projected.append(inputs[0]))
    run, seen = backbone._proxy_features, []
    monkeypatch.setattr(
        backbone, '_proxy_features', lambda x: seen.append(run(x)) or seen[-1])
    got = backbone(image, regions)[0][0].flatten(1).T  # (I J, D)
    handle.remove()

    # The parts: features, regions, attention, branches and region tokens.
    (proxy, ), method = seen, backbone.last_block
    features, grid = F.normalize(proxy.flatten(2).transpose(
        1, 2), dim=2), tuple(proxy.shape[2:])
    labels = method.label_patches(regions, features, grid)
    _close(features[0, :, ::8], want['qk.every8'], 1e-5)
    assert (features[0] @ features[0].T).double().mean().item() == (
        pytest.approx(float(want['similarity.mean']), abs=1e-6))
    for ours, key in ((labels, 'regions_merged'),
                      (nearest(labels, (14, 14)), 'regions_tokens')):
        np.testing.assert_array_equal(
            torch.where(ours == 0, 0, ours + 9999)[0], want[key])
    _close(method.attention(features, labels.flatten(1))[0, ::8],
           want['attention.rows_every8'], 1e-5)
    np.testing.assert_array_equal(
        want['region_token_ids'][1:] - 9999, range(1, tokens[-1].size(1)))
    _close(tokens[-1][0], want['region_tokens'], 1e-4)
    for branch, part in zip(('main', 'spatial'), projected):
        key, = (key for key in want if key.startswith(f'{branch}.every'))
        _close(part[0, :, ::int(key.split('every')[1])], want[key], 1e-4)

    key, = (key for key in want if key.startswith('feat'))
    _close(got[:, ::int(key.partition('every')[2] or 1)], want[key], 1e-4)
    text = torch.from_numpy(seeded_weights.seeded_unit_vectors(6, 512, 2011))
    _close(F.normalize(got, dim=1) @ text.T, want['cosine'], 1e-5)


def _close(got, want, atol):
    torch.testing.assert_close(
        got, torch.from_numpy(want), rtol=0, atol=atol)


# ----------------------------------------------------- equations of the paper

@pytest.fixture(scope='module')
def plain(tiny_quick):
    return PlainViT(tiny_quick.model.state_dict(), 4, 16, 4)


@torch.no_grad()
def _run(clip, x, grid, proxy, regions, **options):
    """(N, 1 + h * w, C) tokens -> features (N, D, I, J)."""
    visual = clip.model.visual
    out = CorrClip(**options)(
        visual, x, grid, view=View(None, proxy, regions))
    assert out.is_normed and out.grid == tuple(proxy.shape[2:])
    return (out.patches @ visual.proj).transpose(1, 2).unflatten(2, out.grid)


def _proxy(count, grid, parts=3):
    """Features of a few kinds, so that some regions are merged."""
    kinds = torch.randn(parts, 8)
    return (kinds[torch.randint(parts, (count, *grid))]
            + 0.4 * torch.randn(count, *grid, 8)).permute(0, 3, 1, 2)


def _blocks(count, size, step, first=0):
    """Maps of rectangular regions, ids from ``first``, some of them twice."""
    ids = first + torch.randint(
        6, (count, -(-size[0] // step), -(-size[1] // step)))
    return ids.repeat_interleave(step, 1).repeat_interleave(
        step, 2)[:, :size[0], :size[1]]


@pytest.mark.parametrize('unsegmented', ['zero', 'lowest'])
@pytest.mark.parametrize('size, fine, first', [
    ((64, 64), (4, 4), 0), ((48, 64), (6, 8), 1), ((80, 48), (7, 5), 0),
    ((32, 112), (2, 7), 1)])
def test_plain_equations(tiny_quick, plain, size, fine, first, unsegmented):
    """On and off CLIP's grid, with and without id 0, three windows."""
    proxy, regions = _proxy(3, fine), _blocks(3, size, 20, first)
    grid = tuple(side // 16 for side in size)
    layers = [plain.layers(torch.randn(3, *size), 'exact') for _ in range(3)]
    x = torch.stack([each[0] for each in layers])
    got = _run(tiny_quick, x, grid, proxy, regions, unsegmented=unsegmented)
    for i in (0, 2):
        want = dense(plain, layers[i], grid, proxy[i], regions[i],
                     unsegmented == 'lowest', spatial=[1])
        torch.testing.assert_close(got[i], want, **EXACT)
        # The other windows of the batch do not matter.
        one = _run(tiny_quick, x[i:i + 1], grid, proxy[i:i + 1],
                   regions[i:i + 1], unsegmented=unsegmented)
        torch.testing.assert_close(one[0], got[i], rtol=0, atol=1e-5)


@pytest.fixture
def inputs(tiny_quick, plain):
    x = plain.tokens(torch.randn(3, 64, 96), 'exact')[None]
    return tiny_quick, x, (4, 6), _proxy(1, (8, 12))


@pytest.mark.parametrize('name, regions', [
    ('none', torch.zeros(1, 64, 96, dtype=torch.int64)),
    ('one everywhere', torch.full((1, 64, 96), 7)),
    ('one pixel', F.one_hot(torch.tensor(100), 64 * 96).view(1, 64, 96)),
    ('each pixel', torch.arange(64 * 96).view(1, 64, 96)),
    ('huge ids', 2**40 * _blocks(1, (64, 96), 24)),
])
def test_unusual_regions(inputs, plain, name, regions):
    clip, x, grid, proxy = inputs
    layers = [x[0], *(plain.block(x[0], name) for name in plain.names[:1])]
    layers.append(plain.block(layers[-1], plain.names[1]))
    want = dense(plain, layers, grid, proxy[0], regions[0], spatial=[1])
    torch.testing.assert_close(
        _run(clip, x, grid, proxy, regions)[0], want, **EXACT)


def test_names_of_regions_do_not_matter(inputs):
    clip, x, grid, proxy = inputs
    regions, names = _blocks(1, (64, 96), 24), torch.tensor(
        [0, 9, 4, 1000, 2, 7])
    torch.testing.assert_close(
        _run(clip, x, grid, proxy, names[regions]),
        _run(clip, x, grid, proxy, regions), rtol=0, atol=1e-5)


def test_without_regions_lowest_is_zero(inputs):
    """A window of one region is unsegmented in the authors' reading."""
    clip, x, grid, proxy = inputs
    none, one = (torch.full((1, 64, 96), value) for value in (0, 5))
    torch.testing.assert_close(
        _run(clip, x, grid, proxy, one, unsegmented='lowest'),
        _run(clip, x, grid, proxy, none))
    assert not torch.allclose(_run(clip, x, grid, proxy, one),
                              _run(clip, x, grid, proxy, none))


def test_equal_patches(inputs):
    """Nothing is above the average; each patch still sees itself."""
    clip, x, grid, proxy = inputs
    regions = torch.zeros(1, 64, 96, dtype=torch.int64)
    flat = torch.ones_like(proxy)
    assert _run(clip, x, grid, flat, regions).isfinite().all()


def test_weights_of_branches(inputs):
    """The result is linear in them; a weight of 0 leaves a branch out."""
    clip, x, grid, proxy = inputs
    regions = _blocks(1, (64, 96), 24)

    def run(spatial, semantic):
        return _run(clip, x, grid, proxy, regions, spatial_weight=spatial,
                    semantic_weight=semantic)

    main = run(0., 0.)
    torch.testing.assert_close(
        run(2., 3.), main + 2 * (run(1., 0.) - main)
        + 3 * (run(0., 1.) - main), rtol=0, atol=1e-4)


def test_distance_merges_all_or_none(inputs):
    clip, x, grid, proxy = inputs
    regions = 1 + _blocks(1, (64, 96), 24)
    f = F.normalize(proxy.flatten(2).transpose(1, 2), dim=2)
    labels = [CorrClip(distance=value).label_patches(regions, f, (8, 12))
              for value in (0., 2.)]
    assert labels[1].unique().tolist() == [1]
    assert len(labels[0].unique()) == len(regions[:, ::8, ::8].unique())


@pytest.mark.parametrize('depth, blocks, want', [
    (12, 0, (5, 10)), (24, 0, (10, 22)), (32, 0, (2, 30)), (6, 0, (2, 4)),
    (12, 3, (7, 10)), (12, 99, (0, 10)), (3, 0, (0, 1)), (2, 0, (0, 1))])
def test_blocks_of_the_spatial_branch(depth, blocks, want):
    """Indices L - 2 - n to L - 3 of L blocks."""
    method = CorrClip(spatial_blocks=blocks)
    assert method._spatial_range(depth - 1) == want


# -------------------------------------------------------------- in a backbone
@torch.no_grad()
@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
def test_regions_off_the_grid(tiny_quick, tiny_proxy, off_grid):
    """Padding is a region; 'drop' stretches the map like the scores."""
    backbone = ClipViT(tiny_quick, dict(type='corrclip', proxy=tiny_proxy),
                       off_grid=off_grid)
    image = torch.randn(2, 3, 74, 91)
    regions = 1 + _blocks(2, (74, 91), 20)
    got, = backbone(image, regions)
    if off_grid == 'drop':
        image = image[..., :72, :88]
        regions = nearest(regions, (9, 11)).repeat_interleave(
            8, 1).repeat_interleave(8, 2)
        assert got.shape[2:] == (9, 11)
    else:
        image = fit_to_grid(image, (16, 16), off_grid)
        regions = fit_to_grid(regions[:, None], (16, 16), off_grid, 9)[:, 0]
        assert got.shape[2:] == (10, 12) and (regions == 9).any()
    torch.testing.assert_close(backbone(image, regions)[0], got)
    one, = backbone(image[1:], regions[1:])
    torch.testing.assert_close(one[0], got[1], rtol=0, atol=1e-5)


@torch.no_grad()
def test_bfloat16(tiny_vit, tiny_proxy):
    """Half precision of both networks; similarities in full."""
    settings = dict(type='corrclip', proxy=tiny_proxy)
    image, regions = torch.randn(2, 3, 64, 96), _blocks(2, (64, 96), 24)
    (half, ), (full, ) = (ClipViT(load_clip(
        **tiny_vit, precision=precision), settings)(image, regions)
        for precision in ('bf16', 'fp32'))
    assert half.dtype == torch.float32
    assert F.cosine_similarity(half, full, dim=1).mean() > 0.99


def test_without_regions(tiny_quick, tiny_proxy):
    backbone = ClipViT(tiny_quick, dict(type='corrclip', proxy=tiny_proxy))
    assert backbone.needs_regions and not ClipViT(tiny_quick).needs_regions
    with pytest.raises(UserError, match='needs regions of the images'):
        backbone(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize('settings', [
    dict(scale=0.), dict(scale=float('nan')), dict(distance=-.1),
    dict(distance=2.1), dict(spatial_blocks=-1), dict(spatial_blocks=1.5),
    dict(spatial_weight=-1.), dict(semantic_weight=float('inf')),
    dict(unsegmented='none')])
def test_wrong_arguments(settings):
    name, = settings
    with pytest.raises(UserError, match=f'{name}.* of CorrCLIP'):
        CorrClip(**settings)


@torch.no_grad()
def test_in_a_segmentor(zero_shot, tiny_proxy):
    """Windows of one batch, of images of several sizes, encoded or not."""
    model = zero_shot(
        vocabulary='cat; grass; sky', regions=dict(type='Felzenszwalb'),
        backbone=dict(type='ClipViT', last_block=dict(
            type='corrclip', proxy=tiny_proxy)),
        test_cfg=dict(mode='slide', crop_size=(48, 64), stride=(24, 32)))
    images = [torch.randn(3, 10, 12)[None] for _ in range(3)]
    images = [F.interpolate(image, size, mode='bicubic')[0] for image, size in
              zip(images, ((70, 100), (48, 64), (70, 100)))]
    together = model.predict(images)
    for image, result in zip(images, together):
        for alone in (model.predict(image[None]), model.decode(
                model.encode(image[None]), [SegDataSample()])):
            torch.testing.assert_close(
                alone[0].seg_logits.data, result.seg_logits.data,
                rtol=0, atol=1e-3)
            assert torch.equal(alone[0].regions.data, result.regions.data)

"""CorrCLIP against plain loops, and its invariants."""
import pytest
import torch
import torch.nn.functional as F
from plain_corrclip import dense
from plain_vit import PlainViT

from mmseg_clipzs.models.backbones.corr_clip import CorrClip
from mmseg_clipzs.models.backbones.method import View
from mmseg_clipzs.utils import UserError

EXACT = dict(rtol=0, atol=1e-4)


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
    for i in range(3):
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


@pytest.mark.parametrize('settings', [
    dict(scale=0.), dict(scale=float('nan')), dict(distance=-.1),
    dict(distance=2.1), dict(spatial_blocks=-1), dict(spatial_blocks=1.5),
    dict(spatial_weight=-1.), dict(semantic_weight=float('inf')),
    dict(unsegmented='none')])
def test_wrong_arguments(settings):
    name, = settings
    with pytest.raises(UserError, match=f'{name}.* of CorrCLIP'):
        CorrClip(**settings)

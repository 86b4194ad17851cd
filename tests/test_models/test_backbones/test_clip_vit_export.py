"""Tracing, export and compilation of the backbones."""
import pytest
import torch
from tiny_proxy import OF_IMAGES

from mmseg_clipzs.models.backbones import ClipResNet, ClipViT
from mmseg_clipzs.models.backbones.last_block import LastBlock

pytestmark = [
    pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning'),
    pytest.mark.usefixtures('one_thread')]

GRIDS = {'native': (64, 64), 'other': (112, 90)}


def _trace(model, x):
    return torch.jit.trace(model, x, check_trace=False)  # tests compare


def _export(model, x, strict=False, **kwargs):
    return torch.export.export(model, (x, ), strict=strict, **kwargs).module()


def _export_strictly(model, x):
    return _export(model, x, strict=True)


WAYS = dict(trace=_trace, export=_export, strict=_export_strictly)
EXPORTS = ['export', 'strict']


def _skip_quantile(method, way='export'):
    if method == 'scclip' and way != 'trace' and (
            torch.__version__.startswith('2.6.')):
        pytest.skip('torch 2.6 cannot export a quantile')


def _assert_equal(got, want):
    assert len(got) == len(want)
    for ours, theirs in zip(got, want):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


# A second pass, which asks for words, is no output of a graph.
ALONE = dict(resclip=dict(type='resclip', sfr=False))
# Attention of other pairs than those of cliptrase and naclip.
SAME_CODE = 'sclip', 'clearclip'


def _frozen(clip, method='maskclip', *args, **kwargs):
    model = ClipViT(clip, method, *args, **kwargs)
    if isinstance(model.last_block, LastBlock):  # the others run before it
        transformer = model.visual.transformer
        transformer.resblocks = transformer.resblocks[-1:]
    return model.eval().requires_grad_(False)


@torch.no_grad()
@pytest.mark.parametrize('method, grid, way', [
    (method, grid, way) for method in OF_IMAGES for grid, way in [
        *(('other', way) for way in WAYS), ('native', 'trace')]
    if way != 'strict' or method not in SAME_CODE])
def test_methods(tiny, last_block, method, grid, way):
    """The graph equals the model on other images, also with a warm cache."""
    _skip_quantile(method, way)
    model = _frozen(tiny, ALONE.get(method, last_block(method)), 'raw')
    size = GRIDS[grid]
    x = torch.randn(1, 3, *size)
    model(x)
    graph, x = WAYS[way](model, x), torch.randn(1, 3, *size)
    _assert_equal(graph(x), model(x))


@torch.no_grad()
@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('pos_embed, off_grid', [
    ('antialias', 'pad_even'), ('sclip', 'drop')])  # pad above
def test_options(tiny, pos_embed, off_grid, way):
    model = _frozen(tiny, pos_embed=pos_embed, off_grid=off_grid)
    graph = WAYS[way](model, torch.randn(1, 3, 112, 90))
    x = torch.randn(1, 3, 112, 90)
    _assert_equal(graph(x), model(x))


@torch.no_grad()
@pytest.mark.parametrize('way', EXPORTS)
def test_graph_follows_the_weights(tiny, way):
    """Positions are computed in the graph, not constants of it."""
    model, x = _frozen(tiny), torch.randn(1, 3, 80, 48)
    before = model(x)[0]
    graph = WAYS[way](model, x)
    state = {key: -value if key.endswith('positional_embedding') else value
             for key, value in model.state_dict().items()}
    graph.load_state_dict(state)
    model.load_state_dict(state)
    _assert_equal(graph(x), model(x))
    assert (model(x)[0] - before).abs().max() > 1e-2


@torch.no_grad()
@pytest.mark.parametrize('way', ['trace', *EXPORTS[:1]])
@pytest.mark.parametrize('method', ['maskclip', 'gem', 'scclip'])
def test_any_batch(tiny, method, way):
    _skip_quantile(method, way)
    model, x = _frozen(tiny, method), torch.randn(2, 3, 112, 90)
    graph = _trace(model, x) if way == 'trace' else _export(
        model, x, dynamic_shapes=({0: torch.export.Dim('n', max=8)}, ))
    x = torch.randn(5, 3, 112, 90)
    _assert_equal(graph(x), model(x))


@torch.no_grad()
def test_cache_survives(tiny):
    """Capturing a graph neither fills nor clears the eager cache."""
    model, x = _frozen(tiny), torch.randn(1, 3, 80, 48)
    for capture in WAYS.values():
        capture(model, x)
    assert not model._positions
    want = model(x)
    cached = dict(model._positions)
    for capture in WAYS.values():
        capture(model, x)
    assert model._positions.keys() == cached.keys()
    _assert_equal(model(x), want)


@torch.no_grad()
@pytest.mark.parametrize('pos_embed', ['exact', 'sclip'])
def test_compiled(tiny, pos_embed):
    """A single graph without breaks."""
    model, x = _frozen(tiny, pos_embed=pos_embed), torch.randn(1, 3, 80, 48)
    graph = torch.compile(model, backend='eager', fullgraph=True)
    _assert_equal(graph(x), model(x))


@torch.no_grad()
@pytest.mark.parametrize('way', ['trace', *EXPORTS[:1]])
@pytest.mark.parametrize('last_block, size', [
    ('maskclip', (97, 130)), ('clip', (20, 64))])
def test_resnet(tiny_rn, last_block, size, way):
    model = ClipResNet(tiny_rn, last_block, 'raw').eval()
    graph = WAYS[way](model, torch.randn(1, 3, *size))
    x = torch.randn(1, 3, *size)
    _assert_equal(graph(x), model(x))

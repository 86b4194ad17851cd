"""LPOSS against dense matrices, and SciPy's conjugate gradients."""
import math

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import cg

from mmseg_clipzs.models.segmentors.propagation import (
    Propagation,
    check_propagation,
)
from mmseg_clipzs.models.segmentors.sliding import WindowGrid, spans
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def plain_graph(windows, starts, length, options):
    """W of a list of windows' features (C, h, w), pair by pair."""
    features, places = [], []
    for window, (y, x) in zip(windows, starts):
        _, h, w = window.shape
        for i in range(h):
            for j in range(w):
                one = window[:, i, j].double().numpy()
                features.append(one / np.linalg.norm(one))
                places.append((y + (i + .5) * length[0] / h,
                               x + (j + .5) * length[1] / w))
    count = len(features)
    directed = np.zeros((count, count))
    for i in range(count):
        cosines = [features[i] @ other for other in features]
        nearest = sorted(range(count), key=lambda j: -cosines[j])
        for j in nearest[:options.neighbours]:
            directed[i, j] = max(cosines[j], 0)**options.power * math.exp(
                -options.decay * math.dist(places[i], places[j]))
    total = directed + directed.T
    np.fill_diagonal(total, 0)
    degree = total.sum(1)
    degree[degree == 0] = 1
    return total / np.sqrt(degree) / np.sqrt(degree)[:, None]


def _case(size, crop, stride, cells, images=1, words=3):
    grid = WindowGrid(images, *(
        spans(*sides) for sides in zip(size, crop, stride)))
    shape = [len(side.starts) * count for side, count in zip(
        (grid.rows, grid.columns), cells)]
    return (grid, torch.randn(images, 6, *shape) + 0.5,
            torch.randn(images, words, *shape))


def _windows(maps, grid, cells):
    """Maps side by side (C, R * h, S * w) -> list of windows and starts."""
    windows, starts = [], []
    for r, y in enumerate(grid.rows.starts):
        for s, x in enumerate(grid.columns.starts):
            windows.append(maps[:, r * cells[0]:(r + 1) * cells[0],
                                s * cells[1]:(s + 1) * cells[1]])
            starts.append((y, x))
    return windows, starts


CASES = {
    'one window': ((64, 64), (64, 64), (64, 64), (4, 4)),
    'windows that overlap': ((64, 100), (48, 64), (32, 32), (3, 4)),
    'one patch': ((16, 16), (16, 16), (16, 16), (1, 1)),
    'a row': ((16, 96), (16, 48), (16, 24), (1, 3)),
}


@pytest.mark.parametrize('options', [
    dict(neighbours=7), dict(), dict(neighbours=1),
    dict(neighbours=10, power=1., decay=0., alpha=0.5)])
@pytest.mark.parametrize('name', CASES)
def test_plain(name, options):
    """Also with fewer patches than neighbours."""
    options, cells = Propagation(**options), CASES[name][3]
    grid, features, scores = _case(*CASES[name])
    graph = options.graph(features[0], grid)
    got = options(scores, [graph], grid)
    assert got.shape == scores.shape and got.dtype == scores.dtype
    weights = plain_graph(*_windows(features[0], grid, cells),
                          grid.window_size, options)
    y = np.concatenate([one.flatten(1).T for one in _windows(
        scores[0], grid, cells)[0]]).astype(np.float64)
    want = np.linalg.solve(np.eye(len(y)) - options.alpha * weights, y)
    windows = np.concatenate([one.flatten(1).T for one in _windows(
        got[0], grid, cells)[0]])
    np.testing.assert_allclose(windows, want, rtol=0, atol=1e-4)


@pytest.mark.parametrize('iterations', [1, 5, 10])
def test_few_iterations_are_those_of_scipy(iterations):
    """A word is solved for itself; one without scores stays without."""
    options = Propagation(neighbours=9, iterations=iterations)
    grid, features, scores = _case(*CASES['windows that overlap'])
    scores[:, 1] = 0
    graph = options.graph(features[0], grid)
    weights = graph.weights.to_dense().double().numpy()
    np.testing.assert_allclose(weights, weights.T, rtol=1e-6)
    assert not weights.diagonal().any()
    matrix = np.eye(len(weights)) - 0.95 * weights
    got = options(scores, [graph], grid)[0].flatten(1).numpy()
    for ours, y in zip(got, scores[0].flatten(1).double().numpy()):
        np.testing.assert_allclose(ours, cg(
            matrix, y, rtol=1e-6, maxiter=iterations)[0], rtol=0, atol=1e-4)


def test_batch():
    """Each image has a graph of its own."""
    options = Propagation(neighbours=9)
    grid, features, scores = _case(
        *CASES['windows that overlap'], images=3)
    graphs = [options.graph(one, grid) for one in features]
    got = options(scores, graphs, grid)
    one_grid = WindowGrid(1, grid.rows, grid.columns)
    for i in range(3):
        torch.testing.assert_close(options(
            scores[i:i + 1], graphs[i:i + 1], one_grid), got[i:i + 1])


def test_scores_of_another_grid():
    """They are resized window by window."""
    grid, features, _ = _case(*CASES['windows that overlap'])
    options = Propagation(alpha=0.)
    graph = options.graph(features[0], grid)
    rows, columns = len(grid.rows.starts), len(grid.columns.starts)
    scores = torch.arange(rows * columns).view(1, 1, rows, columns).float()
    fine = scores.repeat_interleave(5, 2).repeat_interleave(7, 3)
    torch.testing.assert_close(
        options(fine, [graph], grid),
        scores.repeat_interleave(3, 2).repeat_interleave(4, 3))


def test_equal_patches():
    """All words go to all patches alike; a patch of none keeps its own."""
    grid, features, scores = _case(*CASES['one window'])
    options = Propagation(decay=0.)
    got = options(scores, [options.graph(
        torch.ones_like(features[0]), grid)], grid)
    mean = scores.mean((2, 3), keepdim=True)
    # Eigenvalues of W: 1 for the mean, -1 / 15 for the rest.
    want = 20 * mean + (scores - mean) / (1 + 0.95 / 15)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
    alone = features[0].new_zeros(6, 4, 4)
    alone[0] = 1
    alone[:2, 0, 0] = torch.tensor([-1., 0.])
    got = options(scores, [options.graph(alone, grid)], grid)
    torch.testing.assert_close(got[..., 0, 0], scores[..., 0, 0])


def test_chunks(monkeypatch):
    """Similarities in pieces, as of large images."""
    grid, features, _ = _case(*CASES['windows that overlap'])
    whole = Propagation(neighbours=9).graph(features[0], grid)
    monkeypatch.setattr(
        'mmseg_clipzs.models.segmentors.propagation._CHUNK', 100)
    parts = Propagation(neighbours=9).graph(features[0], grid)
    torch.testing.assert_close(
        parts.weights.to_dense(), whole.weights.to_dense())


@pytest.mark.parametrize('options, message', [
    ('value', 'takes a dict'),
    (dict(neighbors=4), 'no option .neighbors.*neighbours'),
    (dict(neighbours=0), 'propagation.neighbours'),
    (dict(neighbours=2.5), 'propagation.neighbours'),
    (dict(power=0), 'propagation.power'),
    (dict(decay=-1), 'propagation.decay'),
    (dict(alpha=1), 'propagation.alpha'),
    (dict(alpha=float('nan')), 'propagation.alpha'),
    (dict(iterations=0), 'propagation.iterations'),
    (dict(tolerance=1), 'propagation.tolerance'),
    (dict(part='values'), 'part=.values. is unknown.*value'),
    (dict(part=np.array(['value', 'key'])), 'part=array.* is unknown'),
    (dict(proxy='dino'), 'as a dict'),
])
def test_wrong_options(options, message):
    with pytest.raises(UserError, match=message):
        check_propagation(options)

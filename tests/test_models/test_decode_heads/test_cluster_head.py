"""ClusterHead against scikit-learn's estimators and plain loops."""
import sys

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from processes import run_python
from sklearn.cluster import (
    KMeans,
    MeanShift,
    SpectralClustering,
    estimate_bandwidth,
)
from threadpoolctl import threadpool_info, threadpool_limits

from mmseg_clipzs.models.backbones import ClipResNet, ClipViT
from mmseg_clipzs.models.decode_heads import ClusterHead, MaskClipHead
from mmseg_clipzs.utils import UserError

METHODS = ['kmeans', 'mean_shift', 'spectral']


def _head(text, kind=ClusterHead, **settings):
    head = kind(text.shape[1], **settings).eval()
    head.set_text_embeddings(text)
    return head


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope='module')
def text():
    rng = np.random.default_rng(0)
    return torch.from_numpy(_unit(rng.normal(size=(4, 8))))


@pytest.fixture(scope='module')
def features():
    """Two images (8, 6, 7) with groups that overlap."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(5, 8))
    rows = centres[rng.integers(0, 5, (2, 6, 7))] + 0.4 * rng.normal(
        size=(2, 6, 7, 8))
    return torch.from_numpy(rows).permute(0, 3, 1, 2)


# ------------------------------------ equality with a reference implementation
def _plain_groups(method, points, num_groups, quantile, seed):
    if method == 'kmeans':
        return KMeans(num_groups, n_init=10, random_state=seed).fit(
            points).labels_
    if method == 'mean_shift':
        return MeanShift(
            bandwidth=estimate_bandwidth(points, quantile=quantile)).fit(
                points).labels_
    weights = [[np.exp(-np.sum((a - b)**2)) for b in points] for a in points]
    return SpectralClustering(
        num_groups, affinity='precomputed', random_state=seed).fit(
            np.array(weights)).labels_


def _plain(features, text, method, **settings):
    """One image, group by group: (D, h, w), (Q, D) -> (Q, h, w)."""
    points = _unit(features.flatten(1).T.numpy())
    with threadpool_limits(1):  # for speed
        groups = _plain_groups(method, points, **settings)
    assert len(set(groups)) > 1
    scores = np.empty((len(text), len(points)))
    for group in set(groups):
        mean = np.mean([p for p, g in zip(points, groups) if g == group], 0)
        for q, word in enumerate(text.numpy()):
            scores[q, groups == group] = word @ mean / np.linalg.norm(mean)
    return torch.from_numpy(scores).unflatten(1, features.shape[1:])


@pytest.mark.parametrize('num_groups, quantile, seed', [
    (3, 0.3, 0), (6, 0.1, 0), (6, 0.2, 5)])
@pytest.mark.parametrize('method', METHODS)
def test_plain(features, text, method, num_groups, quantile, seed):
    settings = dict(method=method, num_groups=num_groups, quantile=quantile,
                    seed=seed)
    got = _head(text, **settings)((features, ))
    assert got.shape == (2, 4, 6, 7)
    for one, image in zip(got, features):
        torch.testing.assert_close(one, _plain(image, text, **settings))


@pytest.mark.parametrize('settings', [
    dict(method='kmeans', num_groups=3), dict(method='spectral', num_groups=3),
    dict(method='mean_shift', bandwidth=0.5)])
def test_groups_far_apart(text, settings):
    """The lengths of the features do not matter."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 30)
    points = np.eye(8)[truth] + 0.02 * rng.normal(size=(30, 8))
    means = np.stack([_unit(points)[truth == group].mean(0)
                      for group in truth])
    features = torch.from_numpy(points * rng.uniform(0.1, 9, (30, 1)))
    got = _head(text, **settings)((features.T.reshape(1, 8, 5, 6), ))
    want = torch.from_numpy(_unit(means)) @ text.T  # (30, 4)
    torch.testing.assert_close(got, want.T.reshape(1, 4, 5, 6))


# --------------------------------------------------------------- invariants
@pytest.mark.parametrize('method', METHODS)
def test_batch_and_order(features, text, method):
    head = _head(text, method=method, num_groups=4)
    both = head((features, ))
    for i in (1, 0):
        assert head((features[i:i + 1], ))[0].equal(both[i])
    assert head((features.flip(0), )).equal(both.flip(0))


@pytest.mark.parametrize('method', METHODS)
def test_permuted_classes(features, text, method):
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(
        _head(text[order], method=method)((features, )),
        _head(text, method=method)((features, ))[:, order])


@pytest.mark.parametrize('settings', [
    dict(method='kmeans', num_groups=1), dict(method='spectral', num_groups=1),
    dict(method='mean_shift', bandwidth=2.1)])
def test_one_group(features, text, settings):
    got = _head(text, **settings)((features, ))
    mean = torch.nn.functional.normalize(features, dim=1).mean(
        (2, 3), keepdim=True)
    want = _head(text, MaskClipHead)((mean, ))
    torch.testing.assert_close(got, want.expand_as(got))


PIXEL_WISE = [dict(method='kmeans', num_groups=42),
              dict(method='spectral', num_groups=99),
              dict(method='mean_shift', bandwidth=1e-9)]


@pytest.mark.filterwarnings('error:::(sklearn|scipy)')
@pytest.mark.parametrize('settings', PIXEL_WISE)
def test_each_location_is_a_group(features, text, settings):
    head = _head(text, **settings)
    torch.testing.assert_close(
        head((features, )), _head(text, MaskClipHead)((features, )))


@pytest.mark.filterwarnings('error:::(sklearn|scipy)')
@pytest.mark.parametrize('grid', [(1, 1), (1, 2), (2, 1), (3, 3)])
@pytest.mark.parametrize('method', METHODS)
def test_few_locations(features, text, method, grid):
    """Pixel-wise: fewer locations than ``num_groups`` or neighbours."""
    few = features[..., :grid[0], :grid[1]]
    got = _head(text, method=method)((few, ))
    assert got.isfinite().all()
    if grid != (3, 3):
        torch.testing.assert_close(got, _head(text, MaskClipHead)((few, )))


@pytest.mark.filterwarnings('error:::(sklearn|scipy)')
@pytest.mark.parametrize('distinct', [1, 2, 9])
@pytest.mark.parametrize('noise', [0, 1e-7])
@pytest.mark.parametrize('method', METHODS)
def test_equal_locations(text, method, distinct, noise):
    """A plain image has few features that repeat up to rounding.

    64 features of width 64 must not be mistaken for an affinity matrix.
    """
    rng = np.random.default_rng(3)
    points = np.eye(64)[np.arange(64) % distinct]
    points = torch.from_numpy(points + noise * rng.normal(size=(64, 64)))
    features = points.float().T.reshape(1, 64, 8, 8)
    words = torch.eye(64)
    got = _head(words, method=method, num_groups=9, bandwidth=0.1)(
        (features, ))
    want = _head(words, MaskClipHead)((features, ))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-5)
    if method == 'mean_shift':  # an estimated bandwidth of about 0, or 1
        assert _head(words, method=method)((features, )).isfinite().all()


@pytest.mark.parametrize('method', METHODS)
def test_other_dtypes(features, text, method):
    head = _head(text.float(), method=method, num_groups=4)
    for dtype in (torch.float16, torch.bfloat16):
        rounded = features.to(dtype)
        got = head((rounded, ))
        assert got.dtype == dtype
        torch.testing.assert_close(
            got.float(), head((rounded.float(), )), rtol=0, atol=2e-2)


def test_refinements_follow(features, text):
    """Prompt denoising and key smoothing see the groups' scores."""
    keys = features.flip(1)
    plain = _head(text, num_groups=4)((features, ))
    removed = (100 * plain).softmax(1).amax((2, 3)) < 0.5  # (2, 4)
    assert removed.any() and not removed.all()
    got = _head(text, num_groups=4, pd_thresh=0.5)((features, ))
    assert torch.equal((got == -100).all(3).all(2), removed)
    got = _head(text, num_groups=4, ks_thresh=1.)((features, keys))
    assert got.shape == plain.shape and not got.equal(plain)


@pytest.mark.parametrize('method', METHODS)
def test_threads_are_given_back(features, text, method):
    before = torch.get_num_threads(), threadpool_info()
    _head(text, method=method)((features, ))
    assert (torch.get_num_threads(), threadpool_info()) == before


@pytest.fixture(scope='module', params=[
    (ClipViT, 'clip'), (ClipViT, 'maskclip'), (ClipResNet, 'clip'),
    (ClipResNet, 'maskclip')], ids=lambda param: f'{param[0].__name__}')
def dense(request, tiny_vit, tiny_rn):
    """Features of backbones, with gradients."""
    backbone, last_block = request.param
    torch.manual_seed(0)
    return backbone(tiny_vit if backbone is ClipViT else tiny_rn, last_block)(
        torch.rand(2, 3, 96, 130))


@pytest.mark.parametrize('method', METHODS)
def test_any_backbone(dense, method):
    torch.manual_seed(1)
    words = torch.nn.functional.normalize(torch.randn(5, 24))
    got = _head(words, method=method)(dense)
    assert got.shape == (2, 5, *dense[0].shape[2:])
    assert got.abs().max() <= 1 + 1e-6
    distinct = got[0].flatten(1).T.detach().round(decimals=5).unique(dim=0)
    assert len(distinct) < got[0, 0].numel()
    if method != 'mean_shift':
        assert len(distinct) <= 8


def test_in_a_segmentor(zero_shot):
    model = zero_shot(
        vocabulary='cat; sky',
        decode_head=dict(type='ClusterHead', method='spectral', num_groups=2))
    torch.manual_seed(0)
    logits = model.encode_decode(torch.rand(1, 3, 64, 80), [{}])
    assert logits.shape == (1, 2, 64, 80) and logits.isfinite().all()


# ------------------------------------------------------------ options, errors
def test_defaults_are_the_papers(text):
    head = MODELS.build(dict(type='ClusterHead', in_channels=8))
    assert (head.method, head.num_groups, head.seed) == ('kmeans', 8, 0)
    assert not head.state_dict()


@pytest.mark.parametrize('settings, message', [
    (dict(method='k-means'), r"method='k-means' is unknown; choose one of "
     r"\['kmeans', 'mean_shift', 'spectral'\]"),
    (dict(num_groups=0), r'num_groups must be .* in \[1, inf\), but got 0'),
    (dict(num_groups=2.5), 'num_groups .* got 2.5'),
    (dict(num_groups=None), 'num_groups .* got None'),
    (dict(seed=-1), r'seed must be a whole number in \[0, .* but got -1'),
    (dict(seed=None), 'seed .* got None'),
    (dict(bandwidth=0.), r'bandwidth must .* \(0, inf\) or None, but got 0'),
    (dict(bandwidth=-1), 'bandwidth .* got -1'),
    (dict(quantile=0), r'quantile must be a number in \(0, 1\], but got 0'),
    (dict(quantile=30), 'quantile .* got 30'),
    (dict(pd_thresh=2), r'pd_thresh must be a number in \(0, 1\]'),
])
def test_wrong_options(settings, message):
    with pytest.raises(UserError, match=message):
        ClusterHead(8, **settings)


def test_no_classes(features):
    with pytest.raises(UserError, match='No classes are set'):
        ClusterHead(8)((features, ))


def test_missing_library(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sklearn.cluster', None)
    with pytest.raises(UserError, match=(
            r'needs scikit-learn, .*pip install "mmseg_clipzs\[cluster\]"')):
        ClusterHead(8)
    MaskClipHead(8)


@pytest.mark.slow
def test_package_does_not_need_it():
    """Importing the package and the other heads do not need it."""
    done = run_python('-c', '''
import sys
sys.modules.update({name: None for name in [*sys.modules, 'sklearn']
                    if name.partition('.')[0] == 'sklearn'})
from mmseg_clipzs.models.decode_heads import MaskClipHead
MaskClipHead(8)
''')
    assert done.returncode == 0, done.stderr

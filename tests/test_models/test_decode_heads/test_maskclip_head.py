"""MaskClipHead against plain equations and the authors' numbers."""
import copy
import dataclasses
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.models.backbones import ClipResNet, ClipViT
from mmseg_clipzs.models.decode_heads import MaskClipHead
from mmseg_clipzs.utils import UserError


def _head(text, **settings):
    head = MaskClipHead(text.shape[1], **settings).eval()
    head.set_text_embeddings(text)
    return head


# ----------------------------------------------------- the authors' numbers
@pytest.fixture(scope='module')
def image(seeded_weights):
    return torch.from_numpy(seeded_weights.seeded_image(224, 224, 1))


@pytest.fixture(scope='module')
def authors_vit(vit_b16, image):
    """Features and keys with the settings of the authors' code."""
    visual = copy.deepcopy(vit_b16.model.visual)  # GELU and eps affect it
    clip = dataclasses.replace(vit_b16, model=SimpleNamespace(visual=visual))
    backbone = ClipViT(clip, out_keys='projected', quick_gelu=False,
                       norm_eps=1e-6)
    with torch.no_grad():
        return backbone(image)


@pytest.fixture(scope='module')
def authors_resnet(rn50, image):
    with torch.no_grad():
        return ClipResNet(rn50, out_keys='raw')(image)


@pytest.fixture(scope='module')
def authors(request, golden, seeded_weights):
    """``(features and keys, text, golden)`` of 'vit' or 'rn50'."""
    def get(name):
        outs = request.getfixturevalue(
            dict(vit='authors_vit', rn50='authors_resnet')[name])
        text = seeded_weights.seeded_unit_vectors(
            6, *dict(vit=(512, 2011), rn50=(1024, 361))[name])
        stored = golden(f'maskclip_{name}.npz')
        return outs, torch.from_numpy(text), lambda key: torch.from_numpy(
            stored[f'224x224.{key}'])

    return get


REFINEMENTS = {
    'raw': dict(),
    'pd': dict(pd_thresh=0.5),
    'ks': dict(ks_thresh=1., key_norm='tokens'),
    'ks_pd': dict(ks_thresh=1., pd_thresh=0.5, key_norm='tokens'),
    'ks_channel_norm': dict(ks_thresh=1.),
    'ks_pd_channel_norm': dict(ks_thresh=1., pd_thresh=0.5),
}


def _assert_golden(got, want, key):
    if 'ks' in key:  # unbounded: relative to the largest value
        atol = 1e-4 * want.abs().max().item()
    else:
        assert torch.equal(got == -100, want == -100)
        atol = 1e-5
    torch.testing.assert_close(got, want, rtol=0, atol=atol)


@pytest.mark.parametrize('key', REFINEMENTS)
@pytest.mark.parametrize('name', ['vit', 'rn50'])
def test_golden(authors, name, key):
    outs, text, want = authors(name)
    got = _head(text, **REFINEMENTS[key])(outs)[0]
    _assert_golden(got, want(key), key)
    assert torch.equal(got.argmax(0), want(key).argmax(0))


@pytest.mark.parametrize('name', ['vit', 'rn50'])
def test_golden_confidence(authors, name):
    """Confidences that prompt denoising compares with its threshold."""
    outs, text, want = authors(name)
    want = want('class_max_confidence')
    for i, confidence in enumerate(want.tolist()):
        for threshold, removed in ((confidence - 1e-4, False),
                                   (confidence + 1e-4, True)):
            if 0 < threshold <= 1:
                got = _head(text, pd_thresh=threshold)(outs)[0, i]
                assert (got == -100).all() == removed
                assert (got == -100).any() == removed
    removed = _head(text, pd_thresh=0.5)(outs)[0].amax((1, 2)) == -100
    assert torch.equal(removed, want < 0.5) and removed.any()


def test_golden_features_and_keys(authors):
    (features, keys), _, want = authors('vit')
    torch.testing.assert_close(
        features[0, ::8], want('feat_every8'), rtol=0, atol=1e-4)
    torch.testing.assert_close(
        keys[0, ::8].flatten(1).T, want('key_every8'), rtol=0, atol=1e-4)


@pytest.mark.parametrize('key', ['attn_pooling_raw', 'attn_pooling_pd'])
def test_golden_attention_pool(authors, rn50, image, key):
    """The naive baseline of ResNets."""
    _, text, want = authors('rn50')
    with torch.no_grad():
        outs = ClipResNet(rn50, 'clip')(image)
    got = _head(text, **REFINEMENTS[key.rsplit('_', 1)[1]])(outs)[0]
    _assert_golden(got, want(key), key)


# --------------------------------------------------- the paper's equations
def _plain(features, keys, text, pd_thresh, ks_thresh, key_norm):
    """One image, number by number: (D, h, w), (C, h, w), (Q, D)."""
    grid = features.shape[1:]
    x, k = (n.flatten(1).T.tolist() for n in (features, keys))
    text = text.tolist()

    def dot(a, b):
        return sum(i * j for i, j in zip(a, b))

    def softmax(logits):
        exps = [math.exp(100 * (n - max(logits))) for n in logits]
        return [n / sum(exps) for n in exps]

    logits = [[dot(a, t) / math.sqrt(dot(a, a)) for t in text] for a in x]
    if pd_thresh is not None:
        best = [max(column) for column in zip(*map(softmax, logits))]
        logits = [[-100. if b < pd_thresh else n for n, b in zip(row, best)]
                  for row in logits]
    if ks_thresh is not None:
        predictions = [softmax(row) for row in logits]
        if key_norm == 'channels':
            k = [[n / math.sqrt(dot(a, a)) for n in a] for a in k]
        else:
            norms = [math.sqrt(dot(a, a)) for a in zip(*k)]
            k = [[n / norm for n, norm in zip(a, norms)] for a in k]
        logits = [
            row if max(row) >= ks_thresh else [
                sum(dot(k_i, k_j) * other[q]
                    for k_j, other in zip(k, predictions))
                for q in range(len(text))]
            for k_i, row in zip(k, predictions)]
    return torch.tensor(logits).T.unflatten(1, grid)


@pytest.fixture
def random():
    """Cosines in a narrow range, as those of real CLIPs."""
    torch.manual_seed(1)
    keys = torch.randn(2, 6, 3, 5, dtype=torch.float64)
    text = torch.linalg.qr(torch.randn(8, 4, dtype=torch.float64))[0].T
    features = text.sum(0)[None, :, None, None] + 0.03 * torch.randn(
        2, 8, 3, 5, dtype=torch.float64)
    # Class 3 wins nowhere, class 1 only in the first image.
    features -= 0.15 * text[3, None, :, None, None]
    features[1] -= 0.15 * text[1, :, None, None]
    features[0, :, 0, 0] = text[0]  # maximum confidence
    return features, keys, text


@pytest.mark.parametrize('pd_thresh', [None, 0.02, 0.5, 1.])
@pytest.mark.parametrize('ks_thresh, key_norm', [
    (None, 'channels'), (1., 'channels'), (1., 'tokens'), (0.8, 'channels'),
    (0.8, 'tokens')])
def test_plain_equations(random, pd_thresh, ks_thresh, key_norm):
    features, keys, text = random
    got = _head(text, pd_thresh=pd_thresh, ks_thresh=ks_thresh,
                key_norm=key_norm)((features, keys))
    assert got.shape == (2, 4, 3, 5)
    for i in range(2):
        want = _plain(features[i], keys[i], text, pd_thresh, ks_thresh,
                      key_norm)
        torch.testing.assert_close(
            got[i], want.double(), rtol=1e-5, atol=1e-5)


def test_the_cases_differ(random):
    """The thresholds above separate pixels, classes and images."""
    features, _, text = random
    cosine = torch.einsum('qd,ndhw->nqhw', text, F.normalize(features, dim=1))
    confidence = (100 * cosine).softmax(1)
    rejected = confidence.amax((2, 3)) < 0.5  # (2, 4)
    assert rejected[:, 1].tolist() == [False, True]
    assert rejected[:, 3].all() and not rejected.all(1).any()
    best = confidence.amax(1)
    assert 0.1 < (best < 0.8).double().mean() < 0.9
    assert (best == 1).sum() == 1


# --------------------------------------------------------------- invariants
SETTINGS = [dict(), dict(pd_thresh=0.5), dict(ks_thresh=1.),
            dict(ks_thresh=0.8, pd_thresh=0.3, key_norm='tokens')]


@pytest.mark.parametrize('settings', SETTINGS)
def test_batch_of_two(random, settings):
    """Images are denoised and smoothed independently."""
    features, keys, text = random
    head = _head(text, **settings)
    each = [head((features[i:i + 1], keys[i:i + 1])) for i in range(2)]
    torch.testing.assert_close(
        head((features, keys)), torch.cat(each), rtol=0, atol=1e-9)


@pytest.mark.parametrize('settings', SETTINGS)
def test_permuted_classes(random, settings):
    features, keys, text = random
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(
        _head(text[order], **settings)((features, keys)),
        _head(text, **settings)((features, keys))[:, order])


@pytest.mark.parametrize('settings', SETTINGS)
def test_length_of_features_does_not_matter(random, settings):
    features, keys, text = random
    head = _head(text, **settings)
    scaled = features * torch.rand(2, 1, 3, 5).add(0.1)
    torch.testing.assert_close(
        head((scaled, keys)), head((features, keys)))


def test_cosines(random):
    features, _, text = random
    got = _head(text)((features, ))
    assert got.abs().max() <= 1
    assert _head(text)((features, None)).equal(got)


def test_one_location(random):
    features, keys, text = (n[..., :1, :1] if n.ndim == 4 else n
                            for n in random)
    for settings in SETTINGS:
        assert _head(text, **settings)((features, keys)).isfinite().all()


def test_other_dtype(random):
    features, _, text = random
    head = _head(text.float())
    assert head((features.float(), )).dtype == torch.float32
    assert head((features.bfloat16(), )).dtype == torch.bfloat16


# --------------------------------------------------------- classes, options
def test_classes_can_change(random):
    features, _, text = random
    head = MODELS.build(dict(type='MaskClipHead', in_channels=8)).eval()
    for count in (4, 1, 3):
        head.set_text_embeddings(text[:count])
        assert head((features, )).shape == (2, count, 3, 5)
        assert head.num_classes == head.out_channels == count
    # The vocabulary belongs to the run, not to the checkpoint.
    assert not head.state_dict()


def test_no_classes(random):
    with pytest.raises(UserError, match='No classes are set: .*set_vocabul'):
        MaskClipHead(8)((random[0], ))


@pytest.mark.parametrize('shape', [(4, 9), (4, 7), (8, ), (1, 4, 8)])
def test_wrong_width(shape):
    with pytest.raises(UserError) as error:
        MaskClipHead(8).set_text_embeddings(torch.ones(shape))
    assert f'Text embeddings are {shape}, but this CLIP needs (words, 8)' in (
        str(error.value))


def test_smoothing_needs_keys(random):
    features, _, text = random
    with pytest.raises(UserError, match='needs the keys .*out_keys="raw"'):
        _head(text, ks_thresh=1.)((features, ))


@pytest.mark.parametrize('settings, message', [
    (dict(pd_thresh=0), r'pd_thresh must be .* \(0, 1\] or None, but got 0'),
    (dict(pd_thresh=50), 'pd_thresh must be .* 50'),
    (dict(ks_thresh=-1.), 'ks_thresh must be .* -1.0'),
    (dict(ks_thresh=1.1), 'ks_thresh must be .* 1.1'),
    (dict(key_norm='channel'),
     "key_norm='channel' is unknown; choose \"channels\" .* \"tokens\""),
])
def test_wrong_options(settings, message):
    with pytest.raises(UserError, match=message):
        MaskClipHead(8, **settings)

"""Propagation of scores in a segmentor: LPOSS from image to labels."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_clipzs.export.onnx_graph import _check
from mmseg_clipzs.models.segmentors.propagation import Propagation
from mmseg_clipzs.proxy import load_proxy
from mmseg_clipzs.run.segmentor import check_segmentor
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WINDOWS = dict(mode='slide', crop_size=(48, 64), stride=(24, 32))


@pytest.fixture
def lposs(zero_shot, tiny_proxy):
    def build(**settings):
        return zero_shot(**{**dict(
            vocabulary='cat, kitten; grass; sky', test_cfg=WINDOWS,
            propagation=dict(proxy=tiny_proxy, neighbours=20)), **settings})

    return build


@torch.no_grad()
def test_from_the_image_to_the_scores(lposs, zero_shot, tiny_proxy):
    """Windows' features and scores, a dense solve, the mean of windows."""
    model, images = lposs(), torch.randn(2, 3, 70, 100)
    got = model.word_scores(images)
    plain = zero_shot(vocabulary='cat, kitten; grass; sky', test_cfg=WINDOWS)
    proxy, grid = load_proxy(**tiny_proxy), plain._window_grid(images)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (
        (.48145466, .4578275, .40821073), (.26862954, .26130258, .27577711)))
    own_mean, own_std = (torch.tensor(values).view(3, 1, 1) for values in (
        (.485, .456, .406), (.229, .224, .225)))
    options = Propagation(proxy=tiny_proxy, neighbours=20)
    for image, scores in zip(images, got):
        windows = torch.stack([
            image[:, y:y + 48, x:x + 64] for y in grid.rows.starts
            for x in grid.columns.starts])
        features = proxy((windows * std + mean - own_mean) / own_std, 'value')
        y = F.interpolate(plain.window_scores(plain.extract_feat(
            windows), (48, 64)), features.shape[2:], mode='bilinear')
        one_grid = type(grid)(1, grid.rows, grid.columns)
        side_by_side = one_grid.assemble([features])[0]
        weights = options.graph(
            side_by_side, one_grid).weights.to_dense().double().numpy()
        maps = one_grid.assemble([y])[0]
        solved = torch.from_numpy(np.linalg.solve(
            np.eye(len(weights)) - 0.95 * weights,
            maps.flatten(1).T.double().numpy())).T.float().unflatten(
                1, maps.shape[1:])
        total, count = torch.zeros(4, 70, 100), torch.zeros(70, 100)
        h, w = features.shape[2:]
        for r, top in enumerate(grid.rows.starts):
            for s, left in enumerate(grid.columns.starts):
                window = solved[:, r * h:(r + 1) * h, s * w:(s + 1) * w]
                where = slice(top, top + 48), slice(left, left + 64)
                total[(slice(None), *where)] += F.interpolate(
                    window[None], (48, 64), mode='bilinear')[0]
                count[where] += 1
        torch.testing.assert_close(
            scores, total / count, rtol=0, atol=1e-3)


def _sample(size):
    return SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))


@torch.no_grad()
def test_batches_of_different_sizes(lposs):
    model, sizes = lposs(), ((70, 100), (48, 64), (70, 100), (30, 90))
    images = [torch.randn(3, *size) for size in sizes]
    together = model.predict(images, [_sample(size) for size in sizes])
    for image, size, result in zip(images, sizes, together):
        alone, = model.predict(image[None], [_sample(size)])
        torch.testing.assert_close(
            result.seg_logits.data, alone.seg_logits.data,
            rtol=0, atol=1e-3)
        assert torch.equal(result.pred_sem_seg.data[0],
                           result.seg_logits.data.argmax(0))


@torch.no_grad()
def test_encoded_images_keep_their_graphs(lposs, monkeypatch):
    """They are made once, for any number of vocabularies."""
    made, graph = [], Propagation.graph
    monkeypatch.setattr(Propagation, 'graph', lambda *args: made.append(
        graph(*args)) or made[-1])
    model, image = lposs(), torch.randn(1, 3, 70, 100)
    encoded = model.encode(image)
    for words in ('cat; sky', 'cat; sky; grass; road'):
        model.set_vocabulary(words)
        decoded, = model.decode(encoded, [_sample((70, 100))])
        assert len(made) == 1
        predicted, = model.predict(image, [_sample((70, 100))])
        torch.testing.assert_close(
            decoded.seg_logits.data, predicted.seg_logits.data)
        made.pop()


@torch.no_grad()
def test_one_window_and_whole_image(lposs):
    """Also by mmseg's interface, with and without other steps."""
    image = torch.randn(2, 3, 48, 64)
    slide, whole = lposs(), lposs(test_cfg=dict(mode='whole'))
    results = [model(image) for model in (
        slide.word_scores, whole.word_scores)]
    torch.testing.assert_close(*results)
    torch.testing.assert_close(
        whole.encode_decode(image, [{}, {}]), whole.inference(
            image, [{}, {}]), rtol=0, atol=1e-3)
    model = lposs(pamr=dict(steps=1, dilations=(1, )),
                  background_threshold=0.3)
    result, = model.predict(image[:1], [_sample((90, 80))])
    assert result.seg_logits.data.shape == (4, 90, 80)


@torch.no_grad()
def test_half_precision(lposs, tiny_vit):
    """Of both networks; the graph and its solution are float32."""
    image = torch.randn(1, 3, 48, 64)
    half, full = (lposs(clip=dict(tiny_vit, precision=precision))
                  for precision in ('bf16', 'fp32'))
    assert next(half.propagation_proxy.parameters()).dtype == torch.bfloat16
    got, want = half.word_scores(image), full.word_scores(image)
    assert got.dtype == torch.float32
    assert torch.corrcoef(torch.stack(
        [got.flatten(), want.flatten()]))[0, 1] > 0.95


def test_any_method_and_network(lposs, tiny_rn, tiny_proxy):
    """A ResNet, and a method whose scores are on another network's grid."""
    image = torch.randn(1, 3, 64, 64)
    for settings in (
            dict(clip=tiny_rn, backbone=dict(type='ClipResNet')),
            dict(backbone=dict(type='ClipViT', last_block=dict(
                type='proxyclip', proxy=tiny_proxy)))):
        scores = lposs(**settings).word_scores(image)
        assert scores.shape == (1, 4, 64, 64) and scores.isfinite().all()


def test_the_second_network_is_frozen(lposs):
    model = lposs()
    assert not any(p.requires_grad for p in model.parameters())
    assert not model.train().propagation_proxy.training


@pytest.mark.parametrize('options, message', [
    (dict(neighbours=0), 'propagation.neighbours must'),
    (dict(proxy=dict(model='tiny_dino')), 'needs weights'),
    (dict(proxy=dict(model='vit_tiny_patch17_224', pretrained=None)),
     'Unknown network')])
def test_mistakes_are_found_before_clip_is_loaded(options, message):
    settings = dict(clip=dict(model='ViT-B-16', pretrained='no such'),
                    backbone=dict(type='ClipViT'), propagation=options,
                    decode_head=dict(type='MaskClipHead'))
    with pytest.raises(UserError, match=message):
        MODELS.build(dict(settings, type='ZeroShotSegmentor'))
    with pytest.raises(UserError, match=message):
        check_segmentor(MODELS.get('ZeroShotSegmentor'), settings)


def test_no_export(lposs):
    model = lposs()
    with pytest.raises(UserError, match='propagation cannot be exported'):
        _check(model, model)

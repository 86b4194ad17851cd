"""Labels of patches, and the segmentor with ResCLIP."""
from functools import partial

import plain_feedback
import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from students import build

from mmseg_clipzs.export.onnx_graph import SegmentorGraph
from mmseg_clipzs.models.backbones.method import SecondPass
from mmseg_clipzs.models.segmentors.pamr import refine
from mmseg_clipzs.models.segmentors.second_pass import label_patches
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; grass; sky; road'
SLIDE = dict(mode='slide', crop_size=(64, 80), stride=(32, 48))


def log_softmax(scores):
    return (30 * scores).log_softmax(1)


@pytest.mark.parametrize('threshold', [0., .5])
@pytest.mark.parametrize('pamr', [True, False])
@pytest.mark.parametrize('size, patch', [
    ((64, 48), 16), ((50, 70), 16), ((33, 60), 8)])
def test_plain_votes(size, patch, pamr, threshold):
    """Off the grid, rows and columns are left over."""
    grid = tuple(side // patch for side in size)
    images, scores = torch.randn(3, 3, *size), torch.rand(3, 5, *grid)
    second = SecondPass(None, images, (patch, patch), threshold, pamr)
    got = label_patches(second, scores, False, log_softmax)
    for image, maps, labels in zip(images, scores, got):
        maps = F.interpolate(maps[None], size, mode='bilinear')
        if pamr:
            maps = refine(image[None], maps, 10, (8, 16))
        p = (30 * maps[0]).softmax(0)
        words = p.argmax(0).where(p.amax(0) >= threshold, 0)
        assert torch.equal(
            labels, plain_feedback.votes(words, grid, patch))


def test_equal_votes():
    """The first of the words."""
    words = torch.tensor([[3, 3, 1, 1], [2, 2, 0, 2]] * 2)  # (4, 4)
    pixels = F.one_hot(words, 4).permute(2, 0, 1)[None].float()
    second = SecondPass(None, torch.zeros(1, 3, 4, 4), (4, 2), 0., False)
    labels = label_patches(
        second, torch.zeros(1, 4, 1, 2), False, lambda scores: pixels)
    assert labels.tolist() == [[[2, 1]]]


# ----------------------------------------------------------- the segmentor
def resclip(zero_shot, **settings):
    return zero_shot(**{**dict(
        vocabulary=WORDS, logit_scale=30., backbone=dict(
            type='ClipViT', off_grid='drop', last_block=dict(
                type='resclip', label_threshold=.3))), **settings})


def plain_scores(model, x, size=None):
    """Word scores (N, Q, H, W), an image at a time."""
    results = []
    for image in x:
        features, second = model.backbone(image[None])
        maps = F.interpolate(model.decode_head((features, )), image.shape[1:],
                             mode='bilinear')
        p = (30 * refine(image[None], maps, 10, (8, 16))[0]).softmax(0)
        words = p.argmax(0).where(p.amax(0) >= .3, 0)
        labels = plain_feedback.votes(words, features.shape[2:], 16)
        results.append(F.interpolate(
            model.decode_head((second.run(labels[None]), )),
            size or image.shape[1:], mode='bilinear'))
    return torch.cat(results)


@torch.no_grad()
@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
def test_scores_are_those_of_the_second_pass(zero_shot, test_cfg):
    """Labels are made in each window of each image."""
    model = resclip(zero_shot, test_cfg=dict(test_cfg, window_batch=5))
    x = torch.randn(3, 3, 75, 130)
    want = plain_scores(model, x) if test_cfg['mode'] == 'whole' else (
        plain_segmentor.slide(partial(plain_scores, model), x,
                              SLIDE['crop_size'], SLIDE['stride']))
    torch.testing.assert_close(model.word_scores(x), want, rtol=0, atol=1e-5)
    first = model.decode_head(model.extract_feat(x)[:1])
    assert not torch.allclose(
        F.interpolate(first, x.shape[2:], mode='bilinear'), want, atol=1e-3)


@torch.no_grad()
def test_other_words_rerun_the_second_pass_alone(zero_shot, monkeypatch):
    model = resclip(zero_shot, test_cfg=SLIDE)
    x, samples = torch.randn(2, 3, 75, 130), [SegDataSample() for _ in '12']
    encoded = model.encode(x)
    monkeypatch.setattr(model.backbone, 'forward', None)  # not called
    results = {}
    for words in (WORDS, 'sand; sky', WORDS):
        model.set_vocabulary(words)
        results.setdefault(words, []).append([
            one.seg_logits.data for one in model.decode(encoded, samples)])
    monkeypatch.undo()
    for words, (got, *again) in results.items():
        model.set_vocabulary(words)
        want = [one.seg_logits.data for one in model.predict(x)]
        for other in (want, *again):
            for a, b in zip(got, other):
                torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


@torch.no_grad()
def test_key_smoothing(zero_shot):
    """The first pass's labels and the second one's scores are smoothed."""
    model = resclip(
        zero_shot, decode_head=dict(type='MaskClipHead', ks_thresh=1.),
        backbone=dict(type='ClipViT', last_block='resclip', out_keys='raw'))
    x = torch.randn(2, 3, 64, 80)
    features, keys, second = model.extract_feat(x)
    labels = label_patches(
        second, model.decode_head((features, keys)), False,
        partial(model.decode_head.log_probabilities, scale=30.))
    torch.testing.assert_close(
        model.window_scores((features, keys, second), (64, 80)),
        model.decode_head((second.run(labels), keys)), rtol=0, atol=1e-4)


@torch.no_grad()
def test_teacher(teacher):
    """A student learns from the second pass."""
    student = build(dict(
        teacher, backbone=dict(type='ClipViT', last_block='resclip')))
    model, x = student.teacher, torch.randn(2, 3, 64, 64)
    features, scores = student._ask_teacher(x)
    converted = x * student.scale + student.shift
    first, second = model.extract_feat(converted)
    torch.testing.assert_close(
        scores, model.merge_words(model.window_scores(
            (first, second), (64, 64))))
    assert not torch.allclose(features, first, atol=1e-3)


def test_export_is_refused(zero_shot):
    with pytest.raises(UserError, match='sfr=False'):
        SegmentorGraph(resclip(zero_shot))
    SegmentorGraph(resclip(zero_shot, backbone=dict(
        type='ClipViT', last_block=dict(type='resclip', sfr=False))))

"""Pseudo labels, pixel by pixel."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_clipzs.labels import HIDDEN_LABEL, IGNORE_INDEX
from mmseg_clipzs.models.decode_heads import MaskClipHead
from mmseg_clipzs.models.segmentors.pseudo_labels import (
    assign_pseudo_labels,
    batch_labels,
    with_labels,
)
from mmseg_clipzs.models.segmentors.text_classifier import TextClassifier
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.mark.parametrize('case', [
    'self', 'self_normed', 'clip', 'clip_all', 'clip_background', 'clip_pd',
    'clip_ks'])
def test_labels_of_the_authors_code(golden, case):
    """Equal on all pixels."""
    file = golden('maskclip_plus_labels.npz')
    feat, keys, background, embeddings, labels, classes, want = (
        torch.from_numpy(file[key]) for key in (
            'feat', 'keys', 'background', 'embeddings', 'labels',
            f'{case}.categories', f'{case}.out'))
    classes = classes.long()
    classifier = TextClassifier(
        embeddings.size(1), len(embeddings),
        learn_background='background' in case,
        normalize=case == 'self_normed')
    classifier.set_embeddings(embeddings)
    if 'background' in case:
        classifier.background.data = background[:, :, None, None]
    if case.startswith('self'):
        scores = classifier(feat)[:, classes]
    else:
        head = MaskClipHead(
            512, key_norm='tokens',
            pd_thresh=0.5 if case == 'clip_pd' else None,
            ks_thresh=1.0 if case == 'clip_ks' else None)
        head.set_text_embeddings(
            classifier.class_weights().flatten(1)[classes])
        scores = head((feat, keys.transpose(1, 2).unflatten(2, (6, 7))))
    got = assign_pseudo_labels(scores, labels.long(), classes)
    assert torch.equal(got, want.long())


@pytest.mark.parametrize('scale, conf_thresh', [
    (None, None), (None, 0.6), (2., 0.5)])
def test_rules_pixel_by_pixel(scale, conf_thresh):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 3, 4, 5, generator=generator)
    labels = torch.tensor([-1, 0, 1, 255])[
        torch.randint(4, (2, 1, 13, 17), generator=generator)]
    classes = torch.tensor([2, 4, 7])
    got = assign_pseudo_labels(
        scores, labels, classes, conf_thresh,
        scale and (lambda scores: torch.softmax(scale * scores, 0)))
    maps = F.interpolate(scores, (13, 17), mode='bilinear')
    ignored = 0
    for n in range(2):
        for y in range(13):
            for x in range(17):
                pixel = maps[n, :, y, x]
                sure = pixel if scale is None else torch.softmax(
                    scale * pixel, 0)
                label = labels[n, 0, y, x].item()
                if label == -1:
                    label = classes[pixel.argmax()].item()
                if conf_thresh is not None and sure.max() < conf_thresh:
                    label, ignored = 255, ignored + 1
                assert got[n, 0, y, x] == label
    assert (ignored > 0) == (conf_thresh is not None)


def samples(*labels):
    return [SegDataSample(
        metainfo=dict(img_shape=(2, 3), img_path=f'{i}.jpg'),
        gt_sem_seg=PixelData(data=label)) for i, label in enumerate(labels)]


def test_annotation_free_hides_all_but_padding():
    labels = batch_labels(torch.zeros(1, 3, 4, 4),
                          samples(torch.zeros(1, 4, 4).long()))
    assert labels.dtype == torch.int64
    assert (labels[0, 0, :2, :3] == HIDDEN_LABEL).all()
    assert (labels == HIDDEN_LABEL).sum() == 6
    assert (labels == IGNORE_INDEX).sum() == 10


def test_labels_of_unseen_classes_stop_the_training():
    seen = torch.tensor([[[0, 1, HIDDEN_LABEL, IGNORE_INDEX]]])
    inputs, unseen = torch.zeros(2, 3, 1, 4), torch.tensor([2, 3])
    got = batch_labels(inputs, samples(seen, seen), unseen)
    assert torch.equal(got, torch.stack([seen, seen]))
    with pytest.raises(UserError, match='unseen class 3 .*1.jpg.*HideLabels'):
        batch_labels(inputs, samples(seen, torch.full_like(seen, 3)), unseen)


def test_samples_with_labels_keep_their_own():
    old = samples(torch.zeros(1, 2, 3).long())
    new = with_labels(old, torch.ones(1, 1, 2, 3).long())
    assert new[0].gt_sem_seg.data.sum() == 6
    assert old[0].gt_sem_seg.data.sum() == 0
    assert new[0].metainfo == old[0].metainfo

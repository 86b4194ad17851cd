"""The fast prediction against the plain one, and its parts by themselves."""
import copy
import pickle

import numpy as np
import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch.utils._python_dispatch import TorchDispatchMode

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.sliding import score_windows, spans
from mmseg_clipzs.models.segmentors.upsampling import (
    SegLogits,
    UpsampledScores,
    first_argmax,
    upsampling_weights,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'


# ------------------------------------------------------------------ weights
@pytest.mark.parametrize('size, crop, stride, cells', [
    (96, None, None, 6), (96, 64, 32, 4), (100, 48, 17, 3), (40, 64, 32, 5),
    (64, 64, 1, 64), (70, 32, 32, 2), (65, 64, 64, 4), (30, 30, 30, 1)])
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('extra', [
    {}, dict(size=131), dict(size=17), dict(padding=(3, 7), size=50),
    dict(flip=True), dict(padding=(0, 9), flip=True, size=88)])
def test_weights_do_what_the_steps_do(size, crop, stride, cells,
                                      align_corners, extra):
    """On random maps, by torch's interpolation and sums over windows."""
    side = spans(size, crop, stride)
    maps = torch.randn(len(side.starts), cells, dtype=torch.float64)

    def stretch(x, n):
        return F.interpolate(x[None, None], size=n, mode='linear',
                             align_corners=align_corners)[0, 0]

    total, count = torch.zeros(2, size, dtype=torch.float64)
    for start, one in zip(side.starts, maps):
        total[start:start + side.length] += stretch(one, side.length)
        count[start:start + side.length] += 1
    assert (count > 0).all()
    want = total / count
    first, last = extra.get('padding', (0, 0))
    want = want[first:size - last]
    want = want.flip(0) if extra.get('flip') else want
    want = stretch(want, extra.get('size', len(want)))
    got = upsampling_weights(side, cells, align_corners=align_corners,
                            **extra) @ maps.flatten()
    torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize('size, crop, stride, starts', [
    (336, 224, 112, (0, 112)), (500, 224, 112, (0, 112, 224, 276)),
    (224, 224, 112, (0, )), (225, 224, 112, (0, 1)), (100, 224, 112, (0, )),
    (64, 32, 32, (0, 32))])
def test_windows_begin_where_the_toolboxs_do(size, crop, stride, starts):
    side = spans(size, crop, stride)
    assert side.starts == starts
    assert side.starts[-1] + side.length == size


def test_windows_lie_side_by_side():
    """What each window scores stands at its row and its column."""
    x = torch.arange(2 * 3 * 40 * 70, dtype=torch.float32).view(2, 3, 40, 70)
    rows, columns = spans(40, 32, 8), spans(70, 32, 30)
    for batch in (1, 4, 100):
        maps = score_windows(lambda w: w[:, :2, :4, :3], x, rows, columns,
                             batch)
        assert maps.shape == (2, 2, 2 * 4, 3 * 3)
        for r, y in enumerate(rows.starts):
            for s, z in enumerate(columns.starts):
                assert torch.equal(
                    maps[:, :, 4 * r:4 * r + 4, 3 * s:3 * s + 3],
                    x[:, :2, y:y + 4, z:z + 3])


# -------------------------------------------------------------------- parts
@pytest.mark.parametrize('part', [1, 40, 1000, 10**9])
def test_parts_make_the_whole(monkeypatch, part):
    monkeypatch.setitem(upsampling._PART, 'cpu', part)
    monkeypatch.setattr(upsampling, '_FEWEST', 1)
    rows = upsampling_weights(spans(40, 24, 8), 3, size=31)
    columns = upsampling_weights(spans(50, 24, 13), 3, size=57)
    maps = UpsampledScores(torch.randn(4, rows.size(1), columns.size(1)).double(),
                     rows, columns)
    seen = torch.zeros(31, 57)
    for ys, xs, scores in maps.parts():
        assert scores.shape == (4, *seen[ys, xs].shape)
        seen[ys, xs] += 1
    assert (seen == 1).all()
    torch.testing.assert_close(
        maps.whole(), torch.einsum('yi,qij,xj->qyx', rows, maps.maps, columns),
        rtol=0, atol=1e-12)


@pytest.mark.parametrize('shape', [
    (5, 7, 9), (1, 4, 4), (31, 50), (32, 50), (35, 6, 9), (300, 33)])
def test_first_argmax(shape):
    generator = torch.Generator().manual_seed(0)
    for scores in (torch.randn(shape, generator=generator),
                   torch.randint(0, 3, shape, generator=generator).float(),
                   torch.full(shape, -torch.inf)):
        assert torch.equal(first_argmax(scores), scores.argmax(0))


def test_nan_gives_a_label_all_the_same():
    for count in (3, 40):
        labels = first_argmax(torch.full((count, 2), torch.nan))
        assert labels.min() >= 0 and labels.max() < count


# ---------------------------------------------------------- the plain way
SLIDE = dict(crop=(48, 48), stride=(24, 24))
SETTINGS = {
    'whole': {},
    'slide': SLIDE,
    'overlap of three': dict(crop=(32, 40), stride=(12, 15)),
    'threshold': dict(SLIDE, background_threshold=0.3),
    'area': dict(SLIDE, background_threshold=0.2, area_threshold=0.2),
    'denoised': dict(SLIDE, decode_head=dict(
        type='MaskClipHead', pd_thresh=0.4)),
    'smoothed': dict(decode_head=dict(
        type='MaskClipHead', pd_thresh=0.2, ks_thresh=1.0),
        backbone=dict(type='ClipViT', out_keys='raw'), logit_scale=1.),
    'naclip': dict(SLIDE, backbone=dict(type='ClipViT', last_block='naclip')),
}


@pytest.mark.parametrize('settings', SETTINGS)
def test_labels_are_those_of_the_plain_way(zero_shot, settings):
    """All but ties on photos of several sizes, in batches."""
    settings = {'logit_scale': 40., **SETTINGS[settings]}
    crop, stride = settings.pop('crop', None), settings.pop('stride', None)
    model = zero_shot(vocabulary=WORDS, **settings, test_cfg=dict(
        mode='slide', crop_size=crop, stride=stride) if crop else None)
    shapes = [(96, 160), (96, 160), (130, 75), (96, 160), (33, 61)]
    sizes = [(96, 160), (150, 250), (200, 111), (60, 101), (300, 555)]
    generator = torch.Generator().manual_seed(3)
    inputs = [F.interpolate(
        torch.randn(1, 3, 6, 8, generator=generator), size=shape,
        mode='bicubic')[0] for shape in shapes]
    with torch.no_grad():
        results = model.predict(inputs, [
            SegDataSample(metainfo=dict(ori_shape=size)) for size in sizes])
    seen = set()
    for x, size, result in zip(inputs, sizes, results):
        labels, gap = plain_segmentor.predict(
            model, x[None], size, crop, stride,
            settings.get('area_threshold'))
        wrong = result.pred_sem_seg.data[0] != labels
        assert wrong.float().mean() <= 1e-4
        assert not (wrong & (gap > 1e-4)).any()
        seen.update(labels.unique().tolist())
    assert len(seen) > 1


def test_small_classes_become_background(zero_shot):
    """What the area threshold takes away was there without it."""
    options = dict(vocabulary=WORDS, logit_scale=40., background_threshold=.2)
    x = F.interpolate(torch.randn(
        1, 3, 6, 8, generator=torch.Generator().manual_seed(3)),
        size=(96, 160), mode='bicubic')
    plain, strict = (
        model.predict(x)[0] for model in (
            zero_shot(**options), zero_shot(**options, area_threshold=0.3)))
    before, after = (set(r.pred_sem_seg.data.unique().tolist())
                     for r in (plain, strict))
    assert after - {0} < before - {0}
    gone = sorted(before - after - {0})
    assert (strict.seg_logits.data[gone] == -torch.inf).all()
    assert torch.equal(strict.seg_logits.data.argmax(0),
                       strict.pred_sem_seg.data[0])


@pytest.mark.parametrize('options', [
    dict(area_threshold=0.1),
    dict(area_threshold=0., background_threshold=0.1),
    dict(area_threshold=10, background_threshold=0.1)])
def test_area_threshold_out_of_range(zero_shot, options):
    with pytest.raises(UserError, match='area_threshold lies in'):
        zero_shot(vocabulary=WORDS, **options)


# ------------------------------------------------------------ only on demand
class Largest(TorchDispatchMode):
    """The largest tensor that any operation makes."""
    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for one in out if isinstance(out, (list, tuple)) else [out]:
            if isinstance(one, torch.Tensor):
                self.numel = max(self.numel, one.numel())
        return out


def test_memory_does_not_grow_with_the_photo_times_the_words(zero_shot):
    """2,000 words at 256 x 512 would be 262 million scores."""
    model = zero_shot()
    model.set_vocabulary(
        [f'thing {i}' for i in range(2000)],
        F.normalize(torch.randn(2000, model.backbone.embed_dims)))
    sample = SegDataSample(metainfo=dict(ori_shape=(256, 512)))
    with torch.no_grad(), Largest() as largest:
        result, = model.predict(torch.randn(1, 3, 64, 128), [sample])
    assert result.pred_sem_seg.shape == (256, 512)
    assert largest.numel < 5e6
    assert len(result.pred_sem_seg.data.unique()) > 10


def test_logits_are_made_when_they_are_read(zero_shot):
    model = zero_shot(vocabulary=WORDS)
    with torch.no_grad():
        result, other = model.predict(torch.randn(2, 3, 64, 80))
    assert result.to_dict()['seg_logits'] == {}  # as evaluators do
    assert 'data' not in result.seg_logits
    want = result.seg_logits.data
    assert want.shape == (5, 64, 80) and 'data' in result.seg_logits
    assert result.seg_logits.shape == (64, 80)
    assert result.seg_logits.data is want
    assert result.to_dict()['seg_logits']['data'] is want
    assert torch.equal(result.cpu().seg_logits.data, want)
    copies = [pickle.loads(pickle.dumps(other)), other.cpu(), other.clone(),
              copy.deepcopy(other)]
    for one in copies:
        assert torch.equal(one.seg_logits.data, other.seg_logits.data)
    assert isinstance(other.numpy().seg_logits.data, np.ndarray)


def test_logits_belong_to_the_vocabulary_they_were_made_with(zero_shot):
    model, other = zero_shot(vocabulary=WORDS), zero_shot(vocabulary=WORDS)
    x = torch.randn(1, 3, 64, 80)
    with torch.no_grad():
        result, = model.predict(x)
        want, = other.predict(x)
    model.set_vocabulary('cat; sky, clouds, sun')
    model.logit_scale = 1.
    assert torch.equal(result.seg_logits.data, want.seg_logits.data)


def test_other_attributes_of_logits_are_missing_as_ever():
    logits = SegLogits(lambda: torch.zeros(2, 3, 4))
    with pytest.raises(AttributeError, match='no attribute \'score\''):
        _ = logits.score
    with pytest.raises(AttributeError, match='no attribute \'data\''):
        _ = SegLogits().data

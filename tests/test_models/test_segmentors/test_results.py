"""Predictions against the reference in plain_segmentor.py."""

import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch.utils._python_dispatch import TorchDispatchMode

from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'


# -------------------------------------------- the reference implementation
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
    """Equal except for ties, on batches of several sizes."""
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
    """Without the area threshold, the removed classes are present."""
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
    with pytest.raises(UserError, match='area_threshold( must be|=.* needs)'):
        zero_shot(vocabulary=WORDS, **options)


# ------------------------------------------------------------------- memory
class Largest(TorchDispatchMode):
    """Records the size of the largest tensor of any operation."""
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



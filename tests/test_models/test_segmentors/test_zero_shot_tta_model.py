import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

pytestmark = pytest.mark.usefixtures('one_thread')


def views(*probabilities):
    """One image, several views: (C, H, W) probabilities each."""
    return [[SegDataSample(
        metainfo=dict(img_path='x.jpg'),
        seg_logits=PixelData(data=torch.tensor(p).log()))
        for p in probabilities]]


def test_probabilities_are_averaged_as_they_are(zero_shot):
    """Class 0 is a threshold: probabilities need not add up to 1."""
    tta = MODELS.build(dict(
        type='ZeroShotTTAModel', module=zero_shot(vocabulary='cat; sky')))
    # Cat leads by 0.1 in the first view, sky by 0.3 in the second.
    result, = tta.merge_preds(views(
        [[[.5]], [[.6]], [[.1]]], [[[.5]], [[.05]], [[.8]]]))
    torch.testing.assert_close(
        result.seg_logits.data.exp().flatten(),
        torch.tensor([.5, .325, .45]))
    assert result.pred_sem_seg.data.tolist() == [[[0]]]
    # A softmax of each view would decide otherwise.
    first, second = (torch.tensor(p) / sum(p)
                     for p in ([.5, .6, .1], [.5, .05, .8]))
    assert (first + second).argmax() == 0
    result, = tta.merge_preds(views(
        [[[.1]], [[.2]], [[.1]]], [[[.4]], [[.5]], [[.9]]]))
    assert result.pred_sem_seg.data.item() == 2


def test_other_segmentors_are_left_to_mmseg():
    """Their logits are not log-probabilities."""
    module = dict(
        type='EncoderDecoder', backbone=dict(
            type='ResNetV1c', depth=18, base_channels=8, out_indices=(3, ),
            norm_cfg=dict(type='BN')),
        decode_head=dict(type='FCNHead', in_channels=64, channels=64,
                         in_index=0, num_classes=3, num_convs=0,
                         concat_input=False, norm_cfg=dict(type='BN')),
        test_cfg=dict(mode='whole'))
    ours = MODELS.build(dict(type='ZeroShotTTAModel', module=module))
    theirs = SegTTAModel(module=ours.module)
    logits = torch.randn(
        2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    results = [
        tta.merge_preds([[SegDataSample(
            metainfo=dict(img_path='x.jpg'),
            seg_logits=PixelData(data=9 * one)) for one in logits]])[0]
        for tta in (ours, theirs)]
    assert torch.equal(results[0].pred_sem_seg.data.squeeze(),
                       results[1].pred_sem_seg.data.squeeze())

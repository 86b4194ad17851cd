"""Small mmseg students, a batch for them, and MaskClipPlus around them."""
import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

CLASSES = ['cat', 'dog', 'grass', 'sky']
NORM = dict(type='BN', requires_grad=True)
RESNET = dict(
    type='ResNetV1c', depth=18, base_channels=8, out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1), norm_cfg=NORM)
DDRNET = dict(type='DDRNet', channels=8, ppm_channels=16, norm_cfg=NORM)
OHEM = dict(type='OhemCrossEntropy', thres=0.9, min_kept=100,
            class_weight=None, loss_weight=1.0)
HEADS = dict(
    fcn=dict(type='FCNHead', in_channels=64, in_index=3, num_convs=1),
    aspp=dict(type='ASPPHead', in_channels=64, in_index=3,
              dilations=(1, 2, 3, 4)),
    v2=dict(type='DeepLabV2Head', in_channels=64, in_index=3,
            dilations=(2, 3, 4, 6)),
    aspp_plus=dict(
        type='DepthwiseSeparableASPPHead', in_channels=64, in_index=3,
        dilations=(1, 2), c1_in_channels=8, c1_channels=8),
    psp=dict(type='PSPHead', in_channels=64, in_index=3, pool_scales=(1, 2)),
    uper=dict(type='UPerHead', in_channels=[8, 16, 32, 64],
              in_index=[0, 1, 2, 3], pool_scales=(1, 2)),
    segformer=dict(type='SegformerHead', in_channels=[8, 16, 32, 64],
                   in_index=[0, 1, 2, 3]),
    da=dict(type='DAHead', in_channels=64, in_index=3, pam_channels=8),
    enc=dict(type='EncHead', in_channels=[16, 32, 64], in_index=[1, 2, 3],
             num_codes=4),
    ddr=dict(type='DDRHead', in_channels=32, loss_decode=[OHEM, OHEM]))


def student(head='fcn', channels=24, auxiliary=False, **kwargs):
    """Config of an EncoderDecoder with one of HEADS."""
    cfg = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[120., 110., 100.],
            std=[60., 58., 56.], bgr_to_rgb=True, size=(64, 64)),
        backbone=DDRNET if head == 'ddr' else RESNET,
        decode_head=dict(HEADS[head], channels=channels, norm_cfg=NORM,
                         dropout_ratio=0, align_corners=False),
        test_cfg=dict(mode='whole'), **kwargs)
    if auxiliary:
        cfg['auxiliary_head'] = dict(HEADS['fcn'], channels=8, norm_cfg=NORM)
    return cfg


def build(teacher, seed=0, **kwargs):
    """MaskClipPlus in training mode, initialised."""
    torch.manual_seed(seed)
    model = MODELS.build(ConfigDict(
        {**dict(type='MaskClipPlus', student=student(), teacher=teacher),
         **kwargs}))
    model.init_weights()
    return model.train()


def batch(labels=True, seed=0, size=64):
    """Two images of different sizes, padded by the preprocessor.

    Labels are 0, 1, hidden or ignored.
    """
    rng, label_rng = np.random.default_rng(seed), np.random.default_rng(1)
    data = dict(inputs=[], data_samples=[])
    for i, (h, w) in enumerate([(size, size), (size - 10, size - 20)]):
        image = rng.integers(0, 256, (3, h, w), dtype=np.uint8)
        sample = SegDataSample(metainfo=dict(
            img_path=f'image{i}.jpg', ori_shape=(h, w), img_shape=(h, w)))
        if labels:
            gt = label_rng.choice([-1, 0, 1, 255], (1, h, w))
            sample.gt_sem_seg = PixelData(data=torch.from_numpy(gt))
        data['inputs'].append(torch.from_numpy(image))
        data['data_samples'].append(sample)
    return data


def metas():
    """Metainfo of two images of 64 x 64, which sliding windows modify."""
    return [dict(img_shape=(64, 64), ori_shape=(64, 64)) for _ in range(2)]


def total(losses):
    """Sum of a dict of losses, without the accuracies."""
    return sum(value for name, value in losses.items() if 'loss' in name)

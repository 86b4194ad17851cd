"""Training configs: models, and the datasets and lengths of each.

Settings of the authors' MaskCLIP+ configs. Their students are a ResNet-101
(ImageNet, stride 8) with a head as wide as CLIP's embeddings.
"""
from .code import Raw
from .methods import IMAGENET

WIDTHS = {'RN50': 1024, 'RN50x16': 768, 'ViT-B-16': 512}  # of the embeddings

BACKBONE = dict(
    type='ResNetV1c',
    depth=101,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4),
    strides=(1, 2, 1, 1),
    norm_cfg=Raw('norm_cfg'),
    norm_eval=False,
    style='pytorch',
    contract_dilation=True,
    init_cfg=dict(
        type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'))
HEADS = {
    'DeepLabV2': dict(
        type='DeepLabV2Head',
        in_channels=2048,
        in_index=3,
        channels=WIDTHS['ViT-B-16'],
        dilations=(6, 12, 18, 24),
        dropout_ratio=0,
        norm_cfg=Raw('norm_cfg'),
        align_corners=False,
        loss_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
    # As a difference from the first.
    'DeepLabV3+': dict(
        type='DepthwiseSeparableASPPHead',
        dilations=(1, 12, 24, 36),
        c1_in_channels=256,
        c1_channels=48),
}
STUDENT = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', **IMAGENET, bgr_to_rgb=True, pad_val=0,
        seg_pad_val=255, size=(512, 512)),
    backbone=BACKBONE,
    decode_head=HEADS['DeepLabV2'],
    test_cfg=dict(mode='whole'))

# Base configs of MaskCLIP+.
#     teacher: Key of ``METHODS``.
#     changes: Differences of the teacher from it.
#     options: Options of ``MaskClipPlus``.
#     variant: Suffix of the title.
PLUS_MODELS = {
    'maskclip_plus': dict(teacher='maskclip'),
    'maskclip_plus_authors': dict(teacher='maskclip_authors'),
    'maskclip_plus_authors_rn50': dict(teacher='maskclip_authors_rn50'),
    'maskclip_plus_authors_rn50x16': dict(
        teacher='maskclip_authors_rn50x16'),
    'maskclip_plus_authors_ks': dict(
        teacher='maskclip_authors_ks_pd', variant='KS',
        changes=dict(decode_head=dict(pd_thresh=None))),
    'maskclip_plus_authors_pd': dict(
        teacher='maskclip_authors', variant='PD',
        changes=dict(decode_head=dict(pd_thresh=0.5))),
    'maskclip_plus_authors_ks_pd': dict(
        teacher='maskclip_authors_ks_pd', variant='KS + PD'),
    'maskclip_plus_authors_distill': dict(
        teacher='maskclip_authors', variant='distillation',
        options=dict(distill_weight=1.0)),
}

# Labels that a training reads: in tables, and in headers.
READ = {'unlabelled': 'none', 'hidden': 'ignored pixels',
        'zero_shot': 'seen classes'}
LABELS = {
    'unlabelled': 'no labels are read',
    'hidden': 'labels are read only to ignore pixels without a class',
    'zero_shot': 'some classes have no labels',
}

_FREE = dict(paper='MaskCLIP+', runtime='train_runtime')
_ZERO_SHOT = dict(
    paper='MaskCLIP+', data='zero_shot', runtime='self_training_runtime')
_LENGTHS = dict(voc='2k', context='4k', coco_stuff='8k', ade20k='8k',
                cityscapes='4k')
_ZERO_SHOT_LENGTHS = dict(voc='20k', voc21='20k', context='40k',
                          context60='40k', coco_stuff='80k')


def _of(lengths, *datasets):
    return {dataset: lengths[dataset] for dataset in datasets}


_VARIANTS = {
    f'maskclip_plus_authors{suffix}': dict(
        _FREE, model=f'maskclip_plus_authors{suffix}', data='hidden',
        datasets=_of(_LENGTHS, *datasets))
    for suffix, datasets in (
        ('', _LENGTHS),
        ('_rn50', _LENGTHS),
        ('_rn50x16', ('voc', 'context', 'coco_stuff')),
        ('_ks', ('context', 'coco_stuff')),
        ('_pd', ('context', 'coco_stuff')),
        ('_ks_pd', ('context', 'coco_stuff')),
        ('_distill', ('context', )))}

# Configs METHOD_DATASET, for the datasets of ``TRAIN``.
#     model: Base config of the model; MODEL_toy for the toy scenes.
#     data: Key of ``LABELS``, suffix of the dataset's base config.
#     datasets: Dataset -> key of ``SCHEDULES``.
#     runtime: Base config of the runtime.
#     authors: Entry with the authors' settings, which this one corrects.
#     authors_on: Dataset -> the authors' dataset, if it is another.
#     differs: Dataset -> what else differs from the authors' settings.
TRAINED = {
    'maskclip_plus': dict(
        _FREE, model='maskclip_plus', data='unlabelled',
        datasets=dict(_LENGTHS, toy='toy'), authors='maskclip_plus_authors'),
    **_VARIANTS,
    'maskclip_plus_zero_shot': dict(
        _ZERO_SHOT, model='maskclip_plus',
        datasets=dict(_of(_ZERO_SHOT_LENGTHS, 'voc', 'context', 'coco_stuff'),
                      toy='toy'),
        authors='maskclip_plus_zero_shot_authors',
        authors_on=dict(context='context60'),
        differs=dict(context='59 classes, none of them background')),
    'maskclip_plus_zero_shot_authors': dict(
        _ZERO_SHOT, model='maskclip_plus_authors_rn50',
        datasets=_of(_ZERO_SHOT_LENGTHS, 'voc', 'voc21', 'context60',
                     'coco_stuff')),
    'text_mapped_zero_shot': dict(
        model='text_mapped', data='zero_shot', runtime='train_runtime',
        datasets=dict(voc='20k', toy='toy')),
}

# Settings of zero-shot training on a dataset, other than the first ones.
ZERO_SHOT_SETTINGS = dict.fromkeys(('context', 'context60'), dict(
    head='DeepLabV3+', optimizer=dict(lr=0.004, weight_decay=0.0001)))

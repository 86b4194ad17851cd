# MaskCLIP+: MaskCLIP as teacher, a DeepLabV2 with ResNet-101 as student, as
# wide as CLIP's embeddings.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
method = 'MaskCLIP+'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='MaskClipPlus',
    student=dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
            pad_val=0,
            seg_pad_val=255,
            size=(512, 512)),
        backbone=dict(
            type='ResNetV1c',
            depth=101,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            dilations=(1, 1, 2, 4),
            strides=(1, 2, 1, 1),
            norm_cfg=norm_cfg,
            norm_eval=False,
            style='pytorch',
            contract_dilation=True,
            init_cfg=dict(
                type='Pretrained', checkpoint='open-mmlab://resnet101_v1c')),
        decode_head=dict(
            type='DeepLabV2Head',
            in_channels=2048,
            in_index=3,
            channels=512,
            dilations=(6, 12, 18, 24),
            dropout_ratio=0,
            norm_cfg=norm_cfg,
            align_corners=False,
            loss_decode=dict(
                type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
        test_cfg=dict(mode='whole')),
    teacher=dict(
        type='ZeroShotSegmentor',
        clip=dict(model='ViT-B-16', pretrained='openai'),
        data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'),
        prompts='imagenet80'))

# MaskCLIP's negative baseline (section 3.2): CLIP itself fine-tuned; a trained
# mapper turns text embeddings into the classifier.
method = 'CLIP fine-tuned, mapped text'
model = dict(
    type='TextMappedSegmentor',
    clip=dict(model='toy-vit-p8', pretrained='toy'),
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[122.771, 116.746, 104.094],
        std=[68.501, 66.632, 70.323],
        bgr_to_rgb=True,
        size=(128, 128)),
    backbone=dict(type='ClipViT', last_block='clip'),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=128,
        in_index=0,
        channels=128,
        dilations=(2, 3, 4, 6),
        dropout_ratio=0,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
    test_cfg=dict(mode='whole'))

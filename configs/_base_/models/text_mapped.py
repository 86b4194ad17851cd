# MaskCLIP's negative baseline (section 3.2): CLIP's own ResNet fine-tuned with
# a DeepLabV2 head; a trained mapper turns text embeddings into the classifier.
_base_ = 'text_mapped_toy.py'
model = dict(
    clip=dict(model='RN50', pretrained='openai'),
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(_delete_=True, type='ClipResNet', out_stages=True),
    decode_head=dict(
        in_channels=2048, in_index=3, channels=512,
        dilations=(6, 12, 18, 24),
        norm_cfg=dict(type='SyncBN', requires_grad=True)))

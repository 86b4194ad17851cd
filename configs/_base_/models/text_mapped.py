# The paper's negative baseline: DeepLabV2 on CLIP's own ResNet, fine-tuned,
# its classifier made from the text by a trained mapper.
_base_ = 'text_mapped_toy.py'
model = dict(
    clip=dict(model='RN50', pretrained='openai'),
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(_delete_=True, type='ClipResNet', out_stages=True),
    decode_head=dict(
        in_channels=2048, in_index=3, channels=512,
        dilations=(6, 12, 18, 24),
        norm_cfg=dict(type='SyncBN', requires_grad=True)))

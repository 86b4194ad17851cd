# MaskCLIP+ with a small student; the teacher is MaskCLIP of the toy CLIP. The
# dilations fit a map of 16 x 16 instead of 64 x 64.
_base_ = 'maskclip_plus.py'
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    student=dict(
        data_preprocessor=dict(size=(128, 128)),
        backbone=dict(
            depth=18, base_channels=16, norm_cfg=norm_cfg, init_cfg=None),
        decode_head=dict(
            in_channels=128, channels=128, dilations=(2, 3, 4, 6),
            norm_cfg=norm_cfg)),
    teacher=dict(clip=dict(model='toy-vit-p8', pretrained='toy')))

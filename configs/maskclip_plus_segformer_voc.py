# MaskCLIP+ on Pascal VOC 2012 (20 classes), annotation-free, with a
# SegFormer-B0 as student.
#
#     clipzs train maskclip_plus_segformer_voc
_base_ = 'maskclip_plus_voc.py'
method = 'MaskCLIP+ (SegFormer)'
model = dict(
    student=dict(
        backbone=dict(
            _delete_=True,
            type='MixVisionTransformer',
            embed_dims=32,
            num_stages=4,
            num_layers=[2, 2, 2, 2],
            num_heads=[1, 2, 5, 8],
            patch_sizes=[7, 3, 3, 3],
            sr_ratios=[8, 4, 2, 1],
            out_indices=(0, 1, 2, 3),
            drop_path_rate=0.1),
        decode_head=dict(
            _delete_=True,
            type='SegformerHead',
            in_channels=[32, 64, 160, 256],
            in_index=[0, 1, 2, 3],
            channels=512,
            dropout_ratio=0,
            norm_cfg={{_base_.norm_cfg}},
            align_corners=False)))
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='AdamW', lr=6e-5, betas=(0.9, 0.999),
        weight_decay=0.01))
# The base's smallest learning rate is larger than this one.
param_scheduler = [
    dict(type='PolyLR', eta_min=0., power=1.0, begin=0, by_epoch=False)
]

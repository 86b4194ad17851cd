# MaskCLIP+ on Pascal VOC 2012 (20 classes), annotation-free, with a PSPNet as
# student.
#
#     clipzs train maskclip_plus_pspnet_voc
_base_ = 'maskclip_plus_voc.py'
method = 'MaskCLIP+ (PSPNet)'
model = dict(
    student=dict(
        decode_head=dict(
            _delete_=True,
            type='PSPHead',
            in_channels=2048,
            in_index=3,
            channels=512,
            pool_scales=(1, 2, 3, 6),
            dropout_ratio=0,
            norm_cfg={{_base_.norm_cfg}},
            align_corners=False)))

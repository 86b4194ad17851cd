# CLIPtrase's attention ViT-B/16 on Pascal VOC 2012 with background, protocol B
# with SCLIP's settings (without its area threshold).
#
#     python tools/test.py configs/cliptrase_voc21.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc21',
    logit_scale=65,
    background_threshold=0.1)

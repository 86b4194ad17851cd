# MaskCLIP+ on COCO-Stuff 164k (171 classes), annotation-free.
# Protocol A (MaskCLIP).
# Published: 18.0 mIoU, teacher ViT-B/16 (arXiv 2112.01071).
#
#     python tools/train.py configs/maskclip_plus_coco_stuff.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py',
    '_base_/datasets/coco_stuff_unlabelled.py',
    '_base_/schedules/schedule_80k.py', '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(teacher=dict(vocabulary='coco_stuff171'))

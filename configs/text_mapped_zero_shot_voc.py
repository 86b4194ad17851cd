# CLIP fine-tuned on Pascal VOC 2012 (20 classes), zero-shot: the negative
# baseline of MaskCLIP (section 3.2).
# Protocol A (MaskCLIP).
#
#     clipzs train text_mapped_zero_shot_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/text_mapped.py', '_base_/datasets/voc_zero_shot.py',
    '_base_/schedules/schedule_20k.py', '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
unseen = {{_base_.unseen}}
model = dict(vocabulary='voc20', unseen=unseen)

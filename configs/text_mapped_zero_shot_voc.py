# The negative baseline of MaskCLIP (section 3.2) on Pascal VOC 2012.
#
#     python tools/train.py configs/text_mapped_zero_shot_voc.py
_base_ = [
    '_base_/models/text_mapped.py', '_base_/datasets/voc_zero_shot.py',
    '_base_/schedules/schedule_20k.py', '_base_/train_runtime.py'
]
unseen = {{_base_.unseen}}
model = dict(vocabulary='voc20', unseen=unseen)

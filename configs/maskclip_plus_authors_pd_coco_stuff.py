# MaskCLIP+, PD (authors' settings), ViT-B/16, on COCO-Stuff 164k (171
# classes), annotation-free: labels are read only to ignore pixels without a
# class.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 512; 8,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# No figure is published for this setting.
#
#     clipzs train maskclip_plus_authors_pd_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_pd.py',
    '_base_/datasets/coco_stuff_hidden.py', '_base_/schedules/schedule_8k.py',
    '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(teacher=dict(vocabulary='coco_stuff171'), unseen='all')

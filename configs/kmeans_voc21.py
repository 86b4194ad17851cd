# Unmodified CLIP ViT-B/16, its patch tokens grouped by K-means, on Pascal VOC
# 2012 with background, protocol A of GroupViT; published 25.0 mIoU (its table
# 4). The paper names no background threshold for these baselines: 0.95 is the
# one of GroupViT itself. Mean and std are CLIP's.
#
#     python tools/test.py configs/kmeans_voc21.py
_base_ = [
    '_base_/models/kmeans_clip.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc20',
    prompts='single',
    background_threshold=0.95,
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(224, 224)))

# A small 1-stage GroupViT for scenes of 64 to 128 pixels. With few blocks the
# patch features stay local.
_base_ = 'groupvit.py'
model = dict(
    weights='toy',
    backbone=dict(
        embed_dims=128, num_heads=4, depths=(2, 0), num_group_tokens=(8, 0),
        num_output_groups=(8, ), img_size=64, patch_size=8,
        grouping_gain=1.),
    text_backbone=dict(embed_dims=64, depth=3),
    embed_dims=128,
    projector_dims=512,
    prompts='imagenet80',
    test_cfg=dict(_delete_=True, mode='whole'))

# A small 2-stage GroupViT for scenes of 64 to 128 pixels. Few blocks, so that
# patches stay local, and layer norms in the projectors, so that a group alone
# looks to them like the mean of all.
_base_ = 'groupvit.py'
model = dict(
    weights='toy',
    backbone=dict(
        embed_dims=128, num_heads=4, depths=(1, 1, 0),
        num_group_tokens=(16, 8, 0), num_output_groups=(16, 8), img_size=64,
        patch_size=8),
    text_backbone=dict(embed_dims=64, depth=3),
    embed_dims=128,
    projector_dims=512,
    norm_cfg=dict(type='LN'),
    prompts='imagenet80',
    test_cfg=dict(_delete_=True, mode='whole'))

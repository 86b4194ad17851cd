# Noun prompts per image besides its caption, and tokens per text. Shared by
# data and model.
num_nouns = 3
context_length = 77
# GroupViT's augmentation, 224 x 224 pixels. As in timm, RandAugment replaces
# the colour jitter.
train_pipeline = [
    dict(type='LoadPhoto'),
    dict(
        type='TimmAugment', size=224, scale=(0.08, 1.0),
        interpolation='bilinear', color_jitter=0.4,
        auto_augment='rand-m9-mstd0.5-inc1', re_prob=0.25, re_mode='pixel'),
    dict(
        type='PackImageText', num_nouns=num_nouns,
        context_length=context_length)
]

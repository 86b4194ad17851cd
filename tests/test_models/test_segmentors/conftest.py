import pytest
from students import CLASSES


@pytest.fixture(scope='session')
def teacher(tiny_vit):
    """Config of a small ``ZeroShotSegmentor``."""
    return dict(
        type='ZeroShotSegmentor', clip=tiny_vit,
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'), prompts='single',
        vocabulary=CLASSES)

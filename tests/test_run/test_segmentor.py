"""The segmentor in a config."""
import pytest
from mmengine.config import Config

from mmseg_clipzs.run.segmentor import (
    class_of,
    clip_of,
    embeds_config_words,
    segmentor_of,
)

CLIP = dict(model='ViT-B-16')


@pytest.mark.parametrize('model, clip', [
    (dict(type='ZeroShotSegmentor', clip=CLIP), CLIP),
    (dict(type='MaskClipPlus', student={}, teacher=dict(clip=CLIP)), CLIP),
    (dict(type='EncoderDecoder'), {})])
@pytest.mark.parametrize('tta', [False, True])
def test_segmentor_and_clip(model, clip, tta):
    cfg = Config(dict(
        model=dict(type='SegTTAModel', module=model) if tta else model))
    assert segmentor_of(cfg).type == model['type']
    assert clip_of(cfg) == clip


def test_a_config_without_a_model():
    assert segmentor_of(Config({})) == clip_of(Config({})) == {}


@pytest.mark.parametrize('kind, expected', [
    ('ZeroShotSegmentor', True), ('ImageTextContrastive', True),
    ('MaskClipPlus', False), ('TextMappedSegmentor', False),
    ('EncoderDecoder', False), ('NoSuchModel', False)])
def test_where_the_classes_are(kind, expected):
    assert embeds_config_words(dict(type=kind)) == expected
    assert embeds_config_words(dict(type=class_of(dict(type=kind)))
                               ) == expected

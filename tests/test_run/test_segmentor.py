"""The segmentor in a config."""
import pytest
import torch
from mmengine.config import Config

from mmseg_clipzs.run.segmentor import (
    class_of,
    clip_of,
    embeds_config_words,
    has_vocabulary,
    segmentor_of,
    takes_embeddings,
    use_trained_classes,
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


@pytest.mark.parametrize('kind, replaced, ready_made', [
    ('ZeroShotSegmentor', True, True), ('MaskClipPlus', True, True),
    ('TextMappedSegmentor', True, False), ('EncoderDecoder', False, False)])
def test_what_can_be_replaced(kind, replaced, ready_made):
    model = dict(type=kind)
    assert has_vocabulary(model) == replaced
    assert takes_embeddings(model) == ready_made


WORDS = dict(cat=['cat', 'kitten'], sky=['sky'])
NAMES = dict(dataset_meta=dict(classes=('puss', 'air')))


@pytest.mark.parametrize('own, meta, expected', [
    (None, dict(vocabulary=WORDS), WORDS),
    ('dog; sky', dict(vocabulary=WORDS), WORDS),
    ('sky; cat, kitten', dict(vocabulary=WORDS), WORDS),
    ('cat, kitten; sky', dict(vocabulary=WORDS), 'cat, kitten; sky'),
    (None, NAMES, dict(puss=['puss'], air=['air'])),
    ('cat; sky', NAMES, 'cat; sky'),  # of a checkpoint without words
    (None, {}, None)])
@pytest.mark.parametrize('kind', ['MaskClipPlus', 'TextMappedSegmentor'])
def test_classes_of_a_checkpoint(tmp_path, kind, own, meta, expected):
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict={}, meta=meta), path)
    words = dict(vocabulary=own) if own else {}
    model = (dict(type=kind, teacher=dict(text_embeddings='a.npy', **words))
             if kind == 'MaskClipPlus' else dict(type=kind, **words))
    cfg = Config(dict(model=model, load_from=str(path)))
    use_trained_classes(cfg)
    owner = cfg.model.get('teacher', cfg.model)
    assert owner.get('vocabulary') == expected
    assert ('text_embeddings' in owner) == (
        kind == 'MaskClipPlus' and expected == own)


def test_the_learnt_background_of_a_checkpoint(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(meta=dict(vocabulary=dict(background=[], **WORDS))), path)
    cfg = Config(dict(load_from=str(path), model=dict(
        type='MaskClipPlus', learn_background=True,
        teacher=dict(vocabulary='cat, kitten; sky'))))
    use_trained_classes(cfg)
    assert cfg.model.teacher.vocabulary == 'cat, kitten; sky'
    cfg.model.teacher.vocabulary = 'sky'
    use_trained_classes(cfg)
    assert list(cfg.model.teacher.vocabulary) == ['background', 'cat', 'sky']


def test_zero_shot_models_keep_their_words(tmp_path):
    cfg = Config(dict(load_from=str(tmp_path / 'not read'), model=dict(
        type='ZeroShotSegmentor', vocabulary='cat; sky')))
    use_trained_classes(cfg)
    assert cfg.model.vocabulary == 'cat; sky'

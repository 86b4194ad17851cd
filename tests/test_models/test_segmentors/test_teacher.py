"""Inputs of the teacher, and unsuitable teachers."""
import numpy as np
import pytest
import torch
from mmengine.model import ImgDataPreprocessor
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.registry import MODELS

from mmseg_clipzs.models.segmentors.teacher import (
    LazyTeacher,
    class_embeddings,
    input_conversion,
)
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')
MEAN, STD = [120., 110., 100.], [60., 58., 56.]


class ForkPreProcessor(ImgDataPreprocessor):
    """As in mmseg's forks: mmengine's, with its private attribute."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        assert not hasattr(self, 'channel_conversion')


@pytest.mark.parametrize('normalised', [True, False])
@pytest.mark.parametrize('other_order', ['bgr_to_rgb', 'rgb_to_bgr', None])
@pytest.mark.parametrize('own_order', ['bgr_to_rgb', None])
@pytest.mark.parametrize('kind', [SegDataPreProcessor, ForkPreProcessor])
def test_input_of_the_other_preprocessor(kind, own_order, other_order,
                                         normalised):
    norm = dict(mean=MEAN, std=STD) if normalised else {}
    own = kind(**norm, **({own_order: True} if own_order else {}))
    other = SegDataPreProcessor(
        mean=[10., 20., 30.], std=[40., 50., 70.],
        **({other_order: True} if other_order else {}))
    image = torch.from_numpy(np.random.default_rng(0).integers(
        0, 256, (3, 8, 8), dtype=np.uint8))
    x, want = (each(dict(inputs=[image]), False)['inputs']
               for each in (own, other))
    flip, scale, shift = input_conversion(own, other)
    got = (x.flip(1) if flip else x) * scale + shift
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-5)


def test_no_preprocessing_at_all():
    """mmengine's default: images are not normalised."""
    own = MODELS.build(dict(type='BaseDataPreprocessor'))
    other = SegDataPreProcessor(mean=MEAN, std=STD, bgr_to_rgb=True)
    flip, scale, shift = input_conversion(own, other)
    assert flip
    torch.testing.assert_close(scale.flatten(), 1 / torch.tensor(STD))
    torch.testing.assert_close(
        shift.flatten(), -torch.tensor(MEAN) / torch.tensor(STD))


@pytest.mark.parametrize('settings, message', [
    (dict(vocabulary=None), 'needs vocabulary='),
    (dict(background_threshold=0.5), "teacher's background_threshold"),
    (dict(pamr={}), "teacher's pamr"),
    (dict(prompts='my/templates.json'), 'not for teachers'),
    *((dict(backbone=dict(type='ClipViT', last_block=block), **regions),
       'CorrCLIP cannot teach: it needs regions')
      for block in ('corrclip', dict(type='corrclip', scale=64.))
      for regions in ({}, dict(regions=dict(type='Felzenszwalb')))),
])
def test_unfit_teachers(teacher, settings, message):
    with pytest.raises(UserError, match=message):
        LazyTeacher({**teacher, **settings})


def test_a_teacher_without_dense_features():
    from mmseg_clipzs.models.segmentors import ImageTextContrastive
    groupvit = dict(
        type=ImageTextContrastive, weights=None, vocabulary='cat; dog',
        backbone=dict(
            type='GroupViT', embed_dims=16, num_heads=2, depths=(1, 1),
            num_group_tokens=(4, 0), num_output_groups=(2, )),
        text_backbone=dict(type='TextTransformer', embed_dims=64, depth=1),
        decode_head=dict(type='GroupViTHead'), projector_dims=16)
    with pytest.raises(UserError, match='ImageTextContrastive has none'):
        LazyTeacher(groupvit)


@pytest.mark.parametrize('learnt', [False, True])
def test_embeddings_of_classes_that_share_a_word(learnt):
    vocabulary = Vocabulary(
        ('background', 'bed', 'dog'),
        (('sky', 'bed'), ('bed', ), ('dog', 'puppy')))
    rows = dict(zip(vocabulary.words, torch.nn.functional.normalize(
        torch.randn(4, 6), dim=1)))
    sky, bed, dog, puppy = (
        rows[word] for word in ('sky', 'bed', 'dog', 'puppy'))
    want = [sky + bed, bed, dog + puppy][int(learnt):]
    torch.testing.assert_close(
        class_embeddings(vocabulary, rows, learnt),
        torch.stack([row / row.norm() for row in want]))

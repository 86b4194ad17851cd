import copy
import pickle

import numpy as np
import pytest
import torch

from mmseg_clipzs.models.segmentors.seg_logits import SegLogits

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'


def test_logits_are_made_when_they_are_read(zero_shot):
    model = zero_shot(vocabulary=WORDS)
    with torch.no_grad():
        result, other = model.predict(torch.randn(2, 3, 64, 80))
    assert result.to_dict()['seg_logits'] == {}  # as evaluators do
    assert 'data' not in result.seg_logits
    want = result.seg_logits.data
    assert want.shape == (5, 64, 80) and 'data' in result.seg_logits
    assert result.seg_logits.shape == (64, 80)
    assert result.seg_logits.data is want
    assert result.to_dict()['seg_logits']['data'] is want
    assert torch.equal(result.cpu().seg_logits.data, want)
    copies = [pickle.loads(pickle.dumps(other)), other.cpu(), other.clone(),
              copy.deepcopy(other)]
    for one in copies:
        assert torch.equal(one.seg_logits.data, other.seg_logits.data)
    assert isinstance(other.numpy().seg_logits.data, np.ndarray)


def test_logits_belong_to_the_vocabulary_they_were_made_with(zero_shot):
    model, other = zero_shot(vocabulary=WORDS), zero_shot(vocabulary=WORDS)
    x = torch.randn(1, 3, 64, 80)
    with torch.no_grad():
        result, = model.predict(x)
        want, = other.predict(x)
    model.set_vocabulary('cat; sky, clouds, sun')
    model.logit_scale = 1.
    assert torch.equal(result.seg_logits.data, want.seg_logits.data)


def test_other_attributes_of_logits_are_missing_as_ever():
    logits = SegLogits(lambda: torch.zeros(2, 3, 4))
    with pytest.raises(AttributeError, match='no attribute \'score\''):
        _ = logits.score
    with pytest.raises(AttributeError, match='no attribute \'data\''):
        _ = SegLogits().data

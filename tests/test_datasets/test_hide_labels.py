import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.labels import HIDDEN_LABEL, IGNORE_INDEX
from mmseg_clipzs.utils import UserError


def test_labels_of_unseen_classes_are_hidden():
    hide = TRANSFORMS.build(dict(
        type='HideLabels', classes='cat, kitten; dog; sky',
        unseen=['sky', 'cat']))
    labels = np.array([[0, 1, 2], [IGNORE_INDEX, 1, 0]], dtype=np.uint8)
    got = hide(dict(gt_seg_map=labels))['gt_seg_map']
    assert got.dtype == np.int16
    assert got.tolist() == [[HIDDEN_LABEL, 1, HIDDEN_LABEL],
                            [IGNORE_INDEX, 1, HIDDEN_LABEL]]
    assert repr(hide) == 'HideLabels(unseen=[0, 2])'


def test_all_labels_but_the_ignored_ones():
    hide = TRANSFORMS.build(dict(
        type='HideLabels', classes='cat; dog; sky', unseen='all'))
    labels = np.array([[0, 1, 2], [IGNORE_INDEX, 1, 0]], dtype=np.uint8)
    assert hide(dict(gt_seg_map=labels))['gt_seg_map'].tolist() == [
        [HIDDEN_LABEL] * 3, [IGNORE_INDEX, HIDDEN_LABEL, HIDDEN_LABEL]]


@pytest.mark.parametrize('unseen, message', [
    ([], 'needs at least one class to hide'),
    (['kitten'], "'kitten' is not a class")])
def test_bad_names(unseen, message):
    with pytest.raises(UserError, match=message):
        TRANSFORMS.build(dict(type='HideLabels', unseen=unseen,
                              classes='cat, kitten; dog; sky'))

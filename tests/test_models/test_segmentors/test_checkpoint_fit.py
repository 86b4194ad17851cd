"""What a message says about a checkpoint of another model."""
import pytest
from torch import nn

from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.models.segmentors.text_classifier import TextClassifier
from mmseg_clipzs.utils import UserError


def head(classes=3, background=False, convs=0):
    return nn.ModuleDict(dict(
        convs=nn.ModuleList(nn.Conv2d(2, 2, 1) for _ in range(convs)),
        conv_seg=TextClassifier(8, classes, learn_background=background)))


def message(model, checkpoint):
    with pytest.raises(UserError) as info:
        check_fit(model, checkpoint.state_dict())
    return str(info.value)


def test_what_fits():
    for kwargs in ({}, dict(background=True), dict(convs=2)):
        check_fit(head(**kwargs), head(**kwargs).state_dict())
    # Entries that no layer reads are mmengine's to report.
    check_fit(head(), head(convs=1).state_dict())


def test_shapes():
    """The first entries, which are the same, are not what differs."""
    said = message(head(5, convs=2), head(4, convs=2))
    assert said == (
        'The checkpoint belongs to another model: it fits 4 of the 6 weights '
        'of ModuleDict. conv_seg.weight is (4, 8, 1, 1) in the checkpoint, '
        'but (5, 8, 1, 1) in the model. conv_seg.bias is (4,) in the '
        'checkpoint, but (5,) in the model.')


def test_missing_entries():
    said = message(head(convs=3), nn.ModuleDict(dict(fc=nn.Linear(1, 1))))
    assert 'it fits 0 of the 8 weights' in said
    assert said.endswith(
        'The checkpoint lacks convs.0.weight, convs.0.bias, convs.1.weight '
        'and 5 more. The model lacks fc.weight, fc.bias.')


def test_a_learnt_background():
    said = message(head(background=True), head())
    assert 'The checkpoint lacks conv_seg.background. The config has ' in said
    assert 'learn_background=True, but the checkpoint was trained with' in said
    # Every weight fits, but no pixel would be background.
    said = message(head(), head(background=True))
    assert 'fits 2 of the 2' in said
    assert 'The model lacks conv_seg.background. The checkpoint was ' in said
    assert 'learn_background=True, which the config does not' in said

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmseg_clipzs.engine import CheckWeightsHook
from mmseg_clipzs.utils import UserError

HUB = dict(log_scalars={}, runtime_info={}, resumed_keys={})


def check(checkpoint, resume, model=None):
    CheckWeightsHook().after_load_checkpoint(
        SimpleNamespace(model=model or nn.Linear(2, 3), _resume=resume),
        checkpoint)


def weights(**changes):
    return {**nn.Linear(2, 3).state_dict(), **changes}


def test_what_a_training_starts_from():
    """Some weights of another model, or all of its own."""
    check(dict(state_dict=dict(other=torch.ones(1, dtype=torch.int8))), False)
    check(weights(), False)
    check(dict(state_dict=weights(), meta=dict(epoch=0, iter=4),
               message_hub=HUB), True)


@pytest.mark.parametrize('dtype', [torch.int8, torch.bool, torch.complex64])
@pytest.mark.parametrize('resume', [True, False])
def test_other_numbers(dtype, resume):
    state = weights(bias=torch.ones(3, dtype=dtype))
    with pytest.raises(UserError, match=(
            f"The checkpoint holds {str(dtype)[6:]} in 'bias'")):
        check(dict(state_dict=state, meta=dict(epoch=0, iter=4),
                   message_hub=HUB), resume)


@pytest.mark.parametrize('checkpoint', [
    weights(), dict(state_dict=weights()),
    dict(state_dict=weights(), meta=dict(epoch=0), message_hub=HUB),
    dict(state_dict=weights(), meta=dict(epoch=0, iter='4'), message_hub=HUB),
    dict(state_dict=weights(), meta=dict(epoch=0, iter=4)),
    dict(state_dict=weights(), meta=dict(epoch=0, iter=4), message_hub={}),
    dict(state_dict=weights(), meta=5, message_hub=HUB)])
def test_no_training_state(checkpoint):
    with pytest.raises(UserError, match='no training state.*leave --resume'):
        check(checkpoint, True)


def test_resuming_another_model():
    with pytest.raises(UserError, match='belongs to another model'):
        check(dict(state_dict=weights(bias=torch.ones(4)), message_hub=HUB,
                   meta=dict(epoch=0, iter=4)), True)


def test_inside_a_wrapper():
    wrapped = nn.parallel.DataParallel(nn.Linear(2, 3))
    check(weights(), False, wrapped)
    with pytest.raises(UserError, match="int8 in 'bias'"):
        check(weights(bias=torch.ones(3).char()), False, wrapped)


def test_no_weights():
    with pytest.raises(UserError, match='has no weights'):
        check(dict(state_dict='text'), False)

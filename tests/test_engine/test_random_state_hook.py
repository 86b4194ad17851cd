from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import UserError


@pytest.fixture(autouse=True)
def _own_random_state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def saved():
    """A checkpoint, and the random numbers drawn after it."""
    checkpoint = {}
    HOOKS.build(dict(type='RandomStateHook')).before_save_checkpoint(
        None, checkpoint)
    return checkpoint, torch.rand(3)


@pytest.mark.parametrize('resume', [True, False])
def test_a_resumed_run_draws_the_same_numbers(resume):
    checkpoint, want = saved()
    torch.manual_seed(1)  # another process
    hook = HOOKS.build(dict(type='RandomStateHook'))
    runner = SimpleNamespace(_resume=resume)
    hook.after_load_checkpoint(runner, checkpoint)
    torch.rand(5)  # while the first batch is loaded
    hook.before_train_iter(runner, 0)
    assert torch.equal(torch.rand(3), want) == resume


def test_the_state_is_restored_once():
    checkpoint, want = saved()
    hook = HOOKS.build(dict(type='RandomStateHook'))
    runner = SimpleNamespace(_resume=True)
    hook.after_load_checkpoint(runner, checkpoint)
    hook.before_train_iter(runner, 0)
    assert torch.equal(torch.rand(3), want)
    hook.before_train_iter(runner, 1)
    assert not torch.equal(torch.rand(3), want)


def test_checkpoints_without_a_state():
    hook = HOOKS.build(dict(type='RandomStateHook'))
    runner = SimpleNamespace(_resume=True)
    before = torch.get_rng_state()
    hook.after_load_checkpoint(runner, dict(state_dict={}))
    hook.before_train_iter(runner, 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize('state', [
    'text', {}, dict(torch='text'), dict(torch=torch.zeros(3)),
    dict(torch=torch.zeros(3, dtype=torch.uint8))])
def test_damaged_state(state):
    hook = HOOKS.build(dict(type='RandomStateHook'))
    with pytest.raises(UserError, match='random_state is damaged'):
        hook.after_load_checkpoint(SimpleNamespace(_resume=True),
                                   dict(random_state=state))


def test_validation_leaves_no_trace():
    """A resumed run does not repeat the validation at its checkpoint."""
    hook = HOOKS.build(dict(type='RandomStateHook'))
    _, want = saved()
    torch.manual_seed(0)
    hook.before_val(None)
    torch.rand(7)  # drawn by the validation
    hook.after_val(None)
    assert torch.equal(torch.rand(3), want)

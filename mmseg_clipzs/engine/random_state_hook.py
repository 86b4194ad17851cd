import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import UserError


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Save torch's random state in checkpoints and restore it on resume.

    mmengine replays the data of finished iterations and with it the random
    augmentation, but not the random numbers drawn by the model, e.g. dropout.
    Validation draws some, too, and is not repeated on resume: training goes on
    as if there had been none.

    Raises:
        UserError: The random state of a resumed checkpoint is damaged.
    """
    priority = 'VERY_LOW'

    def __init__(self):
        self._resumed = self._training = None

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint['random_state'] = _get_state()

    def before_val(self, runner):
        self._training = _get_state()

    def after_val(self, runner):
        _set_state(self._training)

    def after_load_checkpoint(self, runner, checkpoint):
        state = checkpoint.get('random_state')
        if runner._resume and state is not None and not _is_state(state):
            raise UserError("The checkpoint's random_state is damaged: resume "
                            'another checkpoint.')
        self._resumed = state

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        # Not earlier: loading the first batch also draws random numbers.
        if self._resumed is None or not runner._resume:
            return
        _set_state(self._resumed)
        self._resumed = None


def _is_state(state):
    return isinstance(state, dict) and 'torch' in state and all(
        isinstance(value, torch.Tensor) and value.dtype == torch.uint8
        for value in state.values()) and (
            state['torch'].shape == torch.get_rng_state().shape)


def _get_state():
    state = dict(torch=torch.get_rng_state())
    gpu = _gpu()
    if gpu:
        state[gpu] = torch.get_device_module(gpu).get_rng_state()
    return state


def _set_state(state):
    torch.set_rng_state(state['torch'].cpu())
    gpu = _gpu()
    if gpu in state:
        torch.get_device_module(gpu).set_rng_state(state[gpu].cpu())


def _gpu():
    """str | None: 'cuda', 'mps', ..."""
    if torch.accelerator.is_available():
        return torch.accelerator.current_accelerator().type
    return None

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Save torch's random state in checkpoints and restore it on resume.

    mmengine replays the data of finished iterations and with it the random
    augmentation, but not the random numbers drawn by the model, e.g. dropout.
    Validation draws some, too, and is not repeated on resume: training goes on
    as if there had been none.
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
        self._resumed = checkpoint.get('random_state')

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        # Not earlier: loading the first batch also draws random numbers.
        if self._resumed is None or not runner._resume:
            return
        _set_state(self._resumed)
        self._resumed = None


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

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Save torch's random state in checkpoints and restore it on resume.

    mmengine replays the data of finished iterations and with it the random
    augmentation, but not the random numbers drawn by the model, e.g. dropout.
    """
    priority = 'VERY_LOW'

    def __init__(self):
        self._resumed = None

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint['random_state'] = dict(torch=torch.get_rng_state())
        if torch.cuda.is_available():
            checkpoint['random_state']['cuda'] = torch.cuda.get_rng_state()

    def after_load_checkpoint(self, runner, checkpoint):
        self._resumed = checkpoint.get('random_state')

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        # Not earlier: loading the first batch also draws random numbers.
        if self._resumed is None or not runner._resume:
            return
        torch.set_rng_state(self._resumed['torch'].cpu())
        if 'cuda' in self._resumed and torch.cuda.is_available():
            torch.cuda.set_rng_state(self._resumed['cuda'].cpu())
        self._resumed = None

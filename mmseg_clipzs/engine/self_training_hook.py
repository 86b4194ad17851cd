from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import UserError


@HOOKS.register_module()
class SelfTrainingHook(Hook):
    """Switch MaskCLIP+ from the teacher's labels to the student's own.

    Depends on the iteration alone, so that a resumed run switches where an
    uninterrupted one does. The paper guides for the first tenth.

    Args:
        begin (int): First self-training iteration, counted from 0.
    """

    def __init__(self, begin):
        if not isinstance(begin, int) or begin < 0:
            raise UserError(f'begin is an iteration (0, 1, ...), but got '
                            f'{begin!r}.')
        self.begin = begin

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        switched = runner.iter >= self.begin
        if switched and not model.self_training:
            runner.logger.info(
                f'Iteration {runner.iter}: self-training begins.')
        model.self_training = switched

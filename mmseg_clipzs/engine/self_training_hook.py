from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import UserError, check_number

from .unwrap import unwrap


@HOOKS.register_module()
class SelfTrainingHook(Hook):
    """Switch MaskCLIP+ from the teacher's pseudo labels to the student's own.

    The switch depends on the iteration alone, so that a resumed run switches
    where an uninterrupted one does.

    Args:
        begin (int, optional): First iteration of self-training, counted from
            0. By default the last one of the first tenth of the run, whether
            the loop counts iterations or epochs, but not the very first. The
            authors of MaskCLIP (arXiv 2112.01071) count from 1: of 20,000
            iterations 1 to 1,999 are guided, 2,000 (here 1999) and later
            ones self-trained.

    Raises:
        UserError: ``begin`` is not an iteration; the model is not
            ``MaskClipPlus``; the length of the run is unknown.
    """

    def __init__(self, begin=None):
        check_number('begin', begin, '[0, inf)', int, optional=True)
        self.begin = begin
        self._switch = begin

    def before_train(self, runner):
        if unwrap(runner.model, 'self_training') is None:
            raise UserError('SelfTrainingHook needs a MaskClipPlus model, but '
                            f'got {type(runner.model).__name__}.')
        if self.begin is None:
            length = getattr(runner.train_loop, 'max_iters', None)
            if not length:
                raise UserError(
                    f'{type(runner.train_loop).__name__} has no max_iters to '
                    'take a tenth of: set begin= of SelfTrainingHook.')
            self._switch = max(-(-length // 10) - 1, 1)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = unwrap(runner.model, 'self_training')
        switched = runner.iter >= self._switch
        if switched and not model.self_training:
            runner.logger.info(
                f'Iteration {runner.iter}: self-training begins.')
        model.self_training = switched

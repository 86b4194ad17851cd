from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from mmseg_clipzs.checkpoints import check_kinds, meta_of, weights_of
from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.utils import UserError

_PARTS = ('log_scalars', 'runtime_info', 'resumed_keys')


@HOOKS.register_module()
class CheckWeightsHook(Hook):
    """Refuse checkpoints that a training cannot start from.

    mmengine loads non-strictly: it skips what does not fit and converts any
    dtype. A training may start from some weights of another model
    (``load_from``), but resumes its own only.

    Raises:
        UserError: Weights in another kind of numbers than the model's, or a
            resumed checkpoint of another model or without a training state.
    """

    def after_load_checkpoint(self, runner, checkpoint):
        model, state = runner.model, weights_of(checkpoint)
        if is_model_wrapper(model):
            model = model.module
        check_kinds('The checkpoint', state, model.state_dict())
        if not runner._resume:
            return
        meta, hub = meta_of(checkpoint), checkpoint.get('message_hub')
        if not all(isinstance(meta.get(key), int)
                   for key in ('epoch', 'iter')) or not (
                isinstance(hub, dict) and all(
                    isinstance(hub.get(key), dict) for key in _PARTS)):
            raise UserError(
                'The checkpoint has no training state (meta, message_hub) '
                'that could be resumed: leave --resume out to start from its '
                'weights (load_from), or pass a checkpoint that a training '
                'has written.')
        check_fit(model, state)

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch.nn import SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm


@HOOKS.register_module()
class AverageStatisticsHook(Hook):
    """Average the statistics of batch norm over all processes.

    Each process of a training updates its own, and only those of the main
    process are saved. Averaged, all processes validate the model that is in
    the checkpoint. Synchronised batch norm has equal ones already.
    """

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if get_world_size() == 1:
            return
        all_reduce_params([
            values for layer in runner.model.modules()
            if isinstance(layer, _BatchNorm) and layer.training
            and not isinstance(layer, SyncBatchNorm)
            for values in (layer.running_mean, layer.running_var)
            if values is not None], op='mean')

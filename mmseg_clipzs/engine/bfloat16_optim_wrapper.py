from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bfloat16OptimWrapper(OptimWrapper):
    """Automatic mixed precision in bfloat16, which also works on a CPU.

    mmengine's ``AmpOptimWrapper`` needs a GPU. bfloat16 has float32's range,
    so the loss is not scaled.
    """

    @contextmanager
    def optim_context(self, model):
        """Autocast on the device of the model's parameters."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(
                device, dtype=torch.bfloat16):
            yield

"""Meters: seconds, operations, and a matrix product for reference."""
import math
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from mmseg_clipzs.products import operators
from mmseg_clipzs.run.device import synchronize

_SQUARE = 2048  # of the product for a model without a linear layer
_REPEATS = 3


# ------------------------------------------------------ seconds, operations
def seconds():
    """float: Time in seconds, once the GPU has finished its queue."""
    synchronize()
    return time.perf_counter()


def flop_counter():
    """FlopCounterMode: Counts operations, including attention on CPUs.

    A context manager that counts matrix products, convolutions and attention
    by their shapes, two operations per multiply-add.
    """
    def attention(query, key, value, *args, **kwargs):
        return sdpa_flop_count(query, key, value)  # shapes

    def linear(x, *args, out_shape=None, **kwargs):
        return 2 * math.prod(out_shape) * x[-1]

    fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    return FlopCounterMode(display=False, custom_mapping={
        fused: attention, **dict.fromkeys(operators()[1:], linear)})


@contextmanager
def _wrapped_forward(module, wrap):
    """Replace ``module.forward`` by ``wrap(forward)``.

    Hooks would miss mmseg's heads, which call their ``forward`` directly.
    """
    module.forward = wrap(module.forward)
    try:
        yield
    finally:
        del module.forward


@contextmanager
def watch(parts, meter):
    """Read a meter before and after each call of a model's parts.

    Args:
        parts (dict[str, nn.Module]): Modules, not nested in each other.
        meter (Callable): Returns a growing number: :func:`seconds`, or a
            :func:`flop_counter`'s ``get_total_flops``.

    Yields:
        Counter: Name of a part -> sum over its calls.
    """
    spent = Counter()

    def metered(name):
        def wrap(forward):
            @wraps(forward)
            def run(*args, **kwargs):
                before = meter()
                out = forward(*args, **kwargs)
                spent[name] += meter() - before
                return out
            return run
        return wrap

    with ExitStack() as stack:
        for name, module in parts.items():
            stack.enter_context(_wrapped_forward(module, metered(name)))
        yield spent


# ------------------------------------------------------- the matrix product
class Product(NamedTuple):
    """A matrix product (rows, inner) x (inner, columns).

    Attributes:
        rows, inner, columns (int): Shape.
        dtype (torch.dtype): Dtype of the result.
        device (torch.device): Device.
        of (str): 'linear', the shape of a linear layer, or 'square'.
    """
    rows: int
    inner: int
    columns: int
    dtype: torch.dtype
    device: torch.device
    of: str

    @property
    def gflop(self):
        """float: Operations, in units of 1e9."""
        return 2 * self.rows * self.inner * self.columns / 1e9

    def time(self):
        """Time a few runs on seeded values, after a warmup.

        The tensors are freed afterwards and do not add to a model's memory.

        Returns:
            list[float]: Seconds of each run.
        """
        generator = torch.Generator(self.device).manual_seed(0)
        x, weight = (
            torch.randn(size, generator=generator, device=self.device).to(
                self.dtype)
            for size in ((self.rows, self.inner), (self.columns, self.inner)))
        taken = []
        for _ in range(1 + _REPEATS):
            start = seconds()
            F.linear(x, weight)
            taken.append(seconds() - start)
        return taken[1:]


class _LargestLinear(TorchFunctionMode):
    """Records the largest linear layer, inside a module or not."""
    product = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        # An overload stands for its operator.
        if getattr(func, 'overloadpacket', func) in operators():
            x = args[0]
            product = Product(
                x.numel() // x.size(-1), x.size(-1), out.size(-1), out.dtype,
                out.device, 'linear')
            if self.product is None or product.gflop > self.product.gflop:
                self.product = product
        return out


@contextmanager
def find_product(backbone):
    """Record the largest linear layer of a backbone that runs in the context.

    Args:
        backbone (nn.Module): The backbone.

    Yields:
        Callable: Returns its :class:`Product`, all tokens of a batch of
        windows times the weight; a square one for a backbone without linear
        layers.
    """
    mode = _LargestLinear()

    def wrap(forward):
        @wraps(forward)
        def run(*args, **kwargs):
            with mode:
                return forward(*args, **kwargs)
        return run

    def product():
        weight = next(backbone.parameters())
        return mode.product or Product(
            _SQUARE, _SQUARE, _SQUARE, weight.dtype, weight.device, 'square')

    with _wrapped_forward(backbone, wrap):
        yield product

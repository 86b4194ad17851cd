"""What a benchmark measures with: seconds, operations, a product."""
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

_SQUARE = 2048  # of the product for a model without a linear layer
_REPEATS = 3


# ------------------------------------------------------ seconds, operations
def seconds():
    """float: A clock; a GPU has finished what it was given before."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def flop_counter():
    """FlopCounterMode: Of PyTorch, that also knows the CPU's attention.

    It counts what runs inside it: matrix products, convolutions and attention
    by their shapes, two operations for a multiplication with its addition.
    """
    def attention(query, key, value, *args, **kwargs):
        return sdpa_flop_count(query, key, value)  # of their shapes

    # PyTorch 2.1 has no such operation, it counts the CPU's by itself.
    fused = getattr(
        torch.ops.aten, '_scaled_dot_product_flash_attention_for_cpu', None)
    return FlopCounterMode(
        display=False, custom_mapping={fused: attention} if fused else None)


@contextmanager
def _wrapped_forward(module, wrap):
    """Run ``wrap(forward)`` where ``module.forward`` would run.

    Hooks would miss heads that call their own ``forward``, as mmseg's do.
    """
    module.forward = wrap(module.forward)
    try:
        yield
    finally:
        del module.forward


@contextmanager
def watch(parts, meter):
    """How far a meter runs while parts of a model run.

    Args:
        parts (dict[str, nn.Module]): None inside another one.
        meter (Callable): Gives a growing number: :func:`seconds`, or a
            :func:`flop_counter`'s ``get_total_flops``.

    Yields:
        Counter: name of a part -> sum over all its calls.
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
    """A product (rows, inner) x (inner, columns), to compare a model with.

    Attributes:
        rows, inner, columns (int): Its shape.
        dtype (torch.dtype): Of its result.
        device (torch.device): Where it runs.
        of (str): 'linear', a linear layer's shape; 'square', a made-up one.
    """
    rows: int
    inner: int
    columns: int
    dtype: torch.dtype
    device: torch.device
    of: str

    @property
    def gflop(self):
        """float: 10^9 operations."""
        return 2 * self.rows * self.inner * self.columns / 1e9

    def time(self):
        """Run it a few times on seeded values.

        The arrays are thrown away, so that they are not in the memory while
        a model runs.

        Returns:
            list[float]: Seconds of each time; a first one is not counted.
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
    """Sees every ``F.linear``, of a module or not; keeps the largest."""
    product = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func is F.linear:
            x = args[0]
            product = Product(
                x.numel() // x.size(-1), x.size(-1), out.size(-1), out.dtype,
                out.device, 'linear')
            if self.product is None or product.gflop > self.product.gflop:
                self.product = product
        return out


@contextmanager
def find_product(backbone):
    """The shape of a backbone's largest linear layer, while it runs.

    Args:
        backbone (nn.Module): To be run inside.

    Yields:
        Callable: Gives the :class:`Product`: all tokens of a batch of windows
        times the weight, in the dtype of the result; a square one for a
        backbone without a linear layer.
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

"""A matrix product for reference, by the best library of the machine."""
from contextlib import contextmanager
from functools import partial, wraps
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from mmseg_clipzs import products

from .meters import seconds, wrapped_forward

_SQUARE = 2048  # of the product for a model without a linear layer
_REPEATS = 3


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
        """Time a few runs of each library on seeded values, after a warmup.

        The tensors are freed afterwards and do not add to a model's memory.

        Returns:
            dict[str, list[float]]: Library -> seconds of each run.
        """
        generator = torch.Generator(self.device).manual_seed(0)
        ways = _ways(*(
            torch.randn(size, generator=generator, device=self.device).to(
                self.dtype)
            for size in ((self.rows, self.inner), (self.columns, self.inner))))
        taken = {name: [] for name in ways}
        for _ in range(1 + _REPEATS):
            for name, run in ways.items():
                start = seconds()
                run()
                taken[name].append(seconds() - start)
        return {name: each[1:] for name, each in taken.items()}


def _ways(x, weight):
    """Ways to compute a product on this machine, as precise as its dtype.

    Args:
        x (Tensor): (rows, inner).
        weight (Tensor): (columns, inner).

    Returns:
        dict[str, Callable]: Library -> function without arguments. 'packed'
        is oneDNN with weights in its own layout, which models do not use: it
        would keep all weights twice.
    """
    if x.device.type != 'cpu':
        return dict(torch=partial(F.linear, x, weight))
    ways = {name: partial(products.LIBRARIES[name], x, weight, None)
            for name in products.libraries(x.dtype)}
    pack = getattr(torch.ops.mkldnn, '_reorder_linear_weight', None)
    if pack is not None and 'onednn' in ways:
        ways['packed'] = partial(
            products.LIBRARIES['onednn'], x, pack(weight, len(x)), None)
    return ways


class Products:
    """Timed runs of a product.

    Args:
        product (Product): What is timed.

    Attributes:
        seconds (dict[str, list[float]]): Library -> seconds of each run.
    """

    def __init__(self, product):
        self.product = product
        self.seconds = {}

    def time(self):
        """Time a few more runs."""
        for name, taken in self.product.time().items():
            self.seconds.setdefault(name, []).extend(taken)

    def report(self):
        """dict: Of the benchmark's report, see docs/benchmark.md."""
        product = self.product
        rates = {name: product.gflop / median(taken)
                 for name, taken in self.seconds.items()}
        best = max(rates, key=rates.get)
        return dict(
            shape=[product.rows, product.inner, product.columns],
            of=product.of, dtype=str(product.dtype).removeprefix('torch.'),
            library=best, gflop_per_second=rates, seconds=self.seconds)


class _LargestLinear(TorchFunctionMode):
    """Records the largest linear layer, inside a module or not."""
    product = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        # An overload stands for its operator.
        if getattr(func, 'overloadpacket', func) in products.operators():
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

    with wrapped_forward(backbone, wrap):
        yield product

"""Meters: seconds and operations."""
import math
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import wraps

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from mmseg_clipzs.products import operators
from mmseg_clipzs.run.device import synchronize


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
def wrapped_forward(module, wrap):
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
            stack.enter_context(wrapped_forward(module, metered(name)))
        yield spent

"""Linear layers on a CPU, by the faster library of the machine.

PyTorch hands products of float32 to the BLAS that it was built with. On x86
this is MKL, which does without AVX-512 on processors of other makers. oneDNN,
which PyTorch contains as well, uses it, and adds bias, activation and residual
while the result is in the cache. Which of the two is faster is measured once.

``MMSEG_CLIPZS_PRODUCTS``, ``env_cfg.products`` of a config and :func:`use`
choose: 'auto' measures, 'torch' is :func:`torch.nn.functional.linear`,
'onednn' a private operator of PyTorch, called nowhere else.
"""
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from mmseg_clipzs.utils import UserError, did_you_mean

VARIABLE = 'MMSEG_CLIPZS_PRODUCTS'
QUICK = 1.702  # QuickGELU: x * sigmoid(1.702 * x)
_QUICK_GELUS = ('open_clip.', '_parts_of_open_clip.', 'mmseg_clipzs.')
_DTYPES = (torch.float32, torch.bfloat16)
# The layers that are timed, for 20 ms: short, to fit between other processes.
_ROWS, _WIDTH, _ROUNDS = 128, 512, 8
# oneDNN must be this much faster: near a tie the choice, and so the last
# digits of the scores, would differ from run to run.
_MARGIN = 1.2
_chosen = None  # by use()
_faster = {}  # dtype -> library, once measured


# -------------------------------------------------------------- the libraries
def _torch(x, weight, bias, activation=None, residual=None):
    out = F.linear(x, weight, bias)
    if activation == 'gelu':
        torch.ops.aten.gelu_(out)
    elif activation == 'silu':
        F.silu(out, inplace=True)
    return out if residual is None else out.add_(residual)


def _onednn(x, weight, bias, activation=None, residual=None):
    run = torch.ops.mkldnn._linear_pointwise
    # It reads a bias with strides as if it had none.
    x, bias = x.contiguous(), None if bias is None else bias.contiguous()
    if residual is not None and activation is None:
        return run.binary(x, residual.contiguous(), weight, bias, 'add')
    out = run.default(x, weight, bias, *_FUSED[activation])
    return out if residual is None else out.add_(residual)


# Activation -> oneDNN's name, its scalars and its algorithm.
_FUSED = {None: ('none', [], ''), 'gelu': ('gelu', [], 'none'),
          'silu': ('swish', [], '')}
# Name -> function with the arguments of ``linear``.
LIBRARIES = dict(torch=_torch, onednn=_onednn)
NAMES = ('auto', *LIBRARIES)
_PLAIN = {None: lambda x: x, 'gelu': F.gelu, 'silu': F.silu}


def operators():
    """list: Functions that compute ``linear(x, weight)``, x first."""
    found = getattr(torch.ops.mkldnn, '_linear_pointwise', None)
    return [F.linear] + ([found] if found else [])


@cache
def libraries(dtype=torch.float32):
    """What computes linear layers on this machine.

    Args:
        dtype (torch.dtype): Of inputs and weights.

    Returns:
        tuple[str]: 'torch' and, if this PyTorch and processor have it and its
        results are right, 'onednn'.
    """
    return ('torch', 'onednn') if _apart(_is_right, dtype) else ('torch', )


def _apart(function, *args):
    """Call a function in a thread, where no mode counts or traces."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def _is_right(dtype):
    """Whether oneDNN's results agree with PyTorch's."""
    weight = torch.linspace(-1, 1, 32 * 16).view(32, 16).to(dtype)
    x, bias, residual = weight[:3], weight[:, 0], weight.T[:3].contiguous()
    try:
        return dtype in _DTYPES and all(torch.allclose(
            _onednn(x, weight, bias, *rest).float(),
            _torch(x, weight, bias, *rest).float(), .02, .02)
            for rest in ((), ('gelu', ), ('silu', ), (None, residual)))
    except (AttributeError, RuntimeError, TypeError):  # gone, or changed
        return False


def use(name=None):
    """Choose the library of all linear layers of this process.

    Args:
        name (str, optional): 'auto', 'torch' or 'onednn'; None leaves it to
            the variable ``MMSEG_CLIPZS_PRODUCTS``, by default 'auto'.

    Raises:
        UserError: Unknown, or not in this PyTorch.
    """
    global _chosen
    _chosen = name if name is None else _check(name, 'products')


def _check(name, option):
    if name not in NAMES:
        raise UserError(f'{option}={name!r} is unknown; choose one of '
                        f'{", ".join(NAMES)}.{did_you_mean(name, NAMES)}')
    if name == 'onednn' and name not in libraries():
        raise UserError(
            f'{option}={name} is not possible: oneDNN\'s linear layer is not '
            'in this PyTorch for this processor; choose "auto" or "torch".')
    return name


def chosen(dtype=torch.float32):
    """The library that computes linear layers.

    Args:
        dtype (torch.dtype): Of inputs and weights.

    Returns:
        str: One of :func:`libraries`.

    Raises:
        UserError: An unknown value of ``MMSEG_CLIPZS_PRODUCTS``.
    """
    name = _chosen or check_variable()
    if name == 'auto':
        if dtype not in _faster:  # the first of several threads decides
            _faster.setdefault(dtype, _choose(dtype))
        return _faster[dtype]
    return name if name in libraries(dtype) else 'torch'


def check_variable():
    """str: Value of ``MMSEG_CLIPZS_PRODUCTS``, by default 'auto'.

    Raises:
        UserError: An unknown value, or not in this PyTorch.
    """
    return _from_environment(os.environ.get(VARIABLE))


@cache
def _from_environment(name):
    return _check(name or 'auto', VARIABLE)


def _choose(dtype):
    """str: The faster library."""
    best = libraries(dtype)[-1]
    if best == 'onednn' and dtype == torch.float32:
        taken = _apart(_time)
        return best if taken['torch'] > _MARGIN * taken[best] else 'torch'
    return best  # PyTorch hands bfloat16 to oneDNN, without activation


def _time():
    """dict[str, float]: Library -> seconds, the least of a few rounds."""
    x, weight = (torch.ones(size, _WIDTH) / _WIDTH for size in (_ROWS, _WIDTH))
    bias, taken = weight[0], {name: [] for name in LIBRARIES}
    for _ in range(1 + _ROUNDS):
        for name, seconds in taken.items():
            start = time.perf_counter()
            run = LIBRARIES[name]
            run(run(x, weight, bias, 'gelu'), weight, bias, None, x)
            seconds.append(time.perf_counter() - start)
    return {name: min(seconds[1:]) for name, seconds in taken.items()}


# ------------------------------------------------------------------- the door
def linear(x, weight, bias=None, activation=None, residual=None):
    """``activation(x @ weight.T + bias) + residual``.

    Without gradients, on a CPU, in float32 or bfloat16 by the chosen library;
    otherwise, and while it is traced, by plain functions of PyTorch.

    Args:
        x (Tensor): (..., C).
        weight (Tensor): (D, C).
        bias (Tensor, optional): (D, ).
        activation (str, optional): 'gelu' or 'silu'.
        residual (Tensor, optional): (..., D), not modified.

    Returns:
        Tensor: (..., D), in memory of its own.
    """
    if _is_inference(x, weight, bias, residual):
        run = LIBRARIES[chosen(x.dtype)] if (
            torch.backends.mkldnn.enabled and x.dim() > 1 and x.numel()
            ) else _torch
        return run(x, weight, bias, activation, residual)
    out = _PLAIN[activation](F.linear(x, weight, bias))
    return out if residual is None else residual + out


def run_layer(layer, x, residual=None):
    """``layer(x) + residual`` of a linear layer; see :func:`linear`.

    Args:
        layer (nn.Module): It is called unless it is a plain ``nn.Linear``.
        x (Tensor): (..., C).
        residual (Tensor, optional): (..., D), not modified.

    Returns:
        Tensor: (..., D).
    """
    if _is_plain(layer):
        return linear(x, layer.weight, layer.bias, residual=residual)
    out = layer(x)
    return out if residual is None else residual + out


def run_mlp(layers, x, residual=None):
    """``layers(x) + residual`` of a feed-forward network.

    Args:
        layers (nn.Sequential): Called unless it is plain: Linear, GELU or
            QuickGELU, Linear.
        x (Tensor): (..., C).
        residual (Tensor, optional): (..., C), not modified.

    Returns:
        Tensor: (..., C).
    """
    kind = _kind(layers)
    if kind and _is_inference(x, residual, *layers.parameters()):
        first, _, second = layers
        if kind == 'gelu':
            x = linear(x, first.weight, first.bias, 'gelu')
            return linear(x, second.weight, second.bias, residual=residual)
        # x * sigmoid(s x) = silu(s x) / s. Both factors are applied where the
        # layers are narrow; weights are not copied.
        x = linear(x * QUICK, first.weight, _times(first.bias), 'silu')
        out = linear(x, second.weight, _times(second.bias))
        if residual is None:
            return out.mul_(1 / QUICK)
        return torch.add(residual, out, alpha=1 / QUICK, out=out)
    out = layers(x)
    return out if residual is None else residual + out


def _times(bias):
    return None if bias is None else bias * QUICK


def _kind(layers):
    """str | None: 'gelu' or 'quick_gelu' of a plain feed-forward network."""
    if type(layers) is not nn.Sequential or len(layers) != 3 or any(
            map(_is_watched, (layers, *layers))):
        return None
    first, activation, second = layers
    if not (_is_plain(first) and _is_plain(second)):
        return None
    if type(activation) is nn.GELU and activation.approximate == 'none':
        return 'gelu'
    kind = type(activation)
    return 'quick_gelu' if kind.__name__ == 'QuickGELU' and (
        kind.__module__.startswith(_QUICK_GELUS)) else None


def _is_plain(layer):
    """Whether a module is a linear layer that does nothing else."""
    return type(layer).forward is nn.Linear.forward and not _is_watched(layer)


def _is_watched(module):
    """Whether a module's call does more than its class says."""
    return bool(
        module._forward_hooks or module._forward_pre_hooks
        or module._backward_hooks or module._backward_pre_hooks
        or 'forward' in vars(module))


def _is_inference(*tensors):
    """Whether plain tensors of a CPU meet, without gradients or tracing."""
    tensors = [tensor for tensor in tensors if tensor is not None]
    gradients = torch.is_grad_enabled()
    return all(
        type(tensor) in (torch.Tensor, nn.Parameter)
        and tensor.device.type == 'cpu' and tensor.dtype in _DTYPES
        and tensor.dtype == tensors[0].dtype
        and not (gradients and tensor.requires_grad)
        for tensor in tensors) and not (
            torch.jit.is_tracing() or torch.compiler.is_compiling()
            or torch.is_autocast_enabled('cpu'))

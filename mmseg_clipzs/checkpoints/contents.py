"""What checkpoints may hold besides tensors and plain data.

PyTorch's ``weights_only`` reader calls only what it is told to. It is told of
the names below, none of which is the real class or function: NumPy's dtypes
and mmengine's histories take any state from a file, also one that crashes the
process or changes the class. The stand-ins keep what the file says of them;
:func:`build` checks it and makes the real objects.
"""
import threading
from contextlib import contextmanager
from pickle import UnpicklingError

import numpy as np
import torch

_STATISTICS = ('min', 'max', 'mean', 'current')
_MODULES = 100_000  # in a TorchScript archive
_list = threading.Lock()


class RefusedError(UnpicklingError):
    """The file needs something that is neither a tensor nor plain data."""


class _Dtype:
    """A dtype of numbers or text; the only state taken is the byte order."""

    def __init__(self, name, align=False, copy=False):
        self.value = np.dtype(name) if isinstance(name, str) else None
        if self.value is None or self.value.kind not in 'biufcSU':
            raise RefusedError(f'numpy.dtype({name!r})')

    def __setstate__(self, state):
        _, order, *fields = state
        if any(field is not None for field in fields[:3]):
            raise RefusedError('numpy.dtype with fields')
        self.value = self.value.newbyteorder(order)


class _Array:
    """An array of NumPy."""

    def __setstate__(self, state):
        *_, self.shape, self.dtype, self.is_fortran, self.data = state

    def build(self, convert):
        dtype = self.dtype.value
        array = np.frombuffer(bytes(self.data) or b'', dtype).reshape(
            self.shape, order='F' if self.is_fortran else 'C')
        return array.copy()


class _History:
    """A HistoryBuffer of mmengine, without the statistics of its class."""

    def __setstate__(self, state):
        self.state = state

    def build(self, convert):
        from mmengine.logging import HistoryBuffer
        return HistoryBuffer(
            *(convert(self.state[key]) for key in (
                '_log_history', '_count_history')),
            max_length=self.state['max_length'])


def _new_array(kind, shape, typecode):
    return _Array()


def _scalar(dtype, data):
    value, = np.frombuffer(data, dtype.value)
    return value


def _statistic(owner, name):
    """``getattr``, which mmengine's histories refer to for statistics."""
    if owner is not _History or name not in _STATISTICS:
        raise RefusedError(f'builtins.getattr({owner!r}, {name!r})')


def _new_dict(factory=None):
    """An empty dict in place of a defaultdict."""
    return {}


def _factory():
    """Named by a defaultdict, never called."""


def _no_bytes():
    return b''


@contextmanager
def only(names):
    """Let torch's reader call these names besides its own.

    Its list is global. What other modules have added, such as torch's
    distributed tensors, is not needed here and returns afterwards.

    Args:
        names (list[tuple]): Stand-ins and the names they go by.
    """
    with _list:
        others = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(names)
        try:
            yield
        finally:
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(others)
            # A failed load would leave its tensors to the next one's checks.
            getattr(torch._utils, '_sparse_tensors_to_validate', []).clear()


def safe_globals():
    """list[tuple]: Stand-ins for what a checkpoint may name."""
    from mmengine.config import ConfigDict
    names = [
        (_History, 'mmengine.logging.history_buffer.HistoryBuffer'),
        (_statistic, 'builtins.getattr'),
        (ConfigDict, 'mmengine.config.config.ConfigDict'),
        (_new_dict, 'collections.defaultdict'),
        (_no_bytes, 'builtins.bytes'),
        (_Dtype, 'numpy.dtype'),
        (_Array, 'numpy.ndarray')]
    for core in ('numpy.core', 'numpy._core'):
        names += [(_new_array, f'{core}.multiarray._reconstruct'),
                  (_scalar, f'{core}.multiarray.scalar')]
    return names + [(_factory, f'builtins.{name}')
                    for name in ('int', 'float', 'str', 'list', 'dict')]


class _Module:
    """A module of a TorchScript archive: its attributes without its code."""

    def __setstate__(self, attributes):
        if not isinstance(attributes, dict):
            raise RefusedError('the custom serialization of a TorchScript '
                               'module')
        self.attributes = attributes


def _same(value, tag=None):
    """What TorchScript wraps typed lists in."""
    return value


def torchscript_globals(archive):
    """list[tuple]: Further names of a TorchScript archive.

    Args:
        archive (BinaryIO): Its data; see
            :func:`~mmseg_clipzs.checkpoints.archives.open_data`.
    """
    with only([]):  # names all classes of the archive
        names = torch.serialization.get_unsafe_globals_in_checkpoint(archive)
    archive.seek(0)
    return [(_Module, name) for name in names
            if name.startswith('__torch__.')] + [
        (_same, f'torch.jit._pickle.{name}') for name in (
            'build_intlist', 'build_tensorlist', 'build_doublelist',
            'build_boollist', 'restore_type_tag')]


def tensors_of(module):
    """dict[str, Tensor]: Tensors of a module read from TorchScript.

    Raises:
        RefusedError: Modules that contain themselves.
    """
    tensors, left, count = {}, [('', module)], 0
    while left:
        prefix, module = left.pop()
        count += 1
        if count > _MODULES:
            raise RefusedError('modules without end')
        for name, value in getattr(module, 'attributes', {}).items():
            if isinstance(value, torch.Tensor):
                tensors[f'{prefix}{name}'] = value
            elif isinstance(value, _Module):
                left.append((f'{prefix}{name}.', value))
    return tensors


def build(content):
    """Replace stand-ins by what they mean.

    Args:
        content: What ``torch.load`` returned; containers are modified.

    Returns:
        The content, without stand-ins.

    Raises:
        RefusedError: A tensor whose memory is not described by its shape.
    """
    done = {}  # also keeps the objects alive, and with them their ids

    def convert(value):
        if id(value) not in done:
            done[id(value)] = value, _convert(value, convert)
        return done[id(value)][1]

    return convert(content)


def _convert(value, convert):
    if isinstance(value, torch.Tensor):
        _check_tensor(value)
    elif isinstance(value, dict):
        for key in list(dict.keys(value)):
            dict.__setitem__(value, key, convert(dict.__getitem__(value, key)))
    elif type(value) is list:
        value[:] = map(convert, value)
    elif type(value) is tuple:
        return tuple(map(convert, value))
    elif isinstance(value, (_Array, _History)):
        return value.build(convert)
    elif isinstance(value, _Dtype):
        return value.value
    elif isinstance(value, _Module):
        convert(value.attributes)
    return value


def _check_tensor(tensor):
    """Refuse kinds whose indices could point outside of their memory."""
    kind = next((kind for kind in ('nested', 'quantized', 'meta')
                 if getattr(tensor, f'is_{kind}')), None)
    if kind is None and tensor.layout != torch.strided:
        kind = 'sparse'
    if kind:
        raise RefusedError(f'a {kind} tensor')

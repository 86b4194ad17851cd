"""Read weights of any common format without executing code from the file."""
import io
import pickle
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mmseg_clipzs.checkpoints import (
    RestrictedUnpickler,
    is_torchscript,
    load_checkpoint_file,
)
from mmseg_clipzs.utils import UserError

# Scalars stored with the weights in OpenAI's archives.
_ARCHIVE_EXTRAS = ('input_resolution', 'context_length', 'vocab_size')


def read_state_dict(path):
    """Read a state dict from safetensors, ``torch.save`` or TorchScript.

    Args:
        path (Path): An existing file. The format is detected from its
            content.

    Returns:
        tuple[dict, bool]: ``{name: Tensor}`` on the CPU in the file's
        dtypes, and whether the file is a TorchScript archive, OpenAI's format
        for CLIP.

    Raises:
        UserError: Another format, a truncated file, or no tensors.
    """
    path = Path(path)
    is_archive = False
    if _is_safetensors(path):
        try:
            state = load_file(path)
        except (SafetensorError, OSError) as e:
            raise _unreadable(path, e) from e
    elif _is_archive(path):
        state, is_archive = _read_torchscript(path), True
    else:
        state = load_checkpoint_file(path)
    if isinstance(state, dict):
        state = state.get('state_dict', state.get('model', state))
    if not isinstance(state, dict) or not state or not all(
            isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(
            f'{path} is not a state dict: expected names and tensors, but it '
            f'holds {type(state).__name__}.')
    return {
        key[7:] if key.startswith('module.') else key: value
        for key, value in state.items() if key not in _ARCHIVE_EXTRAS
    }, is_archive


def _unreadable(path, error):
    return UserError(
        f'{path} ({path.stat().st_size:,} bytes) cannot be read: {error}. '
        'Is the download complete?')


def _is_safetensors(path):
    """The format begins with eight bytes of length, then JSON."""
    with path.open('rb') as file:
        return file.read(9)[8:] == b'{'


def _is_archive(path):
    try:
        return is_torchscript(path)
    except Exception as e:  # a damaged file may raise anything
        raise _unreadable(path, e) from e


class _Module:
    """A module of the archive: its attributes without its code."""

    def __setstate__(self, attributes):
        if not isinstance(attributes, dict):
            raise pickle.UnpicklingError(
                'one of its modules has custom serialization')
        self.attributes = attributes


_DTYPES = {
    'BFloat16Storage': torch.bfloat16,
    'BoolStorage': torch.bool,
    'ByteStorage': torch.uint8,
    'DoubleStorage': torch.float64,
    'FloatStorage': torch.float32,
    'HalfStorage': torch.float16,
    'IntStorage': torch.int32,
    'LongStorage': torch.int64,
}


def _build_tensor(values, offset, size, stride, *unused):
    return values.as_strided(size, stride, offset)


class _ArchiveUnpickler(RestrictedUnpickler):
    """Reads ``data.pkl`` of a TorchScript archive as plain data.

    ``torch.jit.load`` would compile the archive's code and run its
    ``__setstate__`` methods, neither of which the weights need.
    """

    def __init__(self, archive, root):
        self.archive, self.root, self.storages = archive, root, {}
        super().__init__(io.BytesIO(archive.read(f'{root}/data.pkl')))

    def find_class(self, module, name):
        if module.split('.')[0] == '__torch__':
            return _Module
        if module == 'torch' and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
            return _build_tensor
        if module == 'torch.jit._pickle' and name in (
                'build_intlist', 'build_tensorlist', 'build_doublelist',
                'build_boollist', 'restore_type_tag'):
            return pickle.Unpickler.find_class(self, module, name)
        return super().find_class(module, name)

    def persistent_load(self, key):
        _, dtype, name, _, _ = key
        if name not in self.storages:
            data = bytearray(self.archive.read(f'{self.root}/data/{name}'))
            self.storages[name] = torch.frombuffer(data, dtype=dtype)
        return self.storages[name]


def _read_torchscript(path):
    try:
        with zipfile.ZipFile(path) as archive:
            root = archive.namelist()[0].split('/')[0]
            module = _ArchiveUnpickler(archive, root).load()
    except Exception as e:  # a damaged file may raise anything
        raise _unreadable(path, e) from e
    return dict(_tensors(module, ''))


def _tensors(module, prefix):
    for name, value in getattr(module, 'attributes', {}).items():
        if isinstance(value, torch.Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _tensors(value, f'{prefix}{name}.')

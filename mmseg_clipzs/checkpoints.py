"""Load checkpoints without running code from them.

The unpickler only builds tensors and plain data. It loads mmengine's own
checkpoints, which torch >= 2.6 refuses with ``weights_only``, and refuses
files that would run code.
"""
import _compat_pickle
import pickle
import types
import zipfile
from http.client import HTTPException
from pathlib import Path

import torch

from .utils import UserError


class RefusedError(pickle.UnpicklingError):
    """The file needs a function or class that is not allowed."""


def _history_buffer_method(owner, name):
    """``getattr`` as mmengine's checkpoints use it, for statistics."""
    from mmengine.logging import HistoryBuffer
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(owner, name)
    raise RefusedError(f'getattr({owner!r}, {name!r})')


_ALLOWED = {
    'builtins': {'set', 'frozenset', 'slice', 'complex', 'bytearray',
                 'range', 'int', 'float', 'str', 'bool', 'list', 'dict',
                 'tuple', 'bytes'},
    'collections': {'OrderedDict', 'defaultdict', 'Counter'},
    'mmengine.logging.history_buffer': {'HistoryBuffer'},
    'mmengine.config.config': {'ConfigDict'},
    'numpy': {'dtype', 'ndarray'},
    'torch': {'Size', 'device', 'dtype', 'Tensor', 'float16', 'float32',
              'float64', 'bfloat16', 'int8', 'int16', 'int32', 'int64',
              'uint8', 'bool'},
    'torch._utils': {'_rebuild_tensor', '_rebuild_tensor_v2',
                     '_rebuild_parameter'},
    'torch.nn.parameter': {'Parameter'},
    'torch.storage': {'UntypedStorage', 'TypedStorage'},
    '_codecs': {'encode'},
}
for _core in ('numpy.core', 'numpy._core'):
    _ALLOWED[f'{_core}.multiarray'] = {'_reconstruct', 'scalar'}
    _ALLOWED[f'{_core}.numeric'] = {'_frombuffer'}


class RestrictedUnpickler(pickle.Unpickler):
    """Unpickler restricted to :data:`_ALLOWED`.

    Raises:
        RefusedError: The file refers to anything else.
    """

    def find_class(self, module, name):
        # Protocols 0 to 2 use Python 2's names, e.g. __builtin__.
        module, name = _compat_pickle.NAME_MAPPING.get(
            (module, name),
            (_compat_pickle.IMPORT_MAPPING.get(module, module), name))
        if (module, name) == ('builtins', 'getattr'):
            return _history_buffer_method
        if name in _ALLOWED.get(module, ()) or (
                module == 'torch' and name.endswith('Storage')):
            return super().find_class(module, name)
        # NumPy 2 has a class per dtype, e.g. Float64DType.
        if module == 'numpy.dtypes' and name.endswith('DType'):
            return super().find_class(module, name)
        raise RefusedError(f'{module}.{name}')


def _restricted_load(file, **kwargs):
    return RestrictedUnpickler(file, **kwargs).load()


# Passed to torch.load as the pickle module.
_restricted_pickle = types.SimpleNamespace(
    __name__='restricted_pickle', Unpickler=RestrictedUnpickler,
    load=_restricted_load)


def is_torchscript(path):
    """Whether the file is a TorchScript archive.

    ``torch.load`` would pass it to ``torch.jit.load``, which runs its code.
    """
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition('/')[2] == 'constants.pkl'
                   for name in archive.namelist())


def load_checkpoint_file(path, map_location='cpu'):
    """Load a checkpoint without running code from it.

    Args:
        path (str | Path): A file written by ``torch.save``.
        map_location: As for ``torch.load``.

    Returns:
        Any: The saved object: tensors, numbers, strings, containers of
        these, and mmengine's message hub.

    Raises:
        FileNotFoundError: The file does not exist.
        UserError: The file is damaged or needs anything else.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'No checkpoint file at {path}.')
    try:
        if is_torchscript(path):
            raise RefusedError('the program of a TorchScript archive')
        # A file object: torch.load then ignores the suffix.
        with path.open('rb') as file:
            return torch.load(file, map_location=map_location,
                              pickle_module=_restricted_pickle,
                              weights_only=False)
    except RefusedError as e:
        raise UserError(
            f'{path} was not loaded: apart from tensors and plain data it '
            f'needs "{e}", and checkpoints that can run code are refused. '
            'Save it again as a state dict or as safetensors.') from e
    except Exception as e:  # damaged files raise many types
        raise UserError(
            f'{path} ({path.stat().st_size:,} bytes) cannot be read as a '
            f'checkpoint: {e}. Is the download complete?') from e


def load_from_local(filename, map_location):
    """Replace mmengine's loader of local files."""
    return load_checkpoint_file(filename, map_location)


def weights_of(checkpoint):
    """Weights of a loaded checkpoint, as mmengine loads them.

    Args:
        checkpoint (dict): With ``state_dict``, or the weights alone.

    Returns:
        dict[str, Tensor]: Without the prefix of distributed training.
    """
    return {key.removeprefix('module.'): value for key, value
            in checkpoint.get('state_dict', checkpoint).items()}


def cached_file(url, folder=None):
    """Path of a download, whether or not it exists.

    Args:
        url (str): Address of a checkpoint.
        folder (str | Path, optional): By default torch's cache.

    Returns:
        Path: The file's name in the folder.
    """
    folder = Path(folder or Path(torch.hub.get_dir()) / 'checkpoints')
    return folder / url.split('?')[0].rsplit('/', 1)[-1]


def load_from_http(filename, map_location=None, model_dir=None):
    """Replace mmengine's loader of URLs; downloads a file only once."""
    from mmengine.dist import is_main_process
    from mmengine.dist.utils import barrier
    target = cached_file(filename, model_dir)
    if is_main_process() and not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(filename, str(target))
        except (OSError, HTTPException) as e:  # URLError is an OSError
            raise UserError(
                f'{target.name} could not be downloaded from {filename} '
                f'({e}). Without a network, copy the file to '
                f'{target.parent}.') from e
    barrier()
    return load_checkpoint_file(target, map_location)


def register_safe_checkpoint_loaders():
    """Make mmengine load checkpoints with :func:`load_checkpoint_file`."""
    from mmengine.runner import checkpoint
    register = checkpoint.CheckpointLoader.register_scheme
    register(prefixes='', loader=load_from_local, force=True)
    register(prefixes=('http://', 'https://'), loader=load_from_http,
             force=True)
    # Loaders of model-zoo prefixes look this function up in the module.
    checkpoint.load_from_http = load_from_http

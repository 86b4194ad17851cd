"""Read checkpoints as data."""
import io
import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mmseg_clipzs.utils import UserError, check_is_file

from . import archives, contents
from .weights import check_finite

# Entries of a checkpoint that mmengine evaluates as the source of a config.
_SOURCES = (('meta', 'config'), ('meta', 'cfg'),
            ('message_hub', 'runtime_info', 'cfg'))
_LEGACY = pickle.dumps(torch.serialization.MAGIC_NUMBER, 2)
# How other files begin, and what they are.
_OTHERS = (
    (rb'version https://git-lfs', 'a Git LFS pointer, not the file itself; '
     'get that with "git lfs pull"'),
    (rb'\s*<', 'a web page, which was saved in place of the file'),
    (rb'\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd',
     'compressed; unpack it first'),
    (rb'(?s).{257}ustar', 'a tar archive; unpack it first, or if PyTorch '
     'before 0.2 has written it, save it again with a newer one'),
    (rb'\x89HDF', 'an HDF5 file'),
    (rb'\x93NUMPY', 'an array of NumPy'),
    (rb'\x80', 'a pickle that torch.save has not written'),
    (rb'[\t\n\r -~]+\Z', 'text'))
_NAME = re.compile(r'GLOBAL (\S+) (?:was not an allowed|whose module)')
# Other refusals of torch's reader: calls, new objects, attributes, items.
_REFUSALS = ('Trying to call', 'Can only', 'Only persistent_load',
             'persistent_load id')


def damaged(path, error):
    """UserError: For what any library said of a file."""
    reason = ' '.join(f'{error}'.partition('(Could this error message')[0]
                      .split()) or type(error).__name__
    if reason.startswith('Unsupported operand'):
        reason += ' (torch.save with another pickle_protocol than 2?)'
    return UserError(
        f'{path} ({path.stat().st_size:,} bytes) cannot be read as a '
        f'checkpoint: {reason.removesuffix(".")[:300]}. Is the download '
        'complete?')


def format_of(path):
    """Detect the format of a checkpoint from its content.

    Args:
        path (str | Path): A file.

    Returns:
        str: 'zip' (torch.save), 'torchscript', 'legacy' (torch.save before
        1.6) or 'safetensors'.

    Raises:
        FileNotFoundError: The file does not exist.
        UserError: Not an ordinary file, or another format.
    """
    path = check_is_file(path, 'a checkpoint')
    with path.open('rb') as file:
        start = file.read(512)
        if start.startswith(b'PK\3\4'):
            try:
                return ('torchscript' if archives.is_program(file)
                        else 'zip')
            except Exception as e:  # a damaged file may raise anything
                raise damaged(path, e) from e
    if start.startswith(_LEGACY):
        return 'legacy'
    if start[8:9] == b'{':  # after eight bytes of length
        return 'safetensors'
    if not start:
        raise UserError(f'{path} is empty; expected a checkpoint.')
    what = next((what for pattern, what in _OTHERS
                 if re.match(pattern, start)), 'of an unknown format')
    raise UserError(
        f'{path} ({path.stat().st_size:,} bytes) is {what}; expected a '
        'checkpoint of torch.save, or safetensors.')


def load_checkpoint_file(path, map_location='cpu'):
    """Load a checkpoint without running code from it.

    Python code in ``meta['config']`` and the like, which mmengine would run,
    is left out.

    Args:
        path (str | Path): A file written by ``torch.save``, or safetensors.
        map_location: As for ``torch.load``.

    Returns:
        Any: The saved object: tensors, numbers, strings, containers of
        these, arrays of NumPy, and mmengine's message hub.

    Raises:
        FileNotFoundError: The file does not exist.
        UserError: The file is damaged, needs anything else, or its weights
            are not finite.
    """
    form, path = format_of(path), Path(path).expanduser()
    if form == 'torchscript':
        raise _refused(path, 'the program of a TorchScript archive')
    if form == 'safetensors':
        content = _read_safetensors(path, map_location)
    else:
        content = _read(path, form, map_location)
    if isinstance(content, dict):
        drop_sources(content)
        for state in (content, content.get('state_dict'),
                      content.get('model')):
            if isinstance(state, dict):
                check_finite(path, state)
    return content


def drop_sources(checkpoint):
    """Remove the Python code that mmengine would evaluate.

    Args:
        checkpoint (dict): Modified in place.
    """
    for *parents, key in _SOURCES:
        part = checkpoint
        for parent in parents:
            part = part.get(parent) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(key, None)


def read_torchscript(path):
    """Read the tensors of a TorchScript archive without its code.

    ``torch.jit.load`` would compile the code and run its ``__setstate__``.

    Args:
        path (Path): The archive.

    Returns:
        dict[str, Tensor]: Parameters, buffers and other tensors of its
        modules, on the CPU.

    Raises:
        UserError: A damaged archive, or one with custom serialization.
    """
    content = _read(path, 'torchscript', 'cpu')
    check_finite(path, content)
    return content


def _read_safetensors(path, map_location):
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError,
            AttributeError) as e:  # some are of unknown dtypes
        raise damaged(path, e) from e
    if isinstance(map_location, (str, torch.device)):
        state = {key: value.to(map_location) for key, value in state.items()}
    return state


def _read(path, form, map_location):
    """What a file holds, by torch's ``weights_only`` reader."""
    try:
        with path.open('rb') as file:
            size = path.stat().st_size
            if form == 'legacy':
                data = io.BufferedReader(archives.View(file, size))
                check = _storages_in_file(data, size)
            else:
                data = archives.open_data(file)
                check = _storages_in_members(data)
            names = contents.safe_globals()
            if form == 'torchscript':
                names += contents.torchscript_globals(data)
            with contents.only(names):
                content = contents.build(torch.load(
                    data, map_location=_checked(check, map_location),
                    weights_only=True))
            if form == 'torchscript':
                return contents.tensors_of(content)
            if form == 'legacy' and data.read(1):
                raise pickle.UnpicklingError('there are more storages than '
                                             'it has names for')
            return content
    except pickle.UnpicklingError as e:
        # torch explains at length how to load the file all the same.
        error = e.__context__ or e
        name = _NAME.search(f'{error}')
        if name:
            # Without a module it is one of Python's own.
            dotted = name[1] if '.' in name[1] else f'builtins.{name[1]}'
            raise _refused(path, dotted) from e
        if isinstance(error, contents.RefusedError) or (
                f'{error}'.startswith(_REFUSALS)):
            raise _refused(path, error) from e
        raise damaged(path, error) from e
    except Exception as e:  # a damaged file may raise anything
        raise damaged(path, e) from e


def _checked(check, map_location):
    """A ``map_location`` that sees each storage: torch 2.6 believes a file
    about its size and reads on behind its memory."""
    default = torch.serialization.default_restore_location

    def place(storage, location):
        check(storage.nbytes())
        if callable(map_location):
            placed = map_location(storage, location)
            return default(storage, location) if placed is None else placed
        if isinstance(map_location, dict):
            location = map_location.get(location, location)
        elif map_location is not None:
            location = str(map_location)
        return default(storage, location)

    return place


def _storages_in_members(view):
    """Each storage is made of the member that has just been read."""
    def check(size):
        if size > view.last:
            raise ValueError(f'a storage of {size:,} bytes has '
                             f'{view.last:,}')

    return check


def _storages_in_file(file, length):
    """All storages follow behind their names."""
    needed = 0

    def check(size):
        nonlocal needed
        needed += size
        if file.tell() + needed > length:
            raise ValueError(f'its storages have {needed:,} bytes')

    return check


def _refused(path, what):
    return UserError(
        f'{path} was not loaded: apart from tensors and plain data it needs '
        f'"{what}", and checkpoints that can run code are refused. Save it '
        'again as a state dict or as safetensors.')

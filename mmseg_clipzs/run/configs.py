"""The configs that ship with the project, by name."""
import os
import re
import traceback
from pathlib import Path
from threading import RLock

from mmseg_clipzs.utils import UserError, did_you_mean, error_message

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / '.mim' / 'configs'
# Beside an installed package, configs/ would be another project's.
_FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / 'configs'
_SUFFIXES = ('.py', '.json', '.yaml', '.yml')  # mmengine reads these
# In CPython 3.11, ast.parse in several threads raises SystemError at times.
_PARSING = RLock()


# A colon separates the two, except that of a Windows drive (C:\mine.py).
_CONFIG_AND_CHECKPOINT = re.compile(
    r'(?P<config>(?:[A-Za-z]:[\\/])?[^:]+)(?::(?P<checkpoint>.*))?', re.DOTALL)


def split_config(text):
    """Split 'CONFIG[:CHECKPOINT]'.

    Args:
        text (str): 'maskclip_voc', 'my/config.py:work_dirs/iter_9.pth',
            'voc.py:https://host/model.pth', 'C:\\\\a.py:D:\\\\b.pth'.

    Returns:
        tuple[str, str | None]: The config and the checkpoint.

    Raises:
        UserError: Not of this form.
    """
    if os.path.isfile(text):  # a file's name may have colons
        return text, None
    found = _CONFIG_AND_CHECKPOINT.fullmatch(text)
    if not found or found['checkpoint'] == '':
        raise UserError(f'Expected CONFIG or CONFIG:CHECKPOINT, but got '
                        f'{text!r}.')
    return found['config'], found['checkpoint']


def check_checkpoint(path):
    """Refuse a checkpoint that is neither a file nor an address.

    Args:
        path (str): As given.

    Raises:
        UserError: It is not.
    """
    if '://' not in path and not os.path.isfile(path):
        raise UserError(f'No checkpoint file at {path or repr(path)}.')


def list_configs():
    """dict[str, Path]: The configs that ship with the project, by name."""
    return _by_name('*.py')


def load_config(name):
    """Load a config file.

    Args:
        name (str | Path): As for :func:`find_config`.

    Returns:
        Config: The config.

    Raises:
        UserError: No such config, or one that cannot be loaded: a mistake in
            its Python, a base or module that is missing, another format.
    """
    from mmengine.config import Config
    path = find_config(name)
    try:
        with _PARSING:
            cfg = Config.fromfile(path)
            dict(cfg.items())  # what it imports is imported here
        return cfg
    except RecursionError as e:
        raise UserError(f'{path} cannot be loaded: it is among its own '
                        '_base_ configs, or those of its bases.') from e
    except UnicodeDecodeError as e:
        raise UserError(f'{path}, or one of its _base_ configs, is not a '
                        f'text in UTF-8: {e}.') from e
    # A config in Python may raise anything.
    except (Exception, SystemExit) as e:
        raise UserError(f'{path} cannot be loaded: {_reason(e, path)} Mend '
                        'the config.') from e


def _reason(error, path):
    """str: Why a config cannot be loaded, in a sentence."""
    kind, message = error_message(error)
    if path.suffix != '.py' and isinstance(
            error, (AttributeError, TypeError)):
        return 'its top level is no mapping of keys to values.'
    if "No module named 'pkg_resources'" in message:
        return ('_base_ configs of another package ("mmseg::") need '
                'pkg_resources: pip install "setuptools<81".')
    message = message.partition(', the current sys.path is')[0]
    lines = [frame.lineno for frame in traceback.extract_tb(
        error.__traceback__) if not frame.filename]  # compiled by mmengine
    where = f' in line {lines[-1]}' if lines else ''
    return f'{kind}{where}: {message.rstrip(".") or "no reason given"}.'


def find_config(name):
    """Find a config file.

    Args:
        name (str | Path): A file, or the name of one that ships with the
            project ('maskclip_voc').

    Returns:
        Path: The file.

    Raises:
        UserError: No such config; suggests the closest names.
    """
    known = list_configs()
    path = known.get(str(name), Path(name))
    if path.is_dir():
        raise UserError(f'{path} is a folder; name a config in it.')
    if not path.is_file():
        raise UserError(
            f'No config {str(name)!r}: it is neither a file nor a name that '
            f'clipzs configs lists.{did_you_mean(path.stem, known)}')
    if path.suffix.lower() == '.onnx':
        raise UserError(f'{path} is an exported file, which only '
                        'clipzs segment and OnnxInferencer run.')
    if path.suffix not in _SUFFIXES:
        raise UserError(f'{path} is not a config; configs end in '
                        f'{", ".join(_SUFFIXES)}.')
    return path


def find_dataset_config(name):
    """Path: ``configs/_base_/datasets/NAME.py``.

    Raises:
        UserError: No such dataset; lists the known ones.
    """
    known = _by_name('_base_/datasets/*.py')
    if name not in known:
        raise UserError(
            f'No dataset {name!r}; choose one of {", ".join(known)}.'
            f'{did_you_mean(name, known)}')
    return known[name]


def _by_name(pattern):
    return {path.stem: path for path in sorted(_FOLDER.glob(pattern))}

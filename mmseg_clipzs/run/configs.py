"""The configs that ship with the project, by name."""
from pathlib import Path

from mmseg_clipzs.utils import UserError, did_you_mean

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / '.mim' / 'configs'
# Beside an installed package, configs/ would be another project's.
_FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / 'configs'
_SUFFIXES = ('.py', '.json', '.yaml', '.yml')  # mmengine reads these


def list_configs():
    """dict[str, Path]: The configs that ship with the project, by name."""
    return _by_name('*.py')


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
    if not path.is_file():
        raise UserError(
            f'No config {str(name)!r}: it is neither a file nor the name of '
            f'a config in configs/.{did_you_mean(path.stem, known)}')
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
            f'No dataset {name!r}; choose one of {", ".join(known)}.')
    return known[name]


def _by_name(pattern):
    return {path.stem: path for path in sorted(_FOLDER.glob(pattern))}

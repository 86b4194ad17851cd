"""The configs that come with the project, by name."""
from pathlib import Path

from mmseg_clipzs.utils import UserError

_PACKAGE = Path(__file__).parent.parent


def list_configs():
    """dict[str, Path]: The configs that come with the project, by name."""
    folders = (_PACKAGE.parent / 'configs', _PACKAGE / '.mim' / 'configs')
    return {path.stem: path for folder in folders
            for path in sorted(folder.glob('*.py'))}


def find_config(name):
    """Path of a config.

    Args:
        name (str | Path): A file, or the name of one that comes with the
            project ('maskclip_voc').

    Returns:
        Path: The file.

    Raises:
        UserError: There is none; lists those that come with the project.
    """
    known = list_configs()
    path = known.get(str(name), Path(name))
    if not path.is_file():
        raise UserError(f'No config {str(name)!r}; give a file or one of '
                        f'{", ".join(known)}.')
    return path

"""What several rooms of the package need: one error class, one safe write."""
import importlib
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


class UserError(ValueError):
    """An error the user can fix: a wrong path, name, file or setting.

    The message says what was given, what is accepted and what to do. The
    command-line tools print it without a traceback.
    """


def import_optional(name, extra, what, package=None):
    """Import a module of an optional dependency.

    Args:
        name (str): The module.
        extra (str): The extra of this package that installs it.
        what (str): The feature that needs it, for the message.
        package (str, optional): The package to install, if its name differs
            from the module's.

    Returns:
        module: The imported module.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        package = package or name.partition('.')[0]
        raise UserError(
            f'{what} needs {package}, which is not installed: pip install '
            f'"mmseg_clipzs[{extra}]" (or {package}).') from e


@contextmanager
def atomic_write(path):
    """Write to a temporary file that replaces ``path`` on success.

    Readers see either the old file or the complete new one, even if several
    processes write at once (the last one wins).

    Args:
        path (str | Path): The file to write. Its folder is created if missing.

    Yields:
        Path: The temporary file, with the suffix of ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.stem}-', suffix=path.suffix)
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        # mkstemp creates private files: apply the usual permissions.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path):
    """Fill a temporary folder, renamed to ``path`` on success.

    Args:
        path (str | Path): Folder to create. It must not exist or be empty.

    Yields:
        Path: Empty folder to write to.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
            prefix=f'{path.name}.', dir=path.parent) as temporary:
        new = Path(temporary) / 'new'
        new.mkdir()
        yield new
        if path.is_dir():
            path.rmdir()  # os.rename does not replace it on Windows
        os.rename(new, path)


def run_tool(main):
    """Run a command-line tool; what a user can mend ends as one line.

    Args:
        main (Callable): The tool, without arguments.
    """
    try:
        main()
    except (UserError, FileNotFoundError, AssertionError) as e:
        # The toolbox's own word for a photo that cannot be decoded.
        if isinstance(e, AssertionError) and (
                'failed to load image' not in str(e)):
            raise
        # A loader's process sends its traceback along.
        sys.exit(f'error: {str(e).strip().rpartition("Error: ")[2]}')

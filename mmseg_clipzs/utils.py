"""What several rooms of the package need: one error class, one safe write."""
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


class UserError(ValueError):
    """Something the user can mend: a wrong path, name, file or setting.

    The message says what came, what fits and what to do; the command-line
    tools print it without a traceback.
    """


@contextmanager
def atomic_write(path):
    """Give a temporary path beside ``path``, renamed to it on success.

    Readers see the old file or the whole new one, never a half of it, also
    when two processes write at once (the last one wins).

    Args:
        path (str | Path): The file to write; its folder is made if missing.

    Yields:
        Path: Where to write, with the same suffix as ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.stem}-', suffix=path.suffix)
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        # mkstemp makes private files; these are as readable as any other.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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

"""Errors that a user can fix, and their messages."""
import itertools
import re

from .processes import is_first_to_fail, misses_another

_TRACEBACK = 'Traceback (most recent call last):\n'
_WORKER = re.compile(rf'Caught \w+ .*\nOriginal {re.escape(_TRACEBACK)}')
_RAISED = re.compile(r'(?:[\w<>]+\.)*(?P<name>\w+)(?:: |$)')


class UserError(ValueError):
    """An error the user can fix: a wrong path, name, file or setting.

    The message names the input, the accepted values and a remedy. The
    command-line tools print it without a traceback.
    """


<<<<<<< HEAD
=======
def run_tool(main):
    """Run a command-line tool; a user's mistake ends it with one line.

    So does Ctrl-C, with exit code 130.

    Args:
        main (Callable): The tool, without arguments.
    """
    try:
        main()
    except KeyboardInterrupt as e:
        print(f'{e}' or 'Interrupted.', file=sys.stderr)
        sys.exit(130)
    except (UserError, FileNotFoundError, AssertionError) as e:
        message = error_message(e)[1]
        # mmcv asserts that an image can be decoded.
        if isinstance(e, AssertionError) and (
                not message.startswith('failed to load image')):
            raise
        sys.exit(f'error: {message}' if is_first_to_fail() else 1)
    except RuntimeError as e:
        if not misses_another(e):
            raise
        sys.exit(1)  # the other process says why


>>>>>>> main
def error_message(error):
    """Name and message of an exception, also of one raised in a data loader.

    PyTorch raises a worker's exception with the worker's whole traceback as
    its message.

    Args:
        error (BaseException): The exception.

    Returns:
        tuple[str, str]: Name of its class, and its message in one line.
    """
    name, message = type(error).__name__, str(error)
    if _WORKER.match(message):
        # The last traceback of a chain; its frames are indented.
        lines = message.rpartition(_TRACEBACK)[2].splitlines()
        last = '\n'.join(itertools.dropwhile(
            lambda line: not line or line[0].isspace(), lines))
        raised = _RAISED.match(last)
        if raised:
            name, message = raised['name'], last[raised.end():]
    return name, ' '.join(message.split())

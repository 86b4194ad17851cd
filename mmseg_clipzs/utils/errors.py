"""Errors that a user can fix, and their messages."""
import itertools
import re

_TRACEBACK = 'Traceback (most recent call last):\n'
_WORKER = re.compile(rf'Caught \w+ .*\nOriginal {re.escape(_TRACEBACK)}')
_RAISED = re.compile(r'(?:[\w<>]+\.)*(?P<name>\w+)(?:: |$)')


class UserError(ValueError):
    """An error the user can fix: a wrong path, name, file or setting.

    The message names the input, the accepted values and a remedy. The
    command-line tools print it without a traceback.
    """


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

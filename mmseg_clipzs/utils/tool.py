"""Run a command-line tool: mistakes and interruptions are one line."""
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager

from .errors import UserError, error_message
from .files import NO_ROOM, NOT_PERMITTED
from .processes import is_first_process, is_first_to_fail, misses_another

HANDLERS = []  # of the tools that run, which a training may replace
CODE = 130  # of an interrupted tool, for SIGINT and SIGTERM
_CLOSED = 141  # as of a program that SIGPIPE ends
# Beginning of an error's message -> what to do about it.
_MEMORY = ('use smaller batches or images (model.test_cfg.window_batch, '
           'test_dataloader.batch_size, train_dataloader.batch_size)')
_SENTENCES = {
    'CUDA out of memory': f'The GPU has too little memory: {_MEMORY}.',
    '[enforce fail at alloc_cpu': f'There is too little memory: {_MEMORY}.',
    'Unable to allocate': f'There is too little memory: {_MEMORY}.',
    '[enforce fail at inline_container': 'A checkpoint could not be written '
    'completely: the disk may be full.',
    'Error while serializing: I/O': 'A file could not be written completely: '
    'the disk may be full.',
    'DataLoader worker (pid': 'A process that loads data was killed, for '
    'example for want of memory: use fewer (--cfg-options '
    'test_dataloader.num_workers=0, train_dataloader.num_workers=0).'}


def run_tool(main):
    """Run a command-line tool; a user's mistake ends it with one line.

    So do Ctrl-C and SIGTERM, at any moment, with exit code 130. A closed
    output (``| head``) ends it silently. Other errors are bugs and keep their
    traceback.

    Args:
        main (Callable): The tool, without arguments.
    """
    try:
        with _interruptible():
            try:
                main()
                sys.stdout.flush()
            except SystemExit:
                sys.stdout.flush()
                raise
    except KeyboardInterrupt as e:
        # Once for all processes, and not if one that failed stopped them.
        if is_first_process() and is_first_to_fail():
            print(f'{e}' or 'Interrupted.', file=sys.stderr)
        sys.exit(CODE)
    except BrokenPipeError:
        # Nobody reads what the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_CLOSED)
    except Exception as e:
        if misses_another(e):  # the other process says why
            sys.exit(1)
        message = user_message(e)
        if message is None:
            print('The following is a bug, not a mistake of yours. Please '
                  'report it with the command, all lines below and the '
                  'output of clipzs doctor.', file=sys.stderr)
            raise
        sys.exit(f'error: {message}' if is_first_to_fail() else 1)


def user_message(error):
    """What to say about an error that is no bug.

    Args:
        error (Exception): As a tool ends with it; also of a data loader's
            process.

    Returns:
        str | None: One line; None for a bug.
    """
    name, message = error_message(error)
    if isinstance(error, UserError) or name == 'UserError' or (
            # mmcv asserts that an image can be decoded.
            name == 'AssertionError'
            and message.startswith('failed to load image')):
        return message
    if isinstance(error, OSError) and error.errno is not None:
        return _os_message(error)
    if isinstance(error, FileNotFoundError):
        return message
    if isinstance(error, MemoryError):
        message = f'Unable to allocate {message}'
    return next((f'{sentence} ({message[:200]})' for start, sentence
                 in _SENTENCES.items() if message.startswith(start)), None)


def _os_message(error):
    """str: Of an error of the operating system."""
    what = error.strerror or str(error)
    if error.errno in NO_ROOM:
        what += ': there is no more space for the results'
    elif error.errno in NOT_PERMITTED:
        what += ': choose another place or change the permissions'
    names = [os.fsdecode(name) for name in (error.filename, error.filename2)
             if isinstance(name, (str, bytes, os.PathLike))]
    return f'{" -> ".join(names)}: {what}.' if names else f'{what}.'


# ----------------------------------------------------------------- signals
@contextmanager
def interrupted(done):
    """Say what is done if Ctrl-C or SIGTERM ends a block.

    Args:
        done (Callable): Without arguments; returns that (str).

    Raises:
        KeyboardInterrupt: With the message, which :func:`run_tool` prints.
    """
    try:
        yield
    except KeyboardInterrupt as e:
        raise KeyboardInterrupt(f'Interrupted; {done()}') from e


@contextmanager
def keep_interrupts():
    """Let a block that is interrupted end with KeyboardInterrupt.

    For libraries that raise an error of their own in its place, or none.

    Raises:
        KeyboardInterrupt: A handler raised it within the block.
    """
    came, replaced = [], {}

    def noting(handler):
        def handle(number, frame):
            try:
                handler(number, frame)
            except KeyboardInterrupt:
                came.append(number)
                raise
        return handle

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                replaced[number] = handler, noting(handler)
                signal.signal(number, replaced[number][1])
    try:
        yield
    except Exception as e:
        if came:
            raise KeyboardInterrupt from e
        raise
    finally:
        for number, (handler, ours) in replaced.items():
            if signal.getsignal(number) is ours:
                signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


@contextmanager
def _interruptible():
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, once.

    A second signal ends the process. Processes that load data leave SIGINT,
    which a terminal sends to all of them, to this one. A log goes on in its
    file when the output is closed.
    """
    def handle(number, frame):
        # Ctrl-C reaches a process of torchrun twice: from the terminal and
        # from torchrun, which kills it if it does not end.
        again = (signal.SIG_IGN if 'TORCHELASTIC_RUN_ID' in os.environ else
                 lambda *_: os._exit(CODE))
        for each in replaced:
            signal.signal(each, again)
        raise KeyboardInterrupt

    def lost(unraisable):
        # Raised in a destructor, from which it would not arrive.
        if unraisable.exc_type is not KeyboardInterrupt:
            return usual(unraisable)
        os.write(2, b'Interrupted.\n')
        os._exit(CODE)

    replaced, usual = {}, sys.unraisablehook
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                replaced[number] = signal.signal(number, handle)
    HANDLERS.append(handle)
    sys.unraisablehook = lost
    raises, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        yield
    finally:
        logging.raiseExceptions = raises
        sys.unraisablehook = usual
        HANDLERS.remove(handle)
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _after_fork():
    """In a process that loads data."""
    if HANDLERS:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, 'register_at_fork'):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)

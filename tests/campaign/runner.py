"""Run a row in this process and judge what it did."""
import faulthandler
import io
import os
import re
import runpy
import shlex
import shutil
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from unittest.mock import patch

from mmengine.logging import MMLogger

from mmseg_clipzs.utils import UserError

from .table import Result

TOOLS = Path(__file__).parents[2] / 'tools'
SECONDS = 100  # a call that takes longer hangs
_ERROR = re.compile(r'^(?:\S+(?: \S+)?: )?error: (.*)$', re.MULTILINE)
_PLACEHOLDER = re.compile(r'\{([a-z]\w*)\}')
TEMPORARY = re.compile(r'^\.|\.(part|tmp|partial)$')
FAULTS = ('traceback', 'silent', 'hang', 'another sentence', 'wrong result',
          'no warning', 'litter', 'changed inputs')


class Box:
    """What a row's call sees.

    Attributes:
        folder (Path): The row's own, empty, and the current one.

    Other attributes are prepared inputs; ``my_NAME`` is a copy in ``folder``.
    """

    def __init__(self, inputs, folder):
        self._inputs, self.folder = inputs, folder

    def __getattr__(self, name):
        if not name.startswith('my_'):
            return self._inputs.get(name)
        path = self._inputs.get(name[3:])
        home = self._inputs.root / name[3:]
        copy = self.folder / name[3:]
        if not copy.exists():
            shutil.copytree(home, copy, symlinks=True)
        return copy / path.relative_to(home)


class _Hang(BaseException):
    """The call took too long."""


class _Said(io.TextIOBase):
    """Collects what is printed; also by loggers that outlive the row."""

    def __init__(self):
        self.parts = []

    def write(self, text):
        self.parts.append(text)
        return len(text)

    def take(self):
        text, self.parts = ''.join(self.parts), []
        return text


_OUT, _ERR = _Said(), _Said()


def judge(row, box):
    """Run a row.

    Args:
        row (Row): The row.
        box (Box): Its inputs and folder.

    Returns:
        tuple[str, str]: '' or one of :data:`FAULTS`, and an explanation.
    """
    wanted = row.outcome
    if isinstance(row.call, str):
        # Makes the inputs first, and the row's copies of them.
        words = [_PLACEHOLDER.sub(lambda m: str(getattr(box, m[1])), word)
                 for word in shlex.split(row.call)]
        result, trace = _run(lambda: _tool(*words), box.folder)
    else:
        result, trace = _run(lambda: row.call(box), box.folder)
    said = (f'exit code {result.code}\n--- out\n{result.out}\n--- err\n'
            f'{result.err}\n--- raised\n{trace or result.message}')
    if trace is not None:
        hangs = trace.endswith(f'{_Hang.__name__}\n')
        return 'hang' if hangs else 'traceback', said
    if 'Traceback (most recent call last)' in result.out + result.err:
        return 'traceback', said
    errors = _ERROR.findall(result.err)
    if result.code != wanted.code or (
            isinstance(row.call, str) and len(errors) != wanted.errors):
        fault = ('silent' if not result.code else 'another sentence'
                 if wanted.code else 'wrong result')
        return fault, f'expected exit code {wanted.code}, got {said}'
    text = result.message if wanted.code and (
        wanted.errors or wanted.code != 1) else result.out + result.err
    if not re.search(wanted.pattern, text):
        return ('no warning' if wanted.kind == 'warning' else
                'another sentence', f'expected {wanted.pattern!r}, got {said}')
    if wanted.check and not wanted.check(result):
        return 'wrong result', said
    return _left(wanted, box) or ('', said)


def _tool(name, *arguments):
    path = TOOLS / f'{name}.py'
    with patch.object(sys, 'argv', [str(path), *arguments]):
        runpy.run_path(str(path), run_name='__main__')


def _run(call, folder):
    """Returns: Result, and the traceback of what is no user's mistake."""
    value, code, message, trace = None, 0, '', None
    environment, cwd = dict(os.environ), os.getcwd()
    os.chdir(folder)
    loggers = dict(MMLogger._instance_dict)
    MMLogger._instance_dict.clear()  # as in a new process
    with (patch.object(sys, 'stdout', _OUT), patch.object(sys, 'stderr', _ERR),
          warnings.catch_warnings(record=True) as warned):
        try:
            with _limited():
                value = call()
        except SystemExit as e:
            code = int(e.code or 0) if not isinstance(e.code, str) else 1
            if isinstance(e.code, str):
                print(e.code, file=sys.stderr)
        except (UserError, FileNotFoundError) as e:
            code, message = 1, ' '.join(str(e).split())
        except (Exception, KeyboardInterrupt, _Hang) as e:
            code, trace = 1, ''.join(traceback.format_exception(e))
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environment)
            for logger in MMLogger._instance_dict.values():
                for handler in logger.handlers:
                    handler.close()
            MMLogger._instance_dict.clear()
            MMLogger._instance_dict.update(loggers)
    err = _ERR.take() + ''.join(
        f'{each.category.__name__}: {each.message}\n' for each in warned)
    if code and not message:
        errors = _ERROR.findall(err) or err.splitlines() or ['']
        message = errors[-1]
    return Result(value, _OUT.take(), err, code, message, folder), trace


@contextmanager
def _limited():
    """End a call that hangs: by an exception, or else the process."""
    def stop(*_):
        raise _Hang

    if not hasattr(signal, 'SIGALRM'):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    faulthandler.dump_traceback_later(
        2 * SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def snapshot(folder):
    """dict: Each path below a folder -> what changes when it is written."""
    found = {}
    for path in sorted(Path(folder).rglob('*')):
        status = path.lstat()
        found[path.relative_to(folder).as_posix()] = (
            None if path.is_dir() and not path.is_symlink() else
            (status.st_size, status.st_mtime_ns, status.st_mode))
    return found


def _left(wanted, box):
    """What a row left behind that it should not."""
    if box._inputs.changed():
        return 'changed inputs', ', '.join(box._inputs.changed())
    before = {}
    for name in {path.split('/')[0] for path in snapshot(box.folder)}:
        if name in box._inputs.made:  # the row's own copy
            before |= {f'{name}/{path}': state for path, state in snapshot(
                box._inputs.root / name).items()}
    for path, state in snapshot(box.folder).items():
        if path not in before and TEMPORARY.search(path.split('/')[-1]):
            return 'litter', f'a temporary file: {path}'
        if state != before.get(path) and not any(
                fnmatch(path, glob) for glob in (
                    *wanted.leaves, 'work_dirs/*')):
            return 'litter', f'written or changed: {path}'
    return None

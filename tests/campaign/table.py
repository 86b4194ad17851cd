r"""Rows of the campaign: what a clumsy or hostile user does, what must come.

Add rows to ``ROWS`` in ``rows_KIND.py``, a list of ``Row(id, call, outcome)``:

    Row('no_classes', 'segment {photo} --config maskclip_toy',
        says(r'name them with --classes')),
    Row('words_of_windows', 'segment {photo} --config maskclip_toy '
        '--classes {bom_words}', works(lambda r: 'cat 100%' in r.out)),
    Row('nan_pixels', lambda box: box.inferencer(box.nan_array, 'cat; sky'),
        says(r'not finite')),

The call is a command line of ``tools/`` (shell quotes, without ``.py``), or a
function of ``box``. ``{photo}`` and ``box.photo`` are prepared inputs
(``inputs.py``; add yours with ``@prepared`` there or in your file), shared by
all rows and never to be changed: ``{my_photo}`` is a copy of the row's own.
Both run in an empty folder, ``box.folder`` (``{folder}``).
"""
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a row must get; made by :func:`says` and the others.

    Attributes:
        kind (str): 'one sentence', 'right result' or 'warning'.
        pattern (str): Regular expression, searched in the message.
        code (int): Exit code of a tool.
        errors (int): Lines "error: ..." of a tool.
        check (Callable, optional): Result -> bool.
        leaves (tuple[str]): Globs of files that may be new or changed.
    """
    kind: str
    pattern: str = ''
    code: int = 0
    errors: int = 0
    check: Callable | None = None
    leaves: tuple = ()


def says(pattern, check=None, leaves=(), code=1):
    """One sentence and exit code 1, or a ``UserError``.

    Args:
        pattern (str): Regular expression of the sentence.
        check (Callable, optional): What else must hold: ``Result`` -> bool.
        leaves (Sequence[str]): Globs of files that remain, relative to the
            row's folder, e.g. the results of the good images. Logs in
            ``work_dirs`` may always remain, temporary files never.
        code (int): Exit code of a tool; 130 after Ctrl-C.
    """
    return Outcome('one sentence', pattern, code, int(code == 1), check,
                   tuple(leaves))


def usage(pattern):
    """argparse's usage and one sentence, with exit code 2."""
    return Outcome('one sentence', pattern, 2, 1)


def finds(pattern):
    """A check prints what it found, and exits with code 1."""
    return Outcome('one sentence', pattern, 1)


def works(check):
    """The right result of something unusual: ``check(Result)`` is true."""
    return Outcome('right result', check=check, leaves=('*', ))


def warns(pattern, check=None):
    """It works, and prints this warning."""
    return Outcome('warning', pattern, check=check, leaves=('*', ))


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        id (str): Unique in its file.
        call (str | Callable): Command line, or a function of the box.
        outcome (Outcome): What it must get.
    """
    id: str
    call: str | Callable
    outcome: Outcome


@dataclass
class Result:
    """What a call did.

    Attributes:
        value (Any): What the function returned.
        out, err (str): What was printed.
        code (int): Exit code.
        message (str): The one sentence, or ''.
        folder (Path): The row's folder.
    """
    value: object
    out: str
    err: str
    code: int
    message: str
    folder: object

    def printed(self, pattern):
        """bool: Whether the output has this regular expression."""
        return bool(re.search(pattern, self.out + self.err))

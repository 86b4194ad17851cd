"""Temporary files and folders that a killed run leaves behind only briefly.

Their names are ``.clipzs-HOST-PROCESS-RUN-NUMBER`` with the suffix of the file
that they become. They are hidden, so no listing of inputs has them, and the
next process that writes to their folder removes those whose process is gone.
"""
import hashlib
import itertools
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

PREFIX = '.clipzs-'
_NAME = re.compile(rf'{re.escape(PREFIX)}(\w+)-(\d+)-(\w+)-\d+(\..*)?')
_DAY = 24 * 60 * 60  # seconds
# Tells this process from an earlier one with the same number.
_RUN = secrets.token_hex(4)
_COUNT = itertools.count()


def temporary_name(suffix=''):
    """str: A name that no other process or thread uses.

    Args:
        suffix (str): End of the name, e.g. '.png'; suffixes too long for a
            file's name are left out.
    """
    return (f'{PREFIX}{_host()}-{os.getpid()}-{_RUN}-{next(_COUNT)}'
            f'{suffix if len(os.fsencode(suffix)) < 100 else ""}')


@contextmanager
def temporary_folder(parent=None):
    """Make a folder that is removed at the end.

    Args:
        parent (str | Path, optional): Where; by default the system's folder
            of temporary files.

    Yields:
        Path: The empty folder.
    """
    parent = Path(parent or tempfile.gettempdir())
    clean_once(parent)
    folder = parent / temporary_name()
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale(folder):
    """Remove the temporary files and folders that killed runs left.

    These are of processes of this machine that are gone, or older than a day.
    Those of processes that run now are left alone.

    Args:
        folder (str | Path): Where; its subfolders are not searched. It need
            not exist.
    """
    try:
        with os.scandir(folder) as entries:
            stale = [entry for entry in entries
                     if entry.name.startswith(PREFIX) and _is_stale(entry)]
    except OSError:  # missing, or not for us to see
        return
    for entry in stale:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            # Another process may clean at the same time.
            Path(entry.path).unlink(missing_ok=True)


def clean_once(folder):
    """:func:`remove_stale`, once per process and folder."""
    _clean_once(os.path.abspath(folder))


@lru_cache(maxsize=1024)
def _clean_once(folder):
    remove_stale(folder)


def _is_stale(entry):
    found = _NAME.fullmatch(entry.name)
    if not found:
        return False
    host, process, run, _ = found.groups()
    try:
        if time.time() - entry.stat(follow_symlinks=False).st_mtime > _DAY:
            return True
    except OSError:  # it is gone
        return False
    if host != _host():
        return False
    if int(process) == os.getpid():
        return run != _RUN
    return not _runs(int(process))


def _runs(process):
    """bool: Whether a process of this machine exists."""
    if os.name == 'nt':
        return True  # where os.kill would end it: wait for a day
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user; or no such number
        pass
    return True


@lru_cache
def _host():
    """str: Identifies the machine, and the container if there is one."""
    try:
        space = os.readlink('/proc/self/ns/pid')
    except OSError:  # not Linux
        space = ''
    return hashlib.sha256(
        f'{platform.node()} {space}'.encode()).hexdigest()[:8]

"""Errors, optional imports, safe files and suggestions of names."""
from .errors import UserError, error_message, run_tool
from .files import atomic_folder, atomic_write, check_is_file, is_occupied
from .imports import import_optional
from .marks import MARK, check_replaceable, is_ours
from .names import did_you_mean, first_of, shown
from .temporary import remove_stale, temporary_folder

__all__ = [
    'MARK', 'UserError', 'atomic_folder', 'atomic_write', 'check_is_file',
    'check_replaceable', 'did_you_mean', 'error_message', 'first_of',
    'import_optional', 'is_occupied', 'is_ours', 'remove_stale',
    'run_tool', 'shown', 'temporary_folder']

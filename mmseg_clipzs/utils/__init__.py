"""Errors, checks of options, optional imports, safe files, near names."""
from .errors import UserError, error_message, run_tool
from .files import atomic_folder, atomic_write, check_is_file, is_occupied
from .imports import import_optional
from .names import did_you_mean
from .numbers import check_flag, check_number, check_numbers

__all__ = [
    'UserError', 'atomic_folder', 'atomic_write', 'check_flag',
    'check_is_file', 'check_number', 'check_numbers', 'did_you_mean',
    'error_message', 'import_optional', 'is_occupied', 'run_tool']

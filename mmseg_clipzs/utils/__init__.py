"""Errors, checks of options, optional imports, safe files, near names."""
from .background import AUTO, read_background
from .contents import content_of
from .errors import UserError, error_message
from .files import (
    atomic_folder,
    atomic_write,
    check_is_file,
    is_occupied,
    other_case,
    sha256_of,
)
from .imports import import_on_use, import_optional, import_part
from .marks import MARK, NotOursError, check_replaceable, is_ours
from .max_size import read_max_size
from .memory import require_memory
from .names import did_you_mean, first_of, shown
from .numbers import check_flag, check_number, check_numbers
from .outputs import check_output
from .processes import is_first_process
from .progress import check_time, show_progress, time_limit, track
from .temporary import remove_stale, temporary_folder
from .tool import (
    HANDLERS,
    interrupted,
    keep_interrupts,
    run_tool,
    user_message,
)

__all__ = [
    'AUTO', 'HANDLERS', 'MARK', 'NotOursError', 'UserError', 'atomic_folder',
    'atomic_write', 'check_flag', 'check_is_file', 'check_number',
    'check_numbers', 'check_output', 'check_replaceable', 'check_time',
    'content_of', 'did_you_mean', 'error_message', 'first_of', 'import_on_use',
    'import_optional', 'import_part', 'interrupted', 'is_first_process',
    'is_occupied', 'is_ours', 'keep_interrupts', 'other_case',
    'read_background', 'read_max_size', 'remove_stale', 'require_memory',
    'run_tool', 'sha256_of', 'show_progress', 'shown', 'temporary_folder',
    'time_limit', 'track', 'user_message']

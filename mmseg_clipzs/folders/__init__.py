"""Folders of photos: which they are, what is done, who does the rest."""
from .differences import check_settings
from .lines import Lines, is_done, without_photos
from .part import Part, records_of_one
from .progress import Progress
from .record import (
    RESULTS,
    Results,
    make_header,
    read_header,
    records_in,
    write_results,
)
from .sources import Photos, check_inputs, find_photos, share_photos
from .team import Alone, join_team

__all__ = [
    'RESULTS', 'Alone', 'Lines', 'Part', 'Photos', 'Progress', 'Results',
    'check_inputs', 'check_settings', 'find_photos', 'is_done', 'join_team',
    'make_header', 'read_header', 'records_in', 'records_of_one',
    'share_photos', 'without_photos', 'write_results'
]

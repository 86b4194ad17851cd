"""Folders of photos: which they are, what is done, who does the rest."""
from .differences import differences
from .lines import Lines, is_done
from .progress import Progress
from .record import (
    RESULTS,
    Part,
    Results,
    check_alone,
    make_header,
    read_header,
    records_in,
    write_results,
)
from .sources import Photos, find_photos, share_photos
from .team import Alone, join_team

__all__ = [
    'RESULTS', 'Alone', 'Lines', 'Part', 'Photos', 'Progress', 'Results',
    'check_alone',
    'differences', 'find_photos', 'is_done', 'join_team', 'make_header',
    'read_header', 'records_in', 'share_photos', 'write_results'
]

"""Methods, datasets, protocols and figures as tables of plain data.

:mod:`.protocols`, :mod:`.datasets`, :mod:`.methods`, :mod:`.trained`,
:mod:`.published`, :mod:`.field` and :mod:`.measured` (the project's own
figures).
``tools/make_configs.py`` makes the configs, the metafiles and the tables of
the docs from them, and the leaderboard reads the published figures.
"""
from .cells import Cell, cells, find_published, get_settings, name_clip
from .clip_weights import licence_of
from .needs import NEEDS, needs_of
from .published import PUBLISHED, RERUNS

__all__ = [
    'NEEDS', 'PUBLISHED', 'RERUNS', 'Cell', 'cells', 'find_published',
    'get_settings', 'licence_of', 'name_clip', 'needs_of'
]

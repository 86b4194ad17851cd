"""Methods, datasets, protocols and figures as tables of plain data.

:mod:`.protocols`, :mod:`.datasets`, :mod:`.methods`, :mod:`.trained`,
:mod:`.published` and :mod:`.measured` (the project's own figures).
``tools/make_configs.py`` makes the configs, the metafiles and the tables of
the docs from them, and the leaderboard reads the published figures.
"""
from .cells import Cell, cells, find_published, get_settings
from .published import PUBLISHED

__all__ = ['PUBLISHED', 'Cell', 'cells', 'get_settings', 'find_published']

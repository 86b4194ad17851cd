"""Every method, dataset, protocol and published figure, each in one place.

The tables are plain data: :mod:`.protocols` (settings of an evaluation),
:mod:`.datasets`, :mod:`.methods` and :mod:`.published`; :mod:`.measured` has
the project's own figures. ``tools/make_configs.py`` makes the configs, the
metafiles and the tables of the docs from them; the leaderboard reads the
published figures.
"""
from .cells import Cell, cells, find_published, get_settings
from .published import PUBLISHED

__all__ = ['PUBLISHED', 'Cell', 'cells', 'get_settings', 'find_published']

"""Make the tables of README and docs from the recipes.

Each is enclosed in ``<!-- made by tools/make_configs.py: NAME -->`` and
``<!-- end -->``; ``TABLES`` maps names to functions.
"""
import re

from mmseg_clipzs.utils import UserError

from . import (
    elsewhere,
    field_tables,
    method_pages,
    published_tables,
    student_tables,
    summaries,
    toy_tables,
)

_MARK = re.compile(
    r'(<!-- made by tools/make_configs\.py: (.+?) -->\n).*?(<!-- end -->)',
    re.S)
TABLES = {
    'demo': toy_tables.demo,
    'toy leaderboard': toy_tables.toy_leaderboard,
    'overview': published_tables.overview,
    'maskclip, protocol A': published_tables.maskclip_a,
    'maskclip, protocol B': published_tables.maskclip_b,
    'groupvit': published_tables.groupvit,
    'groupvit, toy': toy_tables.groupvit_toy,
    'grouping baselines': published_tables.grouping,
    'protocol B, settings': published_tables.settings_b,
    'resclip, settings': published_tables.resclip,
    'protocol B, published': published_tables.published_b,
    'protocol B, field': field_tables.field_b,
    'protocol B, needs': field_tables.field_needs,
    'clip weights': field_tables.clip_weights,
    'elsewhere, needs': elsewhere.needs,
    'elsewhere, licences': elsewhere.licences,
    'elsewhere, toy': toy_tables.toy_elsewhere,
    'toy, windows': toy_tables.toy_windows,
    'toy, whole image': toy_tables.toy_whole,
    'maskclip_plus': student_tables.maskclip_plus,
    'maskclip_plus, corrected': student_tables.maskclip_plus_corrected,
    'maskclip_plus, toy': toy_tables.maskclip_plus_toy,
    'protocols': published_tables.protocols,
    'class lists': published_tables.class_lists,
    'recipes': published_tables.recipes,
    'costs': method_pages.costs,
    'methods, overview': method_pages.overview,
    'methods, summaries': summaries.summaries,
    'board': method_pages.board,
    **method_pages.page_tables(),
}


def fill_tables(text):
    """str: Text of a page with its tables replaced.

    Raises:
        UserError: A marker with an unknown name.
    """
    def fill(match):
        if match[2] not in TABLES:
            raise UserError(f'Unknown table {match[2]!r}; choose one of '
                            f'{", ".join(TABLES)}.')
        return f'{match[1]}{TABLES[match[2]]()}\n{match[3]}'

    return _MARK.sub(fill, text)

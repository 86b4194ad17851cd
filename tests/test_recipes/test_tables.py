"""The tables of README and docs."""
import re
from pathlib import Path

import pytest

from mmseg_clipzs.recipes.markdown import spread, table
from mmseg_clipzs.recipes.tables import TABLES, fill_tables
from mmseg_clipzs.utils import UserError

ROOT = Path(__file__).parent.parent.parent
MARK = '<!-- made by tools/make_configs.py: {} -->'


def test_only_marked_tables_change():
    text = f'before\n{MARK.format("demo")}\nold\n<!-- end -->\nafter | x |\n'
    filled = fill_tables(text)
    assert filled.startswith(f'before\n{MARK.format("demo")}\n| method |')
    assert filled.endswith('|\n<!-- end -->\nafter | x |\n')
    assert 'old' not in filled and fill_tables(filled) == filled
    assert fill_tables('no table | x |\n') == 'no table | x |\n'


def test_unknown_table():
    with pytest.raises(UserError, match="Unknown table 'x'; choose one of d"):
        fill_tables(f'{MARK.format("x")}\n<!-- end -->\n')


def test_every_table_is_in_one_page():
    pages = [ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')]
    found = [name for page in pages for name in re.findall(
        MARK.format('(.+?)'), page.read_text(encoding='utf-8'))]
    assert sorted(found) == sorted(TABLES)


@pytest.mark.parametrize('name', TABLES)
def test_rows_are_as_wide_as_the_heading(name):
    lines = [line for line in TABLES[name]().splitlines() if line[:1] == '|']
    assert len(lines) > 2
    assert len({line.count('|') for line in lines}) == 1


def test_markdown():
    assert table(['a', 'b'], [['1', ''], ['', '2']]) == (
        '| a | b |\n|---|---|\n| 1 | |\n| | 2 |')
    assert spread((28.17, 37.13, 26.37)) == '30.56 ± 5.76'

"""docs/methods: a page for each method, with all that it should have."""
import re

import pytest
from PIL import Image

from mmseg_clipzs.recipes.measured import COSTS
from mmseg_clipzs.recipes.method_pages import PAGES, board
from mmseg_clipzs.recipes.methods import METHODS
from mmseg_clipzs.recipes.published import PUBLISHED, RERUNS

from .pages import ROOT, read

FOLDER = ROOT / 'docs/methods'
# What a picture would need has no toy weights.
WITHOUT_PICTURE = {'trident', 'tipsv2', 'sam3'}


def test_every_method_has_a_page():
    named = [method for methods, _ in PAGES.values() for method in methods]
    assert sorted(named) == sorted(METHODS)
    assert {path.stem for path in FOLDER.glob('*.md')} == {*PAGES, 'index'}
    text = read('docs/methods/index.md')
    assert all(f'({page}.md)' in text for page in PAGES)
    assert all(f'methods/{page}.md' in read('mkdocs.yml') for page in PAGES)


@pytest.mark.parametrize('page', PAGES)
def test_a_page_is_complete(page):
    text = read(f'docs/methods/{page}.md')
    for heading in ('Idea', 'Formula', 'Use', 'Configs', 'Figures'):
        assert f'\n## {heading}\n' in text
    assert ('\n## Cost\n' in text) == bool(set(PAGES[page][0]) & set(COSTS))
    idea = text.split('\n## Idea\n')[1].split('\n## ')[0]
    assert 3 <= len(re.findall(r'[.?](?:\s|$)', idea)) <= 12
    assert re.search(r'\n    clipzs (test|train|segment) ', text)
    if page in WITHOUT_PICTURE:
        assert 'There is no picture' in text
        assert not (FOLDER / f'{page}.jpg').exists()
    else:
        path = FOLDER / f'{page}.jpg'
        assert f']({path.name})' in text
        assert path.stat().st_size <= 150_000
        assert min(Image.open(path).size) > 400


@pytest.mark.parametrize('page', PAGES)
def test_the_citation_is_bibtex(page):
    text = read(f'docs/methods/{page}.md')
    for entry in re.search(r'```bibtex\n(.*?)```', text, re.S)[1].split(
            '\n\n'):
        assert re.match(r'@(article|inproceedings){\w+,\n', entry)
        assert entry.count('{') == entry.count('}')
        fields = re.findall(r'^  (\w+) += {', entry, re.M)
        assert {'title', 'author', 'year'} < set(fields)
        assert 'journal' in fields or 'booktitle' in fields


def test_all_figures_are_in_the_table():
    lines = board().split('\n\n')[0].splitlines()
    heading, *rows = ([cell.strip() for cell in line.strip('|').split(' |')]
                      for line in (lines[0], *lines[2:]))
    cells = {
        (re.sub(r'\[(.*?)\]\(.*?\)', r'\1', row[0]),
         row[heading.index('protocol')], row[heading.index('figures')],
         dataset): row[heading.index(dataset)].strip('†‡')
        for row in rows for dataset in heading[3:11]
        if row[heading.index(dataset)]}
    for row in (*PUBLISHED, *RERUNS):
        who = f're-run by {row["by"]}' if 'by' in row else 'published'
        assert (row['method'], row['protocol'], who, row['dataset']) in cells
    assert sum(bool(row[heading.index('toy')]) for row in rows) > 20

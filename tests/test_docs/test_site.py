"""The built site: complete, and nothing in it comes from elsewhere."""
import html
import json
import re
from html.parser import HTMLParser

import pytest

from .pages import ROOT

pytestmark = pytest.mark.slow


class Resources(HTMLParser):
    """What a browser loads with a page, and the formulas of the page."""

    def __init__(self, page):
        super().__init__()
        self.loaded, self.formulas = [], 0
        self.feed(page.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ('script', 'img', 'iframe', 'source', 'video'):
            self.loaded.append(attrs.get('src', ''))
        if tag == 'link' and attrs.get('rel') not in ('canonical', 'next',
                                                      'prev'):
            self.loaded.append(attrs.get('href', ''))
        self.formulas += tag == 'math'


def pages(site):
    found = sorted(site.rglob('*.html'))
    assert len(found) > 50
    return found


def test_built_without_warnings(built):
    assert 'WARNING' not in built[1] and 'ERROR' not in built[1]


def test_nothing_from_elsewhere_is_loaded(site):
    for page in pages(site):
        for address in Resources(page).loaded:
            assert not re.match('(?:https?:)?//', address), (page, address)
    for sheet in site.rglob('*.css'):
        text = sheet.read_text(encoding='utf-8')
        assert not re.search(r'(?:@import|url\()\s*["\']?(?:https?:)?//', text)


def test_the_files_that_pages_load_are_there(site):
    for page in pages(site):
        for address in Resources(page).loaded:
            path = address.partition('?')[0].partition('#')[0]
            if path and not path.startswith(('data:', '/')):
                assert (page.parent / path).is_file(), (page, address)


def test_formulas_are_drawn(site):
    """As MathML, without a script."""
    shown = 0
    for page in pages(site):
        text = page.read_text(encoding='utf-8')
        assert '```math' not in text and 'language-math' not in text
        assert not any('\\' in each for each in re.findall(
            '<math.*?</math>', text, re.DOTALL)), page  # not understood
        if page.parent.name == 'methods' and page.stem != 'index':
            assert Resources(page).formulas, page
            shown += 1
    assert shown == 19


def test_search_knows_the_pages(site):
    text = (site / 'search/search_index.js').read_text(encoding='utf-8')
    index = json.loads(text.partition('=')[2].rstrip('; \n'))
    found = {each['location'] for each in index['docs']}
    assert {'start.html', 'methods/sclip.html', 'faq.html', 'changelog.html',
            'api/segmenting.html#mmseg_clipzs.apis.ZeroShotInferencer'
            } <= found


def test_docstrings_are_markdown(site):
    for page in (site / 'api').glob('*.html'):
        text = page.read_text(encoding='utf-8')
        assert '&gt;&gt;&gt;' not in text
        assert not re.search(r':(?:class|func|meth):<code>', text)


@pytest.mark.parametrize('page, folder', [
    ('own_dataset', 'own_data'), ('own_method', 'own_method'),
    ('own_student', 'own_student')])
def test_examples_are_shown_in_full(site, page, folder):
    text = (site / f'howto/{page}.html').read_text(encoding='utf-8')
    text = html.unescape(re.sub('<[^>]+>', '', text))
    files = list((ROOT / 'examples' / folder).glob('*.py'))
    assert files
    for path in files:
        code = path.read_text(encoding='utf-8')
        code = re.sub(r'\A(?:""".*?"""|(?:#[^\n]*\n)+)', '', code, flags=re.S)
        assert code.strip() in text, path


def test_the_changelog_comes_last_in_the_search(site):
    text = (site / 'search/search_index.js').read_text(encoding='utf-8')
    index = json.loads(text.partition('=')[2].rstrip('; \n'))
    boosts = {each['location'].partition('#')[0]: each.get('boost', 1)
              for each in index['docs']}
    assert boosts['changelog.html'] < boosts['start.html'] == 1


def test_files_of_the_repository_are_text(site):
    """A link to a source file is its text; pages of the root are pages."""
    text = (site / 'security.html').read_text(encoding='utf-8')
    assert '<code>contents.py</code>' in text
    assert 'contents.py"' not in text
    text = (site / 'reliability.html').read_text(encoding='utf-8')
    assert 'href="security.html"' in text

"""Links of the pages in the repository, where GitHub shows them."""
import pytest

from .pages import NAMES, ROOT, anchors, links


@pytest.mark.parametrize('name', NAMES)
def test_links_go_somewhere(name):
    for link in links(name):
        if link.startswith(('http://', 'https://', 'mailto:')):
            continue
        path, _, anchor = link.partition('#')
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            page = target.resolve().relative_to(ROOT).as_posix()
            assert anchor in anchors(page), link


def test_links_are_found():
    found = links('README.md')
    assert len(found) > 10 and any('#' in link for link in found)

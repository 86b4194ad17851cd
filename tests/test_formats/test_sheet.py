"""The contact sheet."""
import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.formats import make_formats, sheet
from mmseg_clipzs.utils import NotOursError, is_ours
from mmseg_clipzs.visualization import class_palette

EVIL = '<script>alert(1)</script> & "\'> $x {y}'
CLASSES = ['background', 'cat', EVIL, 'never']
VOID = {'meta', 'img', 'input', 'br', 'link'}


class Page(HTMLParser):
    """Elements of a page: (tag, attributes, text in it)."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.open, self.comments = [], [], []
        self.feed(Path(path).read_text(encoding='utf-8'))
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ''])
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def handle_comment(self, data):
        self.comments.append(data)

    def all(self, tag):
        return [element[1:] for element in self.elements if element[0] == tag]


@pytest.fixture
def photos(make_result):
    """Two photos: half cat; mostly the second class, a bit of cat."""
    first = np.zeros((40, 60), int)
    first[:, :30] = 1
    second = np.full((90, 30), 2)
    second[0, :10] = 1
    return [make_result('a', first, CLASSES),
            make_result(f'sub/{EVIL.replace("/", "-")}', second, CLASSES)]


def test_a_page_of_photos(write, photos, tmp_path):
    records = write('sheet', tmp_path, photos)
    page = Page(tmp_path / 'index.html')
    assert is_ours(tmp_path / 'index.html')
    assert not page.all('script') and not page.all('link')
    assert page.all('title')[0][1] == page.all('h1')[0][1] == '2 photos'
    images = [attributes for attributes, _ in page.all('img')]
    assert [image['alt'] for image in images] == [
        'a: cat 50 %, background 50 %' if records[0]['sheet']['shares'][0][
            0] == 1 else 'a: background 50 %, cat 50 %',
        f'{photos[1].name}: {EVIL} 100 %, cat <1 %']
    for image, record, photo in zip(images, records, photos):
        kind, data = image['src'].split(',')
        assert kind == 'data:image/jpeg;base64'
        file, = record['files']
        assert base64.b64decode(data) == (tmp_path / file).read_bytes()
        with Image.open(io.BytesIO(base64.b64decode(data))) as thumbnail:
            assert thumbnail.size == photo.mask.shape[::-1]  # no larger
    # Nothing is loaded from elsewhere.
    text = (tmp_path / 'index.html').read_text(encoding='utf-8')
    assert not re.search(r'(src|href)="(?!data:)|url\(|@import', text)


def test_photos_are_found_by_class(write, photos, tmp_path):
    """The class of each photo, and a rule and a switch for each class."""
    write('sheet', tmp_path, photos)
    page = Page(tmp_path / 'index.html')
    figures = [set(attributes['class'].split())
               for attributes, _ in page.all('figure')]
    assert figures == [{'photo', 'c0', 'c1'}, {'photo', 'c2'}]
    inputs = [attributes for attributes, _ in page.all('input')]
    assert {each['type'] for each in inputs} == {'radio'}  # arrow keys work
    assert {each['name'] for each in inputs} == {'class'}
    assert [each['id'] for each in inputs if 'checked' in each] == ['all']
    assert {each['id'] for each in inputs} == {'all', 'c0', 'c1', 'c2'}
    style = page.all('style')[0][1]
    for index in range(3):
        assert (f'body:has(#c{index}:checked) .photo:not(.c{index}) '
                '{ display: none; }') in style
    rows = [' '.join(text.split()) for _, text in page.all('tr')]
    assert 'all photos2' in rows
    assert 'background25 %1' in rows
    assert 'cat25 %1' in rows  # not found by less than 1 %
    assert f'{EVIL}50 %1' in rows
    assert not any('never' in row for row in rows)


def test_links_to_overlays(photos, tmp_path):
    formats = make_formats(
        ['overlay', 'sheet'], tmp_path, CLASSES, class_palette(CLASSES))
    records = []
    for photo in photos:
        record = dict(name=photo.name, files=[])
        for each in formats:
            written = each.write(photo)
            record.update(written, files=record['files'] + written['files'])
        records.append(record)
    formats[1].finish(records)
    links = [attributes['href'] for attributes, _ in Page(
        tmp_path / 'index.html').all('a')]
    assert len(links) == 2 and links[0] == 'a_overlay.png'
    assert re.fullmatch(r'[\w/.%~-]+', links[1])


@pytest.mark.parametrize('count, pages', [(0, 1), (1, 1), (3, 1), (4, 2),
                                          (7, 3)])
def test_pages(write, photos, tmp_path, monkeypatch, count, pages):
    monkeypatch.setattr(sheet, '_PER_PAGE', 3)
    kind, = make_formats(['sheet'], tmp_path, CLASSES, class_palette(CLASSES))
    record = dict(name='a', **kind.write(photos[0]))
    paths = kind.finish(dict(record) for _ in range(count))
    assert [path.name for path in paths] == ['index.html', *(
        f'index_{i}.html' for i in range(2, pages + 1))]
    parsed = [Page(path) for path in paths]
    assert sum(len(page.all('figure')) for page in parsed) == count
    for i, page in enumerate(parsed):
        assert [attributes['href'] for attributes, _ in page.all('a')] == [
            paths[other].name for other in (i - 1, i + 1)
            if 0 <= other < pages]


def test_thumbnails(write, make_result, tmp_path):
    rng = np.random.default_rng(0)
    result = make_result(
        'a', np.kron(rng.integers(0, 3, (4, 6)), np.ones((200, 200), int)),
        CLASSES)
    file, = write('sheet', tmp_path, [result])[0]['files']
    with Image.open(tmp_path / file) as image:
        assert image.size == (320, 213)
    assert is_ours(tmp_path / file)


def test_what_is_in_the_way(tmp_path):
    (tmp_path / 'index.html').write_text('<p>mine')
    kind, = make_formats(['sheet'], tmp_path, CLASSES, class_palette(CLASSES))
    for call in (kind.check_root, lambda: kind.finish([])):
        with pytest.raises(NotOursError, match='index.html exists'):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ['index.html']


def test_a_thumbnail_that_is_gone(photos, tmp_path):
    kind, = make_formats(['sheet'], tmp_path, CLASSES, class_palette(CLASSES))
    record = dict(name='a', **kind.write(photos[0]))
    (tmp_path / record['files'][0]).unlink()
    kind.finish([record])
    page = Page(tmp_path / 'index.html')
    assert not page.all('img')
    assert 'its thumbnail is gone' in page.all('figure')[0][1]


@pytest.mark.parametrize('count', [0, 1, 2, 5])
def test_skipped_photos(photos, tmp_path, monkeypatch, count):
    monkeypatch.setattr(sheet, '_PER_PAGE', 3)
    kind, = make_formats(['sheet'], tmp_path, CLASSES, class_palette(CLASSES))
    record = dict(name='a', **kind.write(photos[0]))
    first, second = map(Page, kind.finish(
        [record] * 4, (f'{EVIL} {i} is damaged.' for i in range(count))))
    assert not second.all('details') and not second.all('script')
    assert [text for _, text in first.all('summary')] == [
        f'{count} photo{"s were" if count > 1 else " was"} skipped'
    ] * bool(count)
    assert [text for _, text in first.all('li')] == [
        f'{EVIL} {i} is damaged.' for i in range(min(count, 3))
    ] + ['... and 2 more'] * (count > 3)


def test_text_of_a_page(write, photos, tmp_path):
    """Nothing but elements begins with '<', and no paragraph is empty."""
    write('sheet', tmp_path, photos)
    text = (tmp_path / 'index.html').read_text(encoding='utf-8')
    assert '&lt;1 %' in text and not re.search(r'<[^a-z/!]|<p>\s*</p>', text)

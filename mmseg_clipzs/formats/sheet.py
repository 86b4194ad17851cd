"""A contact sheet: pages of thumbnails."""
import base64
from html import escape
from itertools import islice
from pathlib import Path
from string import Template
from urllib.parse import quote

import cv2
import numpy as np
from PIL import Image

from mmseg_clipzs.utils import atomic_write, check_replaceable, shown
from mmseg_clipzs.visualization import (
    background_of,
    named_overlay,
    save_image,
    share_text,
    shares_of,
)

from .pictures import Pictures

_TEMPLATE = Path(__file__).with_name('sheet.html')
_SIDE = 320  # pixels of a thumbnail
_QUALITY = 75
_PER_PAGE = 200  # photos, in about 5 MB
_LEAST = 0.01  # share of a photo that a class has to be found by it
_SHOWN = 4  # classes below a thumbnail


class Sheet(Pictures):
    """``index.html``: thumbnails of all photos, to be found by their classes.

    A page holds its thumbnails and needs neither other files nor scripts, so
    that it can be mailed. From 200 photos on there are more, ``index_2.html``
    and so on. ``NAME_thumbnail.jpg`` keeps each thumbnail until then, also in
    runs that are continued.

    Args:
        folder, classes, palette, style: See :class:`Pictures`.
    """

    def __init__(self, folder, classes, palette, style=None):
        super().__init__(folder, classes, palette, style)
        self._unpainted = background_of(classes)

    def check_root(self):
        check_replaceable(self._page(0))

    def paths(self, name):
        return [self.folder / f'{name}_thumbnail.jpg']

    def write(self, result):
        path, = self.paths(result.name)
        with atomic_write(path) as temporary:
            save_image(temporary, Image.fromarray(self._thumbnail(
                result.photo, result.mask)), quality=_QUALITY)
        shares = shares_of(result.mask, len(self.classes))
        return dict(files=self.relative(path), sheet=dict(shares=[
            [index, round(share, 6)] for index, share in shares.items()]))

    def finish(self, records, errors=()):
        records, pages = iter(records), []
        skipped = _skipped(list(errors))
        chunk = list(islice(records, _PER_PAGE))
        while chunk or not pages:
            following = list(islice(records, _PER_PAGE))
            path = self._page(len(pages))
            check_replaceable(path)
            page = self._render(chunk, len(pages), bool(following), skipped)
            with atomic_write(path) as temporary:
                temporary.write_text(page, encoding='utf-8')
            pages.append(path)
            chunk = following
        return pages

    def _page(self, number):
        """Path: A page; the first has the number 0."""
        end = f'_{number + 1}' * bool(number)
        return self.folder / f'index{end}.html'

    def _thumbnail(self, photo, mask):
        """ndarray: (H, W, 3) uint8 RGB, a small overlay."""
        height, width = mask.shape
        scale = min(_SIDE / max(height, width), 1)
        size = [max(round(side * scale), 1) for side in (width, height)]
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        rows, columns = (
            (np.arange(new) + 0.5) * old // new for new, old in zip(
                size[::-1], (height, width)))
        labels = mask[np.ix_(rows.astype(int), columns.astype(int))]
        return named_overlay(
            small, labels, self.classes, self.palette, self.style)

    def _render(self, records, number, is_followed, skipped):
        """str: The page with these photos."""
        first = number * _PER_PAGE + 1
        last = first + len(records) - 1
        links = [
            f'<a href="{self._page(other).name}">{text}</a>'
            for other, text, exists in (
                (number - 1, '← earlier photos', number),
                (number + 1, 'later photos →', is_followed)) if exists]
        total, found = {}, {}
        for record in records:
            for index, share in record['sheet']['shares']:
                total[index] = total.get(index, 0) + share
                found[index] = found.get(index, 0) + (share >= _LEAST)
        order = sorted(total, key=lambda index: (-total[index], index))
        return Template(_TEMPLATE.read_text(encoding='utf-8')).substitute(
            title=f'{len(records)} photo' + 's' * (len(records) != 1) + (
                f' ({first:,} to {last:,})' if links else ''),
            rules='\n'.join(
                f'body:has(#c{index}:checked) .photo:not(.c{index}) '
                '{ display: none; }' for index in order),
            count=len(records),
            rows='\n'.join(
                self._row(index, total[index] / len(records), found[index])
                for index in order),
            photos='\n'.join(map(self._figure, records)),
            links=f'<p>{" ".join(links)}</p>\n' if links else '',
            skipped='' if number else skipped)

    def _row(self, index, share, count):
        return (f'<tr><th scope="row"><label><input type="radio" name="class" '
                f'id="c{index}"> {self._key(index)}</label></th>'
                f'<td>{escape(share_text(share))}</td><td>{count}</td></tr>')

    def _key(self, index):
        """str: Name of a class behind its colour."""
        colour = 'none' if index in self._unpainted else (
            f'rgb({",".join(map(str, map(int, self.palette[index])))})')
        return (f'<i style="background: {colour}"></i>&nbsp;'
                f'{escape(shown(self.classes[index]))}')

    def _figure(self, record):
        name, shares = record['name'], record['sheet']['shares']
        texts = [f'{self.classes[index]} {share_text(share)}'
                 for index, share in shares[:_SHOWN]]
        alt = escape(shown(f'{name}: {", ".join(texts)}'))
        image = self._embedded(self.paths(name)[0], alt)
        overlays = [file for file in record['files'] if file.startswith(
            f'{name}_overlay.')]
        if overlays:
            image = f'<a href="{quote(overlays[0])}">{image}</a>'
        classes = ' '.join(
            f'c{index}' for index, share in shares if share >= _LEAST)
        keys = ' '.join(
            f'<span>{self._key(index)} <b>{escape(share_text(share))}</b>'
            '</span>'
            for index, share in shares[:_SHOWN])
        return (f'<figure class="photo {classes}">{image}<figcaption>'
                f'<strong>{escape(shown(name))}</strong> {keys}'
                '</figcaption></figure>')

    def _embedded(self, path, alt):
        try:
            data = base64.b64encode(path.read_bytes()).decode()
        except FileNotFoundError:
            return f'<span class="gone">{alt}: its thumbnail is gone</span>'
        return f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">'


def _skipped(errors):
    """str: What says that photos have no results, and why; '' for none."""
    if not errors:
        return ''
    were = 'photo was' if len(errors) == 1 else 'photos were'
    reasons = [escape(shown(error)) for error in errors[:_PER_PAGE]]
    if len(errors) > _PER_PAGE:
        reasons.append(f'... and {len(errors) - _PER_PAGE:,} more')
    return (f'<details><summary>{len(errors):,} {were} skipped</summary>\n'
            '<ul>\n' + ''.join(f'<li>{reason}</li>\n' for reason in reasons)
            + '</ul></details>\n')

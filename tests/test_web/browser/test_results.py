"""Results in the browser are those of Python."""
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from words_page import WordsPage

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.visualization import Style


@pytest.fixture(scope='module')
def inferencer():
    return ZeroShotInferencer('maskclip_toy')


def percents(result):
    """dict[str, str]: Shares as the table shows them."""
    shares = np.bincount(
        result.mask.ravel(), minlength=len(result.classes)) / result.mask.size
    return {name: '<1 %' if 0 < share < .01 else f'{100 * share:.0f} %'
            for name, share in zip(result.classes, shares)}


def test_first_result(app, visit, inferencer, tmp_path):
    """Without reading anything: an example is there when the page opens."""
    from mmseg_clipzs.web.examples import draw_examples
    first = draw_examples(tmp_path)[0]
    page = WordsPage(visit().page, app.address)
    page.wait_for(list(first.words))
    assert page.words() == list(first.words)
    assert page.shares() == percents(inferencer(
        first.path, classes=list(first.words)))
    page.wait_for_message('')


def test_own_photo_and_words(app, visit, inferencer, scenes, tmp_path):
    """Then another threshold, without a pass of the image tower."""
    page = WordsPage(visit().page, app.address)
    page.choose_photo(scenes[0])
    page.write_words('sand, beach', 'zebra', 'lady: ladybug, beetle')
    page.wait_for(['sand', 'zebra', 'lady'])
    words = ['sand, beach', 'zebra', 'lady: ladybug, beetle']
    inferencer.set_image(scenes[0])
    assert page.shares() == percents(inferencer.predict(words))

    passes = len(app.passes)
    page.set_background(.8)
    page.wait_for(['background', 'sand', 'zebra', 'lady'])
    result = inferencer.predict(words, background=.8)
    assert page.shares() == percents(result)
    page.write_words('sand', 'zebra')
    page.wait_for(['background', 'sand', 'zebra'])
    assert len(app.passes) == passes
    mask = np.array(Image.open(page.take('index', tmp_path)))
    assert np.array_equal(mask, inferencer.predict(
        ['sand', 'zebra'], background=.8).mask)


def test_taking_away(app, visit, inferencer, scenes, tmp_path, monkeypatch):
    """Five files, the command and the program that make the same ones."""
    page = WordsPage(visit().page, app.address)
    page.choose_photo(scenes[1])
    page.write_words('grass', 'sea, water', 'zebra')
    page.wait_for(['grass', 'sea', 'zebra'])
    index, overlay, cutout, coco, masks = (
        page.take(kind, tmp_path)
        for kind in ('index', 'overlay', 'cutout', 'coco', 'masks'))

    result = inferencer(scenes[1], classes=['grass', 'sea, water', 'zebra'])
    stem, shape = scenes[1].stem, result.mask.shape
    assert np.array_equal(np.array(Image.open(index)), result.mask)
    assert np.array_equal(np.array(Image.open(overlay)), result.picture(
        Style(opacity=.5)))
    found = [i for i in range(3) if (result.mask == i).any()]
    with zipfile.ZipFile(masks) as archive:
        pictures = [np.array(Image.open(archive.open(name)))
                    for name in archive.namelist()]
    assert all(picture.shape == shape for picture in pictures)
    assert sorted((picture > 0).sum() for picture in pictures) == sorted(
        (result.mask == i).sum() for i in found)
    with zipfile.ZipFile(cutout) as archive:
        alphas = [np.array(Image.open(archive.open(name)))[..., 3]
                  for name in archive.namelist()]
    assert len(alphas) == len(found)
    data = json.loads(coco.read_text())
    assert [each['name'] for each in data['categories']] == [
        'grass', 'sea', 'zebra']
    assert sum(each['area'] for each in data['annotations']) \
        == result.mask.size

    command = page.page.locator('#command').inner_text()
    assert command.startswith('clipzs segment ') and stem in command
    (tmp_path / 'again').mkdir()
    monkeypatch.chdir(tmp_path / 'again')

"""Pictures and figures for the viewer, read back."""
import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotResult
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web.answers import (
    MAX_SIDE,
    heat_map,
    shown_answer,
    shown_photo,
)
from mmseg_clipzs.web.limits import Limits

CLASSES = ('sky', '<b>cat</b>', 'sea')


def decoded(url):
    kind, _, content = url.partition(';base64,')
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == f'data:image/{image.format.lower()}'
    return np.asarray(image)


def make_result(height, width):
    """ZeroShotResult: Of random probabilities, with ignored pixels."""
    rng = np.random.default_rng(0)
    scores = rng.dirichlet([1] * 3, (height, width)).astype(
        np.float32).transpose(2, 0, 1)
    mask = scores.argmax(0)
    return ZeroShotResult(
        'photo', rng.integers(0, 256, (height, width, 3), np.uint8), mask,
        lambda: scores, CLASSES, [(1, 2, 3), (255, 0, 16), (0, 0, 0)],
        make_confidence=lambda labels: np.take_along_axis(
            scores, labels[None], 0)[0]).ignoring(
                np.arange(width) < np.full((height, 1), 2))


def test_maps_are_those_of_the_result():
    result = make_result(20, 30)
    answer = shown_answer(result, 'MaskCLIP', 'sea')
    assert (answer['title'], answer['width'], answer['height']) == (
        'MaskCLIP', 30, 20)
    assert np.array_equal(decoded(answer['index']), result.mask)
    for url, want in ((answer['confidence'], result.confidence),
                      (answer['heat']['url'], result.scores[2])):
        got = decoded(url)
        assert got.dtype == np.uint8
        np.testing.assert_allclose(got / 255, want, atol=.51 / 255)
        assert not got[:, :2].any()  # ignored


def test_shares_and_confidences():
    result = make_result(20, 30)
    classes = shown_answer(result)['classes']
    assert [each['name'] for each in classes] == list(CLASSES)
    assert [each['colour'] for each in classes] == [
        '#010203', '#ff0010', '#000000']
    assert sum(each['share'] for each in classes) == pytest.approx(1)
    for label, each in enumerate(classes):
        where = result.mask == label
        assert each['share'] == pytest.approx(where.sum() / (20 * 28))
        assert each['confidence'] == pytest.approx(
            result.confidence[where].mean(), abs=1e-6)


def test_a_class_that_is_not_found():
    result = make_result(4, 6)
    result.mask[:] = 255
    classes = shown_answer(result)['classes']
    assert {(each['share'], each['confidence']) for each in classes} == {
        (0, 0)}
    assert heat_map(result, 'dog') is None


def test_large_photos_are_shown_smaller():
    """Each shown pixel is one of the result's; shares are of all."""
    result = make_result(40, 2 * MAX_SIDE)
    answer = shown_answer(result)
    photo = shown_photo(result.photo, 'k')
    size = photo['height'], photo['width']
    assert size == (20, MAX_SIDE) == (answer['height'], answer['width'])
    assert decoded(photo['url']).shape == (*size, 3)
    assert np.array_equal(decoded(answer['index']), result.mask[1::2, 1::2])
    assert answer['classes'][0]['share'] == pytest.approx(
        (result.mask == 0).sum() / (result.mask < 3).sum())


def test_photo():
    photo = np.full((30, 40, 3), (200, 100, 50), np.uint8)
    shown = shown_photo(photo, 'k')
    assert (shown['key'], shown['width'], shown['height']) == ('k', 40, 30)
    np.testing.assert_allclose(decoded(shown['url']), photo, atol=3)


@pytest.mark.parametrize('name, value', [
    ('max_bytes', 0), ('max_pixels', 1.5), ('max_words', '5'),
    ('seconds', 0), ('memory', float('inf')), ('idle', float('nan'))])
def test_limits_are_checked(name, value):
    with pytest.raises(UserError, match=f'{name} must be'):
        Limits(**{name: value})

import json

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.toy.scenes import (
    CLASSES,
    make_scene,
    make_varied_scene,
    write_voc,
)
from mmseg_clipzs.utils import UserError

GROUNDS = CLASSES[8:]


def test_first_caption_names_everything_in_the_picture():
    for seed in range(20):
        image, mask, captions = make_scene(np.random.default_rng(seed), 32)
        assert image.shape == (32, 32, 3) and image.dtype == np.uint8
        assert mask.shape == (32, 32) and len(captions) == 6
        for index in np.unique(mask):
            assert CLASSES[index] in captions[0]


def test_varied_scenes_have_bare_grounds_and_close_ups():
    masks = [make_varied_scene(np.random.default_rng(seed), 32)[1]
             for seed in range(60)]
    bare = [mask for mask in masks if (mask >= 8).all()]
    assert 1 <= len(bare) <= 15
    whole = [make_scene(np.random.default_rng(seed), 32)[1]
             for seed in range(60)]

    def largest(masks):  # share of the largest object, on average
        return np.mean([np.bincount(m.ravel(), minlength=12)[:8].max()
                        for m in masks])

    assert largest(masks) > 1.2 * largest(whole)


def test_written_once_and_the_same_each_time(tmp_path):
    for name in 'ab':
        assert write_voc(str(tmp_path / name), 3, 2, 32, varied=True)
    assert not write_voc(str(tmp_path / 'a'), 3, 2, 32, varied=True)
    for path in (tmp_path / 'a').rglob('*.*'):
        other = tmp_path / 'b' / path.relative_to(tmp_path / 'a')
        assert path.read_bytes() == other.read_bytes()
    rows = json.loads((tmp_path / 'a/captions.json').read_text())
    assert [len(row['captions']) for row in rows] == [6] * 5
    with Image.open(tmp_path / 'a/JPEGImages' / rows[0]['image']) as image:
        assert image.size == (32, 32)


@pytest.mark.parametrize('other', [
    dict(varied=False), dict(varied=True, seed=5), dict(varied=True, size=48)])
def test_other_scenes_are_not_overwritten(tmp_path, other):
    write_voc(str(tmp_path / 'a'), 1, 1, 32, varied=True)
    with pytest.raises(UserError, match='Remove it or choose another'):
        write_voc(str(tmp_path / 'a'), 1, 1, **{'size': 32, **other})

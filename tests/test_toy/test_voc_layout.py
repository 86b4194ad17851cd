import json

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.toy.scenes import make_scene, make_varied_scene
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('varied, make', [
    (False, make_scene), (True, make_varied_scene)])
def test_scenes_masks_and_captions(varied, make, tmp_path):
    """Scene i depends only on (seed, split, i)."""
    root = tmp_path / 'toy'
    assert write_voc(str(root), 3, 2, 32, seed=7, varied=varied)
    rows = iter(json.loads((root / 'captions.json').read_text()))
    for split, (name, count) in enumerate((('train', 3), ('val', 2))):
        listed = (root / f'ImageSets/Segmentation/{name}.txt').read_text()
        assert listed.split() == [f'toy_{name}_{i:05d}' for i in range(count)]
        for i, stem in enumerate(listed.split()):
            image, mask, captions = make(
                np.random.default_rng([7, split, i]), 32)
            assert next(rows) == dict(image=f'{stem}.jpg', captions=captions)
            with Image.open(root / f'JPEGImages/{stem}.jpg') as file:
                difference = np.asarray(file).astype(int) - image
            assert np.abs(difference).mean() < 5  # JPEG, quality 95
            with Image.open(root / f'SegmentationClass/{stem}.png') as file:
                np.testing.assert_array_equal(np.asarray(file), mask)
    assert next(rows, None) is None


def test_written_once_and_always_the_same(tmp_path):
    for name in 'ab':
        assert write_voc(str(tmp_path / name), 3, 2, 32, varied=True)
    assert not write_voc(str(tmp_path / 'a'), 3, 2, 32, varied=True)
    files = [path for path in (tmp_path / 'a').rglob('*') if path.is_file()]
    assert len(files) == 3 + 2 + 3 + 2 + 2 + 2
    for path in files:
        other = tmp_path / 'b' / path.relative_to(tmp_path / 'a')
        assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize('other', [
    dict(varied=False), dict(varied=True, seed=5), dict(varied=True, size=48)])
def test_other_scenes_are_not_overwritten(other, tmp_path):
    write_voc(str(tmp_path / 'a'), 1, 1, 32, varied=True)
    with pytest.raises(UserError, match='contains toy scenes .*Remove it or'):
        write_voc(str(tmp_path / 'a'), 1, 1, **{'size': 32, **other})


def test_other_files_are_not_overwritten(tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(UserError, match='already contains other files'):
        write_voc(str(tmp_path), 1, 1, 32)
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def interrupt(scenes):
        yield next(iter(scenes))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_voc(str(tmp_path / 'toy'), 3, 2, 32, progress=interrupt)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('settings', [
    dict(train=-1), dict(val=-1), dict(size=15), dict(seed=-1)])
def test_bad_settings(settings, tmp_path):
    name, value = next(iter(settings.items()))
    with pytest.raises(UserError, match=f'but got .*{name}={value}'):
        write_voc(str(tmp_path / 'toy'), **settings)

"""Maps of regions of many photos, by the function and by the command."""
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis.region_maps import make_regions
from mmseg_clipzs.models.regions import RegionProvider, build_regions
from mmseg_clipzs.utils import NotOursError, UserError

pytest.importorskip('skimage')
ROOT = Path(__file__).parents[1]
FELZENSZWALB = dict(type='Felzenszwalb', scale=50.)


@pytest.fixture
def photos(tmp_path):
    """Three photos in folders, one turned by its EXIF, and a damaged one."""
    folder = tmp_path / 'photos'
    (folder / 'sub').mkdir(parents=True)
    rng = np.random.default_rng(0)
    turned = Image.Exif()
    turned[274] = 6
    for name in ('a.jpg', 'sub/b.png', 'sub/c.jpg'):
        coarse = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((60, 40)).save(
            folder / name, **dict(exif=turned) if 'c' in name else {})
    (folder / 'damaged.jpg').write_bytes(b'no photo')
    return folder


def test_maps_are_those_of_the_provider(photos, tmp_path):
    out = tmp_path / 'out'
    written, kept, skipped = make_regions(photos, out, FELZENSZWALB)
    assert (written, kept, len(skipped)) == (3, 0, 1)
    assert 'damaged.jpg' in skipped[0]
    assert {path.relative_to(out).as_posix() for path in out.rglob('*.*')
            } == {'a.png', 'sub/b.png', 'sub/c.png', 'regions.json'}
    files = build_regions(dict(type='RegionFiles', folder=out, photos=photos))
    provider = build_regions(FELZENSZWALB)
    image = np.asarray(Image.open(photos / 'sub/b.png'))
    np.testing.assert_array_equal(
        files(image, dict(img_path=photos / 'sub/b.png', ori_shape=(40, 60))),
        provider(image, {}))
    assert files(None, dict(img_path=str(photos / 'sub/c.jpg'), ori_shape=(
        60, 40))).max() > 1


def test_a_second_run_goes_on(photos, tmp_path):
    make_regions(photos, tmp_path / 'out', FELZENSZWALB)
    (tmp_path / 'out/sub/b.png').unlink()
    before = (tmp_path / 'out/a.png').stat().st_mtime_ns
    assert make_regions(photos, tmp_path / 'out', FELZENSZWALB)[:2] == (1, 2)
    assert (tmp_path / 'out/a.png').stat().st_mtime_ns == before
    for where, regions in ((photos, dict(type='Slic')),
                           (photos / 'sub', FELZENSZWALB)):
        with pytest.raises(UserError, match='of other photos or settings'):
            make_regions(where, tmp_path / 'out', regions)
    assert json.loads((tmp_path / 'out/regions.json').read_text())[
        'regions'] == FELZENSZWALB


def test_files_of_the_user_are_left_alone(photos, tmp_path):
    with pytest.raises(NotOursError, match=r'b\.png exists and was not'):
        make_regions(photos / 'sub/b.png', photos / 'sub', FELZENSZWALB)
    for folder in ('', 'sub', 'new'):
        with pytest.raises(UserError, match='is in the folder of the photos'):
            make_regions(photos, photos / folder, FELZENSZWALB)
    assert len(list(photos.rglob('*'))) == 5
    (tmp_path / 'regions.json').write_text('{}')
    with pytest.raises(NotOursError, match=r'regions\.json exists'):
        make_regions(photos, tmp_path, FELZENSZWALB)


def test_bad_photos(photos, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match='No photos in'):
        make_regions(tmp_path / 'empty', tmp_path / 'out', FELZENSZWALB)
    with pytest.raises(UserError, match='no such folder'):
        make_regions(tmp_path / 'none', tmp_path / 'out', FELZENSZWALB)
    Image.new('RGB', (9, 9)).save(photos / 'sub/B.JPG', 'jpeg')
    with pytest.raises(UserError, match='would have the same map'):
        make_regions(photos, tmp_path / 'out', FELZENSZWALB)
    with pytest.raises(UserError, match="no option 'correct'; Slic takes "
                       r'n_segments, compactness, sigma\.$'):
        make_regions(photos / 'a.jpg', tmp_path / 'out', dict(
            type='Slic', correct=False))
    assert not (tmp_path / 'out').exists()


def test_a_provider_of_the_users(photos, tmp_path):
    class Halves(RegionProvider):
        def __call__(self, image, meta):
            assert meta['img_path'].endswith('a.jpg')
            regions = np.zeros(meta['ori_shape'], int)
            regions[:, 30:] = 70
            return regions

    assert make_regions(photos / 'a.jpg', tmp_path / 'out', dict(
        type=Halves)) == (1, 0, [])
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / 'out/a.png'))[0], [0] * 30 + [1] * 30)


def test_command(photos, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'out'
    monkeypatch.setattr(sys, 'argv', [
        'make_regions.py', str(photos), '--out', str(out), '--provider',
        'Slic', '--options', 'n_segments=9'])
    with pytest.raises(SystemExit, match='1 of 4 photos was skipped; .*damag'):
        runpy.run_path(
            str(ROOT / 'tools/make_regions.py'), run_name='__main__')
    assert f'{out}: 3 maps written, 0 kept\n' in capsys.readouterr().out
    assert (out / 'a.png').exists()

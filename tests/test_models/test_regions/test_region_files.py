import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.models.regions import build_regions
from mmseg_clipzs.models.regions.region_files import (
    read_regions,
    write_regions,
)
from mmseg_clipzs.utils import UserError

SIZE = (40, 60)


def some_regions(count, size=SIZE, lowest=0):
    regions = np.random.default_rng(0).integers(lowest, count + 1, size)
    regions.flat[:count + 1 - lowest] = np.arange(lowest, count + 1)[
        :regions.size]
    return regions


@pytest.mark.parametrize('count, size, name, dtype', [
    (7, SIZE, 'a.png', np.uint8), (300, SIZE, 'a.png', np.uint16),
    (70000, (300, 400), 'a.npy', np.int32)])
@pytest.mark.parametrize('lowest', [0, 1])
def test_written_maps_are_read(tmp_path, count, size, name, dtype, lowest):
    regions = some_regions(count, size, lowest)
    path = write_regions(regions, tmp_path, 'a')
    assert path == tmp_path / name
    found = np.load(path) if path.suffix == '.npy' else np.asarray(
        Image.open(path))
    assert found.dtype == dtype
    provider = build_regions(dict(type='RegionFiles', folder=str(tmp_path)))
    got = provider(None, dict(img_path='photos/a.jpg', ori_shape=size))
    np.testing.assert_array_equal(got, regions)


def test_regions_are_numbered_without_gaps(tmp_path):
    regions = np.array([[0, 10**12], [5, 5]])
    path = write_regions(regions, tmp_path, 'a')
    np.testing.assert_array_equal(read_regions(path), [[0, 2], [1, 1]])
    path = write_regions(regions + 1, tmp_path, 'a')
    np.testing.assert_array_equal(read_regions(path), [[1, 3], [2, 2]])


@pytest.mark.parametrize('content, message', [
    (np.zeros((3, 4, 3), np.uint8), r'holds float64 \(3, 4, 3\), mode RGB'),
    (b'no image', 'cannot be read as a map of regions'),
    (b'', 'cannot be read as a map of regions')])
def test_bad_pictures(tmp_path, content, message):
    path = tmp_path / 'a.png'
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        Image.fromarray(content).save(path)
    with pytest.raises(SampleError, match=message):
        read_regions(path)


def test_missing_maps(tmp_path):
    with pytest.raises(SampleError, match=r'No file at .*[^.]\.$'):
        read_regions(tmp_path / 'a.png')


@pytest.mark.parametrize('array, message', [
    (np.zeros(SIZE), 'float64'), (-np.ones(SIZE, int), 'int64'),
    (np.zeros((2, *SIZE), int), r'\(2, 40, 60\)'),
    (np.full(SIZE, 2**63, np.uint64), r'a\.npy is no map .* from 9223'),
    (np.array([[object()]]), 'cannot be read')])
def test_bad_arrays(tmp_path, array, message):
    np.save(tmp_path / 'a.npy', array)
    with pytest.raises(SampleError, match=message):
        read_regions(tmp_path / 'a.npy')


def test_an_archive_of_arrays(tmp_path):
    with open(tmp_path / 'a.npy', 'wb') as file:
        np.savez(file, regions=np.zeros(SIZE, int))
    with pytest.raises(SampleError, match=r'a\.npy cannot be read .* archive'):
        read_regions(tmp_path / 'a.npy')


def test_photos_of_one_name(tmp_path):
    """Maps in subfolders, or an error that names both."""
    photos, maps = tmp_path / 'photos', tmp_path / 'maps'
    metas, wanted = [], []
    for i, folder in enumerate(['a', 'b', 'b/a', '.']):
        (photos / folder).mkdir(parents=True, exist_ok=True)
        wanted.append(np.full(SIZE, i, int))
        np.save(write_regions(wanted[-1], maps, f'{folder}/1').with_suffix(
            '.npy'), wanted[-1])
        (maps / folder / '1.png').unlink()
        metas.append(dict(img_path=str(photos / folder / '1.jpg'),
                          ori_shape=SIZE))
    options = dict(type='RegionFiles', folder=maps)
    provider = build_regions(dict(options, photos=photos))
    for meta, want in zip(metas, wanted):
        np.testing.assert_array_equal(provider(None, meta), want)
    with pytest.raises(SampleError, match='x.jpg is not in .*photos'):
        provider(None, dict(img_path='x.jpg', ori_shape=SIZE))
    (tmp_path / 'link').symlink_to(photos)
    meta = dict(metas[1], img_path=str(tmp_path / 'link/b/1.jpg'))
    np.testing.assert_array_equal(provider(None, meta), wanted[1])
    plain = build_regions(options)
    plain(None, metas[0])
    plain(None, metas[0])
    with pytest.raises(UserError, match=r'a/1\.jpg and .*b/1\.jpg') as e:
        plain(None, metas[1])
    assert not isinstance(e.value, SampleError)  # the first may be wrong


@pytest.mark.parametrize('wrong', [5, None, True, [], {}, float('nan')])
def test_folders_of_another_type(tmp_path, wrong):
    (tmp_path / 'a.png').touch()
    with pytest.raises(UserError, match='regions.folder must be a folder'):
        build_regions(dict(type='RegionFiles', folder=wrong))
    if wrong is not None:
        with pytest.raises(UserError, match='regions.photos must be a folder'):
            build_regions(dict(
                type='RegionFiles', folder=tmp_path, photos=wrong))


def test_bad_folders(tmp_path):
    for folder, message in ((tmp_path / 'none', 'No folder at'),
                            (tmp_path, 'has no .png or .npy')):
        with pytest.raises(UserError, match=message):
            build_regions(dict(type='RegionFiles', folder=folder))


@pytest.fixture
def folders(tmp_path, tiny_config):
    """A config whose photos a, b and c have, lack and misfit their maps."""
    photos, maps = tmp_path / 'photos', tmp_path / 'maps'
    photos.mkdir()
    rng = np.random.default_rng(0)
    for name in 'abc':
        coarse = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize(SIZE[::-1]).save(photos / f'{name}.png')
    regions = np.add.outer(np.arange(40) // 20 * 3, np.arange(60) // 20)
    write_regions(regions, maps, 'a')
    write_regions(regions[:30], maps, 'c')
    cfg = tiny_config('maskclip_toy')
    cfg.model.vocabulary = 'cat; grass, lawn; sky'
    cfg.model.regions = dict(type='RegionFiles', folder=str(maps))
    return cfg, photos, regions


def test_photos_are_followed_by_name(folders, tmp_path):
    """By every road; photos without a map that fits are skipped."""
    cfg, photos, regions = folders
    inferencer, skipped = ZeroShotInferencer(cfg, device='cpu'), []
    result, = inferencer(photos, batch_size=3, skipped=skipped)
    assert result.name == 'a'
    for region in set(np.unique(regions)) - {0}:
        assert len(np.unique(result.mask[regions == region])) == 1
    uncorrected, = ZeroShotInferencer(
        cfg, device='cpu', cfg_options={'model.regions': None})(
            photos / 'a.png')
    free = regions == 0
    assert np.array_equal(result.mask[free], uncorrected.mask[free])
    assert (result.mask != uncorrected.mask).any()
    assert len(skipped) == 2
    assert 'b.png has no map of regions: neither' in ' '.join(skipped)
    assert 'c.png is a map of 60 x 30, but' in ' '.join(skipped)
    inferencer.set_image(photos / 'a.png')
    assert np.array_equal(inferencer.predict().mask, result.mask)
    with pytest.raises(SampleError, match='no map of regions'):
        inferencer.set_image(photos / 'b.png')
    with pytest.raises(SampleError, match='no map|comes from no file'):
        inferencer.set_image(np.asarray(Image.open(photos / 'a.png')))

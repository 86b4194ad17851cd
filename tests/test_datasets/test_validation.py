import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.datasets.validation import validate_dataset


@pytest.fixture
def no_official_count(monkeypatch):
    """A miniature is no whole split."""
    monkeypatch.setattr(
        'mmseg_clipzs.datasets.validation._OFFICIAL', {})


def inspect(data, **options):
    return validate_dataset(data.config.test_dataloader.dataset, **options)


@pytest.mark.parametrize('name, count', [
    ('voc', 1449), ('voc21', 1449), ('context', 5104), ('context60', 5104),
    ('coco_stuff', 5000), ('coco_object_336', 5000), ('cityscapes', 500),
    ('ade20k', 2000)])
def test_every_label_is_known_and_photos_are_counted(name, count, miniature):
    found = inspect(miniature(name))
    assert (found.photos, found.opened, found.official) == (4, 4, count)
    problem, = found.problems
    assert f'There are 4 photos in {found.split}, but' in problem
    assert f'split has {count}.' in problem


@pytest.mark.parametrize('name, value, classes', [
    ('voc', 21, 20), ('voc', 254, 20), ('voc21', 21, 21), ('context', 60, 59),
    ('context60', 60, 60), ('coco_stuff', 171, 171),
    ('coco_object_336', 171, 81), ('cityscapes', 19, 19),
    ('ade20k', 151, 150)])
def test_unknown_labels(name, value, classes, miniature, no_official_count):
    data = miniature(name)
    mask = np.array(Image.open(data.masks[2]))
    mask[0, 0] = value
    Image.fromarray(mask).save(data.masks[2])
    problem, = inspect(data).problems
    assert str(data.masks[2]) in problem
    assert f'none of the {classes} classes' in problem
    assert problem.endswith(f': {value}.')


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


DAMAGES = {
    'no photo': (lambda d: d.photos[1].unlink(), 'does not exist'),
    'no mask': (lambda d: d.masks[1].unlink(), 'does not exist'),
    'cut photo': (lambda d: truncate(d.photos[1]), 'is damaged'),
    'cut mask': (lambda d: truncate(d.masks[1]), 'is damaged'),
    'text for a photo': (lambda d: d.photos[1].write_text('?'),
                         'is not an image'),
    'text for a mask': (lambda d: d.masks[1].write_text('?'), 'is damaged'),
    'other size': (lambda d: Image.new('L', (9, 8)).save(d.masks[1]),
                   'is 9 x 8 pixels, but its photo'),
    'colours': (lambda d: Image.new('RGB', (90, 73)).save(d.masks[1]),
                'pixels, but its photo'),
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damages(damage, miniature, no_official_count):
    data = miniature('voc')
    spoil, message = DAMAGES[damage]
    spoil(data)
    found = inspect(data)
    problem, = found.problems
    assert message in problem
    assert str(data.masks[1] if 'photo' not in damage
               else data.photos[1]) in problem
    assert found.photos == 4


def test_a_sample_looks_for_all_files(miniature, no_official_count):
    data = miniature('cityscapes')
    data.masks[1].unlink()
    truncate(data.photos[3])
    found = inspect(data, most=2)
    assert found.opened == 2  # the first and the third
    problem, = found.problems
    assert 'does not exist' in problem
    assert len(inspect(data).problems) == 2


def test_masks_that_nobody_loads(miniature, no_official_count):
    data = miniature('voc')
    for mask in data.masks:
        mask.unlink()
    dataset = data.config.test_dataloader.dataset
    dataset.pipeline = [dict(type='LoadImageFromFile')]
    assert not validate_dataset(dataset).problems


def test_nothing_to_evaluate(miniature):
    data = miniature('ade20k')
    for photo in data.photos:
        photo.unlink()
    assert inspect(data).problems == [
        'There are no photos in images/validation.']
    data.photos[0].parent.rmdir()
    found = inspect(data)
    assert 'docs/prepare_data.md' in found.problems[0]
    assert found.photos is None


def test_a_part_of_the_split(miniature):
    dataset = miniature('voc').config.test_dataloader.dataset
    dataset.indices = 3
    found = validate_dataset(dataset)
    assert (found.photos, found.official) == (3, None)
    assert not found.problems


def test_image_text_data_are_only_looked_for(tmp_path):
    dataset = dict(type='ImageTextDataset', data_root=str(tmp_path),
                   ann_file='pairs.csv')
    assert 'pairs.csv does not exist' in validate_dataset(dataset).problems[0]
    (tmp_path / 'pairs.csv').touch()
    found = validate_dataset(dataset)
    assert found.photos is None and not found.problems

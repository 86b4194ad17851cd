import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.datasets.validation import validate_dataset


@pytest.fixture
def no_official_count(monkeypatch):
    """Miniatures are smaller than the official splits."""
    monkeypatch.setattr(
        'mmseg_clipzs.datasets.validation._OFFICIAL', {})


def validate(data, **options):
    return validate_dataset(data.config.test_dataloader.dataset, **options)


@pytest.mark.parametrize('name, count', [
    ('voc', 1449), ('voc21', 1449), ('context', 5104), ('context60', 5104),
    ('coco_stuff', 5000), ('coco_object_336', 5000), ('cityscapes', 500),
    ('ade20k', 2000)])
def test_labels_are_known_and_images_are_counted(name, count, miniature):
    found = validate(miniature(name))
    assert (found.images, found.opened, found.official) == (4, 4, count)
    problem, = found.problems
    assert problem == (f'{found.split} has 4 images, but the official split '
                       f'has {count}.')


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
    problem, = validate(data).problems
    assert str(data.masks[2]) in problem
    assert f'labels outside the {classes} classes' in problem
    assert problem.endswith(f': {value}.')


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


DAMAGES = {
    'no image': (lambda d: d.images[1].unlink(), 'does not exist'),
    'no mask': (lambda d: d.masks[1].unlink(), 'does not exist'),
    'cut image': (lambda d: truncate(d.images[1]), 'is damaged'),
    'cut mask': (lambda d: truncate(d.masks[1]), 'is damaged'),
    'text for an image': (lambda d: d.images[1].write_text('?'),
                         'is not an image'),
    'text for a mask': (lambda d: d.masks[1].write_text('?'), 'is damaged'),
    'other size': (lambda d: Image.new('L', (9, 8)).save(d.masks[1]),
                   'is 9 x 8 pixels, but its image'),
    'colours': (lambda d: Image.new('RGB', (90, 73)).save(d.masks[1]),
                'pixels, but its image'),
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damages(damage, miniature, no_official_count):
    data = miniature('voc')
    spoil, message = DAMAGES[damage]
    spoil(data)
    found = validate(data)
    problem, = found.problems
    assert message in problem
    assert str(data.masks[1] if 'image' not in damage
               else data.images[1]) in problem
    assert found.images == 4


def test_most_still_checks_that_all_files_exist(miniature, no_official_count):
    data = miniature('cityscapes')
    data.masks[1].unlink()
    truncate(data.images[3])
    found = validate(data, most=2)
    assert found.opened == 2  # the first and the third
    problem, = found.problems
    assert 'does not exist' in problem
    assert len(validate(data).problems) == 2


def test_masks_that_are_not_loaded(miniature, no_official_count):
    data = miniature('voc')
    for mask in data.masks:
        mask.unlink()
    dataset = data.config.test_dataloader.dataset
    dataset.pipeline = [dict(type='LoadImageFromFile')]
    assert not validate_dataset(dataset).problems


def test_nothing_to_evaluate(miniature):
    data = miniature('ade20k')
    for image in data.images:
        image.unlink()
    assert validate(data).problems == [
        'images/validation has no images.']
    data.images[0].parent.rmdir()
    found = validate(data)
    assert 'docs/prepare_data.md' in found.problems[0]
    assert found.images is None


def test_a_subset_has_no_official_count(miniature):
    dataset = miniature('voc').config.test_dataloader.dataset
    dataset.indices = 3
    found = validate_dataset(dataset)
    assert (found.images, found.official) == (3, None)
    assert not found.problems


def test_image_text_data_are_not_opened(tmp_path):
    dataset = dict(type='ImageTextDataset', data_root=str(tmp_path),
                   ann_file='pairs.csv')
    assert 'pairs.csv does not exist' in validate_dataset(dataset).problems[0]
    (tmp_path / 'pairs.csv').touch()
    found = validate_dataset(dataset)
    assert found.images is None and not found.problems

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
    ('voc', '1449'), ('voc21', '1449'), ('context', '5104 or 5105'),
    ('context60', '5104 or 5105'), ('coco_stuff', '5000'),
    ('coco_object_336', '5000'), ('cityscapes', '500'), ('ade20k', '2000')])
def test_labels_are_known_and_images_are_counted(name, count, miniature):
    found = validate(miniature(name))
    assert (found.images, found.opened, found.official) == (
        4, 4, int(count.split()[0]))
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


def test_training_sets_of_the_published_sizes(tmp_path, monkeypatch):
    """SBD's list, and Context as annotated and as converted."""
    for name, kind, split, sizes in (
            ('VOC', 'PascalVOCDataset', 'aug.txt', (9118, )),
            ('VOC', 'PascalVOCDataset', 'train.txt', (1464, )),
            ('VOC', 'PascalVOCDataset', 'trainaug.txt', (1464 + 9118, )),
            ('Context', 'PascalContextDataset59', 'train.txt', (4996, 4998))):
        monkeypatch.setattr(
            'mmseg_clipzs.datasets.validation._check_files',
            lambda *args: None)
        (tmp_path / name).mkdir(exist_ok=True)
        dataset = dict(type=kind, data_root=str(tmp_path), ann_file=split,
                       data_prefix=dict(img_path=name))
        for size in (*sizes, sizes[0] - 1):
            (tmp_path / split).write_text('a\n' * size)
            found = validate_dataset(dataset)
            assert found.images == size and found.official == sizes[0]
            assert bool(found.problems) == (size not in sizes)


def test_labels_before_they_are_hidden(miniature, no_official_count):
    """An unknown label is found in a zero-shot training set."""
    data = miniature('voc')
    dataset = data.config.test_dataloader.dataset
    dataset.pipeline += [
        dict(type='HideLabels', classes='voc20', unseen=['sofa'])]
    assert not validate_dataset(dataset).problems
    mask = np.array(Image.open(data.masks[0]))
    mask[0, 0] = 33
    Image.fromarray(mask).save(data.masks[0])
    assert 'labels outside the 20' in validate_dataset(dataset).problems[0]


def test_folders_of_photos(miniature):
    data = miniature('voc')
    photos = dict(type='PhotoFolderDataset',
                  data_root=str(data.images[0].parent),
                  pipeline=[dict(type='LoadImageFromFile')])
    found = validate_dataset(photos)
    assert (found.images, found.opened, found.problems) == (4, 4, [])
    truncate(data.images[2])
    problem, = validate_dataset(photos).problems
    assert 'is damaged' in problem


# ---------------------------------------------------------- images with texts
def test_lists_of_pairs(tmp_path):
    dataset = dict(type='ImageTextDataset', data_root=str(tmp_path),
                   ann_file='pairs.csv', data_prefix=dict(img_path=''))
    assert 'pairs.csv does not exist' in validate_dataset(dataset).problems[0]
    rows = [f'{i}.jpg,a cat' for i in range(4)] + ['5.jpg, ']
    (tmp_path / 'pairs.csv').write_text('\n'.join(['image,caption', *rows]))
    for i in range(3):
        Image.new('RGB', (8, 8)).save(tmp_path / f'{i}.jpg')
    (tmp_path / '1.jpg').write_text('?')
    found = validate_dataset(dataset)
    assert (found.images, found.opened) == (4, 3)  # one has no caption
    assert ['1.jpg is not an image' in found.problems[0],
            '3.jpg does not exist' in found.problems[1]] == [True, True]
    assert validate_dataset(dataset, most=1).opened == 1
    (tmp_path / 'pairs.csv').write_text('picture\n1.jpg')
    assert 'must have image, caption' in validate_dataset(dataset).problems[0]


def test_shards(shards, tmp_path):
    """All samples, or some of each of some shards."""
    dataset = dict(type='ImageTextShards', data_root=str(shards),
                   urls='{000000..000007}.tar')
    found = validate_dataset(dataset)
    assert (found.images, found.opened, found.problems) == (72, 72, [])
    some = validate_dataset(dataset, most=10)
    assert (some.images, some.problems) == (None, [])
    assert some.opened == 9  # one shard of nine
    folder = tmp_path / 'damaged'
    folder.mkdir()
    content = (shards / '000000.tar').read_bytes()
    (folder / '0.tar').write_bytes(content[:len(content) // 1024 * 512 + 300])
    found = validate_dataset(dict(dataset, data_root=str(folder),
                                  urls='0.tar'))
    assert 0 < found.opened < 9
    assert 'bytes lost' in found.problems[-1] or (
        'the rest is unreadable' in found.problems[-1])
    gone = validate_dataset(dict(dataset, urls='{000000..000008}.tar'))
    assert '1 of 9 shards are missing' in gone.problems[0]

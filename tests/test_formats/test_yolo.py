from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from label_maps import label_map


def read_by_the_rules(folder, name, size):
    """Label map of a photo, drawn as Ultralytics draws polygons.

    Points times width and height, truncated to pixels, filled by OpenCV.
    """
    mask = np.full(size, -1)
    text = (folder / f'yolo/labels/train/{name}.txt').read_text()
    for line in text.splitlines():
        number, *points = line.split()
        points = np.array(points, np.float32).reshape(-1, 2)
        assert len(points) >= 3 and (0 <= points).all() and (points < 1).all()
        region = np.zeros(size, np.uint8)
        cv2.fillPoly(region, [(points * size[::-1]).astype(np.int32)], 1)
        mask[region > 0] = int(number)
    return mask


def classes_of(folder):
    return yaml.safe_load((folder / 'yolo/data.yaml').read_text('utf-8'))


@pytest.mark.parametrize('background', [0, 2, None])
def test_read_by_its_rules(make_result, write, tmp_path, background):
    classes = ['cat', 'yes: "no" # /', '猫']
    if background is not None:
        classes.insert(background, 'background')
    results = [make_result(name, label_map(i, len(classes)), classes)
               for i, name in enumerate(['a', 'sub dir/a'])]
    write('yolo', tmp_path, results)
    data = classes_of(tmp_path)
    assert [*data['names']] == [0, 1, 2]
    for result in results:
        found = read_by_the_rules(tmp_path, result.name, result.mask.shape)
        for number, name in data['names'].items():
            np.testing.assert_array_equal(
                found == number, result.mask == classes.index(name))
        # Ultralytics replaces the last /images/ of a photo's path.
        photos = tmp_path / 'yolo' / data['train']
        assert (photos / f'{result.name}.jpg').is_file()


@pytest.mark.parametrize('size', [(1, 1), (3000, 2), (999, 1001)])
def test_pixels_of_any_size(make_result, write, tmp_path, size):
    """Six digits are enough to hit each pixel."""
    mask = np.full(size, 255)
    mask[-1, -1] = mask[0, 0] = 0
    mask[size[0] // 2:, size[1] // 2] = 0
    write('yolo', tmp_path, [make_result('a', mask, ['cat'])],
          copy_photos=False)
    found = read_by_the_rules(tmp_path, 'a', size)
    np.testing.assert_array_equal(found == 0, mask == 0)


def test_read_by_supervision(make_result, write, tmp_path):
    """It rounds where Ultralytics truncates: the same pixels."""
    supervision = pytest.importorskip('supervision')
    results = {name: make_result(name, label_map(i))
               for i, name in enumerate(['a', 'b'])}
    write('yolo', tmp_path, [*results.values()])
    data = supervision.DetectionDataset.from_yolo(
        str(tmp_path / 'yolo/images/train'),
        str(tmp_path / 'yolo/labels/train'),
        str(tmp_path / 'yolo/data.yaml'), force_masks=True)
    assert data.classes == [*results['a'].classes[1:]]
    assert len(data) == 2
    for path, image, detections in data:
        result = results[Path(path).stem]
        assert image.shape == result.photo.shape
        found = np.zeros(result.mask.shape, int)
        for number, mask in zip(detections.class_id, detections.mask):
            found[mask] = number + 1
        np.testing.assert_array_equal(
            found, np.where(result.mask == 255, 0, result.mask))


def test_a_photo_in_a_folder_called_images(make_result, write, tmp_path):
    """Its labels are where Ultralytics looks for them."""
    record, = write('yolo', tmp_path, [
        make_result('images/a', np.zeros((2, 3), int), ['cat'])])
    photo, labels = record['files']
    above, _, below = photo.rpartition('/images/')
    assert labels == f'{above}/labels/{below}'.replace('.jpg', '.txt')


def test_a_photo_without_regions_has_an_empty_file(results, write, tmp_path):
    write('yolo', tmp_path, results)
    assert (tmp_path / 'yolo/labels/train/none.txt').read_bytes() == b''


def test_names_with_line_breaks_of_unicode(make_result, write, tmp_path):
    names = ['\x85cat', 'a\u2028b', 'c\u2029', '猫']
    write('yolo', tmp_path, [make_result('a', label_map(0, 4), names)])
    assert [*classes_of(tmp_path)['names'].values()] == names

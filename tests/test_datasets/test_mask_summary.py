"""What check_data says about all masks of a dataset."""
import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.datasets.validation import validate_dataset


@pytest.fixture
def check(tmp_path):
    """``check(masks, classes)``: the report; masks are (H, W) arrays."""
    def run(masks, classes, **settings):
        for i, mask in enumerate(masks):
            mask = np.asarray(mask, np.uint8)
            for part, image in (('img', np.zeros_like(mask)), ('ann', mask)):
                (tmp_path / part).mkdir(exist_ok=True)
                Image.fromarray(image).save(tmp_path / f'{part}/{i}.png')
        return validate_dataset(dict(
            type='BaseSegDataset', data_root=str(tmp_path),
            img_suffix='.png', data_prefix=dict(
                img_path='img', seg_map_path='ann'),
            metainfo=dict(classes=[f'c{i}' for i in range(classes)]),
            pipeline=[dict(type='LoadAnnotations')], **settings))

    return run


def test_all_classes_occur(check):
    report = check([[[0, 1], [1, 255]], [[2, 2], [0, 0]]], 3)
    assert report.problems == report.notes == []


def test_classes_in_no_mask(check):
    report = check([[[0, 1], [1, 255]], [[2, 2], [0, 0]]], 5)
    assert not report.problems
    assert report.notes == [
        '2 of 5 classes occur in none of the 2 masks: c3, c4.']


def test_many_classes_in_no_mask(check):
    note, = check([[[0, 0], [0, 0]]], 30).notes
    assert note.startswith('29 of 30') and note.endswith('c20 and 9 more.')


def test_black_and_white(check):
    problem, = check([[[0, 255], [0, 0]], [[255, 255], [0, 0]]], 2).problems
    assert 'only have the labels 0 and 255' in problem
    assert 'class 1 (c1) never occurs: write 1 instead of 255' in problem


def test_forgotten_reduce_zero_label(check):
    masks = [[[0, 1], [2, 3]], [[0, 0], [1, 1]]]
    report = check(masks, 3)
    assert 'labels outside the 3 classes: 3.' in report.problems[0]
    assert 'set reduce_zero_label=True' in report.notes[0]
    assert not check(masks, 3, reduce_zero_label=True).notes


def test_needless_reduce_zero_label(check):
    note, = check([[[0, 1], [2, 2]]], 3, reduce_zero_label=True).notes
    assert 'occur in none of the 1 masks: c2.' in note
    assert 'set it to False' in note


@pytest.mark.parametrize('labels, classes, what', [
    ([[0, 170], [181, 172]], 171, "COCO-Stuff's original ones"),
    ([[0, 18], [33, 24]], 19, "Cityscapes' labelIds")])
def test_labels_of_another_list(labels, classes, what, check):
    report = check([labels], classes)
    assert 'labels outside' in report.problems[0]
    assert what in report.notes[0]


def test_nothing_is_labelled(check):
    report = check([[[255, 255], [255, 255]]], 3)
    assert report.notes == [
        'No class occurs in the 1 masks: all pixels are ignored.']

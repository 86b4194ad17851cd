import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.registry import DATASETS

from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError

CONFIGS = Path(__file__).parents[3] / 'configs'
PIPELINE = [dict(type='LoadPhoto'), dict(type='PackImageText', num_nouns=0)]


def build(root, **changes):
    return DATASETS.build(dict(
        dict(type='ImageTextDataset', data_root=str(root),
             ann_file='captions.json', pipeline=PIPELINE), **changes))


def write(root, rows, name='captions.json'):
    (root / name).write_text(json.dumps(rows))


def test_images_match_their_captions(pairs):
    dataset = build(pairs)
    assert len(dataset) == 72
    for i in (0, 3, 71):
        sample = dataset[i]
        path = pairs / f'{i:02d}.png'
        rgb = sample['inputs'].numpy()[::-1].transpose(1, 2, 0)
        np.testing.assert_array_equal(rgb, read_image(path))
        assert sample['data_samples'].img_path == str(path)
        assert sample['data_samples'].skipped == []
        assert sample['data_samples'].caption in (
            f'a cat and {i} dogs', f'the sun over {i} cats')


def test_split_and_prefix(pairs, tmp_path):
    write(tmp_path, [dict(image=f'{i:02d}.png', caption=str(i))
                     for i in range(5)])
    (tmp_path / 'train.txt').write_text('01\n04\n99\n')
    dataset = build(tmp_path, split='train.txt',
                    data_prefix=dict(img_path=str(pairs)))
    assert [dataset[i]['data_samples'].caption for i in (0, 1)] == ['1', '4']
    assert len(dataset) == 2


def test_unreadable_images_are_replaced_and_reported(pairs, tmp_path):
    (tmp_path / 'bad.jpg').write_bytes(b'not an image')
    write(tmp_path, [dict(image=name, caption='a') for name in (
        'bad.jpg', 'gone.jpg', str(pairs / '00.png'))])
    dataset = build(tmp_path)
    skipped = []
    for i in range(3):
        sample = dataset[i]['data_samples']
        assert sample.img_path == str(pairs / '00.png')
        skipped += sample.skipped
    assert {kind for kind, _ in skipped} == {'unreadable image'}
    texts = ' '.join(text for _, text in skipped)
    assert 'bad.jpg is not an image' in texts
    assert 'No image at' in texts and 'gone.jpg' in texts


def test_images_without_captions_are_skipped_and_counted(pairs, log, tmp_path):
    write(tmp_path, [
        dict(image=str(pairs / '00.png'), captions=['', 'a']),
        dict(image='empty.png', captions=[]),
        dict(image='blank.png', caption='  ')])
    dataset = build(tmp_path)
    assert len(dataset) == 1
    assert dataset[0]['data_samples'].caption == 'a'
    line, = (line for line in log if 'no caption' in line)
    assert line.startswith('WARNING: 2 of 3 images')
    assert 'are skipped' in line and 'empty.png' in line


def test_damaged_rows_are_skipped(pairs, log, tmp_path):
    """Paths that leave the folder, too; absolute ones may be anywhere."""
    good = dict(image=str(pairs / '00.png'), caption='a')
    write(tmp_path, [
        dict(image=5, caption='a'), dict(image=['x'], caption='a'),
        dict(image='x.png', caption=float('nan')),
        dict(image='x.png', captions=5), dict(good, nouns=5),
        dict(good, nouns=[['x']]), [['x']], dict(good, caption='\ud800'),
        dict(image='../x.png', caption='a'), good,
        dict(image='a/../../x.png', caption='a'),
        dict(image='a\0.png', caption='a')])
    dataset = build(tmp_path)
    assert [dataset.get_data_info(i)['img_path'] for i in (0, 1)] == [
        str(pairs / '00.png'), str(tmp_path / 'a\0.png')]
    rows, paths = (line for line in log if 'WARNING' in line)
    assert '7 of 12 rows are skipped: Row 1 of' in rows
    for text in ('got 5', 'as nouns, but got 5', "['x']", 'Row 7', 'Unicode'):
        assert text in rows
    assert '3 of 5 images' in paths and paths.count('is outside of') == 2
    sample = dataset[1]['data_samples']
    assert sample.img_path == str(pairs / '00.png')
    assert 'embedded null' in sample.skipped[0][1]


def test_prepared_nouns_reach_the_prompts(pairs, tmp_path):
    write(tmp_path, [dict(image=str(pairs / '00.png'), caption='a',
                          nouns=['zebra'])])
    dataset = build(tmp_path, pipeline=[
        PIPELINE[0], dict(type='PackImageText', num_nouns=1,
                          templates='a {}')])
    pack = dataset.pipeline.transforms[1]
    assert dataset[0]['data_samples'].tokens.equal(
        pack.tokenizer(['a', 'a zebra']))


def test_only_unreadable_images(tmp_path):
    write(tmp_path, [dict(image='gone.jpg', caption='a')])
    with pytest.raises(UserError, match=(
            'None of the 1 images of .*json can be read. No image at .*gone')):
        build(tmp_path)


def test_images_that_vanish(pairs, tmp_path):
    shutil.copy(pairs / '00.png', tmp_path)
    write(tmp_path, [dict(image='00.png', caption='a')])
    dataset = build(tmp_path, max_refetch=2)
    (tmp_path / '00.png').unlink()
    with pytest.raises(UserError, match='3 images of .*captions.json in a '
                       'row cannot be read. No image at .*00.png'):
        dataset[0]


def test_errors_of_the_pipeline_are_not_skipped(pairs, monkeypatch):
    monkeypatch.setitem(sys.modules, 'nltk', None)
    dataset = build(pairs, pipeline=[
        PIPELINE[0], dict(type='PackImageText', num_nouns=3)])
    with pytest.raises(UserError, match='noun tagger needs nltk.*--words'):
        dataset[0]


@pytest.mark.parametrize('rows, options, message', [
    ([], {}, 'captions.json has no rows'),
    ([dict(image='1.png', caption='')], {}, 'has no image with a caption'),
    ([dict(image='1.png', caption='a')], dict(split='no.txt'),
     'No list of image names at .*no.txt'),
    ([dict(image='1.png', caption='a')], dict(ann_file='no.json'),
     'No list of images and captions at .*no.json'),
])
def test_bad_input(rows, options, message, tmp_path):
    write(tmp_path, rows)
    with pytest.raises(UserError, match=message):
        build(tmp_path, **options)


def test_toy_captions(tmp_path):
    """The base config, which must not train on validation scenes."""
    write_voc(str(tmp_path / 'toy'), train=4, val=2, size=64, seed=2)
    cfg = Config.fromfile(
        CONFIGS / '_base_/datasets/toy_captions.py')
    loader = cfg.train_dataloader
    loader.update(batch_size=8, num_workers=0, persistent_workers=False)
    loader.dataset.data_root = str(tmp_path / 'toy')
    loader = Runner.build_dataloader(loader, seed=0)
    assert len(loader.dataset) == 4
    batch = next(iter(loader))
    assert {inputs.shape for inputs in batch['inputs']} == {(3, 64, 64)}
    for sample in batch['data_samples']:
        assert sample.tokens.shape == (4, 77)
        assert 'toy_train' in sample.img_path
    assert {sample.flip for sample in batch['data_samples']} == {True, False}

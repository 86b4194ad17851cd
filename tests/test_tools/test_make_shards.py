"""tools/make_shards.py."""
import json

import pytest
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader

from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.shard_files import (
    list_shards,
    read_shard,
)


def test_shards_hold_the_list(call, pairs, tmp_path, capsys):
    (tmp_path / 'list.json').write_text(json.dumps(
        read_list(pairs / 'captions.json')
        + [dict(image='gone.png', caption='x')]))
    with pytest.raises(SystemExit, match=(
            'error: 1 of 73 rows was skipped; the others are in .*out. No '
            'image at .*gone.png')):
        call('make_shards', tmp_path / 'list.json', '--images', pairs,
             '--out', tmp_path / 'out', '--size', 50, '--words', 'sun')
    printed = capsys.readouterr().out
    assert f'{tmp_path}/out: 72 images in 2 shards, 1 skipped' in printed
    samples = [s for path in list_shards('{000000..000001}.tar',
                                         tmp_path / 'out')
               for s in read_shard(path)]
    assert len(samples) == 72
    assert json.loads(samples[5][1]['json']) == dict(
        image='05.png', nouns=['sun'],
        captions=['a cat and 5 dogs', 'the sun over 5 cats'])


def test_bad_input(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='error: No list of images'):
        call('make_shards', 'no.json', '--out', 'x')
    assert not list(tmp_path.iterdir())


def test_tagger_without_data(call, pairs, tmp_path, monkeypatch):
    nltk = pytest.importorskip('nltk')
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    with pytest.raises(SystemExit, match='error: .*nltk.downloader.*--words'):
        call('make_shards', pairs / 'captions.json', '--out',
             tmp_path / 'x', '--nouns')
    assert not list(tmp_path.iterdir())


def test_real_captions(coco_captions, call, tmp_path):
    """120 photos of COCO, packed and read back unchanged."""
    printed = call('make_shards', coco_captions / 'captions.json', '--out',
                   tmp_path / 'coco', '--size', 40,
                   '--words', 'man; woman; dog; cat; banana; train')
    assert '120 images in 3 shards, 0 skipped' in printed
    rows = read_list(coco_captions / 'captions.json')
    samples = [s for path in list_shards('{000000..000002}.tar',
                                         tmp_path / 'coco')
               for s in read_shard(path)]
    for row, (_, sample) in zip(rows, samples, strict=True):
        assert sample['jpg'] == (coco_captions / row['image']).read_bytes()
        assert json.loads(sample['json'])['captions'] == [
            caption.strip() for caption in row['captions']]
    dataset = DATASETS.build(dict(
        type='ImageTextShards', urls='{000000..000002}.tar',
        data_root=str(tmp_path / 'coco'), pipeline=[
            dict(type='LoadPhoto'),
            dict(type='RandomResizedCrop', size=224),
            dict(type='PackImageText')]))
    batch = next(iter(DataLoader(dataset, 8, collate_fn=pseudo_collate)))
    captions = {c.strip() for row in rows for c in row['captions']}
    for image, sample in zip(batch['inputs'], batch['data_samples']):
        assert image.shape == (3, 224, 224)
        assert sample.tokens.shape == (4, 77)
        assert sample.caption in captions

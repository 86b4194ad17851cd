"""tools/prepare_captions.py and tools/make_shards.py."""
import json
import sys
from pathlib import Path

import pytest
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader

from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.shard_files import (
    list_shards,
    read_shard,
)
from mmseg_clipzs.utils import run_tool

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import make_shards  # noqa: E402
import prepare_captions  # noqa: E402


@pytest.fixture
def tool(monkeypatch, capsys):
    """``tool(module, *arguments)``: what the tool prints."""
    def call(module, *arguments):
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
        run_tool(module.main)
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize('kind', ['json', 'jsonl', 'parquet'])
def test_prepare_captions(kind, tool, pairs, tmp_path):
    out = tmp_path / f'nouns.{kind}'
    printed = tool(prepare_captions, pairs / 'captions.json', '--out', out,
                   '--words', 'cat; dog')
    assert printed == (f'{out}: 72 images, 144 nouns (2.00 per image), '
                       '0 images without nouns\n')
    assert read_list(out) == [
        dict(row, nouns=['cat', 'dog'])
        for row in read_list(pairs / 'captions.json')]


def test_prepare_captions_of_a_csv(tool, tmp_path):
    (tmp_path / 'list.csv').write_text(
        'image,caption\n1.jpg,two cats and a dog\n2.jpg,nothing\n3.jpg,\n')
    printed = tool(prepare_captions, tmp_path / 'list.csv', '--out',
                   tmp_path / 'list.csv', '--words', 'cat; dog')
    assert '3 images, 2 nouns (0.67 per image), 2 images' in printed
    assert (tmp_path / 'list.csv').read_text().splitlines()[1:] == [
        '1.jpg,two cats and a dog,cat;dog', '2.jpg,nothing,', '3.jpg,,']
    # An empty field means no nouns, not unknown nouns.
    assert read_list(tmp_path / 'list.csv')[1]['nouns'] == []


def test_make_shards(tool, pairs, tmp_path):
    (tmp_path / 'list.json').write_text(json.dumps(
        read_list(pairs / 'captions.json')
        + [dict(image='gone.png', caption='x')]))
    printed = tool(make_shards, tmp_path / 'list.json', '--images', pairs,
                   '--out', tmp_path / 'out', '--size', 50, '--words', 'sun')
    assert printed.splitlines()[-1] == (
        f'{tmp_path}/out: 72 images in 2 shards, 1 skipped')
    assert 'skipped: ' in printed and 'gone.png' in printed
    samples = [s for path in list_shards('{000000..000001}.tar',
                                         tmp_path / 'out')
               for s in read_shard(path)]
    assert len(samples) == 72
    assert json.loads(samples[5][1]['json']) == dict(
        image='05.png', nouns=['sun'],
        captions=['a cat and 5 dogs', 'the sun over 5 cats'])


@pytest.mark.parametrize('arguments, message', [
    ([prepare_captions, 'no.json', '--out', 'x.json', '--words', 'a'],
     'error: No list of images and captions at no.json'),
    ([prepare_captions, 'no.txt', '--out', 'x.json', '--words', 'a'],
     'error: A list of images and captions must be one of'),
    ([make_shards, 'no.json', '--out', 'x'], 'error: No list of images'),
])
def test_bad_input(arguments, message, tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        tool(*arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('module', [make_shards, prepare_captions])
def test_tagger_without_data(
        module, tool, pairs, tmp_path, monkeypatch):
    nltk = pytest.importorskip('nltk')
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    with pytest.raises(SystemExit, match='error: .*nltk.downloader'):
        tool(module, pairs / 'captions.json', '--out', tmp_path / 'x.json',
             *(['--nouns'] if module is make_shards else []))
    assert not list(tmp_path.iterdir())


def test_real_captions(coco_captions, tool, tmp_path):
    """120 photos of COCO, packed and read back unchanged."""
    printed = tool(make_shards, coco_captions / 'captions.json', '--out',
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

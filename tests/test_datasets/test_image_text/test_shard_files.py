"""Shards read by webdataset and by this package; all kinds of damage."""
import gzip
import io
import sys
import tarfile

import pytest

from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.shard_files import (
    DAMAGE,
    list_shards,
    read_shard,
    write_shards,
)
from mmseg_clipzs.utils import UserError

wds = pytest.importorskip('webdataset')


def members(name, count=5, format=tarfile.USTAR_FORMAT, **options):
    """A tar of ``count`` pairs, each image 700 bytes of its number."""
    with tarfile.open(name, 'w', format=format, **options) as tar:
        for i in range(count):
            for suffix, content in (('jpg', bytes([i]) * 700),
                                    ('txt', b'text %d' % i)):
                member = tarfile.TarInfo(f'a/{i}.{suffix}')
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return name


def read(path):
    """Returns: Keys of the sound samples, damage messages."""
    samples = list(read_shard(path))
    return ([key for key, sample in samples if DAMAGE not in sample],
            [sample[DAMAGE] for _, sample in samples if DAMAGE in sample])


def test_same_samples_as_webdataset(shards):
    for path in list_shards('{000000..000007}.tar', shards):
        ours = list(read_shard(path))
        theirs = list(wds.WebDataset(str(path), shardshuffle=False))
        assert len(ours) == len(theirs) == 9
        for (key, sample), other in zip(ours, theirs):
            assert other['__key__'] == key
            assert sample == {
                k: v for k, v in other.items() if k[0] != '_'}


def test_shards_have_the_rows_of_the_list(pairs, shards):
    rows = read_list(pairs / 'captions.json')
    paths = list_shards('{000000..000007}.tar', shards)
    found = [sample for path in paths for sample in wds.WebDataset(
        str(path), shardshuffle=False).decode()]
    assert len(found) == len(rows) == 72
    for number, (row, sample) in enumerate(zip(rows, found)):
        assert sample['__key__'] == f'{number:08d}'
        assert sample['json'] == row
        assert sample['png'] == (pairs / row['image']).read_bytes()


@pytest.mark.parametrize('format', [
    tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize('long', [False, True])
def test_tar_formats(format, long, tmp_path):
    """Long names have additional headers, and pax archives a global one."""
    name = tmp_path / 'x.tar'
    options = dict(pax_headers=dict(comment='made here')) if (
        format == tarfile.PAX_FORMAT) else {}
    folder = 'f' * 90 + '/' + 'g' * 60 if long else 'f'
    with tarfile.open(name, 'w', format=format, **options) as tar:
        directory = tarfile.TarInfo(folder)
        directory.type = tarfile.DIRTYPE
        tar.addfile(directory)
        for i in range(3):
            member = tarfile.TarInfo(f'{folder}/{i}.TXT')
            member.size = 3
            tar.addfile(member, io.BytesIO(b'abc'))
    assert list(read_shard(name)) == [
        (f'{folder}/{i}', dict(txt=b'abc')) for i in range(3)]


def test_compressed_and_concatenated_tars(tmp_path):
    raw = members(tmp_path / 'x.tar').read_bytes()
    (tmp_path / 'x.tar.gz').write_bytes(gzip.compress(raw, mtime=0))
    (tmp_path / 'joined.tar').write_bytes(raw + raw)
    keys = [f'a/{i}' for i in range(5)]
    assert read(tmp_path / 'x.tar.gz') == (keys, [])
    assert read(tmp_path / 'joined.tar') == (keys + keys, [])


def test_a_damaged_header_loses_only_its_member(tmp_path):
    """tarfile and webdataset silently stop at a damaged header."""
    path = members(tmp_path / 'x.tar')
    raw = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        header = tar.getmember('a/2.jpg').offset
    raw[header + 10:header + 200] = b'\xff' * 190
    path.write_bytes(raw)
    assert len(list(wds.WebDataset(str(path), shardshuffle=False))) == 2
    samples = dict(read_shard(path))
    assert set(samples) == {*(f'a/{i}' for i in range(5)), f'byte {header}'}
    assert 'header is damaged' in samples[f'byte {header}'][DAMAGE]
    assert samples['a/2'] == dict(txt=b'text 2')
    assert samples['a/3'] == dict(jpg=b'\3' * 700, txt=b'text 3')


@pytest.mark.parametrize('cut, kept', [
    (200, 0), (512 + 300, 0), (4 * 512 + 100, 1), (9 * 512 + 700, 2)])
def test_truncated(cut, kept, tmp_path):
    """A pair takes 5 blocks of 512 bytes; the damage is reported once."""
    path = members(tmp_path / 'x.tar')
    path.write_bytes(path.read_bytes()[:cut])
    keys, damage = read(path)
    assert len(damage) == 1
    assert keys == [f'a/{i}' for i in range(kept)]


@pytest.mark.parametrize('content', [
    b'not a tar ' * 100, gzip.compress(b'x' * 5000, mtime=0)[:-10]])
def test_files_that_are_not_tars(content, tmp_path):
    (tmp_path / 'x.tar').write_bytes(content)
    keys, damage = read(tmp_path / 'x.tar')
    assert keys == [] and len(damage) == 1


@pytest.mark.parametrize('content', [b'', b'\0' * 10240])
def test_empty_tars(content, tmp_path):
    (tmp_path / 'x.tar').write_bytes(content)
    assert read(tmp_path / 'x.tar')[0] == []


@pytest.mark.parametrize('urls, message', [
    ('{000000..000009}.tar', '2 of 10 shards are missing, .*000008.tar'),
    ('pipe:cat x.tar', "local files .* but got 'pipe:cat x.tar'"),
    ('https://somewhere/{0..1}.tar', 'local files .*https://somewhere/0'),
    ([], r'local files .* but got \[\]'),
])
def test_bad_urls(urls, message, shards):
    with pytest.raises(UserError, match=message):
        list_shards(urls, shards)


def test_lists_of_patterns_and_absolute_paths(shards):
    paths = list_shards(['{000002..000003}.tar', f'{shards}/000000.tar'],
                        shards)
    assert [path.name for path in paths] == [
        '000002.tar', '000003.tar', '000000.tar']


def test_missing_webdataset(shards, monkeypatch):
    monkeypatch.setitem(sys.modules, 'webdataset.shardlists', None)
    with pytest.raises(UserError, match=(
            r'needs webdataset, .* pip install "mmseg_clipzs\[train\]"')):
        list_shards('{000000..000007}.tar', shards)


# ---------------------------------------------------------------- packing
def test_rows_that_cannot_be_packed_are_skipped(pairs, tmp_path):
    (tmp_path / 'text.jpg').write_text('not an image')
    rows = [dict(image='gone.png', caption='a'),
            dict(image=str(tmp_path / 'text.jpg'), caption='a'),
            dict(image='00.png', caption=' '),
            dict(image='captions.json', caption='a'),
            dict(image='01.png', caption='a', nouns=['n'])]
    packed, skipped = write_shards(rows, pairs, tmp_path / 'out', 2)
    assert packed == 1
    assert [any(word in text for text in skipped) for word in (
        'gone.png', 'text.jpg', '00.png has no caption', 'captions.json')
    ] == [True] * 4
    (key, sample), = read_shard(tmp_path / 'out/000000.tar')
    assert key == '00000004' and b'"nouns": ["n"]' in sample['json']


def test_packing_is_reproducible(pairs, shards, tmp_path):
    write_shards(read_list(pairs / 'captions.json'), pairs,
                 tmp_path / 'out', 9)
    for path in shards.iterdir():
        assert (tmp_path / 'out' / path.name).read_bytes() == (
            path.read_bytes())


def test_an_interrupted_run_leaves_nothing(pairs, tmp_path):
    def rows():
        yield dict(image='00.png', caption='a')
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(rows(), pairs, tmp_path / 'out', 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('rows, size, message', [
    ([], 1, 'No sample can be packed. The list is empty'),
    ([dict(image='gone.png', caption='a')], 1,
     'No sample can be packed. .*gone.png'),
    ([dict(image='00.png', caption='a')], 0, 'at least 1 sample, but got 0'),
])
def test_bad_packing(rows, size, message, pairs, tmp_path):
    with pytest.raises(UserError, match=message):
        write_shards(rows, pairs, tmp_path / 'out', size)
    assert not (tmp_path / 'out').exists()


def test_other_files_are_not_overwritten(pairs, tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(UserError, match='already exists'):
        write_shards([dict(image='00.png', caption='a')], pairs, tmp_path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ['mine']

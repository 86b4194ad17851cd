"""Shards read by webdataset and by this package; all kinds of damage."""
import bz2
import gzip
import io
import lzma
import os
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


def hostile(path, *headers, compress=''):
    """A tar of two pairs with other members in between."""
    with tarfile.open(path, f'w:{compress}') as tar:
        for i in range(2):
            for suffix in ('jpg', 'txt'):
                member = tarfile.TarInfo(f'{i}.{suffix}')
                member.size = 3
                tar.addfile(member, io.BytesIO(b'abc'))
            for name, kind, size in headers if i == 0 else ():
                member = tarfile.TarInfo(name)
                member.type, member.size, member.linkname = kind, size, 'x'
                # Not the content, which addfile would want.
                tar.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
                tar.offset += tarfile.BLOCKSIZE
    return path


@pytest.mark.parametrize('name, kind, message', [
    ('../x.jpg', tarfile.REGTYPE, 'its name leads out of the archive'),
    ('a/../../x.jpg', tarfile.REGTYPE, 'leads out'),
    ('/etc/x.jpg', tarfile.REGTYPE, 'leads out'),
    ('x.jpg', tarfile.SYMTYPE, 'is a link, a device'),
    ('x.jpg', tarfile.LNKTYPE, 'is a link, a device'),
    ('x.jpg', tarfile.CHRTYPE, 'is a link, a device'),
    ('x.jpg', tarfile.FIFOTYPE, 'is a link, a device')])
@pytest.mark.parametrize('compress', ['', 'gz'])
def test_members_that_are_no_files_of_the_archive(
        name, kind, message, compress, tmp_path):
    keys, damage = read(hostile(
        tmp_path / 'x.tar', (name, kind, 0), compress=compress))
    assert keys == ['0', '1']
    assert len(damage) == 1 and message in damage[0]


@pytest.mark.parametrize('size', [2**40, 2**62, -1024, 10**5])
def test_sizes_that_the_file_does_not_have(size, tmp_path):
    """What follows the header is read; a negative size would loop."""
    keys, damage = read(hostile(
        tmp_path / 'x.tar', ('x.jpg', tarfile.REGTYPE, size)))
    assert keys == ['0', '1']
    assert len(damage) == 1 and 'size that the file does not' in damage[0]


def test_huge_members_of_compressed_tars(tmp_path):
    """Their size says nothing about that of the file."""
    keys, damage = read(hostile(tmp_path / 'x.tar.gz', (
        'x.jpg', tarfile.REGTYPE, 2**40), compress='gz'))
    assert keys == ['0'] and f'it has {2**40} bytes' in damage[0]


@pytest.mark.parametrize('compress', ['xz', 'bz2', 'gz'])
@pytest.mark.parametrize('where', [0.02, 0.5, 0.9])
def test_damaged_compression(compress, where, tmp_path):
    path = tmp_path / 'x.tar'
    members(path, 50)
    content = bytearray(({'xz': lzma, 'bz2': bz2, 'gz': gzip}[
        compress]).compress(path.read_bytes()))
    place = int(where * len(content))
    content[place:place + 20] = b'\xff' * 20
    path.write_bytes(content)
    keys, damage = read(path)
    assert len(damage) >= 1 and len(keys) <= 50
    path.write_bytes(content[:place])
    assert len(read(path)[1]) >= 1


def test_a_shard_that_vanishes_or_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'x.tar')
    assert 'is a named pipe' in read(tmp_path / 'x.tar')[1][0]
    with pytest.raises(UserError, match='is a named pipe; expected a shard'):
        list_shards('x.tar', tmp_path)
    assert 'No file at' in read(tmp_path / 'y.tar')[1][0]


@pytest.mark.parametrize('content', [b'', b'\0' * 10240])
def test_empty_tars(content, tmp_path):
    (tmp_path / 'x.tar').write_bytes(content)
    assert read(tmp_path / 'x.tar')[0] == []


@pytest.mark.parametrize('urls, message', [
    ('{000000..000009}.tar', '2 of 10 shards are missing, .*000008.tar'),
    ('pipe:cat x.tar', "local files .* but got 'pipe:cat x.tar'"),
    ('https://somewhere/{0..1}.tar', 'local files .*https://somewhere/0'),
    ([], r'local files .* but got \[\]'),
    ('C:/data/x.tar', '1 of 1 shards are missing, the first is .*C:/data/x'),
    (r'C:\data\x.tar', '1 of 1 shards are missing, the .*C:/data/x'),
    ('{0..9999999999}.tar', 'has 10000000000 shards; at most 1000000'),
    ('{0..99999}{0..99999}.tar', 'has 10000000000 shards'),
    (5, 'are a pattern .* but got 5'), ([5], r'but got \[5\]'),
    (None, 'but got None'),
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
    os.mkfifo(tmp_path / 'pipe.jpg')
    rows = [dict(image='gone.png', caption='a'),
            dict(image=str(tmp_path / 'text.jpg'), caption='a'),
            dict(image='00.png', caption=' '),
            dict(image='captions.json', caption='a'),
            dict(image=str(tmp_path / 'pipe.jpg'), caption='a'),
            dict(image='../00.png', caption='a'),
            dict(image='00.png', captions=5),
            dict(image='00.png', caption='a', nouns=[[]]),
            dict(image='01.png', caption='a', nouns=['n'])]
    packed, skipped = write_shards(rows, pairs, tmp_path / 'out', 2)
    assert packed == 1
    assert [any(word in text for text in skipped) for word in (
        'gone.png', 'text.jpg', '00.png has no caption', 'captions.json',
        'pipe.jpg is a named pipe', 'is outside of', 'got 5', 'as nouns')
    ] == [True] * 8
    (key, sample), = read_shard(tmp_path / 'out/000000.tar')
    assert key == '00000008' and b'"nouns": ["n"]' in sample['json']


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

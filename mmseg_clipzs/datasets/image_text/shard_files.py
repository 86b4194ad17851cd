"""WebDataset shards: written, named, and read past what is damaged."""
import os
import tarfile
import tempfile
import zlib
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from mmseg_clipzs.datasets.images import (
    CaptionError,
    ImageReadError,
    SampleError,
    read_image,
)
from mmseg_clipzs.utils import UserError, import_optional

from .lists import captions_of

IMAGES = ('jpg', 'jpeg', 'png', 'webp')  # suffixes of an image
DAMAGE = '(damage)'  # no suffix of a member can be this


def _webdataset(module):
    return import_optional(
        f'webdataset.{module}', 'train', 'Reading and writing shards')


def list_shards(urls, data_root=''):
    """Files of a WebDataset pattern.

    Args:
        urls (str | list[str]): Files, with braces as webdataset expands
            them: ``'{000000..000123}.tar'``.
        data_root (str | Path): What relative ones are below.

    Returns:
        list[Path]: In the pattern's order.

    Raises:
        UserError: One is missing, or is no local file.
    """
    expand = _webdataset('shardlists').expand_urls
    urls = [urls] if isinstance(urls, str) else urls
    names = [name for url in urls for name in expand(url)]
    # webdataset would run what follows "pipe:" as a command.
    remote = [name for name in names if ':' in name.partition('/')[0]]
    if remote or not names:
        raise UserError(f'Shards are local files such as "{{000000..000123}}'
                        f'.tar", but got {remote[0] if remote else urls!r}.')
    paths = [Path(data_root) / name for name in names]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise UserError(f'{len(missing)} of {len(paths)} shards are missing, '
                        f'the first is {missing[0]}.')
    return paths


def read_shard(path):
    """Samples of a shard, undecoded.

    tarfile, and webdataset with it, silently ends at a damaged header; here
    the damage is a sample by itself, and what follows it is found again.

    Args:
        path (Path): A tar, compressed or not.

    Yields:
        tuple: The key, and the members, a dict from suffix (in lower case) to
        bytes; from :data:`DAMAGE` to a text for what cannot be read.
    """
    for key, members in groupby(_members(path), itemgetter(0)):
        yield key, {suffix: content for _, suffix, content in members}


def _members(path):
    """Yields: key, suffix and content of each file."""
    split = _webdataset('tariterators').base_plus_ext
    end = 0  # of what is known
    try:
        # A damaged header is passed over, as blocks of zeros are.
        with tarfile.open(path, ignore_zeros=True) as tar:
            for member in tar:
                yield from _gap(tar, end, member.offset)
                end = tar.offset
                key, suffix = split(member.name)
                if member.isreg() and key:
                    content = tar.extractfile(member).read()
                    yield key, suffix.lower(), content
            yield from _gap(tar, end)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as e:
        yield f'byte {end}', DAMAGE, f'the rest cannot be read: {e}'


def _gap(tar, begin, end=None):
    """Yields: a damage, if bytes between members are no zeros."""
    if begin == end:
        return
    tar.fileobj.seek(begin)
    content = tar.fileobj.read(-1 if end is None else end - begin)
    size = len(content.rstrip(b'\0'))
    if size and not _is_header(content[:tarfile.BLOCKSIZE]):
        yield (f'byte {begin}', DAMAGE,
               f'{size} bytes belong to no member, their header is damaged')


def _is_header(block):
    """Whether it is sound: that of a pax archive as a whole is no member."""
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, 'surrogateescape')
    except tarfile.HeaderError:
        return False
    return True


def write_shards(rows, images, out, size):
    """Pack images and captions, all or nothing.

    A sample is the image, byte for byte, and a ``json`` with ``image``,
    ``captions`` and, where the row has them, ``nouns``; its key is the row's
    number.

    Args:
        rows (Iterable[dict]): As of
            :func:`mmseg_clipzs.datasets.image_text.lists.read_list`.
        images (str | Path): What the images' paths are below.
        out (str | Path): The folder to create; in it ``000000.tar`` ...
        size (int): Samples in a shard.

    Returns:
        tuple: How many were packed, and list[str]: why others were left out.

    Raises:
        UserError: The folder is not empty, or nothing can be packed.
    """
    out = Path(out).absolute()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f'{out} is there already and not an empty folder; '
                        'remove it or choose another one.')
    if size < 1:
        raise UserError(f'A shard has 1 sample or more, but got {size}.')
    writer = _webdataset('writer').ShardWriter
    out.parent.mkdir(parents=True, exist_ok=True)
    packed, skipped = 0, []
    with tempfile.TemporaryDirectory(
            prefix=f'{out.name}.', dir=out.parent) as temporary:
        new = Path(temporary) / 'new'
        new.mkdir()
        pattern = str(new).replace('%', '%%') + '/%06d.tar'
        with writer(pattern, size, float('inf'), verbose=0, mtime=0) as shards:
            for number, row in enumerate(rows):
                try:
                    sample = _sample(Path(images) / row['image'], row)
                except SampleError as e:
                    skipped.append(str(e))
                    continue
                shards.write(dict(sample, __key__=f'{number:08d}'))
                packed += 1
        if not packed:
            reason = skipped[0] if skipped else 'The list is empty.'
            raise UserError(f'There is nothing to pack. {reason}')
        if out.is_dir():
            out.rmdir()  # empty, as checked; Windows cannot replace it
        os.rename(new, out)
    return packed, skipped


def _sample(path, row):
    """The members of a sample, by suffix."""
    text = dict(image=row['image'], captions=captions_of(row))
    if not text['captions']:
        raise CaptionError(f'{path} has no caption.')
    suffix = path.suffix.lower().lstrip('.')
    if suffix not in IMAGES:
        raise ImageReadError(f'{path} is not one of {", ".join(IMAGES)}.')
    if row.get('nouns') is not None:
        text['nouns'] = row['nouns']
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ImageReadError(f'No photo at {path}: {e}.') from e
    read_image(path, content)  # whether it can be read
    return {suffix: content, 'json': text}

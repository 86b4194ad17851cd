"""List, read and write WebDataset shards, tolerating damage."""
import tarfile
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
from mmseg_clipzs.utils import (
    UserError,
    atomic_folder,
    import_optional,
    is_occupied,
)

from .lists import captions_of

IMAGES = ('jpg', 'jpeg', 'png', 'webp')  # suffixes of images
DAMAGE = '(damage)'  # key of damage messages; no suffix looks like this


def _webdataset(module):
    return import_optional(
        f'webdataset.{module}', 'train', 'Reading and writing shards')


def list_shards(urls, data_root=''):
    """Expand a WebDataset pattern.

    Args:
        urls (str | list[str]): Files, with brace expansion:
            ``'{000000..000123}.tar'``.
        data_root (str | Path): Root of relative paths.

    Returns:
        list[Path]: Shards in the order of the pattern.

    Raises:
        UserError: A shard is missing or not a local file.
    """
    expand = _webdataset('shardlists').expand_urls
    urls = [urls] if isinstance(urls, str) else urls
    names = [name for url in urls for name in expand(url)]
    # Never hand URLs to webdataset: it runs "pipe:COMMAND".
    remote = [name for name in names if ':' in name.partition('/')[0]]
    if remote or not names:
        raise UserError('Shards must be local files such as "{000000..000123}'
                        f'.tar", but got {remote[0] if remote else urls!r}.')
    paths = [Path(data_root) / name for name in names]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise UserError(f'{len(missing)} of {len(paths)} shards are missing, '
                        f'the first is {missing[0]}.')
    return paths


def read_shard(path):
    """Read the samples of a shard without decoding them.

    tarfile, and hence webdataset, silently stops at a damaged header. Here,
    damage is reported as a separate sample and reading continues after it.

    Args:
        path (Path): Tar file, optionally compressed.

    Yields:
        tuple[str, dict]: Key and members of a sample, from lower-case suffix
        to bytes. Damage is {:data:`DAMAGE`: message}.
    """
    for key, members in groupby(_members(path), itemgetter(0)):
        yield key, {suffix: content for _, suffix, content in members}


def _members(path):
    """Yields: Key, suffix and content of each file."""
    split = _webdataset('tariterators').base_plus_ext
    end = 0  # of the last sound member
    try:
        # ignore_zeros also skips invalid headers.
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
        yield f'byte {end}', DAMAGE, f'the rest is unreadable: {e}'


def _gap(tar, begin, end=None):
    """Yields: A damage message for data between two members."""
    if begin == end:
        return
    tar.fileobj.seek(begin)
    content = tar.fileobj.read(-1 if end is None else end - begin)
    size = len(content.rstrip(b'\0'))
    if size and not _is_header(content[:tarfile.BLOCKSIZE]):
        yield (f'byte {begin}', DAMAGE,
               f'{size} bytes lost because their header is damaged')


def _is_header(block):
    """Whether a block is a valid header; pax has global ones."""
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, 'surrogateescape')
    except tarfile.HeaderError:
        return False
    return True


def write_shards(rows, images, folder, size):
    """Pack images and captions into WebDataset shards.

    A sample is the image file, unchanged, and a ``json`` with ``image``,
    ``captions`` and, if the row has them, ``nouns``; its key is the row
    number. The folder appears only once it is complete.

    Args:
        rows (Iterable[dict]): Rows of a list, see
            :func:`mmseg_clipzs.datasets.image_text.lists.read_list`.
        images (str | Path): Root of the images' paths.
        folder (str | Path): Folder to create, with ``000000.tar`` and so on.
        size (int): Samples per shard.

    Returns:
        tuple[int, list[str]]: Number of samples packed, and the reason for
        each skipped row.

    Raises:
        UserError: The folder is not empty, ``size`` is not positive, or no
            row can be packed.
    """
    if is_occupied(folder):
        raise UserError(f'{folder} already exists and is not an empty folder; '
                        'remove it or choose another one.')
    if size < 1:
        raise UserError(f'size must be at least 1 sample, but got {size}.')
    writer = _webdataset('writer').ShardWriter
    packed, skipped = 0, []
    with atomic_folder(folder) as new:
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
            raise UserError(f'No sample can be packed. {reason}')
    return packed, skipped


def _sample(path, row):
    """dict: Members of a sample, by suffix."""
    text = dict(image=row['image'], captions=captions_of(row))
    if not text['captions']:
        raise CaptionError(f'{path} has no caption.')
    suffix = path.suffix.lower().lstrip('.')
    if suffix not in IMAGES:
        raise ImageReadError(
            f'{path} is not one of {", ".join(IMAGES)}.')
    if row.get('nouns') is not None:
        text['nouns'] = row['nouns']
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ImageReadError(f'No image at {path}: {e}.') from e
    read_image(path, content)  # raises if it is damaged
    return {suffix: content, 'json': text}

"""List, read and write WebDataset shards, tolerating damage."""
import io
import math
import os
import re
import tarfile
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
    check_is_file,
    import_optional,
    is_occupied,
    shown,
)

from .lists import captions_of, image_path, nouns_of

IMAGES = ('jpg', 'jpeg', 'png', 'webp')  # suffixes of images
DAMAGE = '(damage)'  # key of damage messages; no suffix looks like this
_IMPOSSIBLE = 'its header gives a size that the file does not have'
_LARGEST = 2**30  # bytes of a member
_CHUNK = 2**24  # bytes read at once
_MOST_SHARDS = 10**6
_DRIVE = re.compile(r'[A-Za-z]:[\\/]')  # of Windows


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
    if not isinstance(urls, (list, tuple)) or not all(
            isinstance(url, str) for url in urls):
        raise UserError('Shards are a pattern such as "{000000..000123}.tar" '
                        f'or a list of them, but got {urls!r}.')
    for url in urls:
        count = math.prod(abs(int(end) - int(begin)) + 1 for begin, end
                          in re.findall(r'\{(-?\d+)\.\.(-?\d+)', url))
        if count > _MOST_SHARDS:
            raise UserError(f'The pattern {url} has {count} shards; at most '
                            f'{_MOST_SHARDS} are read.')
    try:
        # A backslash would escape a brace.
        names = [name for url in urls for name in expand(
            url.replace('\\', '/') if _DRIVE.match(url) else url)]
    except ValueError as e:  # braces that do not match
        raise UserError(f'{urls} is no pattern of shards: {e}.') from e
    # Never hand URLs to webdataset: it runs "pipe:COMMAND".
    remote = [name for name in names if ':' in name.partition('/')[0]
              and not _DRIVE.match(name)]
    if remote or not names:
        raise UserError('Shards must be local files such as "{000000..000123}'
                        f'.tar", but got {remote[0] if remote else urls!r}.')
    paths = [Path(data_root) / name for name in names]
    missing = []
    for path in paths:
        try:
            check_is_file(path, 'a shard')
        except FileNotFoundError:
            missing.append(path)
    if missing:
        raise UserError(f'{len(missing)} of {len(paths)} shards are missing, '
                        f'the first is {missing[0]}.')
    return paths


def read_shard(path):
    """Read the samples of a shard without decoding them.

    tarfile, and hence webdataset, silently stops at a damaged header. Here,
    damage is reported as a separate sample and reading continues after it.
    So are links, devices and names that lead out of the archive.

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
        check_is_file(path, 'a shard')
        # ignore_zeros also skips invalid headers.
        with tarfile.open(path, ignore_zeros=True) as tar:
            for member in tar:
                yield from _gap(tar, end, member.offset)
                wrong = _wrong(member, tar)
                if wrong is _IMPOSSIBLE:
                    # Headers may follow where its content should be.
                    tar.offset = member.offset_data
                end = None if wrong is _IMPOSSIBLE else tar.offset
                key, suffix = split(member.name)
                if wrong:
                    yield shown(member.name), DAMAGE, wrong
                elif member.isreg() and key:
                    content = tar.extractfile(member).read()
                    yield key, suffix.lower(), content
            yield from _gap(tar, end)
    except Exception as e:  # of tarfile, the decompressors, and of memory
        reason = str(e) or type(e).__name__
        yield f'byte {end or 0}', DAMAGE, f'the rest is unreadable: {reason}'


def _wrong(member, tar):
    """str | None: Why a member is not read."""
    room = math.inf
    if isinstance(tar.fileobj, io.BufferedReader):  # not compressed
        room = os.fstat(tar.fileobj.fileno()).st_size - member.offset_data
    if not 0 <= member.size <= room:
        return _IMPOSSIBLE
    if member.size > _LARGEST:
        return f'it has {member.size} bytes; at most {_LARGEST} are read'
    if not (member.isreg() or member.isdir()) or member.issparse():
        return 'it is a link, a device or a sparse file'
    if member.name.startswith('/') or '..' in member.name.split('/'):
        return 'its name leads out of the archive'
    return None


def _gap(tar, begin, end=None):
    """Yields: A damage message for data between two members."""
    if begin is None or begin == end:
        return
    tar.fileobj.seek(begin)
    first, size, read = b'', 0, 0
    while chunk := tar.fileobj.read(
            _CHUNK if end is None else min(_CHUNK, end - begin - read)):
        first = first or chunk[:tarfile.BLOCKSIZE]
        used = len(chunk.rstrip(b'\0'))
        size = read + used if used else size
        read += len(chunk)
    if size and not _is_header(first):
        yield (f'byte {begin}', DAMAGE,
               f'{size} bytes lost because their header is damaged')


def _is_header(block):
    """Whether a block is a valid header; pax has global ones."""
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, 'surrogateescape')
    except tarfile.HeaderError:
        return False
    return True


def write_shards(rows, images, folder, size, progress=iter):
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
        progress (Callable): Wraps the rows, for example ``tqdm``.

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
            for number, row in enumerate(progress(rows)):
                try:
                    sample = _sample(image_path(images, row['image']), row)
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
        raise CaptionError(f'{shown(path)} has no caption.')
    suffix = path.suffix.lower().lstrip('.')
    if suffix not in IMAGES:
        raise ImageReadError(
            f'{shown(path)} is not one of {", ".join(IMAGES)}.')
    nouns = nouns_of(row)
    if nouns is not None:
        text['nouns'] = nouns
    try:
        content = check_is_file(path, 'an image').read_bytes()
    except (OSError, UserError) as e:
        raise ImageReadError(f'No image at {shown(path)}: {e}') from e
    read_image(path, content)  # raises if it is damaged
    return {suffix: content, 'json': text}

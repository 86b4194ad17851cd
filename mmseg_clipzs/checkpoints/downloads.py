"""Files from the web: cached by their whole address, written whole."""
import hashlib
import http.client
import re
import shutil
import threading
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import torch

from mmseg_clipzs.utils import UserError, atomic_write, sha256_of

SECONDS = 6  # for an answer, with the look-up of its name
_STALL = 30  # seconds without any byte of an answer
_HASH = re.compile(r'(?<![0-9a-f])[0-9a-f]{8,64}(?![0-9a-f])')
_UNSAFE = re.compile(r'[^\w.-]', re.ASCII)
_PAGE = 'text/html'


class DownloadError(UserError):
    """The network, the server or the answer is at fault."""


def cached_file(url, folder=None):
    """Path of a download, whether or not it exists.

    The name contains a hash of the whole address: files of the same name at
    two addresses are two files. A file of another program, such as torch.hub,
    under its plain name is used only if its SHA-256 begins with the hash that
    the address contains (``resnet50-0676ba61.pth``).

    Args:
        url (str): Address of a checkpoint.
        folder (str | Path, optional): By default torch's cache.

    Returns:
        Path: The file in the folder.
    """
    folder = Path(folder or Path(torch.hub.get_dir()) / 'checkpoints')
    name = Path(_UNSAFE.sub('_', urlsplit(url).path.rpartition('/')[2])[-99:])
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    target = folder / f'{name.stem.strip(".")}.{digest}{name.suffix}'
    if not target.is_file() and _is_as_promised(folder / name, url):
        return folder / name
    return target


def read_download(url, read, folder=None, remedy=''):
    """Read a file from the web, downloading it if need be.

    A cached file that cannot be read is downloaded again, once; one that
    still cannot be read is removed.

    Args:
        url (str): Its address.
        read (Callable): Path -> its content. Raises UserError.
        folder (str | Path, optional): Cache, by default torch's.
        remedy (str): What to do without a network, for messages.

    Returns:
        The result of ``read``.

    Raises:
        UserError: No answer within seconds, or a file that cannot be read.
    """
    target = cached_file(url, folder)
    if target.is_file():
        try:
            return read(target)
        except UserError:  # damaged since, or by an earlier program
            target = cached_file(url, folder)
    download(url, target, remedy)
    try:
        return read(target)
    except UserError as e:
        target.unlink(missing_ok=True)
        raise UserError(f'The answer of {url} is unusable: {e} {remedy}'
                        ) from e


def download(url, target, remedy=''):
    """Download a file; it appears when it is complete.

    Args:
        url (str): Its address.
        target (Path): Where to; replaced if it exists.
        remedy (str): What to do without a network, for messages.

    Raises:
        DownloadError: No answer within seconds, or an incomplete one.
    """
    try:
        with answer(url) as response, atomic_write(target) as temporary:
            if response.headers.get_content_type() == _PAGE:
                raise http.client.HTTPException('it answers with a web page')
            with temporary.open('wb') as file:
                shutil.copyfileobj(response, file, 2**20)
                size = file.tell()
            expected = response.headers.get('Content-Length')
            if expected and int(expected) != size:
                raise http.client.HTTPException(
                    f'the connection ended after {size:,} of '
                    f'{int(expected):,} bytes')
    except (OSError, ValueError, http.client.HTTPException) as e:
        raise DownloadError(
            f'{url} could not be downloaded to {target} ({reason(e)}). '
            f'Without a network, copy the file there from another machine. '
            f'{remedy}'.rstrip()) from e


def answer(url):
    """Open an address, or fail within seconds.

    Args:
        url (str): The address.

    Returns:
        http.client.HTTPResponse: The answer, to be closed.

    Raises:
        OSError: No answer in time, or an error.
    """
    result = []

    def ask():
        try:
            # As torch.hub asks; some servers refuse other names.
            result.append(urlopen(Request(
                url, headers={'User-Agent': 'torch.hub'}), timeout=_STALL))
        except Exception as e:  # urllib and http.client raise all kinds
            result.append(e)

    # urlopen waits for the look-up of a name, and for each of its addresses.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if not result:
        raise TimeoutError(f'no answer within {SECONDS} s')
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]


def reason(error):
    """str: Short description of a failed request."""
    if isinstance(error, HTTPError):
        return f'the server says {error.code} {error.reason}'
    if isinstance(error, URLError):
        error = error.reason
    return ' '.join(f'{error}'.split())[:200] or type(error).__name__


def cached_hub_file(repository, names):
    """Find a file of a Hugging Face repository without the network.

    Args:
        repository (str): Its name, e.g. 'nvidia/groupvit-gcc-yfcc'.
        names (Sequence[str]): File names; the first that is there is taken.

    Returns:
        Path | None: In the cache of huggingface_hub.
    """
    from huggingface_hub import try_to_load_from_cache
    for name in names:
        path = try_to_load_from_cache(repository, name)
        if isinstance(path, str):  # not a mark that there is none
            return Path(path)
    return None


def hub_file(repository, names, again=False):
    """Find a file of a Hugging Face repository, downloading it if need be.

    Args:
        repository (str): Its name, e.g. 'nvidia/groupvit-gcc-yfcc'.
        names (Sequence[str]): File names; the first that exists is taken.
        again (bool): Replace a cached file.

    Returns:
        Path: In the cache of huggingface_hub.

    Raises:
        OSError: No answer within seconds, or no such file.
    """
    from huggingface_hub import constants, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import (
        EntryNotFoundError,
        LocalEntryNotFoundError,
    )
    try:
        path = None if again else cached_hub_file(repository, names)
        if path:
            return path
        if not constants.HF_HUB_OFFLINE:
            _expect_answer(hf_hub_url(repository, names[0]))
        for name in names:
            try:
                return Path(hf_hub_download(
                    repository, name, force_download=again))
            except LocalEntryNotFoundError:
                raise  # no connection
            except EntryNotFoundError:
                continue
    except Exception as e:  # huggingface_hub, httpx and requests differ
        raise OSError(f'{type(e).__name__}: {reason(e)}') from e
    raise FileNotFoundError(f'{repository} has none of {", ".join(names)}')


def _expect_answer(url):
    """Fail within seconds; huggingface_hub tries again for a minute."""
    try:
        answer(url).close()
    except HTTPError:
        pass  # it will explain this answer


def _is_as_promised(path, url):
    """bool: Whether a file's hash is one that the address contains."""
    hashes = _HASH.findall(urlsplit(url).path)
    if not hashes or not path.is_file():
        return False
    return sha256_of(path).startswith(tuple(hashes))

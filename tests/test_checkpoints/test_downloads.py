"""Downloads: whose they are, whole, and an answer within seconds."""
import hashlib
import multiprocessing
import os
import socket
import threading
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import _load_checkpoint

from mmseg_clipzs.checkpoints import (
    cached_file,
    downloads,
    hub_file,
    read_download,
)
from mmseg_clipzs.utils import UserError


def content(value, path):
    torch.save(dict(a=value), path)
    return path.read_bytes()


@pytest.fixture
def files(web, tmp_path):
    """Two checkpoints of one name."""
    for name, value in (('/a/iter_9.pth', 1), ('/b/iter_9.pth', 2),
                        ('/a/iter_9.pth?version=3', 3)):
        web.files[name] = content(value, tmp_path / 'x.pth')
    return web


def test_cached_by_the_whole_address(files):
    for _ in range(2):
        for name, value in (('/a/iter_9.pth', 1), ('/b/iter_9.pth', 2),
                            ('/a/iter_9.pth?version=3', 3)):
            assert _load_checkpoint(f'{files.address}{name}')['a'] == value
    assert len(files.asked) == 3  # once each


@pytest.mark.parametrize('damage', [
    lambda whole: whole[:300], lambda whole: b'',
    lambda whole: b'<html>404</html>',
    lambda whole: whole.replace(b'K\1', b'K\2', 1)])
def test_damaged_file_is_replaced_once(files, damage):
    address = f'{files.address}/a/iter_9.pth'
    assert _load_checkpoint(address)['a'] == 1
    path = cached_file(address)
    path.write_bytes(damage(path.read_bytes()))
    assert _load_checkpoint(address)['a'] == 1
    assert len(files.asked) == 2
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize('spoil, reason', [
    (lambda web: web.files.clear(), 'the server says 404 Not Found'),
    (lambda web: setattr(web, 'length', 10**6),
     r'connection ended after [\d,]+ of 1,000,000 bytes'),
    (lambda web: setattr(web, 'kind', 'text/html; charset=utf-8'),
     'it answers with a web page'),
    (lambda web: web.files.update({'/a/iter_9.pth': b'<html>no</html>'}),
     'is a web page'),
    (lambda web: web.files.update({'/a/iter_9.pth': b'PK\3\4' * 9}),
     'cannot be read as a checkpoint'),
    (lambda web: web.files.update({'/a/iter_9.pth': b''}), 'is empty')])
def test_bad_answer_leaves_nothing(files, spoil, reason):
    whole = files.files['/a/iter_9.pth']
    address = f'{files.address}/a/iter_9.pth'
    spoil(files)
    with pytest.raises(UserError, match=reason) as caught:
        _load_checkpoint(address)
    assert address in str(caught.value)
    assert '--checkpoint FILE' in str(caught.value)
    folder = cached_file(address).parent
    assert not folder.exists() or not list(folder.iterdir())
    files.files['/a/iter_9.pth'] = whole
    files.length, files.kind = None, 'application/zip'
    assert _load_checkpoint(address)['a'] == 1


def test_no_network(web, tmp_path):
    """The address, and where a copy of the file would be found."""
    with socket.socket() as own:
        own.bind(('127.0.0.1', 0))
        address = f'http://127.0.0.1:{own.getsockname()[1]}/x.pth?key=1'
    with pytest.raises(UserError) as caught:
        _load_checkpoint(address)
    path = cached_file(address)
    for part in (f'{address} could not be downloaded to {path} (', 'refused',
                 'copy the file there', '--student-weights FILE'):
        assert part in str(caught.value)
    path.parent.mkdir(parents=True, exist_ok=True)
    content(1, path)
    assert _load_checkpoint(address) == dict(a=1)


def test_silent_server_and_hanging_look_up(web, monkeypatch):
    """Neither an answer nor an error: it does not wait for ever."""
    web.silent = True
    monkeypatch.setattr(downloads, 'SECONDS', .1)
    with pytest.raises(UserError, match='no answer within'):
        _load_checkpoint(f'{web.address}/x.pth')
    ended = threading.Event()
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *a, **k: ended.wait())
    with pytest.raises(UserError, match='no answer within'):
        _load_checkpoint('https://example.invalid/x.pth')
    ended.set()


def test_a_cut_connection_leaves_nothing(web, monkeypatch):
    """The server stops within the file."""
    monkeypatch.setattr(downloads, '_STALL', .1)
    web.files['/x.pth'], web.length, web.stalls = bytes(10), 10**6, True
    with pytest.raises(UserError, match='timed out'):
        _load_checkpoint(f'{web.address}/x.pth')
    assert list(cached_file(f'{web.address}/x.pth').parent.iterdir()) == []


def test_code_in_a_download_does_not_run(web, tmp_path):
    class Call:

        def __reduce__(self):
            return os.system, (f'touch {tmp_path}/victim', )

    torch.save([Call()], tmp_path / 'x.pth')
    web.files['/x.pth'] = (tmp_path / 'x.pth').read_bytes()
    with pytest.raises(UserError, match='x.pth is unusable: .*was not loaded'):
        _load_checkpoint(f'{web.address}/x.pth')
    assert not (tmp_path / 'victim').exists()


# ----------------------------------------------------- files of other programs
def test_earlier_files_of_torch_hub(web, tmp_path):
    """Taken by their plain name only with the hash that the address states."""
    whole = content(1, tmp_path / 'x.pth')
    digest = hashlib.sha256(whole).hexdigest()
    folder = cached_file('http://x/').parent
    folder.mkdir(parents=True)
    for name, is_taken in ((f'net-{digest[:8]}.pth', True), ('x.pth', False),
                           ('net-0a1b2c3d.pth', False)):
        (folder / name).write_bytes(whole)
        path = cached_file(f'{web.address}/{name}')
        assert (path == folder / name) == is_taken
        assert path.parent == folder
    (folder / 'RN50.pt').write_bytes(whole)
    assert cached_file(f'http://x/{digest}/RN50.pt') == folder / 'RN50.pt'
    (folder / 'RN50.pt').write_bytes(whole[:-1])
    assert cached_file(f'http://x/{digest}/RN50.pt') != folder / 'RN50.pt'


@pytest.mark.parametrize('address', [
    'http://x/..', 'http://x/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'http://x',
    'http://x/?a=/b', f'http://x/{"n" * 300}.pth', 'http://x/a%00b.pth',
    'http://x/a%0Ab.pth'])
def test_names_stay_in_the_folder(address, tmp_path):
    path = cached_file(address, tmp_path)
    path.touch()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


# ------------------------------------------------------------------ at once
def test_several_processes_and_a_killed_one(web, tmp_path):
    """All get the whole file; what a killed one left is not taken for it."""
    web.files['/x.pth'] = content(list(range(10**5)), tmp_path / 'x.pth')
    address = f'{web.address}/x.pth'
    target = cached_file(address)
    target.parent.mkdir(parents=True)
    (target.parent / f'.{target.name}-part').write_bytes(b'PK')
    with multiprocessing.get_context('fork').Pool(4) as pool:
        got = pool.starmap(read_download, [
            (address, Path.read_bytes, target.parent)] * 8)
    assert got == [web.files['/x.pth']] * 8
    assert target.is_file()


# ------------------------------------------------------------ Hugging Face
@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty cache of huggingface_hub, offline."""
    from huggingface_hub import constants
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    return tmp_path / 'cache'


def cached(folder, name, value):
    """Put a file into the hub's cache, as its downloads do."""
    snapshot = folder / 'models--some--one/snapshots/abc'
    snapshot.mkdir(parents=True, exist_ok=True)
    (folder / 'models--some--one/refs').mkdir(exist_ok=True)
    (folder / 'models--some--one/refs/main').write_text('abc')
    content(value, snapshot / name)
    return snapshot / name


def test_hub_file_of_the_cache(hub):
    old = cached(hub, 'old.bin', 1)
    assert hub_file('some/one', ('new.bin', 'old.bin')) == old
    new = cached(hub, 'new.bin', 2)
    assert hub_file('some/one', ('new.bin', 'old.bin')) == new


def test_hub_file_that_is_not_there(hub):
    with pytest.raises(OSError, match='.'):
        hub_file('some/one', ('new.bin', ))
    with pytest.raises(OSError, match='HFValidationError'):
        hub_file('some//one', ('new.bin', ))

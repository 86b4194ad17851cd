"""Contents of folders: a part of the identity of results."""
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import content_of, contents


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'maps/sub').mkdir(parents=True)
    for name in ('1.png', 'sub/2.png'):
        Image.fromarray(np.zeros((4, 6), np.uint8)).save(
            tmp_path / 'maps' / name)
    return tmp_path / 'maps'


@pytest.mark.parametrize('small', [True, False])
def test_a_folder_is_what_is_in_it(folder, monkeypatch, small):
    if not small:
        monkeypatch.setattr(contents, '_FILES', 1)
    first, file = content_of(folder), folder / 'sub/2.png'
    assert first == content_of(str(folder), 'folder')
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    assert (content_of(folder) == first) == small
    first, content = content_of(folder), bytearray(file.read_bytes())
    content[-1] ^= 1  # of the same size
    file.write_bytes(content)
    second = content_of(folder)
    file.rename(folder / 'sub/3.png')
    assert len({first, second, content_of(folder)}) == 3


def test_what_names_a_folder(folder, monkeypatch):
    """A name such as 'toy' does not, whatever lies in the working folder."""
    monkeypatch.chdir(folder.parent)
    assert content_of('maps') is None
    assert content_of('maps', 'folder') == content_of('./maps') == content_of(
        folder)
    monkeypatch.setenv('HOME', str(folder.parent))
    assert content_of('~/maps') == content_of('maps', 'weights')
    for nothing in (None, 3, '', 'maps/gone', 'a\0b', ['maps']):
        assert content_of(nothing, 'folder') is None


@pytest.mark.parametrize('key', ['folder', 'weights'])
def test_digest_has_folders(folder, monkeypatch, key):
    monkeypatch.chdir(folder.parent)
    job = Job('maskclip_toy', options={'model.regions': {
        'type': 'Any', key: 'maps'}})
    first = job.digest()
    assert job.digest() == first
    Path('maps/1.png').write_bytes(b'other')
    assert job.digest() != first


def test_settings_of_results_have_folders(folder, tiny_config):
    cfg = tiny_config('maskclip_toy')
    cfg.model.regions = dict(type='RegionFiles', folder=str(folder))

    def settings():
        return ZeroShotInferencer(cfg, device='cpu').describe()['settings']

    first = settings()
    assert settings() == first
    Image.fromarray(np.ones((4, 6), np.uint8)).save(folder / '1.png')
    assert settings() != first

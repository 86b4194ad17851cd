"""A toy inferencer and a folder of photos, some of them damaged."""
import numpy as np
import pytest
from image_files import encoded
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer

CLASSES = 'sun; grass, lawn; brick'
GOOD = ['a/b/6.png', 'a/1.jpg', 'a/2.jpg', 'c/4.jpg', 'c/5.png', '7.jpg']
BAD = {'a/cut.jpg': encoded()[:300], 'c/empty.png': b'',
       'c/text.jpg': b'no image'}


@pytest.fixture(scope='session')
def toy():
    """An inferencer with three classes."""
    return ZeroShotInferencer('maskclip_toy', device='cpu', classes=CLASSES)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """``photos`` in the current folder: six good ones, three bad, one text."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(GOOD):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(
            0, 256, (3, 4, 3), dtype=np.uint8)).resize((32, 24)).save(path)
    for name, content in BAD.items():
        (tmp_path / 'photos' / name).write_bytes(content)
    (tmp_path / 'photos/notes.txt').write_text('no photo')
    return tmp_path / 'photos'


def snapshot(folder):
    """dict: Name -> bytes of all files, the hidden ones as well."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob('*')) if path.is_file()}

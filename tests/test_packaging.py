"""The source distribution has what an installation needs; no stale files."""
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKED = ('mmseg_clipzs', 'configs', 'tools', 'requirements', 'docs',
          'examples')
FILES = ('setup.py', 'clipzs.py', 'pyproject.toml', 'MANIFEST.in',
         'model-index.yml', 'README.md', 'CHANGELOG.md',
         'CONTRIBUTING.md', 'SECURITY.md', 'CITATION.cff', 'LICENSE')


def files(folder):
    """dict[str, bytes]: Content of each file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}


def setup(folder, *arguments):
    subprocess.run([sys.executable, 'setup.py', '--quiet', *arguments],
                   cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """Links to this project, for a build outside of it."""
    folder = tmp_path_factory.mktemp('checkout')
    for name in (*PACKED, *FILES):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope='module')
def unpacked(checkout):
    """The unpacked source distribution."""
    pytest.importorskip('setuptools')
    setup(checkout, 'egg_info', '--egg-base', '.', 'sdist', '--formats=tar')
    archive, = (checkout / 'dist').iterdir()
    with tarfile.open(archive) as tar:
        tar.extractall(checkout / 'unpacked', filter='data')
    folder, = (checkout / 'unpacked').iterdir()
    return folder


def test_everything_is_packed(unpacked):
    packed = files(unpacked)
    for name in PACKED:
        assert {path for path in packed if path.startswith(f'{name}/')} == {
            f'{name}/{path}' for path in files(ROOT / name)}
    assert set(FILES) <= set(packed)
    assert not [path for path in packed if path.startswith('tests')]


def test_the_same_is_installed_from_it(unpacked, checkout):
    """And nothing that an earlier version left in ``build``."""
    stale = checkout / 'build/lib/mmseg_clipzs/gone.py'
    stale.parent.mkdir(parents=True)
    stale.write_text('raise SystemExit')
    for folder in (checkout, unpacked):
        setup(folder, 'build', '--build-lib', 'build/lib')
    installed = files(checkout / 'build/lib')
    assert installed == files(unpacked / 'build/lib')
    assert set(installed) == {
        *(f'mmseg_clipzs/{path}' for path in files(ROOT / 'mmseg_clipzs')),
        *(f'mmseg_clipzs/.mim/{name}/{path}' for name in ('configs', 'tools')
          for path in files(ROOT / name)), 'clipzs.py',
        'mmseg_clipzs/.mim/model-index.yml'}

"""Versions, optional packages, the cache folder."""
import sys
from importlib import metadata
from pathlib import Path

import mmengine
import pytest
from processes import run_python

from mmseg_clipzs.compat import REQUIREMENTS
from mmseg_clipzs.doctor import software
from mmseg_clipzs.doctor.software import (
    check_cache,
    check_modules,
    check_optional,
    check_python,
    check_requirements,
)

REQUIRES = ['torch>=2.6', 'numpy>=1.26', 'mmengine>=0.10.6; extra == "lite"',
            'scikit-learn>=1.3; extra == "cluster"',
            'pycocotools>=2.0.7; extra == "coco"']


@pytest.mark.parametrize('version, verdict', [
    ('3.9.18', 'WRONG'), ('3.10.0', 'ok'), ('3.13.9', 'ok'),
    ('3.14.0rc1', 'note')])
def test_python(version, verdict):
    finding = check_python(version)
    assert finding.verdict == verdict and version in finding.found


def test_this_installation():
    found = {each.checked: each for each in check_modules()}
    assert all(found[module].verdict == 'ok' for module in REQUIREMENTS)
    assert check_python().verdict != 'WRONG'
    assert check_requirements().verdict != 'WRONG'


def test_an_unsupported_version(monkeypatch):
    monkeypatch.setattr(mmengine, '__version__', '0.10.5')
    finding, = (each for each in check_modules()
                if each.checked == 'mmengine')
    assert finding.verdict == 'WRONG'
    assert '0.10.5. Install "mmengine>=0.10.6,<1.0"' in finding.found


def test_pips_requirements(monkeypatch):
    """One that is missing, and one that is too old."""
    versions = dict(torch='2.6.0+cu124', numpy='1.25.0', pycocotools='2.0.10')

    def version(name):
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(software, 'requires', lambda name: REQUIRES)
    monkeypatch.setattr(software, 'version', version)
    finding = check_requirements()
    assert finding.verdict == 'WRONG'
    assert finding.found.startswith('numpy>=1.26 is needed, not 1.25.0: pip')
    found = {each.checked: each for each in check_optional()}
    assert found['coco'].verdict == 'ok'
    assert found['cluster'].verdict == 'note'
    assert found['cluster'].found.startswith(
        'scikit-learn>=1.3 is missing: pip install "mmseg_clipzs[cluster]" '
        'for the grouping')


def test_not_installed_with_pip(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(software, 'requires', missing)
    assert check_requirements().verdict == 'note'
    assert list(check_optional()) == []


def test_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'new'))
    assert check_cache().verdict == 'ok'
    assert list((tmp_path / 'new').iterdir()) == []
    (tmp_path / 'file').touch()
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'file'))
    finding = check_cache()
    assert finding.verdict == 'note' and 'MMSEG_CLIPZS_CACHE' in finding.found


def test_a_wrong_version_is_one_line():
    """The package cannot be imported then."""
    done = run_python('-c', (
        'import runpy, sys, mmengine\n'
        'mmengine.__version__ = "0.9.1"\n'
        'runpy.run_path("tools/doctor.py", run_name="__main__")'))
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == (
        'error: mmseg_clipzs does not work with mmengine 0.9.1. Install '
        '"mmengine>=0.10.6,<1.0".\n'), sys.version


def test_all_extras():
    """Apart from what is always needed, one of two, or for development."""
    folder = Path(__file__).parents[2] / 'requirements'
    extras = {path.stem for path in folder.glob('*.txt')}
    assert set(software.FEATURES) == extras - {
        'runtime', 'lite', 'full', 'oldest', 'tests', 'docs'}

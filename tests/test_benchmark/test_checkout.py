"""Comparing two versions of the package."""
import shutil

import pytest

from mmseg_clipzs.benchmark.checkout import compare_checkouts
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

ROOT = find_config('maskclip_toy').parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A copy of the project's package and configs."""
    for name in ('mmseg_clipzs', 'configs'):
        shutil.copytree(ROOT / name, tmp_path / 'copy' / name,
                        ignore=shutil.ignore_patterns('__pycache__'))
    return tmp_path / 'copy'


@pytest.mark.slow
def test_another_version_is_another(checkout):
    """Its labels are what its own config makes of the same image."""
    with open(checkout / 'configs/maskclip_toy.py', 'a') as config:
        config.write("model['backbone'] = dict(last_block='clip')\n")
    report = compare_checkouts(
        Job('maskclip_toy'), checkout, images=3, warmup=1, size='120x96')
    assert 0.05 < report['agreement'] < 0.95
    assert len(report['steps']) == 3
    for step in report['steps']:
        assert step['pixels'] == 120 * 96
        assert step['own']['cpu'] > 0 and step['other']['cpu'] > 0
    ratios = sorted(step['own']['cpu'] / step['other']['cpu']
                    for step in report['steps'])
    assert report['ratio']['cpu'] == ratios[1]


@pytest.mark.slow
def test_the_same_version_agrees(checkout):
    report = compare_checkouts(
        Job('sclip_toy'), checkout, images=1, warmup=1, size='120x96',
        num_classes=30, random=True)
    assert report['agreement'] == 1


def test_a_version_that_fails(checkout):
    with open(checkout / 'mmseg_clipzs/__init__.py', 'w') as package:
        package.write('raise RuntimeError("no luck")')
    with pytest.raises(UserError, match='copy failed: RuntimeError: no luck'):
        compare_checkouts(Job('maskclip_toy'), checkout, size='32x32')


@pytest.mark.parametrize('config, settings, said', [
    ('maskclip_toy', {}, 'a folder of photos'),
    ('maskclip_plus_toy', dict(size='32x32'), 'words can be set'),
    ('maskclip_toy', dict(size='32'), 'WIDTHxHEIGHT')])
def test_mistakes(config, settings, said):
    with pytest.raises(UserError, match=said):
        compare_checkouts(Job(config), ROOT, **settings)


def test_no_checkout(tmp_path):
    with pytest.raises(UserError, match='no checkout of this project'):
        compare_checkouts(Job('maskclip_toy'), tmp_path, size='32x32')

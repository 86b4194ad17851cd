"""tools/make_configs.py: tables, and everything generated from them."""
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config
from processes import run_python

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


def run(folder, *arguments):
    """The tool of a checkout: exit status, lines of its output."""
    done = run_python(folder / 'tools/make_configs.py', *arguments,
                      env=dict(PYTHONPATH=str(folder)))
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def checkout(tmp_path):
    """A copy of the files that the tool reads and writes."""
    for name in ('mmseg_clipzs', 'configs', 'docs', 'tools'):
        shutil.copytree(ROOT / name, tmp_path / name,
                        ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('README.md', 'model-index.yml'):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def replace(path, old, new):
    text = path.read_text(encoding='utf-8')
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding='utf-8')


def test_everything_is_as_the_table_says():
    assert run(ROOT, '--check') == (0, ['Everything is up to date.'])


def test_one_figure_changes_config_metafile_and_docs(checkout):
    replace(checkout / 'mmseg_clipzs/recipes/field.py',
            '33.2, 79.7, 35.2, 23.3, 35.5', '33.2, 79.7, 35.2, 23.3, 36.6')
    changed = [
        'configs/naclip_cityscapes.py', 'configs/metafiles/naclip.yml',
        'docs/figures.md', 'docs/leaderboard.md', 'docs/methods/index.md',
        'docs/methods/naclip.md', 'docs/recipes.md', 'docs/training_free.md']
    assert run(checkout, '--check') == (
        1, [f'{path}: differs' for path in changed])
    assert '36.6' not in (checkout / changed[0]).read_text()
    assert run(checkout) == (0, [f'{path}: written' for path in changed])
    changed.remove('docs/methods/index.md')  # the mean
    for path in changed:
        assert '36.6' in (checkout / path).read_text(encoding='utf-8')
    assert run(checkout, '--check')[0] == 0


def test_one_setting_changes_config_and_docs(checkout):
    """NACLIP's short side on Cityscapes, with PAMR and ResCLIP as well."""
    path = checkout / 'mmseg_clipzs/recipes/protocols.py'
    replace(path, "source='the NACLIP authors\\' configs',\n        "
            'resize=dict(default=336, cityscapes=560)',
            "source='the NACLIP authors\\' configs',\n        "
            'resize=dict(default=336, cityscapes=600)')
    assert sorted(run(checkout)[1]) == [f'{path}: written' for path in (
        'configs/_base_/datasets/cityscapes_600.py',
        'configs/naclip_cityscapes.py', 'configs/naclip_pamr_cityscapes.py',
        'configs/resclip_cityscapes.py',
        'configs/resclip_clearclip_cityscapes.py',
        'configs/resclip_sclip_cityscapes.py',
        'docs/recipes.md', 'docs/training_free.md')]
    cfg = Config.fromfile(checkout / 'configs/naclip_cityscapes.py')
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (2048, 600)
    assert 'short side 600' in (
        checkout / 'configs/naclip_cityscapes.py').read_text()


def test_what_is_no_longer_made_goes(checkout):
    stale = checkout / 'configs/old_voc.py'
    shutil.copy(checkout / 'configs/clip_voc.py', stale)
    kept = checkout / 'configs/my_voc.py'
    kept.write_text('# By hand.\n')
    metafile = checkout / 'configs/metafiles/old.yml'
    shutil.copy(checkout / 'configs/metafiles/gem.yml', metafile)
    names = ['configs/metafiles/old.yml', 'configs/old_voc.py']
    assert run(checkout, '--check') == (
        1, [f'{name}: not made' for name in names])
    assert stale.is_file() and metafile.is_file()
    assert run(checkout) == (0, [f'{name}: removed' for name in names])
    assert kept.is_file() and not stale.exists() and not metafile.exists()

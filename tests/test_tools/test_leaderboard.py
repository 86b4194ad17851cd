"""tools/leaderboard.py: killed and restarted, and in two processes.

Run as a script it is one of two processes.
"""
import json
import re
import runpy
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from processes import run_python, start_python

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/leaderboard.py'
TIMINGS = ('seconds', 'images_per_second', 'peak_memory_mb', 'device')


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    from mmseg_clipzs.toy.voc_layout import write_voc
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=0, val=5, size=64, seed=3)
    return root


@pytest.fixture
def broken(tmp_path):
    """A config whose dataset is missing."""
    path = tmp_path / 'broken.py'
    path.write_text(
        f"_base_ = '{ROOT}/configs/maskclip_ks_pd_toy.py'\n"
        "test_dataloader = dict(dataset=dict(ann_file='gone.txt'))\n")
    return path


def options(scenes):
    return ['--cfg-options', 'model.prompts=single',
            f'test_dataloader.dataset.data_root={scenes}']


def tables(work_dir):
    """Rows and tables in the work dir, without timings."""
    rows = json.loads((work_dir / 'leaderboard.json').read_text())
    for row in rows:
        for key in TIMINGS:
            row.pop(key, None)
    figures = (work_dir / 'leaderboard.md').read_text().split('## Settings')[0]
    # Without images per second and memory, the last two columns.
    return rows, re.sub(r'( \| [\d.,]*){2} \|\n', ' |\n', figures)


@pytest.mark.slow
def test_killed_and_restarted_is_uninterrupted(scenes, broken, tmp_path,
                                               monkeypatch, capfd):
    """SIGKILL after the first of three cells; the last one fails."""
    from mmseg_clipzs.leaderboard.matrix import cell_name, evaluate, plan
    from mmseg_clipzs.leaderboard.report import write_report
    work_dir, other = tmp_path / 'killed', tmp_path / 'uninterrupted'
    arguments = ['--methods', 'clip', 'maskclip', '--datasets', 'toy',
                 '--configs', str(broken), '--work-dir', str(work_dir),
                 *options(scenes)]
    with start_python(TOOL, *arguments) as program:
        while ' 1/3 ' not in program.output()[1]:
            assert program.children[0].is_alive(), program.output()
        program.kill()
        # Reads until the cell's own process has ended, too.
        assert program.wait().returncode == -9
    first, = (work_dir / 'cells').glob('*/row.json')
    assert 'clip_toy' in first.parent.name
    stamps = {path: path.stat().st_mtime_ns for path in (
        first, first.parent / 'log.txt', first.parent / 'samples.npz')}

    monkeypatch.setattr(sys, 'argv', ['leaderboard.py', *arguments])
    with pytest.raises(SystemExit) as info:
        runpy.run_path(str(TOOL), run_name='__main__')
    assert info.value.code == 'error: 1 of 3 cells failed.'
    assert 'gone.txt does not exist' in capfd.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps

    jobs = plan(['clip', 'maskclip'], ['toy'], [str(broken)], options={
        'model.prompts': 'single',
        'test_dataloader.dataset.data_root': str(scenes)})
    heads = [dict(job.describe(), folder=f'cells/{cell_name(job)}')
             for job in jobs]
    rows = [{**evaluate(job, other / head['folder']), **head}
            for job, head in zip(jobs[:2], heads)]
    got, figures = tables(work_dir)
    rows.append({**heads[2], 'error': got[2]['error']})
    write_report(rows, other)
    assert (got, figures) == tables(other)
    assert [row.get('mIoU', 0) > 0 for row in got] == [True, True, False]
    assert got[2]['error'].startswith('UserError: The dataset ToyScenes')
    assert '| MaskCLIP + KS + PD | toy-vit-p8 toy | failed |' in figures


@pytest.mark.slow
def test_two_processes_are_one(scenes, broken, tmp_path):
    """A cell that finishes, one that fails in both processes, and one
    that fails in one of them, which ends the run."""
    from mmseg_clipzs.leaderboard.matrix import evaluate, plan
    damaged = tmp_path / 'damaged'
    for path in scenes.rglob('*.*'):
        (damaged / path.relative_to(scenes)).parent.mkdir(
            parents=True, exist_ok=True)
        (damaged / path.relative_to(scenes)).write_bytes(path.read_bytes())
    photo = damaged / 'JPEGImages/toy_val_00001.jpg'  # the second process's
    photo.write_bytes(photo.read_bytes()[:500])
    one_sided = tmp_path / 'one_sided.py'
    one_sided.write_text(
        f"_base_ = '{ROOT}/configs/clip_toy.py'\n"
        "test_dataloader = dict(dataset=dict(data_root='', data_prefix=dict("
        f"img_path='{damaged}/JPEGImages')))\n")
    result = run_python(
        __file__, '--methods', 'maskclip', '--datasets', 'toy', '--configs',
        broken, one_sided, '--work-dir', tmp_path, '--launcher', 'pytorch',
        *options(scenes), processes=2)
    assert result.returncode == 1
    assert 'error: A cell failed in one process' in result.stderr
    assert 'ImageReadError: The image ' in result.stderr
    assert str(photo) in result.stderr
    (row, failed), figures = tables(tmp_path)
    job, = plan(['maskclip'], ['toy'], options={
        'model.prompts': 'single',
        'test_dataloader.dataset.data_root': str(scenes)})
    assert row['mIoU'] == evaluate(job, tmp_path / 'alone')['mIoU'] > 0
    assert (tmp_path / row['folder'] / 'samples.npz').is_file()
    assert 'gone.txt does not exist' in failed['error']


def test_unknown_method(monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        'leaderboard.py', '--methods', 'nope', '--datasets', 'toy'])
    with pytest.raises(SystemExit, match='error: No config nope_toy'):
        runpy.run_path(str(TOOL), run_name='__main__')


if __name__ == '__main__':
    from mmseg_clipzs.leaderboard import attempts
    attempts._PATIENCE = timedelta(seconds=10)
    runpy.run_path(str(TOOL), run_name='__main__')

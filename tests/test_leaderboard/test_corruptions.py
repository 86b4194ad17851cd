"""Corruptions: evaluation, curves and tool."""
import csv
import json
import runpy
import shutil
import sys
from pathlib import Path

import board_rows
import numpy as np
import pytest
import torch
from PIL import Image

from mmseg_clipzs.datasets import Corrupt
from mmseg_clipzs.leaderboard import corruptions as robustness
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import UserError

pytest.importorskip('imagecorruptions')
pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def options(tiny_vit):
    """A tiny CLIP and images of 64 pixels."""
    return {'model.clip.model': tiny_vit['model'],
            'model.clip.pretrained': tiny_vit['pretrained'],
            'model.prompts': 'single', 'test_dataloader.num_workers': 0,
            'test_dataloader.persistent_workers': False,
            'test_dataloader.dataset.pipeline.1.scale': (256, 64)}


@pytest.fixture
def plan(options, small_voc):
    def build(configs=('maskclip_voc', ), kinds=('shot_noise', ),
              levels=(1, 5), **more):
        return robustness.plan(configs, kinds, levels, small_voc,
                               {**options, **more})

    return build


def test_position_of_the_corruption(plan):
    clean, weak, strong = plan()
    steps = [[step.type for step in cell.job.load().test_dataloader.dataset
              .pipeline] for cell in (clean, weak, strong)]
    assert 'Corrupt' not in steps[0]
    assert steps[1] == steps[2] == [
        steps[0][0], 'Corrupt', *steps[0][1:]]
    assert [(cell.kind, cell.level) for cell in (clean, weak, strong)] == [
        ('none', 0), ('shot_noise', 1), ('shot_noise', 5)]
    assert len({cell.name for cell in (clean, weak, strong)}) == 3


def test_wrapped_datasets_and_tta_are_corrupted():
    cfg = Job('maskclip_toy').load()
    dataset = cfg.test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[dataset, dict(dataset)])
    job = Job(cfg)
    for each in (job, job.replace(tta=True)):
        loaded = robustness.corrupt(each, 'fog', 2).load()
        for part in loaded.test_dataloader.dataset.datasets:
            assert [step.type for step in part.pipeline[:2]] == [
                'LoadImageFromFile', 'Corrupt']
            assert ('TestTimeAug' in [step.type for step in part.pipeline]
                    ) == each.tta


def test_one_config_with_two_checkpoints(plan, tmp_path):
    paths = [tmp_path / f'{name}.pth' for name in ('one', 'two')]
    for path in paths:
        path.touch()
    cells = plan([f'maskclip_voc:{path}' for path in paths])
    assert [cell.label for cell in cells] == 3 * ['maskclip_voc-one'] + 3 * [
        'maskclip_voc-two']
    assert len({cell.name for cell in cells}) == 6
    with pytest.raises(UserError, match='Two curves.*maskclip_voc-one'):
        plan([f'maskclip_voc:{paths[0]}'] * 2)


def test_a_retrained_checkpoint_runs_again(plan, zero_shot, tmp_path):
    """The path stays, the content changes."""
    path = tmp_path / 'iter_9.pth'
    model = zero_shot()
    torch.manual_seed(5)
    rows = []
    for _ in range(2):
        torch.save(dict(state_dict=model.state_dict()), path)
        for parameter in model.parameters():
            parameter.data += 0.2 * torch.randn_like(parameter)
        rows += robustness.run(plan([f'maskclip_voc:{path}'], levels=[]),
                               tmp_path / 'out')
    assert rows[0]['config'] == rows[1]['config'] == 'maskclip_voc-iter_9'
    assert rows[0]['mIoU'] != rows[1]['mIoU']


def test_a_damaged_row_runs_again(plan, tmp_path, capsys):
    cells = plan(levels=[], **{'test_dataloader.dataset.indices': 2})
    row, = robustness.run(cells, tmp_path)
    path = tmp_path / f'cells/{cells[0].name}.json'
    path.write_text(path.read_text()[:50])
    again, = robustness.run(cells, tmp_path)
    assert again['mIoU'] == row['mIoU']
    assert f'{path} is damaged' in capsys.readouterr().err
    assert json.loads(path.read_text()) == again


@pytest.fixture
def figures(monkeypatch):
    """Figures instead of runs: 50 without a corruption, else an error."""
    def run_test(job, folder, launcher):
        steps = job.load().test_dataloader.dataset.pipeline
        if any(step.type == 'Corrupt' for step in steps):
            raise UserError('The disk was removed.')
        return board_rows.row(mIoU=50.)

    monkeypatch.setattr(robustness, 'run_test', run_test)


def test_a_cell_that_fails_does_not_end_the_table(
        plan, figures, tmp_path, monkeypatch):
    cells = plan(levels=[1, 5])
    rows = robustness.run(cells, tmp_path)
    assert [row.get('mIoU') for row in rows] == [50., None, None]
    assert robustness.failures(rows) == [
        f'maskclip_voc, shot_noise {level}: UserError: The disk was removed.'
        for level in (1, 5)]
    assert robustness.curves(rows) == {}
    with Image.open(robustness.write_results(rows, tmp_path)) as image:
        assert image.size[0] > 0
    written = json.loads((tmp_path / 'results.json').read_text())
    assert [row['mIoU'] for row in written] == [50.]
    # Only those run again.
    monkeypatch.setattr(robustness, 'run_test', lambda *args, **kwargs: (
        board_rows.row(mIoU=20.)))
    rows = robustness.run(cells, tmp_path)
    assert [row['mIoU'] for row in rows] == [50., 20., 20.]


def test_all_cells_fail(plan, figures, tmp_path):
    with pytest.raises(UserError, match='All 2 cells failed. UserError: The'):
        robustness.run(plan(levels=[1, 5])[1:], tmp_path)


def test_the_tool_names_failed_cells(
        figures, small_voc, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        'corruptions.py', 'maskclip_voc', '--kinds', 'spatter', '--levels',
        '2', '--data-root', str(small_voc), '--out', str(tmp_path / 'out')])
    with pytest.raises(SystemExit, match=(
            'error: 1 of 2 cells failed and run again next time. maskclip_voc,'
            ' spatter 2: UserError: The disk')):
        runpy.run_path(str(ROOT / 'tools/corruptions.py'), run_name='__main__')
    assert (tmp_path / 'out/results.csv').is_file()


def test_files_of_the_user_are_not_replaced(plan, figures, tmp_path):
    cells = plan(levels=[])
    (tmp_path / 'results.json').write_text('mine')
    with pytest.raises(UserError, match='results.json exists and was not'):
        robustness.run(cells, tmp_path)
    (tmp_path / 'results.json').unlink()
    (tmp_path / 'notes.txt').write_text('mine')
    for _ in range(2):
        robustness.write_results(robustness.run(cells, tmp_path), tmp_path)
    assert (tmp_path / 'notes.txt').read_text() == 'mine'


def test_same_as_images_that_are_corrupted_before(plan, small_voc, tmp_path):
    """Independently of the batch size and of worker processes."""
    clean, corrupted = plan(levels=[4])
    rows = robustness.run([clean, corrupted], tmp_path / 'out')
    root = shutil.copytree(small_voc, tmp_path / 'corrupted')
    spoil = Corrupt('shot_noise', 4)
    for path in sorted((root / 'JPEGImages').iterdir()):
        with Image.open(path) as file:
            image = np.asarray(file)[..., ::-1]  # RGB to BGR
        image = spoil(dict(img=image, img_path=path))['img']
        Image.fromarray(image[..., ::-1].copy()).save(
            path.with_suffix('.png'))
        path.unlink()
    by_hand, = plan(levels=[])
    job = by_hand.job.replace(data_root=root, options={
        **by_hand.job.options, 'test_dataloader.dataset.img_suffix': '.png'})
    expected = run_test(job, tmp_path)['mIoU']
    assert rows[1]['mIoU'] == expected != rows[0]['mIoU']

    _, again = plan(levels=[4], **{'test_dataloader.batch_size': 3,
                                   'test_dataloader.num_workers': 1})
    row, = robustness.run([again], tmp_path / 'out')
    assert row['mIoU'] == pytest.approx(expected, abs=0.02)


def test_an_interrupted_run_continues(plan, tmp_path, monkeypatch):
    few = {'test_dataloader.dataset.indices': 2}
    whole = robustness.run(plan(**few), tmp_path / 'whole')
    calls = []

    def cut_off(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run_test(*args, **kwargs)

    monkeypatch.setattr(robustness, 'run_test', cut_off)
    with pytest.raises(KeyboardInterrupt):
        robustness.run(plan(**few), tmp_path / 'parts')
    rows = robustness.run(plan(**few), tmp_path / 'parts')
    assert len(calls) == 4  # one finished, one interrupted, two more
    assert [{key: row[key] for key in ('config', 'kind', 'level', 'mIoU')}
            for row in rows] == [
        {key: row[key] for key in ('config', 'kind', 'level', 'mIoU')}
        for row in whole]
    assert robustness.run(plan(**few), tmp_path / 'parts') == rows
    assert len(calls) == 4
    # Changing a setting makes another cell.
    robustness.run(plan(levels=[], **few, **{'model.logit_scale': 7.}),
                   tmp_path / 'parts')
    assert len(calls) == 5


def row(config, kind, level, miou):
    return dict(method='M', dataset='d', protocol='A', clip='c', mIoU=miou,
                class_iou={'cat': miou}, config=config, kind=kind,
                level=level)


ROWS = [row('a', 'none', 0, 50.), row('a', 'fog', 3, 30.),
        row('a', 'fog', 1, 40.), row('a', 'frost', 1, 45.),
        row('a', 'frost', 3, 35.),
        row('b', 'none', 0, 20.), row('b', 'fog', 1, 15.),
        row('b', 'fog', 3, 10.), row('b', 'frost', 1, 18.),
        row('b', 'frost', 3, 17.)]


def test_curves():
    assert robustness.curves(ROWS) == {
        'fog': {'a': {0: 50., 1: 40., 3: 30.}, 'b': {0: 20., 1: 15., 3: 10.}},
        'frost': {'a': {0: 50., 1: 45., 3: 35.},
                  'b': {0: 20., 1: 18., 3: 17.}}}


def test_drawn_curves():
    panels = [ax for ax in robustness.draw_curves(ROWS).axes if ax.lines]
    assert [ax.get_title() for ax in panels] == ['fog', 'frost']
    line = panels[1].lines[1]
    assert line.get_label() == 'b'
    assert line.get_xydata().tolist() == [[0, 20], [1, 18], [3, 17]]


def test_written_results(tmp_path):
    picture = robustness.write_results(ROWS, tmp_path / 'new')
    assert json.loads((tmp_path / 'new/results.json').read_text()) == ROWS
    with (tmp_path / 'new/results.csv').open() as file:
        read = list(csv.DictReader(file))
    assert [(r['config'], r['kind'], r['level'], r['mIoU']) for r in read] == [
        (r['config'], r['kind'], str(r['level']), str(r['mIoU']))
        for r in ROWS]
    with Image.open(picture) as image:
        assert np.asarray(image).std() > 0
    assert len(list((tmp_path / 'new').iterdir())) == 3


@pytest.mark.parametrize('configs, kinds, levels, message', [
    (['no_such'], ['fog'], [1], 'No config'),
    (['maskclip_voc'], ['rain'], [1], "Unknown corruption 'rain'"),
    (['maskclip_voc'], ['fog'], [9], 'in .1, 5., but got 9')])
def test_bad_input(configs, kinds, levels, message):
    with pytest.raises(UserError, match=message):
        robustness.plan(configs, kinds, levels)


def test_the_tool(options, small_voc, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [
        'corruptions.py', 'maskclip_voc', '--kinds', 'jpeg_compression',
        '--levels', '2', '--data-root', str(small_voc), '--out', 'out',
        '--cfg-options',
        *(f'{key}={value}' for key, value in options.items())])
    runpy.run_path(str(ROOT / 'tools/corruptions.py'), run_name='__main__')
    rows = json.loads((tmp_path / 'out/results.json').read_text())
    assert [row['kind'] for row in rows] == ['none', 'jpeg_compression']
    cells = [f'{row["mIoU"]:.1f}' for row in rows]
    line, = (line.split() for line in capsys.readouterr().out.splitlines()
             if 'maskclip_voc' in line)
    assert [line[5], line[7]] == cells
    assert (tmp_path / 'out/curves.png').is_file()

"""tools/benchmark.py as a user calls it."""
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from mmseg_clipzs.benchmark.tables import verdict

pytestmark = pytest.mark.usefixtures('one_thread')

TOOL = str(Path(__file__).parent.parent.parent / 'tools/benchmark.py')


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """``tools/benchmark.py ARGUMENTS`` with a tiny CLIP, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [
            'benchmark.py', *map(str, arguments), '--cfg-options',
            'model.clip.model=tiny-vit', 'test_dataloader.num_workers=0',
            'test_dataloader.persistent_workers=False',
            'test_dataloader.dataset.pipeline.1.scale=(256,64)'])
        runpy.run_path(TOOL, run_name='__main__')

    return run


def columns(printed):
    """First word(s) of each line of the table -> the other cells."""
    return {cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
            for cells in (line.split('|') for line in printed.splitlines())
            if len(cells) > 3}


def test_one_config(tool, small_voc, tmp_path, capsys):
    tool('maskclip_voc', '--random', '--data-root', small_voc, '--images',
         2, '--warmup', 1, '--out', 'new/report.json')
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / 'new/report.json').read_text())
    side, = report['sides']
    table = columns(printed)
    assert table['images/s, image to label map'] == [
        f'{side["images_per_second"]:.3f}']
    for stage, label in (('load', 'load'), ('metric', 'metric'),
                         ('upsampling', 'upsampling + argmax')):
        found = side['stages'][stage]
        assert table[f'{label}, s/image'] == [
            f'{found["median"]:.4f} ({found["share"]:.0%})']
    assert table['backbone / product'] == [
        f'{side["ratio"]["backbone"]:.3f}']
    assert table['memory growth, MB'] == [
        f'{report["memory"]["growth_mb"]:.0f}']
    assert 'A: random weights, 20 classes' in printed
    assert '2 images (dataset)' in printed
    assert not list(tmp_path.glob('work_dirs'))


def test_two_code_paths(tool, tmp_path, capsys):
    tool('maskclip_voc21', '--random', '--size', '96x64', '--images', 2,
         '--warmup', 1, '--against-options', 'model.test_cfg.window_batch=1',
         '--out', 'report.json')
    printed = capsys.readouterr().out
    comparison = json.loads(
        (tmp_path / 'report.json').read_text())['comparison']
    ratio, = re.findall(
        r'^A is (\d+\.\d\d) x B \(images/s, median of 2 interleaved images; '
        r'100 % of pixels agree\)', printed, re.MULTILINE)
    assert ratio == f'{comparison["images_per_second_ratio"]:.2f}'
    table = columns(printed)
    assert table['metric, s/image'] == ['no labels', 'no labels']
    assert len(table['backbone, GFLOP/s']) == 2
    assert not any('memory' in name for name in table)
    assert 'processes, model.test_cfg.window_batch=1; product' in printed


@pytest.mark.parametrize('agreement, words', [
    (1.0, '100 % of pixels agree'),
    (0.9999999, '99.999 % of pixels agree'),
    (0.5, '50.000 % of pixels agree'),
    (None, 'their classes differ')])
def test_almost_all_is_not_all(agreement, words):
    line = verdict(dict(images_per_second_ratio=1.834, total_ratio=1.8,
                        agreement=agreement), 20)
    assert line == (
        'A is 1.83 x B (images/s, median of 20 interleaved images; '
        f'{words}). In total 1.80 x.')


@pytest.mark.parametrize('arguments, message', [
    (['--size', 'huge'], "500x375, but got 'huge'"),
    (['--size', '64x64', '--images', '0'], 'images must be a whole number'),
    (['--photos', '.'], 'No images in .'),
    (['--data-root', 'gone'], 'gone does not exist')])
def test_bad_arguments(tool, arguments, message):
    with pytest.raises(SystemExit) as info:
        tool('maskclip_voc', '--random', *arguments)
    said = str(info.value.code)
    assert said.startswith('error: ') and message in said
    assert len(said.splitlines()) == 1


def test_one_source_of_images(tool, capsys):
    with pytest.raises(SystemExit) as info:
        tool('maskclip_voc', '--size', '9x9', '--photos', '.')
    assert info.value.code == 2
    assert 'not allowed with' in capsys.readouterr().err


def test_the_old_name_of_an_option(tool, tmp_path, capsys):
    """``--classes`` is the vocabulary in other tools; here it was a number."""
    for flag in ('--num-classes', '--classes'):
        tool('maskclip_voc', '--random', '--size', '64x64', '--images', 1,
             '--warmup', 1, flag, 30)
        assert 'A: random weights, 30 classes' in capsys.readouterr().out

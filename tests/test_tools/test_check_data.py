"""tools/check_data.py on generated data."""
import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def tool(tmp_path, monkeypatch, capsys):
    """``tools/check_data.py ARGUMENTS``: its output and exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('mmseg_clipzs.datasets.validation._OFFICIAL',
                        {'PascalVOCDataset': {'val.txt': 7}})

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [
            'check_data.py', *map(str, arguments)])
        with pytest.raises(SystemExit) as info:
            runpy.run_path(
                str(ROOT / 'tools/check_data.py'), run_name='__main__')
        return capsys.readouterr().out, info.value.code

    return run


def rows(said):
    """Cells of the table, without its header."""
    return [re.split(r'\s*\|\s*', line)[1:-1] for line in said.splitlines()
            if line.startswith('|')][1:]


@pytest.mark.parametrize('options', [
    ['maskclip_voc', 'maskclip_ks_pd_voc'], ['--datasets', 'voc', 'voc_336'],
    ['maskclip_voc', '--datasets', 'voc_448', '--quick']])
def test_complete(tool, small_voc, options):
    """A dataset is checked once for all image sizes."""
    said, status = tool(*options, '--data-root', small_voc)
    assert not status
    assert rows(said) == [[
        'PascalVOCDataset', 'ImageSets/Segmentation/val.txt', '7', '7', '7',
        '0']]


def test_with_and_without_background(tool, small_voc):
    said, status = tool('--datasets', 'voc', 'voc21', '--data-root', small_voc)
    assert not status and len(rows(said)) == 2


def test_training_sets_too(tool):
    said, status = tool('maskclip_plus_voc')
    assert status == 1
    assert [(row[1].rpartition('/')[2], row[2], row[5])
            for row in rows(said)] == [
        ('train.txt', '-', '1'), ('aug.txt', '-', '1'), ('val.txt', '-', '1')]
    assert 'docs/prepare_data.md' in said


def test_annotation_free_training_needs_no_masks(tool, small_voc, tmp_path):
    """Images and lists; the masks of the validation set are looked for."""
    root = tmp_path / 'images'
    (root / 'ImageSets').mkdir(parents=True)
    (root / 'JPEGImages').symlink_to(small_voc / 'JPEGImages')
    (root / 'ImageSets/Segmentation').mkdir()
    for name in ('train', 'aug', 'val'):
        (root / f'ImageSets/Segmentation/{name}.txt').write_text('1\n2\n')
    said, status = tool('maskclip_plus_voc', '--data-root', root)
    assert status == 1
    assert [(row[1].rpartition('/')[2], row[2], row[4], row[5])
            for row in rows(said)] == [
        ('train.txt', '2', '2', '0'), ('aug.txt', '2', '2', '0'),
        ('val.txt', '-', '0', '1')]
    assert 'SegmentationClass does not exist' in said


@pytest.fixture
def miniature_voc(tmp_path):
    """Eleven small images."""
    root = tmp_path / 'VOC2012'
    for part in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
        (root / part).mkdir(parents=True)
    for i in range(11):
        Image.new('RGB', (40, 30)).save(root / f'JPEGImages/{i}.jpg')
        Image.new('L', (40, 30)).save(root / f'SegmentationClass/{i}.png')
    (root / 'ImageSets/Segmentation/val.txt').write_text(
        '\n'.join(map(str, range(11))))
    return root


def test_problems(tool, miniature_voc):
    for mask in miniature_voc.glob('SegmentationClass/*'):
        Image.new('L', (5, 5)).save(mask)
    said, status = tool('maskclip_voc', '--data-root', miniature_voc)
    assert status == 1
    assert 'has 11 images, but the official split has 7' in said
    assert said.count('is 5 x 5 pixels') == 9
    assert '... and 2 more' in said
    assert rows(said)[0][2:] == ['11', '7', '11', '12']


def test_bad_options(tool, tmp_path):
    assert tool()[1] == 2
    assert 'No config' in tool('no_such_config')[1]
    assert "No dataset 'no_such_data'; choose one of ade20k, " in tool(
        '--datasets', 'no_such_data')[1]
    assert '--data-root is for one dataset' in tool(
        '--datasets', 'voc', 'context', '--data-root', tmp_path)[1]

"""Rows on disk."""
import json
import os

import pytest
from board_rows import row as make_row

from mmseg_clipzs.leaderboard.report import write_report
from mmseg_clipzs.leaderboard.rows import check_row, read_row, write_row


def test_written_and_read(tmp_path, capsys):
    row = make_row('é')
    write_row(row, tmp_path / 'new/row.json')
    assert read_row(tmp_path / 'new/row.json') == row
    assert read_row(tmp_path / 'missing.json') is None
    assert not capsys.readouterr().err


@pytest.mark.parametrize('content', [
    b'', b'{"mIoU": 1', b'\xff', b'[]', b'3', b'{"method": "a"}',
    b'{"mIoU": 50}', b'[' * 100000])
def test_damaged(content, tmp_path, capsys):
    path = tmp_path / 'row.json'
    path.write_bytes(content)
    assert read_row(path) is None
    assert f'{path} is damaged' in capsys.readouterr().err


@pytest.mark.parametrize('name, value', [
    *(('mIoU', value) for value in (float('nan'), '1', None, True, -1, 101,
                                    [1])),
    ('seconds', float('inf')), ('seconds', '1'), ('seconds', -1),
    ('images_per_second', [1]), ('peak_memory_mb', True), ('prompts', [1]),
    ('class_iou', [1]), ('class_iou', None), ('class_iou', {'a': 'b'}),
    ('class_iou', {'a': float('nan')}), ('versions', 'a'),
    ('versions', {'a': {}}), ('needs', '<b>'), ('needs', ['clip']),
    ('needs', {}), ('needs', 1), ('method', None), ('method', 5),
    ('protocol', None), ('protocol', {}), ('dataset', 1), ('clip', 1),
    ('weights', ['a']), ('config', None), ('checkpoint', {}),
    ('folder', None), ('device', 1), ('error', 1)])
def test_damaged_value(name, value, tmp_path, capsys):
    path = tmp_path / 'row.json'
    path.write_text(json.dumps({**make_row(), name: value}))
    assert read_row(path) is None
    said = capsys.readouterr().err
    assert f'{path} is damaged' in said and name in said


@pytest.mark.parametrize('name', [
    'method', 'dataset', 'protocol', 'clip', 'weights', 'config', 'mIoU'])
def test_needed(name, tmp_path, capsys):
    path = tmp_path / 'row.json'
    path.write_text(json.dumps({
        key: value for key, value in make_row().items() if key != name}))
    assert read_row(path) is None
    assert name in capsys.readouterr().err


@pytest.mark.parametrize('name', [
    'folder', 'needs', 'device', 'checkpoint', 'seconds', 'images_per_second',
    'peak_memory_mb', 'class_iou', 'versions', 'prompts', 'vocabulary'])
@pytest.mark.parametrize('given', ['missing', 'None'])
def test_every_row_that_passes_can_be_shown(name, given, work_dir):
    row = make_row()
    row.pop(name, None)
    if given == 'None' and name not in ('folder', 'class_iou', 'versions'):
        row[name] = None
    check_row(row)
    write_report([row], work_dir)
    assert '41.23' in (work_dir / 'leaderboard.md').read_text()


def test_what_is_no_file(tmp_path, capsys):
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path, tmp_path / 'pipe'):
        assert read_row(path) is None
        assert f'{path} is damaged' in capsys.readouterr().err

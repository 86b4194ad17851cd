"""Rows on disk."""
import pytest

from mmseg_clipzs.leaderboard.rows import read_row, write_row


def test_written_and_read(tmp_path, capsys):
    row = dict(mIoU=1.5, method='é', class_iou={'a': None})
    write_row(row, tmp_path / 'new/row.json')
    assert read_row(tmp_path / 'new/row.json') == row
    assert read_row(tmp_path / 'missing.json') is None
    assert not capsys.readouterr().err


@pytest.mark.parametrize('content', [
    b'', b'{"mIoU": 1', b'\xff', b'[]', b'3', b'{"method": "a"}'])
def test_damaged(content, tmp_path, capsys):
    path = tmp_path / 'row.json'
    path.write_bytes(content)
    assert read_row(path) is None
    assert f'{path} is damaged' in capsys.readouterr().err

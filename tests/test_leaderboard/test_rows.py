"""Rows on disk."""
import os

import pytest

from mmseg_clipzs.leaderboard.rows import read_row, write_row


def test_written_and_read(tmp_path, capsys):
    row = dict(mIoU=1.5, method='é', class_iou={'a': None})
    write_row(row, tmp_path / 'new/row.json')
    assert read_row(tmp_path / 'new/row.json') == row
    assert read_row(tmp_path / 'missing.json') is None
    assert not capsys.readouterr().err


@pytest.mark.parametrize('content', [
    b'', b'{"mIoU": 1', b'\xff', b'[]', b'3', b'{"method": "a"}',
    b'{"mIoU": NaN}', b'{"mIoU": "1"}', b'{"mIoU": null}', b'{"mIoU": true}',
    b'{"mIoU": -1}', b'{"mIoU": 101}', b'{"mIoU": [1]}',
    b'{"mIoU": 1, "seconds": Infinity}', b'{"mIoU": 1, "prompts": [1]}',
    b'{"mIoU": 1, "class_iou": [1]}', b'{"mIoU": 1, "class_iou": {"a": "b"}}',
    b'{"mIoU": 1, "class_iou": {"a": NaN}}', b'{"mIoU": 1, "versions": "a"}',
    b'{"mIoU": 1, "versions": {"a": {}}}', b'[' * 100000])
def test_damaged(content, tmp_path, capsys):
    path = tmp_path / 'row.json'
    path.write_bytes(content)
    assert read_row(path) is None
    assert f'{path} is damaged' in capsys.readouterr().err


def test_what_is_no_file(tmp_path, capsys):
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path, tmp_path / 'pipe'):
        assert read_row(path) is None
        assert f'{path} is damaged' in capsys.readouterr().err

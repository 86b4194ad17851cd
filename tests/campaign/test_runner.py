"""The runner of the campaign notices each fault."""
import os
import signal
import sys
import warnings

import pytest
from campaign import runner
from campaign.runner import Box, judge
from campaign.table import Row, says, usage, warns, works

from mmseg_clipzs.utils import UserError


def refuse(box):
    raise UserError('No\n such  file.')


def write(name):
    def call(box):
        (box.folder / name).write_text('x')
        refuse(box)
    return call


def overwrite(box):
    (box.photo.parent / 'more').touch()
    refuse(box)


def change_copy(box):
    assert box.my_photo.parent == box.folder / 'photo'
    box.my_photo.write_bytes(b'')
    refuse(box)


def wait(box):
    signal.pause()


def show_traceback(box):
    print('Traceback (most recent call last):', file=sys.stderr)
    refuse(box)


@pytest.mark.parametrize('call, outcome, fault', [
    (refuse, says(r'^No such file\.$'), ''),
    (refuse, says('another'), 'another sentence'),
    (refuse, works(lambda r: True), 'wrong result'),
    (lambda box: 1, says('.'), 'silent'),
    (lambda box: 1, works(lambda r: r.value == 1), ''),
    (lambda box: 1, works(lambda r: r.value == 2), 'wrong result'),
    (lambda box: 1, warns('.'), 'no warning'),
    (lambda box: warnings.warn('near', stacklevel=1), warns('near'), ''),
    (lambda box: 1 / 0, says('.'), 'traceback'),
    (show_traceback, says('.'), 'traceback'),
    (wait, says('.'), 'hang'),
    (write('x.png'), says('.'), 'litter'),
    (write('x.png'), says('.', leaves=['*.png']), ''),
    (write('x.png.part'), says('.', leaves=['*']), 'litter'),
    (overwrite, says('.'), 'changed inputs'),
    (change_copy, says('.'), 'litter'),
    (change_copy, says('.', leaves=['photo/*']), ''),
    ('segment', usage('required: PHOTO'), ''),
    ('segment', says('required: PHOTO'), 'another sentence'),
    ('segment {photo}', usage('required'), 'another sentence'),
    ('segment {photo}', says('--classes'), ''),
])
def test_faults(call, outcome, fault, tmp_path, monkeypatch):
    from campaign.inputs import Inputs
    if fault == 'hang':
        monkeypatch.setattr(runner, 'SECONDS', 1)
    (tmp_path / 'inputs').mkdir()
    (tmp_path / 'row').mkdir()
    box = Box(Inputs(tmp_path / 'inputs'), tmp_path / 'row')
    found, said = judge(Row('row', call, outcome), box)
    assert found == fault, said


def test_environment_and_folder_are_restored(tmp_path, inputs):
    def call(box):
        os.environ['CAMPAIGN'] = '1'
        assert os.getcwd() == str(box.folder)

    before = os.getcwd()
    assert not judge(Row('row', call, works(lambda r: True)),
                     Box(inputs, tmp_path))[0]
    assert 'CAMPAIGN' not in os.environ and os.getcwd() == before

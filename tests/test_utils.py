"""Error messages of tools, safe writes, optional imports."""
import os
import re
import socket

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.utils import (
    UserError,
    atomic_folder,
    atomic_write,
    check_flag,
    check_is_file,
    check_number,
    check_numbers,
    did_you_mean,
    error_message,
    import_optional,
    is_occupied,
    run_tool,
)

DOWNLOAD = ('Cannot download ViT-B-16 from https://a.b/c: HTTPError: 404 '
            'Client Error: Not Found. Put the file at weights/.')


def raise_chained(error):
    try:
        raise RuntimeError('ValueError: first')
    except RuntimeError as e:
        raise error from e


class Broken(Dataset):
    """Raises at every item."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise_chained(self.error)


def read_in_worker(error):
    list(DataLoader(Broken(error), num_workers=1))


def caught(function, *arguments):
    with pytest.raises(Exception) as info:
        function(*arguments)
    return info.value


@pytest.mark.parametrize('error', [
    UserError(DOWNLOAD), FileNotFoundError('No file: Error: a.jpg'),
    AssertionError('failed to load image: a.jpg'), ValueError(''),
    KeyError('name')])
@pytest.mark.parametrize('where', [raise_chained, read_in_worker])
def test_message_of_an_error(error, where):
    assert error_message(caught(where, error)) == (
        type(error).__name__, str(error))


def test_message_of_an_error_with_several_arguments():
    """PyTorch cannot rebuild it and raises a RuntimeError instead."""
    error = UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte')
    raised = caught(read_in_worker, error)
    assert type(raised) is RuntimeError
    assert error_message(raised) == ('UnicodeDecodeError', str(error))


@pytest.mark.slow
def test_message_from_another_process():
    error = caught(run_alone, import_optional, 'no_such', 'train',
                   'HTTPError: 404. It')
    assert error_message(error) == ('UserError', str(error))
    assert 'HTTPError: 404. It needs no_such' in str(error)


def test_lines_are_joined():
    assert error_message(ValueError('a\n  b\nc'))[1] == 'a b c'


def test_a_tool_ends_with_the_whole_message():
    with pytest.raises(SystemExit) as info:
        run_tool(lambda: raise_chained(UserError(DOWNLOAD)))
    assert info.value.code == f'error: {DOWNLOAD}'


@pytest.mark.parametrize('kind', [AssertionError, ValueError])
def test_bugs_keep_their_traceback(kind):
    with pytest.raises(kind, match='a bug'):
        run_tool(lambda: raise_chained(kind('a bug')))


@pytest.mark.parametrize('error, message', [
    (KeyboardInterrupt(), 'Interrupted.'),
    (KeyboardInterrupt('Go on with --resume.'), 'Go on with --resume.')])
def test_an_interrupted_tool(error, message, capsys):
    with pytest.raises(SystemExit) as info:
        run_tool(lambda: raise_chained(error))
    assert info.value.code == 130
    assert capsys.readouterr().err == f'{message}\n'


def test_atomic_write(tmp_path):
    path = tmp_path / 'new/a.txt'
    with atomic_write(path) as temporary:
        temporary.write_text('one')
        assert not path.exists() and temporary.suffix == '.txt'
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text('half')
        1 / 0  # noqa: B018
    assert path.read_text() == 'one'
    assert [each.name for each in path.parent.iterdir()] == ['a.txt']


def test_atomic_folder(tmp_path):
    path = tmp_path / 'new/a'
    with pytest.raises(ZeroDivisionError), atomic_folder(path) as temporary:
        (temporary / 'half').touch()
        1 / 0  # noqa: B018
    assert not path.exists() and not any(path.parent.iterdir())
    path.mkdir()  # an empty folder is replaced
    with atomic_folder(path) as temporary:
        (temporary / 'one').touch()
    assert [each.name for each in path.iterdir()] == ['one']


def test_is_occupied(tmp_path):
    assert not is_occupied(tmp_path / 'missing')
    assert not is_occupied(tmp_path)
    (tmp_path / 'file').touch()
    assert is_occupied(tmp_path) and is_occupied(tmp_path / 'file')


def test_import_optional():
    assert import_optional('json', 'tests', 'x').loads('1') == 1
    with pytest.raises(UserError, match=r'The x needs no_such.*\[train\]'):
        import_optional('no_such.part', 'train', 'The x')


def test_did_you_mean():
    assert did_you_mean('modle', ['model', 'moon']) == (
        ' Did you mean model?')
    assert did_you_mean('xyz', ['model']) == ''
    assert did_you_mean('VOC21', ['voc21', 'ade']) == ' Did you mean voc21?'


def test_check_is_file(tmp_path):
    file = tmp_path / 'a'
    file.touch()
    (tmp_path / 'link').symlink_to(file)
    assert check_is_file(tmp_path / 'link', 'an image') == tmp_path / 'link'
    for name in ('missing', 'a/b'):
        with pytest.raises(FileNotFoundError, match='expected an image'):
            check_is_file(tmp_path / name, 'an image')


def test_check_is_file_refuses_what_cannot_be_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    os.mkfifo('pipe')
    with socket.socket(socket.AF_UNIX) as server:
        server.bind('socket')
        for path, kind in (('pipe', 'named pipe'), ('socket', 'socket'),
                           ('/dev/null', 'device'), ('.', 'folder')):
            with pytest.raises(UserError, match=f'is a {kind}; expected'):
                check_is_file(path, 'an image')
    for path in ('a\0b', 'x' * 300):
        with pytest.raises(UserError, match='cannot be read as an image'):
            check_is_file(path, 'an image')


# ------------------------------------------------------------------ numbers
@pytest.mark.parametrize('value, within, kind', [
    (0.5, '(0, 1)', float), (1, '(0, 1]', float), (0, '[0, inf)', float),
    (np.float32(0.25), '(0, 1)', float), (np.int64(3), '[1, inf)', int),
    (-1e300, '(-inf, inf)', float), (10**400, '[1, inf)', int)])
def test_numbers(value, within, kind):
    assert check_number('x', value, within, kind) is value
    assert check_numbers('x', [value, value], within, kind) == (value, value)
    assert check_number('x', None, within, kind, optional=True) is None


@pytest.mark.parametrize('value, within, kind', [
    (0, '(0, 1)', float), (1., '(0, 1)', float), (1.01, '(0, 1]', float),
    (float('nan'), '(-inf, inf)', float), (np.nan, '[0, 1]', float),
    (float('inf'), '[0, inf)', float), (-float('inf'), '(-inf, inf)', float),
    (True, '[0, 1]', float), (np.bool_(True), '[0, 1]', int),
    ('0.5', '(0, 1)', float), (None, '(0, 1)', float), (2.0, '[1, 9]', int),
    ([0.5], '(0, 1)', float), (1 + 0j, '[0, 2]', float)])
def test_no_numbers(value, within, kind):
    for check in (lambda: check_number('x', value, within, kind),
                  lambda: check_numbers('x', [value], within, kind)):
        with pytest.raises(UserError, match=r'^x(\[0\])? must be a .*number '
                           rf'in {re.escape(within)}, but got '):
            check()


@pytest.mark.parametrize('value', [(), [], None, 3, 'ab', {1: 2}, (1, 2)])
def test_no_list_of_three_numbers(value):
    with pytest.raises(UserError, match='x must be a list of 3 numbers in'):
        check_numbers('x', value, '[0, 9]', count=3)
    assert check_numbers('x', np.arange(3), '[0, 9]', int, 3) == (0, 1, 2)


def test_flags():
    assert check_flag('x', True) is True and check_flag('x', False) is False
    assert check_flag('x', None, optional=True) is None
    for value in ('no', 0, 1, None, 'False', []):
        with pytest.raises(UserError, match='x must be True or False, but'):
            check_flag('x', value)

"""Error messages of tools, safe writes, optional imports."""
import errno
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image
from processes import run_python
from safetensors.torch import save_file
from torch.utils.data import DataLoader, Dataset

from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_folder,
    atomic_write,
    check_is_file,
    check_output,
    check_replaceable,
    did_you_mean,
    error_message,
    files,
    import_optional,
    interrupted,
    is_occupied,
    is_ours,
    other_case,
    remove_stale,
    run_tool,
    shown,
    temporary_folder,
    user_message,
)
from mmseg_clipzs.utils.temporary import temporary_name

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


def test_an_interrupted_write(tmp_path):
    """Nothing is written; a block that knows more says so instead."""
    with pytest.raises(KeyboardInterrupt, match='a was not written'):
        with atomic_folder(tmp_path / 'a'):
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt, match='^Interrupted; 3 are done$'):
        done = 1
        with interrupted(lambda: f'{done} are done'):
            done = 3
            with atomic_write(tmp_path / 'a'):
                raise KeyboardInterrupt
    assert not names(tmp_path)


def test_a_closed_output_ends_a_tool_silently():
    """As in ``tools/segment.py --help | head``."""
    code = ('import os\nfrom mmseg_clipzs.utils import run_tool\n'
            'read, write = os.pipe()\nos.dup2(write, 1)\nos.close(read)\n'
            'run_tool(lambda: print("x"))')
    result = run_python('-c', code)
    assert (result.returncode, result.stderr) == (141, '')


@pytest.mark.parametrize('error, message', [
    (UserError('Name it.'), 'Name it.'),
    (OSError(errno.ENOSPC, 'No space left on device', 'a.png'),
     'a.png: No space left on device: there is no more space for the results'
     '.'),
    (MemoryError('5 GiB'), 'too little memory: use smaller batches'),
    (RuntimeError('CUDA out of memory. Tried'), 'GPU has too little memory'),
    (AssertionError('failed to load image: a.jpg'), 'failed to load image'),
    (RuntimeError('CUDA'), None), (KeyError('a'), None)])
def test_errors_that_are_no_bugs(error, message):
    said = user_message(error)
    assert said is None if message is None else message in said


def test_check_output(tmp_path, limited_files):
    (tmp_path / 'file').touch()
    for path, folder, message in (
            ('file', True, '--out needs a folder, but .*file is a file'),
            ('.', False, '--out needs a file, but .* is a folder'),
            ('file/a/b', True, 'file.a.b cannot be written: '),
            ('a\0b', True, 'cannot be written: .*null')):
        with pytest.raises(UserError, match=message):
            check_output(tmp_path / path, '--out', folder)
    with pytest.raises(UserError, match='--out is empty'):
        check_output('', '--out')
    with limited_files(1024), pytest.raises(
            UserError, match='new cannot be written: .*. Choose another'):
        check_output(tmp_path / 'new', '--out')
    check_output(tmp_path / 'new/a/b', '--out')
    check_output(tmp_path / 'file', '--out', folder=False)
    assert names(tmp_path) == ['file']  # and nothing of the checks


def test_endings_in_the_other_case(tmp_path):
    (tmp_path / 'a.PNG').touch()
    if not (tmp_path / 'a.png').exists():  # some file systems ignore it
        assert other_case(tmp_path / 'a.png') == (
            f' {tmp_path}/a.PNG exists, whose ending is in the other case.')
        with pytest.raises(FileNotFoundError, match='a.PNG exists'):
            check_is_file(tmp_path / 'a.png', 'an image')
    assert other_case(tmp_path / 'b.png') == other_case(tmp_path / 'a') == ''


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


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def leave(folder, process):
    """A temporary file and a folder, as this process of ours leaves them."""
    for suffix in ('.png', ''):
        name = temporary_name(suffix).split('-')
        name[2] = str(process)
        path = folder / '-'.join(name)
        path.touch() if suffix else (path / 'new').mkdir(parents=True)


@pytest.fixture
def gone():
    """Number of a process that has ended."""
    with subprocess.Popen([sys.executable, '-c', '']) as process:
        pass
    return process.pid


def test_what_a_killed_process_leaves_is_removed(tmp_path, gone):
    """Only when it is gone; a file that only looks like it is the user's."""
    (tmp_path / '.clipzs-mine.png').touch()
    leave(tmp_path, os.getppid())
    running = names(tmp_path)
    leave(tmp_path, gone)
    assert len(names(tmp_path)) == 5
    remove_stale(tmp_path)
    assert names(tmp_path) == running
    remove_stale(tmp_path / 'missing')


def test_the_next_write_cleans(tmp_path, gone):
    leave(tmp_path, gone)
    with atomic_write(tmp_path / 'c') as temporary:
        assert names(tmp_path) == [temporary.name]
    assert names(tmp_path) == ['c']


def test_temporary_files_of_other_machines_last_a_day(tmp_path):
    name = temporary_name('.png').split('-')
    for part, other in ((1, '0' * 8), (3, 'earlier')):
        foreign = tmp_path / '-'.join(
            [*name[:part], other, *name[part + 1:]])
        foreign.touch()
        remove_stale(tmp_path)
        # With our number, but of an earlier process: it is gone.
        assert foreign.exists() == (part == 1)
        if part == 1:
            os.utime(foreign, (0, 0))
            remove_stale(tmp_path)
            assert not foreign.exists()


def test_temporary_names_are_short_and_unique():
    found = {temporary_name('.png') for _ in range(100)}
    assert len(found) == 100
    assert all(len(name) < 80 for name in found)
    assert len(temporary_name('.' + 'x' * 240)) < 80


def test_temporary_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), temporary_folder(tmp_path) as one:
        (one / 'file').touch()
        1 / 0  # noqa: B018
    assert not names(tmp_path)


@pytest.mark.parametrize('name, save', [
    ('a.json', lambda path: path.write_bytes(bytes(2**20))),
    ('a.npz', lambda path: np.savez(path, np.zeros(2**17))),
    ('a.pth', lambda path: torch.save(torch.zeros(2**17), path)),
    ('a.safetensors', lambda path: save_file(
        dict(a=torch.zeros(2**17)), path)),
    ('a.png', lambda path: Image.fromarray(np.random.randint(
        0, 256, (600, 600, 3), np.uint8)).save(path))])
def test_no_space_left(name, save, tmp_path, limited_files, monkeypatch):
    """One sentence; the old file is intact and nothing remains."""
    monkeypatch.setattr(  # the limit is not the disk's
        files, '_is_full', lambda folder: True)
    path = tmp_path / name
    path.write_text('old')
    with pytest.raises(UserError, match='cannot be written.*no space'):
        with limited_files(2**16), atomic_write(path) as temporary:
            save(temporary)
    assert path.read_text() == 'old' and names(tmp_path) == [name]


@pytest.fixture
def limited_files():
    """Files of this process may grow to so many bytes."""
    resource = pytest.importorskip('resource')

    @contextmanager
    def limit(size):
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)

    return limit


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').touch()
    for path, message in (
            ('file/a', 'file/a cannot be written: .*file is no folder'),
            ('x' * 300, 'File name too long')):
        with pytest.raises(UserError, match=message):
            with atomic_write(tmp_path / path):
                pass
    (tmp_path / 'folder/full').mkdir(parents=True)
    with pytest.raises(UserError, match='folder cannot be written: Is a dir'):
        with atomic_write(tmp_path / 'folder'):
            pass
    # Errors of other files are not explained away.
    with pytest.raises(IsADirectoryError):
        with atomic_write(tmp_path / 'a'):
            open(tmp_path / 'folder/full')
    assert names(tmp_path) == ['file', 'folder']


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


def test_only_what_says_so_is_replaced(tmp_path):
    mine, ours, beside = (tmp_path / name for name in 'abc')
    mine.write_text('my notes')
    ours.write_text(f'# {MARK}')
    beside.touch()
    assert is_ours(ours) and not is_ours(mine)
    assert not is_ours(tmp_path) and not is_ours(tmp_path / 'missing')
    check_replaceable(ours, tmp_path / 'missing')
    check_replaceable(ours, beside, by=ours)
    for arguments in ((ours, mine), (ours, beside), (tmp_path, )):
        with pytest.raises(UserError, match='was not written by this tool'):
            check_replaceable(*arguments)


def test_shown():
    assert shown('Käse 猫.jpg') == 'Käse 猫.jpg'
    assert shown(os.fsdecode(b'\xff\n.jpg')) == r'\udcff\n.jpg'

"""Files that have come: whose they are, and when they go."""
import os
import time
from itertools import count

import pytest

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web.limits import Limits
from mmseg_clipzs.web.uploads import Uploads

CONTENT = 'ab' * 32  # Gradio's name of one content


class Clock:
    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def uploads(tmp_path, clock):
    return Uploads(tmp_path, Limits(max_bytes=1000, visitors=3), clock)


@pytest.fixture
def send(tmp_path, clock, uploads):
    """Lets a file come, as Gradio does; returns where it is."""
    numbers = count()

    def send(name='a.png', folder=CONTENT, size=10, noted=True):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        part = tmp_path / f'tmp{next(numbers)}'
        part.write_bytes(bytes(size))
        os.utime(part, (clock.now, ) * 2)
        if not noted:
            return part
        part.rename(path)
        os.utime(path.parent, (clock.now, ) * 2)
        return uploads.note([str(path)])[0]

    return send


def test_only_what_has_come(tmp_path, uploads, send):
    mine = send()
    other = tmp_path / 'sessions' / 'photo.png'
    other.parent.mkdir()
    other.touch()
    for path in (other, tmp_path / CONTENT / '..' / 'sessions' / 'photo.png',
                 f'{tmp_path}/./{CONTENT}/a.png', '/etc/passwd', '', None):
        with pytest.raises(UserError, match='no longer here'):
            uploads.claim('a', path if path is None else str(path))
    uploads.claim('a', mine)
    uploads.claim('a', mine)  # is still mine
    with pytest.raises(UserError):
        uploads.claim('b', mine)  # is another's
    uploads.release('a')
    assert os.path.exists(mine)  # there is no copy
    uploads.note_copy('a', mine)
    uploads.release('a')
    assert other.exists() and not os.path.exists(mine)


def test_equal_files_of_several(uploads, send):
    """In any order: sent, asked about, copied."""
    path = send()
    uploads.claim('a', path)
    assert send() == path
    uploads.release('a', True)
    assert os.path.exists(path)
    uploads.claim('b', path)
    send()
    with uploads.receiving():  # and again
        uploads.release('b', True)
        uploads.claim('c', path)
        uploads.release('c', True)
        assert os.path.exists(path)
        send()
    assert os.path.exists(path)
    uploads.claim('d', path)
    uploads.release('d', True)
    assert not os.path.exists(path)


def test_what_nobody_asks_about(tmp_path, clock, uploads, send):
    own = tmp_path / 'examples' / 'a.png'
    own.parent.mkdir()
    own.touch()
    left = [send(), send('b.png', 'cd' * 32), send(noted=False)]
    uploads.claim('a', left[0])
    clock.now += 200
    young = send('c.png', 'ef' * 32)
    for now, gone in ((0, []), (200, left), (200, [*left, young])):
        clock.now += now
        uploads.sweep()
        assert [path for path in (*left, young)
                if not os.path.exists(path)] == gone
    assert own.exists()
    assert [each.name for each in tmp_path.iterdir()] == ['examples']


@pytest.mark.parametrize('size, most', [(900, 4), (1, 300)])
def test_room(uploads, send, size, most):
    """For a file of each visitor; many small ones fill it as well."""
    paths = []
    while uploads.has_room():
        paths.append(send(f'{len(paths)}.png', size=size))
    assert len(paths) == most
    uploads.claim('a', paths[0])
    uploads.claim('a', paths[1])
    uploads.release('a', also_waiting=True)
    assert uploads.has_room()
    with uploads.receiving(), uploads.receiving():
        assert not uploads.has_room()


def test_names_with_a_dot(tmp_path, uploads, send):
    path = send('.shot.png')
    assert path == str(tmp_path / CONTENT / '_.shot.png')
    assert os.path.exists(path)
    assert uploads.note([f'{tmp_path}/{CONTENT}/.shot.png']) == [path]

"""The page's server: how it starts, what it refuses, what it leaves."""
import gc
import os
import signal
import socket
import sys
import threading
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest
from page_client import PageClient
from PIL import Image
from processes import start_python

from mmseg_clipzs.cli import web
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web.limits import Limits
from mmseg_clipzs.web.session import Session
from mmseg_clipzs.web.sessions import Sessions
from mmseg_clipzs.web.uploads import Uploads

pytest.importorskip('gradio')
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """Address of a page, and the folder of its files."""
    from mmseg_clipzs.web.serve import served
    here = tmp_path_factory.mktemp('here')
    before = os.environ.get('GRADIO_TEMP_DIR')  # of another page
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        with served('maskclip_toy', port=0, limits=Limits(
                max_bytes=200_000)) as address:
            folder = Path(os.environ['GRADIO_TEMP_DIR'])
            yield address, folder
        assert not folder.exists()
        assert os.environ.get('GRADIO_TEMP_DIR') == before
        assert not list(here.iterdir())  # it may be read-only
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / 'mine.png'
    image, *_ = make_scene(np.random.default_rng(70), 90)
    Image.fromarray(image).save(path)
    return path


@pytest.mark.parametrize('path', [
    # Handlers, for other programs and for people who look for them.
    'gradio_api/info', 'gradio_api/info/', 'gradio_api/openapi.json', 'docs',
    'openapi.json', 'redoc', 'gradio_api/api/begin', 'gradio_api/run/begin',
    'gradio_api/call/begin', 'monitoring',
    # Other machines.
    'gradio_api/proxy=http://127.0.0.1:9/', 'gradio_api/file=http://x.example',
    'gradio_api/file=HTTPS://x.example',
    # Files of this machine.
    'gradio_api/file=/etc/passwd', 'gradio_api/file=../../../etc/passwd',
    'gradio_api/file=%2e%2e/%2e%2e/etc/passwd', 'gradio_api/file=',
    f'gradio_api/file={ROOT}/setup.py', 'gradio_api/file=setup.py',
    'static/../../../../../../etc/passwd',
    'assets/%2e%2e/%2e%2e/%2e%2e/routes.py'])
def test_what_is_not_for_visitors(page, path):
    answer = httpx.get(f'{page[0]}{path}', trust_env=False)
    assert answer.status_code in (403, 404)
    assert b'root:' not in answer.content


def test_files_only_by_their_secret_names(page, photo):
    address, folder = page
    with PageClient(address) as client:
        client.fire('load')
        client.fire('click', 'file-index')
        offered = client.prop('file')['path']
        assert client.download(client.prop('file'))
        for name in (folder, *Path(offered).parents):
            answer = httpx.get(f'{address}gradio_api/file={name}',
                               trust_env=False)
            assert answer.status_code == 403
        # The random part of each level.
        assert len(Path(offered).relative_to(folder).parts) >= 4


def test_headers(page):
    answer = httpx.get(page[0], trust_env=False)
    policy = answer.headers['Content-Security-Policy']
    assert policy.startswith("default-src 'self'") and 'http' not in policy
    assert 'googleapis' not in answer.text


def test_nothing_is_kept_of_a_visitor(page, photo, monkeypatch):
    """Neither what was sent, nor what was made of it."""
    address, folder = page
    closed = threading.Event()
    close = Session.close

    def note(self, *why):
        close(self, *why)
        closed.set()

    before = {path for path in folder.rglob('*') if path.is_file()}
    with PageClient(address) as client:
        client.fire('load')
        client.set('photo', client.upload(photo))
        client.fire('input', 'photo')
        assert ' mine.png ' in client.prop('command')
        assert client.prop('photo') is None
        client.fire('click', 'file-overlay')
        during = {path for path in folder.rglob('*') if path.is_file()}
        # The session's copy and the file to take away; not the upload.
        assert {path.name for path in during - before} == {
            'mine.png', 'mine_overlay.png'}
        monkeypatch.setattr(Session, 'close', note)
    assert closed.wait(30)
    after = {path for path in folder.rglob('*') if path.is_file()}
    assert after <= before


def test_forget(page, photo):
    with PageClient(page[0]) as client:
        client.fire('load')
        assert client.prop('command')
        client.fire('click', 'forget')
        assert client.prop('viewer') is None
        assert client.prop('viewer', 'photo') is None
        assert client.prop('command') == client.prop('python') == ''
        client.fire('input', 'background')
        assert client.prop('message') == 'Choose a photo first.'
        client.fire('click', 'file-index')
        assert client.prop('message').startswith('There is no result')


def test_why_a_photo_is_gone(page, monkeypatch):
    """When it is the visitor's who still has the page open."""
    with PageClient(page[0]) as client:
        client.fire('load')
        sessions, = (each for each in gc.get_objects()
                     if type(each) is Sessions
                     and client.session in each._sessions)
        sessions._forget_if(lambda session: True, 'It is gone.')
        client.fire('click', 'file-index')
        assert client.prop('message') == 'It is gone.'
        client.fire('input', 'background')
        assert client.prop('message') == 'It is gone.'
        client.fire('click', 'forget')
        client.fire('input', 'background')
        assert client.prop('message') == 'Choose a photo first.'


def test_files_that_are_too_large_are_not_stored(page):
    answer = httpx.post(f'{page[0]}gradio_api/upload', files=dict(
        files=('large.jpg', bytes(300_000))), trust_env=False)
    assert answer.status_code == 413


@pytest.mark.parametrize('rows', [
    None, 'zebra', [1], [dict(text=1, on=True, colour=None)],
    [dict(text='zebra', on='yes', colour=None)],
    [dict(text='zebra', on=True, colour='url(http://x)')],
    [dict(text='/etc/passwd', on=True, colour=None)]])
def test_hostile_words(page, rows):
    with PageClient(page[0]) as client:
        client.fire('load')
        shown = client.prop('viewer')
        client.set('words', rows)
        client.fire('input', 'words')
        assert client.prop('message')
        assert client.prop('viewer') == shown


def test_a_port_that_is_taken_meanwhile(monkeypatch):
    """By a program that has started at nearly the same time."""
    from mmseg_clipzs.web import serve
    draw = serve.draw_examples
    with socket.create_server((serve.LOCAL, 0)) as other:
        port = other.getsockname()[1]
    with ExitStack() as stack:
        monkeypatch.setattr(serve, 'draw_examples', lambda folder: (
            stack.enter_context(socket.create_server((serve.LOCAL, port))),
            draw(folder))[1])
        with pytest.raises(UserError, match=f'{port}: Address already'):
            stack.enter_context(serve.served('maskclip_toy', port=port))


def test_a_port_that_is_taken_at_the_last_moment(monkeypatch):
    import gradio

    from mmseg_clipzs.web import serve
    monkeypatch.setattr(serve, '_free_port', lambda host, port: port)
    with gradio.Blocks() as page:
        pass
    with socket.create_server((serve.LOCAL, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f'{port}: Address already'):
            serve._launch(page, serve.LOCAL, port, quiet=True,
                          prevent_thread_lock=True)


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(UserError, match=r'pip install "mmseg_clipzs\[web\]"'):
        web.run(Namespace(config='maskclip_toy'))


def test_ctrl_c(tmp_path):
    """One line, at any time; here while the page waits for visitors."""
    with start_python(ROOT / 'tools/web.py', '--config', 'maskclip_toy',
                      '--port', '0',
                      env=dict(TMPDIR=str(tmp_path))) as program:
        for _ in iter(lambda: 'until Ctrl-C' in program.output()[0], True):
            assert program.children[0].is_alive()
            program.children[0].join(.1)
        os.kill(program.children[0].pid, signal.SIGINT)
        done = program.wait()
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == 'Interrupted.'
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'gradio').exists()


def test_only_own_uploads_are_taken(page, photo):
    """Neither files of the server's nor those of others."""
    address, folder = page
    with PageClient(address) as client, PageClient(address) as other:
        other.fire('load')
        other.fire('click', 'file-photo')
        client.fire('load')
        before = {path for path in folder.rglob('*') if path.is_file()}
        paths = [other.prop('file')['path'], *folder.glob('examples/*.png')]
        assert len(paths) == 7
        for path in paths:
            client.set('photo', dict(path=str(path), orig_name='x.png',
                                     meta={'_type': 'gradio.FileData'}))
            client.fire('input', 'photo')
            assert 'no longer here' in client.prop('message')
        assert {path for path in folder.rglob('*')
                if path.is_file()} == before


def test_one_photo_of_two_visitors(page, photo):
    with PageClient(page[0]) as client, PageClient(page[0]) as other:
        for each in (client, other):
            each.fire('load')
        sent = [each.upload(photo) for each in (client, other)]
        for each, file in zip((client, other), sent):
            each.set('photo', file)
            each.fire('input', 'photo')
            assert each.prop('message').startswith("These are the scene's")
            assert ' mine.png ' in each.prop('command')
    assert not Path(sent[0]['path']).exists()


def test_a_photo_whose_name_begins_with_a_dot(page, photo, monkeypatch):
    """Gradio refuses such files in the folder that the server runs in."""
    monkeypatch.chdir('/')
    with PageClient(page[0]) as client:
        client.fire('load')
        client.set('photo', client.upload(photo.rename(
            photo.with_name('.mine.png'))))
        client.fire('input', 'photo')
        assert ' .mine.png ' in client.prop('command')
        for kind in ('index', 'overlay', 'photo'):
            client.fire('click', f'file-{kind}')
            assert client.prop('message') == ''
            assert client.download(client.prop('file'))


def test_requests_that_are_too_large(page):
    def parts():
        yield (b'--x\r\nContent-Disposition: form-data; name="files"; '
               b'filename="a.png"\r\n\r\n')
        for _ in range(20):
            yield bytes(100_000)

    for path in ('queue/join', 'upload', 'reset'):
        for content in (bytes(2_000_000), parts()):
            answer = httpx.post(
                f'{page[0]}gradio_api/{path}', content=content, headers={
                    'Content-Type': 'multipart/form-data; boundary=x'
                    if path == 'upload' else 'application/json'},
                trust_env=False)
            assert answer.status_code == 413


def test_no_room_for_more_files(page, photo, monkeypatch):
    monkeypatch.setattr(Uploads, 'has_room', lambda self: False)
    answer = httpx.post(f'{page[0]}gradio_api/upload', files=dict(
        files=('mine.png', photo.read_bytes())), trust_env=False)
    assert answer.status_code == 503

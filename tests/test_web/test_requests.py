"""What browsers send that is not this page's: a sentence, and no traceback."""
import pytest
from page_client import PageClient

pytest.importorskip('gradio')
SETTINGS = 'These are no settings of this page. Load it again.'
ELSE = 'The page sent something else. Load it again.'


@pytest.fixture(scope='module')
def address():
    from mmseg_clipzs.web.serve import served
    with served('maskclip_toy', port=0) as address:
        yield address


@pytest.fixture
def client(address, capfd, caplog):
    with PageClient(address) as client:
        client.fire('load')
        yield client
        client.set('background', .5)  # it goes on
        client.fire('input', 'words')
        assert client.prop('message') == ''
    assert 'Traceback' not in ''.join(capfd.readouterr()) + caplog.text


@pytest.mark.parametrize('name, value, sentence', [
    ('method', [], SETTINGS), ('method', {}, SETTINGS),
    ('method', 'nothing', "There is no method 'nothing' here"),
    ('method-b', [], SETTINGS), ('method-b', None, SETTINGS),
    ('clip', ['x'], SETTINGS),
    ('background', 'x', 'Background must be a number in [0, 1)'),
    ('background', None, 'Background must be'),
    ('background', [], 'Background must be'),
    ('background', -1, 'Background must be'),
    ('background', 1, 'Background must be'),
    ('contrast', 'x', 'Contrast words must be')])
def test_settings(client, name, value, sentence):
    shown, own = client.prop('viewer'), client.prop(name)
    client.set(name, value)
    client.fire('input', name)
    assert client.prop('message').startswith(sentence)
    assert client.prop('viewer') == shown
    client.set(name, own)


@pytest.mark.parametrize('event, data, sentence', [
    *(('heat', data, ELSE) for data in (None, {}, 'x', [1])),
    *(('heat', dict(name=name), SETTINGS) for name in (5, ['x'], dict(a=1))),
    *(('opacity', data, ELSE) for data in (None, {}, 'x')),
    *(('opacity', dict(opacity=value), 'Opacity must be a number in [0, 1]')
      for value in ('nan', 'x', None, -.1, 1.1, []))])
def test_events_of_the_viewer(client, event, data, sentence):
    shown, command = client.prop('viewer'), client.prop('command')
    client.fire(event, 'viewer', data)
    assert client.prop('message').startswith(sentence)
    assert client.prop('viewer') == shown
    client.fire('input', 'which')
    assert client.prop('command') == command


@pytest.mark.parametrize('which', [-5, 'a', [1], 1.5])
def test_the_answer_whose_files_are_wanted(client, which):
    command = client.prop('command')
    for event, name in (('input', 'which'), ('click', 'file-index')):
        client.set('which', which)
        client.fire(event, name)
        assert client.prop('message').startswith(
            'The number of the answer must be a whole number')
    assert client.prop('command') == command
    client.set('which', 99)  # there were more
    client.fire('input', 'which')
    assert client.prop('message') == ''
    assert client.prop('command') == command


def test_no_public_address(monkeypatch, capfd):
    """One sentence, and nothing of Gradio's."""
    from gradio import networking

    from mmseg_clipzs.utils import UserError
    from mmseg_clipzs.web.serve import served

    def fail(**kwargs):
        raise RuntimeError('no network')

    monkeypatch.setattr(networking, 'setup_tunnel', fail)
    with pytest.raises(UserError, match='leave --share out'), served(
            'maskclip_toy', port=0, share=True):
        pass
    assert 'share link' not in ''.join(capfd.readouterr())

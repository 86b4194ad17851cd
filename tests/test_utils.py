"""Error messages of tools, safe writes, optional imports."""
import pytest
from torch.utils.data import DataLoader, Dataset

from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    error_message,
    import_optional,
    run_tool,
)

DOWNLOAD = ('Cannot download ViT-B-16 from https://a.b/c: HTTPError: 404 '
            'Client Error: Not Found. Put the file at weights/.')


def raise_chained(kind, message):
    try:
        raise RuntimeError('ValueError: first')
    except RuntimeError as e:
        raise kind(message) from e


class Broken(Dataset):
    """Raises at every item."""

    def __init__(self, kind, message):
        self.error = kind, message

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise_chained(*self.error)


def read_in_worker(kind, message):
    list(DataLoader(Broken(kind, message), num_workers=1))


def caught(function, *arguments):
    with pytest.raises(Exception) as info:
        function(*arguments)
    return info.value


@pytest.mark.parametrize('kind, message', [
    (UserError, DOWNLOAD), (FileNotFoundError, 'No file: Error: a.jpg'),
    (AssertionError, 'failed to load image: a.jpg'), (ValueError, '')])
@pytest.mark.parametrize('where', [raise_chained, read_in_worker])
def test_message_of_an_error(kind, message, where):
    assert error_message(caught(where, kind, message)) == (
        kind.__name__, message)


def test_message_from_a_workers_exception_that_cannot_be_rebuilt():
    """PyTorch raises a RuntimeError instead."""
    class Two(Exception):
        def __init__(self, a, b='b'):
            if '\n' in a:
                raise TypeError
            super().__init__(a)

    assert error_message(caught(read_in_worker, Two, 'why: x')) == (
        'Two', 'why: x')


@pytest.mark.slow
@pytest.mark.parametrize('where', [raise_chained, read_in_worker])
def test_message_from_another_process(where):
    assert error_message(caught(run_alone, where, UserError, DOWNLOAD)) == (
        'UserError', DOWNLOAD)


def test_lines_are_joined():
    assert error_message(ValueError('a\n  b\nc'))[1] == 'a b c'


def test_a_tool_ends_with_the_whole_message():
    with pytest.raises(SystemExit) as info:
        run_tool(lambda: raise_chained(UserError, DOWNLOAD))
    assert info.value.code == f'error: {DOWNLOAD}'


@pytest.mark.parametrize('kind, message', [
    (AssertionError, 'a bug'), (ValueError, 'a bug')])
def test_bugs_keep_their_traceback(kind, message):
    with pytest.raises(kind, match=message):
        run_tool(lambda: raise_chained(kind, message))


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


def test_import_optional():
    assert import_optional('json', 'tests', 'x').loads('1') == 1
    with pytest.raises(UserError, match=r'The x needs no_such.*\[train\]'):
        import_optional('no_such.part', 'train', 'The x')

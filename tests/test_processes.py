"""One error of several processes, by torchrun's store."""
import pytest
from torch.distributed import TCPStore

from mmseg_clipzs.utils import UserError, run_tool
from mmseg_clipzs.utils.processes import is_first_to_fail, misses_another


@pytest.fixture
def torchrun(monkeypatch):
    """The variables and the store of a run of torchrun."""
    store = TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False)
    for name, value in (
            ('TORCHELASTIC_USE_AGENT_STORE', 'True'),
            ('TORCHELASTIC_RESTART_COUNT', '0'),
            ('MASTER_ADDR', '127.0.0.1'), ('MASTER_PORT', str(store.port))):
        monkeypatch.setenv(name, value)
    return store


def fail(error):
    """The exit code of a tool that raises an error: a text or a number."""
    def main():
        raise error

    with pytest.raises(SystemExit) as info:
        run_tool(main)
    return info.value.code


def test_only_the_first_process_says_it(torchrun):
    codes = [fail(UserError('No data.')) for _ in range(3)]
    assert codes == ['error: No data.', 1, 1]


def test_a_single_process_says_it(monkeypatch):
    monkeypatch.delenv('TORCHELASTIC_USE_AGENT_STORE', raising=False)
    assert [is_first_to_fail() for _ in range(2)] == [True, True]


def test_a_process_whose_partner_is_gone():
    gone = RuntimeError(
        '[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:545] Read '
        'error [127.0.0.1]:38588: Connection reset by peer.')
    assert misses_another(gone) and fail(gone) == 1
    bug = RuntimeError('Expected a tensor')
    assert not misses_another(bug)
    with pytest.raises(RuntimeError, match='Expected'):
        run_tool(lambda: (_ for _ in ()).throw(bug))

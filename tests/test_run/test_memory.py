"""Peak memory."""
import pytest
import torch

from mmseg_clipzs.run import memory
from mmseg_clipzs.run.memory import (
    megabytes,
    peak_memory,
    reset_peak_memory,
)


def test_peak_memory_is_reset():
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    if not reset_peak_memory():
        pytest.skip('only Linux can reset the mark')
    before = peak_memory()
    block = torch.ones(2**26, device=device)  # 256 MB
    del block
    peak = peak_memory()
    assert peak - before > 150 * 2**20
    reset_peak_memory()
    assert peak_memory() < peak - 100 * 2**20


def test_other_systems_are_asked_or_unknown(monkeypatch):
    """Without a GPU and /proc: macOS tells, Windows does not."""
    def missing(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(memory.Path, 'read_text', missing)
    monkeypatch.setattr(memory.Path, 'write_text', missing)
    assert not reset_peak_memory()
    assert megabytes(peak_memory()) > 100
    monkeypatch.setattr(memory, 'resource', None)
    assert peak_memory() is None and megabytes(None) is None

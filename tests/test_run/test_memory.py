"""Peak memory."""
import pytest
import torch

from mmseg_clipzs.run.memory import peak_memory, reset_peak_memory


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

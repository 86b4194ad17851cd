import pytest
import torch

from mmseg_clipzs.run.cpu import plain_attention_on_cpu


def test_attention_kernels_are_restored():
    before = torch.backends.cuda.flash_sdp_enabled()
    with pytest.raises(RuntimeError), plain_attention_on_cpu():
        assert torch.backends.cuda.flash_sdp_enabled() == (
            before and torch.cuda.is_available())
        raise RuntimeError
    assert torch.backends.cuda.flash_sdp_enabled() == before

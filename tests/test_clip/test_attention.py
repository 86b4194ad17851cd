"""Fused and plain attention in training."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.attention import attend, plain_attention_on_cpu


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


def _is_fused(q, k, v):
    with torch.profiler.profile() as profile:
        attend(q, k, v)
    return any('flash_attention' in event.key
               for event in profile.key_averages())


def test_training():
    before = torch.backends.cuda.flash_sdp_enabled()
    q, k, v = (torch.randn(1, 2, 9, 16) for _ in range(3))
    trained = q.clone().requires_grad_()
    assert _is_fused(q, k, v) and _is_fused(trained, k, v)
    with pytest.raises(RuntimeError), plain_attention_on_cpu():
        assert not torch.backends.cuda.flash_sdp_enabled()
        assert not _is_fused(trained, k, v)
        assert _is_fused(q, k, v)  # a frozen teacher
        with torch.no_grad():
            assert _is_fused(trained, k, v)  # validation
        assert not torch.backends.cuda.flash_sdp_enabled()
        raise RuntimeError
    assert torch.backends.cuda.flash_sdp_enabled() == before


def test_values():
    q, k, v = (torch.randn(2, 3, 9, 16) for _ in range(3))
    bias = torch.randn(9, 9)
    for options in ({}, dict(is_causal=True), dict(attn_mask=bias),
                    dict(scale=1.)):
        want = F.scaled_dot_product_attention(q, k, v, **options)
        with plain_attention_on_cpu():
            got = attend(q, k, v, **options)
            assert attend(q.clone().requires_grad_(), k, v,
                          **options).requires_grad
        assert torch.equal(got, want)

"""Attention, fused or plain, whichever is faster on a CPU."""
from contextlib import contextmanager

import torch
import torch.nn.functional as F

_fused = None  # the setting outside of plain_attention_on_cpu()


@contextmanager
def plain_attention_on_cpu():
    """Disable fused attention for training, unless a GPU is available.

    On a CPU its backward pass is slower than that of plain attention for a few
    hundred tokens. :func:`attend` still uses it where there is none.
    """
    global _fused
    fused = torch.backends.cuda.flash_sdp_enabled()  # applies to CPUs, too
    if torch.cuda.is_available():
        yield
        return
    _fused = fused
    torch.backends.cuda.enable_flash_sdp(False)
    try:
        yield
    finally:
        _fused = None
        torch.backends.cuda.enable_flash_sdp(fused)


def attend(q, k, v, **options):
    """``F.scaled_dot_product_attention``, of its arguments.

    Frozen teachers and validation keep fused attention in training.
    """
    if _fused is None or torch.is_grad_enabled() and any(
            x.requires_grad for x in (q, k, v)):
        return F.scaled_dot_product_attention(q, k, v, **options)
    torch.backends.cuda.enable_flash_sdp(_fused)
    try:
        return F.scaled_dot_product_attention(q, k, v, **options)
    finally:
        torch.backends.cuda.enable_flash_sdp(False)

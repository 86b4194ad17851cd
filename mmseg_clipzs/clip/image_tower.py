"""Variants of an image tower that share its weights."""
import copy
from itertools import chain

from torch import nn

from .towers import QuickGELU


def override_tower(visual, quick_gelu=None, norm_eps=None):
    """Image tower with another activation or LayerNorm epsilon.

    Args:
        visual (nn.Module): of a :class:`LoadedClip`; not modified.
        quick_gelu (bool, optional): QuickGELU or GELU; None keeps what
            ``visual`` has.
        norm_eps (float, optional): Epsilon of every LayerNorm.

    Returns:
        nn.Module: A tower that shares the parameters and buffers of
        ``visual``, or ``visual`` itself if nothing changes.
    """
    if quick_gelu is None and norm_eps is None:
        return visual
    tensors = chain(visual.parameters(), visual.buffers())
    # The memo makes deepcopy reuse the tensors instead of cloning them.
    visual = copy.deepcopy(visual, {id(tensor): tensor for tensor in tensors})
    for module in visual.modules():
        if quick_gelu is not None and hasattr(module, 'gelu'):
            module.gelu = QuickGELU() if quick_gelu else nn.GELU()
        if norm_eps is not None and isinstance(module, nn.LayerNorm):
            module.eps = norm_eps
    return visual

"""ProxyCLIP: attention from the features of another network."""
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.blocks import project, project_out, run_block
from mmseg_clipzs.patch_grid import to_map
from mmseg_clipzs.proxy import PARTS
from mmseg_clipzs.utils import UserError, check_number

from .last_block import patch_keys
from .method import Dense
from .similarity import cosine_similarity, sharpened_attention

DINO = dict(model='vit_base_patch8_224', pretrained='dino')


@dataclass(frozen=True)
class ProxyAttention:
    """Proxy attention (ProxyCLIP, arXiv 2408.04883).

    The patches of CLIP's last block are mixed by the cosine similarities S of
    another network's patches, on the grid of that network:
    softmax(gamma (S - beta mean S)) over its positive values, the same for
    all heads. No residual connection and no feed-forward.

    Attributes:
        proxy (dict): Arguments of :func:`~mmseg_clipzs.proxy.load_proxy`.
        proxy_part (str): Features that are compared; see
            :class:`~mmseg_clipzs.proxy.Proxy`.
        beta (float): Factor of the mean similarity.
        gamma (float): Sharpness of the attention.

    Raises:
        UserError: Arguments out of range.
    """
    proxy: dict = field(default_factory=DINO.copy)
    proxy_part: str = 'tokens'
    beta: float = 1.2
    gamma: float = 3.

    def __post_init__(self):
        check_number('beta of ProxyCLIP', self.beta, '(-inf, inf)')
        check_number('gamma of ProxyCLIP', self.gamma, '(0, inf)')
        if self.proxy_part not in PARTS:
            raise UserError(f'proxy_part={self.proxy_part!r} of ProxyCLIP is '
                            f'unknown; choose one of {PARTS}.')

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`; ``view`` has ``proxy``."""
        *blocks, last = visual.transformer.resblocks
        for block in blocks:
            x = run_block(block, x)
        patches = proxy_values(last, x, grid, view.proxy)
        features = view.proxy.flatten(2).transpose(1, 2)  # (N, I * J, C)
        # Similarities are close to one another: half precision is too coarse.
        attention = sharpened_attention(cosine_similarity(features.to(
            torch.promote_types(features.dtype, torch.float32))),
            self.beta, self.gamma).to(patches)
        return Dense(project_out(last, attention @ patches),
                     tuple(view.proxy.shape[2:]), patch_keys(last, x, keys))


def proxy_values(block, x, grid, features):
    """Values of CLIP's patches on the grid of another network.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, 1 + h * w, C), its input.
        grid (tuple[int]): (h, w).
        features (Tensor): (N, D, I, J), the other network's.

    Returns:
        Tensor: (N, I * J, C), heads side by side, bilinear.
    """
    values = project(block, block.ln_1(x[:, 1:]), 'v')
    values = F.interpolate(to_map(values, grid, values.dtype),
                           size=features.shape[2:], mode='bilinear')
    return values.flatten(2).transpose(1, 2)

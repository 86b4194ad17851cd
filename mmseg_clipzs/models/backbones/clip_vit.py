from dataclasses import replace

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from open_clip.transformer import QuickGELU, VisionTransformer
from torch import nn

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.utils import UserError

from .gem import Gem
from .last_block import LAST_BLOCKS, LastBlock
from .patch_grid import fit_to_grid, resize_positions
from .self_calibration import SelfCalibration

_KEYS = (None, 'raw', 'projected')
METHODS = {**LAST_BLOCKS, 'gem': Gem(), 'scclip': SelfCalibration()}


@MODELS.register_module()
class ClipViT(BaseModule):
    """CLIP's Vision Transformer, giving dense features.

    The blocks compute what an entry of ``METHODS`` says: most run unchanged
    but the last one. Only parameters of open_clip's model are used, none of
    its internals.

    Args:
        clip (dict | LoadedClip): Arguments of
            :func:`mmseg_clipzs.clip.load_clip`, or its result.
        last_block (str | dict): A name in ``METHODS`` ('clip', 'maskclip',
            'sclip', 'gem', ...), arguments of :class:`LastBlock`, or a
            name as ``type`` with what to change: ``dict(type='gem',
            depth=4)``.
        out_keys (str, optional): Also give the last block's keys, for key
            smoothing: 'raw' (MaskCLIP, section 3.4) or 'projected' (its code
            passes them through the output projection).
        off_grid (str): Images that are no multiple of the patch: 'pad' with
            zeros below and right (MaskCLIP), 'pad_even' on both sides
            (ClearCLIP) or 'drop' the last rows and columns (SCLIP).
        pos_embed (str): Bicubic resizing of the position embedding: 'exact'
            to the grid, 'antialias', the same with a filter (GEM), or
            'sclip', by the factor (grid + 0.1) / own grid.
        quick_gelu (bool, optional): Override the weights' activation;
            MaskCLIP's code runs OpenAI's weights with GELU.
        norm_eps (float, optional): Override LayerNorm's epsilon; MaskCLIP's
            code has 1e-6, CLIP 1e-5.

    Raises:
        UserError: A ResNet, or options out of range.
    """

    def __init__(self,
                 clip,
                 last_block='maskclip',
                 out_keys=None,
                 off_grid='pad',
                 pos_embed='exact',
                 quick_gelu=None,
                 norm_eps=None,
                 init_cfg=None):
        super().__init__(init_cfg)
        if not isinstance(clip, LoadedClip):
            clip = load_clip(**clip)
        visual = clip.model.visual
        if not isinstance(visual, VisionTransformer) or getattr(
                visual, 'attn_pool', None) is not None:
            raise UserError(
                f'ClipViT needs a Vision Transformer with a class token, but '
                f'CLIP {clip.name} has a {type(visual).__name__}; for RN50 '
                'and its kind set backbone=dict(type="ClipResNet").')
        for option, value, choices in (
            ('out_keys', out_keys, _KEYS),
            ('off_grid', off_grid, ('pad', 'pad_even', 'drop')),
            ('pos_embed', pos_embed, ('exact', 'antialias', 'sclip'))):
            if value not in choices:
                raise UserError(f'{option}={value!r} is unknown; choose one '
                                f'of {choices}.')
        self.last_block = _last_block(last_block)
        self.out_keys = out_keys
        self.off_grid = off_grid
        self.pos_embed = pos_embed
        self.visual = visual
        self.embed_dims = visual.output_dim
        self.patch_size = visual.conv1.kernel_size
        self.grid_size = tuple(visual.grid_size)
        self._positions = {}
        for module in visual.modules():
            if quick_gelu is not None and hasattr(module, 'gelu'):
                module.gelu = QuickGELU() if quick_gelu else nn.GELU()
            if norm_eps is not None and isinstance(module, nn.LayerNorm):
                module.eps = norm_eps

    def init_weights(self):
        """The weights are CLIP's and came with the constructor."""

    def forward(self, inputs):
        """Dense features in CLIP's joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float, CLIP-normalised RGB, any size.

        Returns:
            tuple[Tensor]: Features (N, D, h, w), not normalised, and with
            ``out_keys`` the keys (N, C, h, w), in the inputs' dtype whatever
            the tower computes in; h = H / patch, rounded as ``off_grid``
            says.
        """
        visual = self.visual
        x = visual.conv1(fit_to_grid(
            inputs.to(visual.conv1.weight.dtype), self.patch_size,
            self.off_grid))  # (N, C, h, w)
        grid = tuple(x.shape[2:])
        x = x.flatten(2).transpose(1, 2)  # (N, C, h, w) -> (N, h * w, C)
        cls = visual.class_embedding.to(x.dtype).expand(len(x), 1, -1)
        x = torch.cat([cls, x], dim=1) + self._position_embedding(grid)
        x = visual.ln_pre(x)
        x, keys = self.last_block(
            visual.transformer.resblocks, x, grid, self.out_keys)
        x = visual.ln_post(x) @ visual.proj  # (N, h * w, D)
        outs = (x, ) if keys is None else (x, keys)
        return tuple(
            out.to(inputs.dtype).transpose(1, 2).unflatten(2, grid)
            for out in outs)

    def _position_embedding(self, grid):
        """(1 + h * w, C), interpolated once for each grid."""
        weight = self.visual.positional_embedding
        if grid == self.grid_size:
            return weight
        if weight.requires_grad:
            return self._interpolate(weight, grid)
        # In-place changes (a checkpoint) and moves make old entries stale.
        state = (weight._version, weight.data_ptr(), weight.dtype)
        if self._positions.get('state') != state:
            # "of" keeps the memory, else a new weight could lie there again.
            self._positions = {'state': state, 'of': weight.detach()}
        if grid not in self._positions:
            self._positions[grid] = self._interpolate(weight, grid)
        return self._positions[grid]

    def _interpolate(self, weight, grid):
        patches = resize_positions(
            weight[1:], self.grid_size, grid, self.pos_embed)
        return torch.cat([weight[:1], patches])  # (1 + h * w, C)


def _last_block(value):
    try:
        options = dict(type=value) if isinstance(value, str) else dict(value)
        name = options.pop('type', None)
        if name is None:
            return LastBlock(**options)
        if name in METHODS:
            return replace(METHODS[name], **options)
    except TypeError as e:
        raise UserError(f'last_block={value!r} is unknown: {e}.') from e
    raise UserError(f'Unknown last block {name!r}; choose one of '
                    f'{sorted(METHODS)} or pass its switches.')

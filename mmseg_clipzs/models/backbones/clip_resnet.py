import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.clip.blocks import split_heads
from mmseg_clipzs.patch_grid import to_map
from mmseg_clipzs.utils import UserError, check_flag


@MODELS.register_module()
class ClipResNet(BaseModule):
    """CLIP's ResNet with dense output.

    MaskCLIP (section 3.3): the value and output projections of the attention
    pool are applied to each location, as 1 x 1 convolutions.

    Args:
        clip (dict | LoadedClip): Arguments of
            :func:`mmseg_clipzs.clip.load_clip`, or its result.
        last_block (str): 'maskclip', or 'clip' for the naive baseline: the
            full attention pool, queried from every location.
        out_keys (str, optional): 'raw' to also return the pool's keys, for
            key smoothing.
        out_stages (bool): Return the feature maps of the four stages, strides
            4 to 32, as mmseg's ResNets do, to train other heads on.

    Raises:
        UserError: A Vision Transformer, or invalid options.
    """

    def __init__(self, clip, last_block='maskclip', out_keys=None,
                 out_stages=False, init_cfg=None):
        super().__init__(init_cfg)
        if not isinstance(clip, LoadedClip):
            clip = load_clip(**clip)
        visual = clip.model.visual
        if not hasattr(visual, 'attnpool'):
            raise UserError(
                'ClipResNet needs RN50 or another ResNet, but CLIP '
                f'{clip.name} has a {type(visual).__name__}; set '
                'backbone=dict(type="ClipViT").')
        if last_block not in ('maskclip', 'clip'):
            raise UserError(f'last_block={last_block!r} is unknown for a '
                            'ResNet; choose "maskclip" or "clip".')
        if out_keys not in (None, 'raw'):
            raise UserError(f'out_keys={out_keys!r} is unknown for a ResNet; '
                            'choose None or "raw".')
        check_flag('out_stages', out_stages)
        self.last_block = last_block
        self.out_keys = out_keys
        self.out_stages = out_stages
        self.visual = visual
        self.embed_dims = visual.output_dim

    def init_weights(self):
        """Does nothing: the constructor has loaded CLIP's weights."""

    def forward(self, inputs):
        """Dense features in CLIP's joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float, CLIP-normalised RGB, any size.

        Returns:
            tuple[Tensor]: Features (N, D, h, w), not normalised, and with
            ``out_keys`` the keys (N, C, h, w), h = H / 32 rounded; with
            ``out_stages`` the feature maps of the stages. In the dtype of the
            inputs, whatever the tower's precision.
        """
        visual, pool = self.visual, self.visual.attnpool
        # Four halvings precede the last stage, and each needs two pixels.
        below, right = (max(32 - n, 0) for n in inputs.shape[2:])
        x = visual.stem(F.pad(inputs.to(visual.conv1.weight.dtype),
                              (0, right, 0, below)))
        stages = []
        for stage in (visual.layer1, visual.layer2, visual.layer3,
                      visual.layer4):
            x = stage(x)
            stages.append(x.to(inputs.dtype))
        if self.out_stages:
            return tuple(stages)
        grid = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)  # (N, C, h, w) -> (N, h * w, C)
        if self.last_block == 'clip':
            features = self._attend(pool, x)
        else:
            features = pool.c_proj(pool.v_proj(x))
        outs = (features, )
        if self.out_keys:
            outs += (pool.k_proj(x), )
        return tuple(to_map(out, grid, inputs.dtype) for out in outs)

    @staticmethod
    def _attend(pool, x):
        """Attention pool without its positional embedding."""
        tokens = torch.cat([x.mean(1, keepdim=True), x], dim=1)
        q, k, v = (
            split_heads(proj(part), pool.num_heads)
            for proj, part in ((pool.q_proj, x), (pool.k_proj, tokens),
                               (pool.v_proj, tokens)))
        out = F.scaled_dot_product_attention(q, k, v)
        return pool.c_proj(out.transpose(1, 2).flatten(2))

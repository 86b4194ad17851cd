import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from open_clip.modified_resnet import ModifiedResNet

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.clip.blocks import split_heads
from mmseg_clipzs.utils import UserError


@MODELS.register_module()
class ClipResNet(BaseModule):
    """CLIP's ResNet, giving dense features in place of its pooled one.

    MaskCLIP (section 3.3): the attention pool's value and output projections
    act on every location by themselves, as 1 x 1 convolutions.

    Args:
        clip (dict | LoadedClip): Arguments of
            :func:`mmseg_clipzs.clip.load_clip`, or its result.
        last_block (str): 'maskclip', or 'clip': the whole attention pool with
            every location (and the mean) as a query, the naive baseline.
        out_keys (str, optional): Also give the pool's keys ('raw'), for key
            smoothing.
        out_stages (bool): Give the maps of the four stages, strides 4 to 32,
            as mmseg's ResNets do, to train other heads on.

    Raises:
        UserError: A Vision Transformer, or options out of range.
    """

    def __init__(self, clip, last_block='maskclip', out_keys=None,
                 out_stages=False, init_cfg=None):
        super().__init__(init_cfg)
        if not isinstance(clip, LoadedClip):
            clip = load_clip(**clip)
        visual = clip.model.visual
        if not isinstance(visual, ModifiedResNet):
            raise UserError(
                f'ClipResNet needs RN50 or its kind, but CLIP {clip.name} has '
                f'a {type(visual).__name__}; set '
                'backbone=dict(type="ClipViT").')
        if last_block not in ('maskclip', 'clip'):
            raise UserError(f'last_block={last_block!r} is unknown for a '
                            'ResNet; choose "maskclip" or "clip".')
        if out_keys not in (None, 'raw'):
            raise UserError(f'out_keys={out_keys!r} is unknown for a ResNet; '
                            'choose None or "raw".')
        self.last_block = last_block
        self.out_keys = out_keys
        self.out_stages = out_stages
        # Convolutions take 0.8 of the time in this layout.
        self.visual = visual.to(memory_format=torch.channels_last)
        self.embed_dims = visual.output_dim

    def init_weights(self):
        """The weights are CLIP's and came with the constructor."""

    def forward(self, inputs):
        """Dense features in CLIP's joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float, CLIP-normalised RGB, any size.

        Returns:
            tuple[Tensor]: Features (N, D, h, w), not normalised, and with
            ``out_keys`` the keys (N, C, h, w); h = H / 32 rounded. Or the
            stages, with ``out_stages``. In the inputs' dtype whatever the
            tower computes in.
        """
        visual, pool = self.visual, self.visual.attnpool
        # Four halvings precede the last stage; each needs two pixels.
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
        return tuple(
            out.to(inputs.dtype).transpose(1, 2).unflatten(2, grid)
            for out in outs)

    @staticmethod
    def _attend(pool, x):
        """The attention pool without its position embedding."""
        tokens = torch.cat([x.mean(1, keepdim=True), x], dim=1)
        q, k, v = (
            split_heads(proj(part), pool.num_heads)
            for proj, part in ((pool.q_proj, x), (pool.k_proj, tokens),
                               (pool.v_proj, tokens)))
        out = F.scaled_dot_product_attention(q, k, v)
        return pool.c_proj(out.transpose(1, 2).flatten(2))

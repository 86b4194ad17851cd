import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.patch_grid import to_map
from mmseg_clipzs.utils import UserError


@MODELS.register_module()
class Tipsv2ViT(BaseModule):
    """TIPSv2's Vision Transformer with MaskCLIP's value trick.

    As its authors evaluate zero-shot segmentation (google-deepmind/tips): in
    the last block each patch attends to itself; residual connections,
    LayerScale and feed-forward network stay, and so does the final norm.
    Images that are not a multiple of the patch size are enlarged to one
    (bicubic).

    Args:
        clip (dict | LoadedClip): ``dict(model='tipsv2', pretrained=...)``, or
            its result.

    Raises:
        UserError: Another CLIP.
    """

    def __init__(self, clip, init_cfg=None):
        super().__init__(init_cfg)
        if not isinstance(clip, LoadedClip):
            clip = load_clip(**clip)
        if not hasattr(clip.model.visual, 'layernorm'):
            raise UserError(
                f'Tipsv2ViT runs TIPSv2, but got CLIP {clip.name}: set '
                'clip=dict(model="tipsv2", pretrained=...), or '
                'backbone=dict(type="ClipViT").')
        self.visual = clip.model.visual
        config = self.visual.config
        self.embed_dims = config.hidden_size
        self.patch_size = config.patch_size
        self._others = 1 + config.num_register_tokens  # class tokens

    def init_weights(self):
        """Does nothing: the constructor has loaded the weights."""

    def forward(self, inputs):
        """Dense features in the joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float RGB in [0, 1], any size.

        Returns:
            tuple[Tensor]: (N, D, h, w), not normalised; h = H / patch,
            rounded up.
        """
        patch, visual = self.patch_size, self.visual
        grid = tuple(-(-side // patch) for side in inputs.shape[2:])
        size = tuple(cells * patch for cells in grid)
        images = inputs if size == tuple(inputs.shape[2:]) else F.interpolate(
            inputs, size, mode='bicubic')
        *layers, last = visual.encoder.layer
        x = visual.embeddings(images.to(visual.layernorm.weight.dtype))
        for layer in layers:
            x = layer(x)
        x, attention = x[:, self._others:], last.attention
        x = x + last.layer_scale1(
            attention.o_proj(attention.v_proj(last.norm1(x))))
        x = visual.layernorm(
            x + last.layer_scale2(last.mlp(last.norm2(x))))
        return (to_map(x, grid, inputs.dtype), )

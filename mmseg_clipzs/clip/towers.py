"""CLIP with a Vision Transformer in OpenAI's layout (arXiv 2103.00020).

The modules of open_clip's ``CLIP``, by the same names and in the same order,
for the settings that OpenAI's own models have: to import open_clip's takes
longer than to fill these. Other towers are open_clip's.
"""
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import run_block
from .text_tower import encode_tokens

_VISION = {'layers', 'width', 'head_width', 'mlp_ratio', 'patch_size',
           'image_size'}
_TEXT = {'context_length', 'vocab_size', 'width', 'heads', 'layers'}


def is_plain(config):
    """Whether :class:`CLIP` is all that an architecture needs.

    Args:
        config (dict): Settings of one of open_clip's architectures.

    Returns:
        bool: Whether it has only settings of :class:`CLIP`, and numbers: the
        layers of a ResNet are a list.
    """
    return set(config) <= {
        'embed_dim', 'vision_cfg', 'text_cfg', 'quick_gelu'} and all(
        set(config[part]) <= names and all(
            isinstance(value, (int, float)) for value in config[part].values())
        for part, names in (('vision_cfg', _VISION), ('text_cfg', _TEXT)))


class LayerNorm(nn.LayerNorm):
    """Keeps the dtype of its input, also under autocast."""

    def forward(self, x):
        return super().forward(x).to(x.dtype)


class QuickGELU(nn.Module):
    """The activation of OpenAI's models."""

    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class ResidualAttentionBlock(nn.Module):
    """Parameters of a block; see :func:`~mmseg_clipzs.clip.blocks.run_block`.

    Args:
        width, heads (int): Channels C and attention heads.
        mlp_ratio (float): Hidden width of the feed-forward network / C.
        activation (type): QuickGELU or GELU.
    """

    def __init__(self, width, heads, mlp_ratio, activation):
        super().__init__()
        self.ln_1 = LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ls_1 = nn.Identity()
        self.ln_2 = LayerNorm(width)
        hidden = int(width * mlp_ratio)
        self.mlp = nn.Sequential(OrderedDict(
            c_fc=nn.Linear(width, hidden), gelu=activation(),
            c_proj=nn.Linear(hidden, width)))
        self.ls_2 = nn.Identity()

    def forward(self, x):
        """(N, L, C) -> (N, L, C)."""
        return run_block(self, x)


class Transformer(nn.Module):
    """Blocks, in ``resblocks``; arguments as for the block."""

    def __init__(self, width, layers, heads, mlp_ratio=4.,
                 activation=nn.GELU):
        super().__init__()
        self.resblocks = nn.ModuleList(
            ResidualAttentionBlock(width, heads, mlp_ratio, activation)
            for _ in range(layers))


class VisionTransformer(nn.Module):
    """Image tower; its parameters are not initialised.

    Args:
        output_dim (int): Embedding width D.
        activation (type): QuickGELU or GELU.
        layers, width, head_width, mlp_ratio, patch_size, image_size: As in
            open_clip's ``CLIPVisionCfg``.
    """

    def __init__(self, output_dim, activation, layers=12, width=768,
                 head_width=64, mlp_ratio=4., patch_size=16, image_size=224):
        super().__init__()
        self.output_dim = output_dim
        self.image_size = (image_size, image_size)
        self.patch_size = (patch_size, patch_size)
        self.grid_size = (image_size // patch_size, ) * 2
        self.conv1 = nn.Conv2d(3, width, patch_size, patch_size, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(
            1 + self.grid_size[0] * self.grid_size[1], width))
        self.patch_dropout = nn.Identity()
        self.ln_pre = LayerNorm(width)
        self.transformer = Transformer(
            width, layers, width // head_width, mlp_ratio, activation)
        self.ln_post = LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, output_dim))

    def forward(self, images):
        """Embeddings of images as a whole, from the class token.

        Args:
            images (Tensor): (N, 3, S, S), S = ``image_size``, normalised, in
                the dtype of the weights.

        Returns:
            Tensor: (N, D).
        """
        x = self.conv1(images).flatten(2).transpose(1, 2)  # (N, h * w, C)
        cls = self.class_embedding.expand(len(x), 1, -1)
        x = self.ln_pre(torch.cat([cls, x], 1) + self.positional_embedding)
        for block in self.transformer.resblocks:
            x = run_block(block, x)
        return self.ln_post(x[:, 0]) @ self.proj


class CLIP(nn.Module):
    """Both towers; their parameters are not initialised.

    Args:
        embed_dim (int): Embedding width D.
        vision_cfg, text_cfg (dict): Settings of the towers, by open_clip's
            names.
        quick_gelu (bool): QuickGELU or GELU.
    """

    def __init__(self, embed_dim, vision_cfg, text_cfg, quick_gelu=False):
        super().__init__()
        activation = QuickGELU if quick_gelu else nn.GELU
        text = {**dict(context_length=77, vocab_size=49408, width=512,
                       heads=8, layers=12), **text_cfg}
        width = text['width']
        self.visual = VisionTransformer(embed_dim, activation, **vision_cfg)
        self.transformer = Transformer(
            width, text['layers'], text['heads'], activation=activation)
        self.context_length = text['context_length']
        self.vocab_size = text['vocab_size']
        self.token_embedding = nn.Embedding.from_pretrained(
            torch.empty(self.vocab_size, width), freeze=False)
        self.positional_embedding = nn.Parameter(
            torch.empty(self.context_length, width))
        self.ln_final = LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embed_dim))
        self.logit_scale = nn.Parameter(torch.empty([]))

    def encode_image(self, image, normalize=False):
        """(N, 3, S, S) -> (N, D), of length 1 if asked for."""
        features = self.visual(image)
        return F.normalize(features, dim=-1) if normalize else features

    def encode_text(self, text, normalize=False):
        """(N, L) tokens -> (N, D), of length 1 if asked for."""
        features = encode_tokens(self, text) @ self.text_projection
        return F.normalize(features, dim=-1) if normalize else features

    def forward(self, image, text):
        """tuple[Tensor]: Unit features of both, and the logit scale."""
        return (self.encode_image(image, True), self.encode_text(text, True),
                self.logit_scale.exp())

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from open_clip.transformer import QuickGELU, Transformer
from torch import nn

from mmseg_clipzs.clip.text_tower import encode_tokens


@MODELS.register_module()
class TextTransformer(BaseModule):
    """CLIP's text transformer, without a projection.

    CLIP (arXiv 2103.00020), section 2.4; the defaults are GroupViT's
    (arXiv 2202.11094, section 4.1).

    Args:
        embed_dims (int): Width C; 64 channels a head.
        depth (int): Transformer blocks.
        context_length (int): Longest text, in tokens.
        vocab_size (int): Of CLIP's byte pair encoding.
    """

    def __init__(self, embed_dims=256, depth=12, context_length=77,
                 vocab_size=49408, init_cfg=None):
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.token_embedding = nn.Embedding(vocab_size, embed_dims)
        self.positional_embedding = nn.Parameter(
            torch.empty(context_length, embed_dims))
        self.transformer = Transformer(
            embed_dims, depth, embed_dims // 64, act_layer=QuickGELU)
        self.ln_final = nn.LayerNorm(embed_dims)
        self._draw_weights()

    def _draw_weights(self):
        """As CLIP's text tower is begun."""
        width, blocks = self.embed_dims, self.transformer.resblocks
        nn.init.normal_(self.token_embedding.weight, std=.02)
        nn.init.normal_(self.positional_embedding, std=.01)
        residual = width**-.5 * (2 * len(blocks))**-.5
        for block in blocks:
            nn.init.normal_(block.attn.in_proj_weight, std=width**-.5)
            nn.init.normal_(block.attn.out_proj.weight, std=residual)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width)**-.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=residual)

    def init_weights(self):
        """They are drawn, or loaded, when the model is built."""

    def forward(self, tokens):
        """Features at the end token.

        Args:
            tokens (Tensor): (N, L) int64, as CLIP's tokenizer gives them.

        Returns:
            Tensor: (N, C).
        """
        return encode_tokens(self, tokens)

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import nn

from mmseg_clipzs.clip import get_tokenizer
from mmseg_clipzs.clip.text_tower import encode_tokens
from mmseg_clipzs.clip.towers import QuickGELU, Transformer
from mmseg_clipzs.utils import UserError, check_number


@MODELS.register_module()
class TextTransformer(BaseModule):
    """CLIP's text transformer, without projection.

    CLIP (arXiv 2103.00020), section 2.4; the defaults are GroupViT's
    (arXiv 2202.11094, section 4.1).

    Args:
        embed_dims (int): Width C, with 64 channels per head.
        depth (int): Transformer blocks.
        context_length (int): Maximum number of tokens.
        vocab_size (int): Size of CLIP's byte pair encoding.

    Raises:
        UserError: A size out of range.
    """

    def __init__(self, embed_dims=256, depth=12, context_length=77,
                 vocab_size=49408, init_cfg=None):
        super().__init__(init_cfg)
        for option, value, within in (
            ('embed_dims', embed_dims, '[64, inf)'),
            ('depth', depth, '[1, inf)'),
            ('context_length', context_length, '[3, inf)'),
            ('vocab_size', vocab_size, '[1, inf)')):
            check_number(option, value, within, int)
        if embed_dims % 64:
            raise UserError('embed_dims of TextTransformer must be a multiple '
                            f'of 64, the width of a head, but got '
                            f'{embed_dims}.')
        self.embed_dims = embed_dims
        self.context_length = context_length
        self.token_embedding = nn.Embedding(vocab_size, embed_dims)
        self.positional_embedding = nn.Parameter(
            torch.empty(context_length, embed_dims))
        self.transformer = Transformer(
            embed_dims, depth, embed_dims // 64, activation=QuickGELU)
        self.ln_final = nn.LayerNorm(embed_dims)
        self._reset_parameters()

    def _reset_parameters(self):
        """Initialise like CLIP's text tower."""
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
        """Does nothing: the constructor initialises the weights."""

    def tokenize(self, texts):
        """Tokenize with CLIP's byte pair encoding.

        Args:
            texts (list[str]): N texts.

        Returns:
            Tensor: (N, context_length) int64, truncated or padded with zeros.
        """
        return get_tokenizer(
            'ViT-B-16', context_length=self.context_length)(texts)

    def forward(self, tokens):
        """Features of the end-of-text tokens.

        Args:
            tokens (Tensor): (N, L) int64, as returned by :meth:`tokenize`.

        Returns:
            Tensor: (N, C).

        Raises:
            UserError: L exceeds ``context_length``.
        """
        if tokens.size(1) > self.context_length:
            raise UserError(
                f'Texts of {tokens.size(1)} tokens exceed the '
                f'context_length={self.context_length} of TextTransformer; '
                'set the context_length= of PackImageText to match.')
        return encode_tokens(self, tokens)

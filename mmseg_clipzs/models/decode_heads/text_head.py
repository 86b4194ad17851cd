from mmseg.models.decode_heads.decode_head import BaseDecodeHead

from mmseg_clipzs.utils import UserError


class TextHead(BaseDecodeHead):
    """Base of the heads that classify with text embeddings.

    Args:
        in_channels (int): Width D of the joint space; the segmentor fills it
            in.
    """

    def __init__(self, in_channels, **kwargs):
        # One placeholder class until the text embeddings are set.
        super().__init__(
            in_channels, in_channels, num_classes=1, threshold=0.5,
            dropout_ratio=0, in_index=0, init_cfg=None, **kwargs)
        del self.conv_seg
        # Not saved: the vocabulary belongs to the run, not to the weights.
        self.register_buffer('text_embeddings', None, persistent=False)

    def set_text_embeddings(self, embeddings):
        """Classify with these words from now on.

        Args:
            embeddings (Tensor): (Q, D), rows of length 1.

        Raises:
            UserError: Another width than D.
        """
        if embeddings.ndim != 2 or embeddings.size(1) != self.in_channels:
            raise UserError(
                f'Text embeddings are {tuple(embeddings.shape)}, but this '
                f'CLIP needs (words, {self.in_channels}): they are of another '
                'CLIP model.')
        self.text_embeddings = embeddings
        self.num_classes = self.out_channels = len(embeddings)

    def text_like(self, features):
        """Tensor: (Q, D), the embeddings on the features' device and dtype.

        Raises:
            UserError: None are set.
        """
        if self.text_embeddings is None:
            raise UserError(
                'No classes are set: name a vocabulary in the config, or call '
                'model.set_vocabulary(["cat", "grass"]).')
        return self.text_embeddings.to(features)

from mmseg.models.decode_heads.decode_head import BaseDecodeHead

from mmseg_clipzs.utils import UserError


class TextHead(BaseDecodeHead):
    """Base class of the heads that classify with text embeddings.

    Args:
        in_channels (int): Width D of the joint embedding space; set by the
            segmentor.

    Attributes:
        needs_keys (bool): Whether the backbone must return keys.
        is_softmax (bool): Whether :meth:`log_probabilities` are a softmax.
        experts (ClassExperts | None): Score the words in place of the text
            embeddings.
    """
    needs_keys = False
    is_softmax = True
    experts = None

    def __init__(self, in_channels, **kwargs):
        # One placeholder class until the text embeddings are set.
        super().__init__(
            in_channels, in_channels, num_classes=1, threshold=0.5,
            dropout_ratio=0, in_index=0, init_cfg=None, **kwargs)
        del self.conv_seg
        # Not saved: the vocabulary belongs to the run, not to the weights.
        self.register_buffer('text_embeddings', None, persistent=False)

    def set_text_embeddings(self, embeddings):
        """Set the text embeddings of the words to classify with.

        Args:
            embeddings (Tensor): (Q, D), unit-length rows.

        Raises:
            UserError: A width other than D.
        """
        if embeddings.ndim != 2 or embeddings.size(1) != self.in_channels:
            raise UserError(
                f'Text embeddings are {tuple(embeddings.shape)}, but this '
                f'CLIP needs (words, {self.in_channels}). Embed the words '
                'with the text tower of the same CLIP.')
        self.text_embeddings = embeddings
        self.num_classes = self.out_channels = len(embeddings)

    def text_like(self, features):
        """Text embeddings on the device and in the dtype of features.

        Returns:
            Tensor: (Q, D).

        Raises:
            UserError: No classes are set.
        """
        if self.text_embeddings is None:
            raise UserError(
                'No classes are set: name a vocabulary in the config, or call '
                'model.set_vocabulary(["cat", "grass"]).')
        return self.text_embeddings.to(features)

    def log_probabilities(self, scores, scale):
        """Turn upsampled scores into a distribution over the words.

        Args:
            scores (Tensor): (N, Q, ...), the output of :meth:`forward`.
            scale (float): Logit scale of CLIP.

        Returns:
            Tensor: (N, Q, ...) log-probabilities; the order of the words is
            that of the scores.
        """
        return (scale * scores).log_softmax(1)

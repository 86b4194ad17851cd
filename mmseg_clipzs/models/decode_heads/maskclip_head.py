import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError

REJECTED = -100.  # logit of a class that prompt denoising removes
_SCALE = 100.  # of the softmax in both refinements, as in the paper's code


@MODELS.register_module()
class MaskClipHead(BaseDecodeHead):
    """Cosine of dense CLIP features with text embeddings, and refinements.

    MaskCLIP (arXiv 2112.01071), section 3.3; prompt denoising and key
    smoothing, section 3.4, in this order.

    Args:
        in_channels (int): Width D of the joint space; the segmentor fills it
            in.
        pd_thresh (float, optional): Prompt denoising: a class whose largest
            softmax(100 * cosine) over the image is below this is removed (its
            logit becomes -100). The paper has 0.5.
        ks_thresh (float, optional): Key smoothing (equation 4): locations
            whose largest softmax(100 * logit) is below this get the sum of
            all locations' predictions, weighted by the similarity of keys.
            1.0 smooths practically all. The backbone must give keys.
        key_norm (str): 'channels' normalises each key over its channels, the
            paper's cosine; 'tokens' each channel over the locations, as the
            authors' code does.
    """

    def __init__(self, in_channels, pd_thresh=None, ks_thresh=None,
                 key_norm='channels', **kwargs):
        # One placeholder class until the text embeddings are set.
        super().__init__(
            in_channels, in_channels, num_classes=1, threshold=0.5,
            dropout_ratio=0, in_index=0, init_cfg=None, **kwargs)
        del self.conv_seg
        for option, value in (('pd_thresh', pd_thresh),
                              ('ks_thresh', ks_thresh)):
            if value is not None and not 0 < value <= 1:
                raise UserError(f'{option} lies in (0, 1], but got {value}.')
        if key_norm not in ('channels', 'tokens'):
            raise UserError(f'key_norm={key_norm!r} is unknown; choose '
                            '"channels" (paper) or "tokens" (its code).')
        self.pd_thresh = pd_thresh
        self.ks_thresh = ks_thresh
        self.key_norm = key_norm
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

    def forward(self, inputs):
        """Classify each location.

        Args:
            inputs (tuple[Tensor]): Features (N, D, h, w), and keys
                (N, C, h, w) where key smoothing needs them.

        Returns:
            Tensor: (N, Q, h, w): cosines in [-1, 1]; -100 where prompt
            denoising removed a class; after key smoothing sums without upper
            bound.
        """
        if self.text_embeddings is None:
            raise UserError(
                'No classes are set: name a vocabulary in the config, or call '
                'model.set_vocabulary(["cat", "grass"]).')
        features = F.normalize(inputs[0], dim=1)
        text = self.text_embeddings.to(features)
        logits = F.conv2d(features, text[:, :, None, None])  # (N, Q, h, w)
        if self.pd_thresh is not None:
            logits = self._denoise_prompts(logits)
        if self.ks_thresh is not None:
            if len(inputs) < 2:
                raise UserError(
                    'Key smoothing needs the keys of the last block: set '
                    'backbone=dict(out_keys="raw").')
            logits = self._smooth_by_keys(logits, inputs[1])
        return logits

    def _denoise_prompts(self, logits):
        confidence = (_SCALE * logits).softmax(1).amax((2, 3), keepdim=True)
        return logits.masked_fill(confidence < self.pd_thresh, REJECTED)

    def _smooth_by_keys(self, logits, keys):
        grid = logits.shape[2:]
        predictions = (_SCALE * logits).softmax(1).flatten(2)  # (N, Q, hw)
        axis = 1 if self.key_norm == 'channels' else 2
        keys = F.normalize(keys.flatten(2), dim=axis)  # (N, C, hw)
        # P (K^T K) = (P K^T) K: the (hw, hw) similarities are never built.
        smoothed = (predictions @ keys.transpose(1, 2)) @ keys
        unsure = predictions.amax(1, keepdim=True) < self.ks_thresh
        return torch.where(unsure, smoothed, predictions).unflatten(2, grid)

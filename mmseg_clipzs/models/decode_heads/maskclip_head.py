import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError

from .text_head import TextHead

REJECTED = -100.  # logit of a class that prompt denoising removes
_SCALE = 100.  # of the softmax in both refinements, as in the paper's code


@MODELS.register_module()
class MaskClipHead(TextHead):
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
        super().__init__(in_channels, **kwargs)
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
        features = F.normalize(inputs[0], dim=1)
        text = self.text_like(features)
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

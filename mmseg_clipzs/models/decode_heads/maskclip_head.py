import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError, check_number

from .text_head import TextHead

REJECTED = -100.  # logit of a class removed by prompt denoising
_SCALE = 100.  # of the softmax in both refinements, as in the authors' code


@MODELS.register_module()
class MaskClipHead(TextHead):
    """Cosine similarity of dense CLIP features and text embeddings.

    MaskCLIP (arXiv 2112.01071), section 3.3, with the refinements of section
    3.4: prompt denoising, then key smoothing.

    Args:
        in_channels (int): Width D of the joint embedding space; set by the
            segmentor.
        pd_thresh (float, optional): Prompt denoising: removes classes whose
            maximum of softmax(100 * cosine) over the image is below this
            threshold (their logit becomes -100). The paper uses 0.5.
        ks_thresh (float, optional): Key smoothing (equation 4): locations
            whose maximum of softmax(100 * logit) is below this threshold get
            the sum of all predictions, weighted by the similarity of the
            keys. 1.0 smooths practically all locations. Needs keys from the
            backbone.
        key_norm (str): 'channels' normalises each key over its channels, the
            cosine of the paper; 'tokens' normalises each channel over the
            locations, as the authors' code does.

    Raises:
        UserError: An option out of range.
    """

    def __init__(self, in_channels, pd_thresh=None, ks_thresh=None,
                 key_norm='channels', **kwargs):
        super().__init__(in_channels, **kwargs)
        for option, value in (('pd_thresh', pd_thresh),
                              ('ks_thresh', ks_thresh)):
            check_number(option, value, '(0, 1]', optional=True)
        if key_norm not in ('channels', 'tokens'):
            raise UserError(f'key_norm={key_norm!r} is unknown; choose '
                            '"channels" (paper) or "tokens" (authors\' code).')
        self.pd_thresh = pd_thresh
        self.ks_thresh = ks_thresh
        self.key_norm = key_norm

    @property
    def needs_keys(self):
        """bool: Whether key smoothing is on, which compares keys."""
        return self.ks_thresh is not None

    @property
    def is_softmax(self):
        """bool: See :meth:`log_probabilities`."""
        return self.ks_thresh is None

    def forward(self, inputs):
        """Score every location.

        Args:
            inputs (tuple[Tensor]): Features (N, D, h, w) and, for key
                smoothing, keys (N, C, h, w).

        Returns:
            Tensor: (N, Q, h, w) cosines in [-1, 1], or scores of ``experts``,
            which are not above 0; -100 for classes removed by prompt
            denoising. After key smoothing: weighted sums of probabilities,
            unbounded.

        Raises:
            UserError: Key smoothing without keys.
        """
        features = F.normalize(inputs[0], dim=1)
        if self.experts is not None:
            logits = self.experts(features)
        else:
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

    def log_probabilities(self, scores, scale):
        """See :meth:`TextHead.log_probabilities`.

        Smoothed scores are sums of probabilities, weighted by similarities of
        either sign. They are shifted to a minimum of 0 where it is negative,
        and normalised to 1; ``scale`` is not used.
        """
        if self.ks_thresh is None:
            return super().log_probabilities(scores, scale)
        shares = scores - scores.amin(1, keepdim=True).clamp(max=0)
        total = shares.sum(1, keepdim=True)
        tiny = torch.finfo(shares.dtype).tiny  # all words are equal
        return ((shares + tiny) / (total + shares.size(1) * tiny)).log()

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

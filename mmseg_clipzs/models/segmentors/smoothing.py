"""Smooth scores over the frames of a video."""
import torch

from mmseg_clipzs.utils import check_number


class ScoreSmoothing:
    """Exponential moving average of window scores, frame after frame.

    s_t = a s_(t-1) + (1 - a) x_t, beginning with s_0 = x_0. The scores are
    those that overlapping windows average as well: of the words, at the
    resolution of the features, before upsampling, which is linear, and before
    the softmax. So it takes the memory of one small map, and label maps,
    probabilities and thresholds all follow from the smoothed scores.

    Args:
        weight (float): a in [0, 1); 0 smooths nothing.

    Raises:
        UserError: Another value.
    """

    def __init__(self, weight):
        self.weight = check_number('smoothing', weight, '[0, 1)')
        self._last = None

    def __call__(self, scores):
        """Smooth the scores of consecutive frames.

        Args:
            scores (Tensor): (N, Q, I, J), of N frames in their order.

        Returns:
            Tensor: (N, Q, I, J), a new one.
        """
        smoothed = []
        for one in scores:
            # Of equal values lerp returns exactly these.
            if self._last is not None and self._last.shape == one.shape:
                one = self._last.lerp(one, 1 - self.weight)
            self._last = one
            smoothed.append(one)
        return torch.stack(smoothed)

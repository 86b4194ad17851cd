"""Label maps from upsampled scores, computing only what decides them.

The score of a word at a pixel is a weighted mean of its scores at the corners
of the tile. So a word that is worse than another one at all corners is not the
best anywhere in the tile. Mostly a few words are left, however large the
vocabulary.
"""
import math

import torch

from mmseg_clipzs.utils import track

from .upsampling import first_argmax


class LabelMap:
    """The best class of each pixel, and where it is below a threshold.

    Args:
        maps (UpsampledScores): Scores (Q, H, W).
        threshold (Threshold, optional): Finds the pixels below it.

    Attributes:
        labels (Tensor): (H, W) int64.
        below (Tensor | None): (H, W) bool.
    """

    def __init__(self, maps, threshold=None):
        self._maps, self._threshold = maps, threshold
        # Larger differences are no rounding errors.
        self._margin = 100 * torch.finfo(maps.maps.dtype).eps * torch.stack(
            torch.aminmax(maps.maps)).abs().amax()
        self.labels = torch.zeros(
            maps.shape[1:], dtype=torch.int64, device=maps.maps.device)
        self.below = None if threshold is None else torch.zeros_like(
            self.labels, dtype=torch.bool)

    def fill(self, classes, words=None, where=None):
        """Label the pixels.

        Args:
            classes (Tensor): (W, ) int64, the class of each word.
            words (Tensor, optional): (W, ) int64, the words that may win, of
                equal ones the first; by default all.
            where (Tensor, optional): (H, W) bool; only tiles with such pixels
                are labelled.

        Returns:
            LabelMap: This one.
        """
        device = self.labels.device
        classes = classes.to(device)
        words = words if words is None else words.to(device)
        for tile in track(self._maps.tiles(), 'pixels', self.labels.numel(),
                          lambda tile: self.labels[tile.where].numel()):
            if where is None or where[tile.where].any():
                self._fill_tile(tile, classes, words)
        return self

    def _fill_tile(self, tile, classes, words):
        if not len(classes):  # background, which may have no words
            self.labels[tile.where] = 0
            return
        # With a threshold all words are computed unless the corners decide.
        corners = tile.corners(1 / 4 if self._threshold is None else 1 / 64)
        below = None
        if corners is not None:
            left = _contenders(corners if words is None else
                               corners.index_select(1, words), self._margin)
            words = left if words is None else words[left]
            classes = classes[left]
            if self._threshold is not None:
                below = self._threshold.everywhere(
                    corners, words, self._margin)
        if self._threshold is not None and below is None:
            everything = tile.scores()
            scores = everything if words is None else (
                everything.index_select(0, words))
            below = self._threshold.below(everything, scores.amax(0))
        elif len(classes) > 1:
            scores = tile.scores(words)
        self.labels[tile.where] = classes if len(
            classes) == 1 else classes.take(first_argmax(scores))
        if self._threshold is not None:
            self.below[tile.where] = below


def _contenders(corners, margin):
    """Words that may be the best somewhere in a tile.

    Args:
        corners (Tensor): (K, W), see :meth:`Tile.corners`.
        margin (Tensor): (), see :class:`LabelMap`.

    Returns:
        Tensor: (S, ) int64.
    """
    rival = corners[:, corners.sum(0).argmax(), None]
    worse = (corners - rival).amax(0) < -margin  # NaN is not
    return worse.logical_not_().nonzero()[:, 0]


class Threshold:
    """Finds where the probability of the best word is below a threshold.

    Args:
        threshold (float): In (0, 1).
        words (Tensor, optional): (R, ) int64, the words that share the
            probability, some of them several times; by default all Q.
        log_probabilities (Callable): (1, R, ...) scores -> (1, R, ...)
            log-probabilities, in the same order.
    """

    def __init__(self, threshold, words, log_probabilities):
        self._threshold, self._words = threshold, words
        self._log_probabilities = log_probabilities

    def _sharing(self, scores, axis):
        return scores if self._words is None else scores.index_select(
            axis, self._words.to(scores.device))

    def below(self, scores, best):
        """Compare at every pixel.

        Args:
            scores (Tensor): (Q, rows, columns).
            best (Tensor): (rows, columns), the score of the best word.

        Returns:
            Tensor: (rows, columns) bool.
        """
        scores = self._sharing(scores, 0)
        log_p = self._log_probabilities(scores[None])[0]
        # Words of absent classes may be better.
        return log_p.masked_fill(scores > best, -torch.inf).amax(
            0) < math.log(self._threshold)

    def everywhere(self, corners, words, margin):
        """Compare a tile as a whole.

        Args:
            corners (Tensor): (K, Q), see :meth:`Tile.corners`.
            words (Tensor): (S, ) int64, those that may be the best.
            margin (Tensor): (), see :class:`LabelMap`.

        Returns:
            bool | None: True if the best word is below at all pixels, False
            if it is at none, None if that is not known.
        """


class SoftmaxThreshold(Threshold):
    """The same for a softmax.

    Args:
        threshold, words: See the base class.
        scale (float): Factor of the scores before the softmax.
    """

    def __init__(self, threshold, words, scale):
        self._threshold, self._words, self._scale = threshold, words, scale

    def below(self, scores, best):
        """See the base class."""
        shares = (self._sharing(scores, 0) - best).mul_(
            self._scale).exp_().sum(0)
        return shares > 1 / self._threshold

    def everywhere(self, corners, words, margin):
        """See the base class.

        The log of the sum of exponentials is convex: between the corners it
        is at most their mean, and above each tangent plane.
        """
        rivals = corners.index_select(1, words)
        best = rivals[:, rivals.sum(0).argmax(), None]
        rivals = self._scale * (rivals - best)
        others = self._scale * (self._sharing(corners, 1) - best)
        limit = -math.log(self._threshold)
        margin = self._scale * margin + 1e-4
        if (others.logsumexp(1) < limit - margin).all():
            return False
        centre = others.mean(0)  # (R, )
        plane = centre.logsumexp(0) + (others - centre) @ centre.softmax(0)
        if (plane[:, None] - rivals > limit + margin).all():
            return True
        return None

import math

import torch
from torch import nn

from mmseg_clipzs.utils import UserError

from .label_map import LabelMap, Threshold
from .open_vocabulary_segmentor import OpenVocabularySegmentor
from .zero_shot_data_preprocessor import preprocessor_config


class ForeignSegmentor(OpenVocabularySegmentor):
    """A model from elsewhere, behind the interface of this package.

    Subclasses implement :meth:`word_maps`: images and words in, a map of
    probabilities for each word out. The rest is that of every segmentor here:
    vocabularies, batches, windows, thresholds, refinements, label maps, test
    loops and commands. ``docs/other_networks.md`` has an example.

    Args:
        vocabulary (optional): See
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`. By default the
            class names of the evaluated dataset.
        background_threshold (float, optional): In (0, 1): pixels whose best
            word has a lower probability become class 0. By default the best
            class always wins.
        data_preprocessor (dict, optional): By default with ``mean`` and
            ``std`` of the class.
        kwargs: See :class:`OpenVocabularySegmentor`.

    Attributes:
        mean, std (tuple[float]): RGB in [0, 255], of the images that the
            model gets; by default these are in [0, 1].
    """
    mean, std = (0., 0., 0.), (255., 255., 255.)

    def __init__(self, vocabulary=None, background_threshold=None,
                 data_preprocessor=None, test_cfg=None, pamr=None, **kwargs):
        super().__init__(
            '{}',  # the words as they are
            background_threshold,
            test_cfg,
            pamr,
            backbone=dict(type=nn.Identity),
            decode_head=None,
            data_preprocessor=preprocessor_config(
                data_preprocessor, self.mean, self.std),
            **kwargs)
        self._set_first_vocabulary(vocabulary, None)

    def _init_decode_head(self, decode_head):
        # Its place in the views of with_vocabulary().
        self.decode_head = nn.Identity()
        self.align_corners = False

    def word_maps(self, features, words):
        """Probability of each word at each location.

        Args:
            features: Output of :meth:`extract_feat` for N images.
            words (tuple[str]): Q words.

        Returns:
            Tensor: (N, Q, h, w) in [0, 1], at any resolution. Words need not
            sum to 1: a pixel may show several of them, or none.
        """
        raise NotImplementedError

    def extract_feat(self, inputs):
        """What does not depend on the words, by default the images.

        It is computed once for any number of vocabularies.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            Features for :meth:`word_maps`.
        """
        return inputs

    def embed_words(self, words):
        """None: the model reads the words itself."""

    def current_embeddings(self):
        """None: the model reads the words itself."""

    def _set_vocabulary(self, given, embeddings):
        if embeddings is not None:
            raise UserError(
                f'{type(self).__name__} reads the words itself and takes no '
                'text embeddings: leave text_embeddings out.')
        super()._set_vocabulary(given, None)

    def loss(self, inputs, data_samples):
        """Refuse to train.

        Raises:
            UserError: Always.
        """
        raise UserError(f'{type(self).__name__} has nothing to train. To '
                        'train a segmentor use MaskClipPlus.')

    def window_scores(self, features, size):
        """Probabilities (N, Q, h, w) of the words."""
        if self.vocabulary is None:
            raise UserError(
                'No classes are set: name a vocabulary in the config, or call '
                'model.set_vocabulary(["cat", "grass"]).')
        return self.word_maps(features, self.vocabulary.words)

    def class_log_probabilities(self, scores):
        """See :meth:`OpenVocabularySegmentor.class_log_probabilities`."""
        log_p = self.merge_words(scores, _log)
        if self.background_threshold is not None:
            log_p[:, 0].clamp_(min=math.log(self.background_threshold))
        return log_p

    @torch.no_grad()
    def label_map(self, maps):
        """See :meth:`OpenVocabularySegmentor.label_map`."""
        if self.background_threshold is None:
            return super().label_map(maps)
        result = LabelMap(maps, Threshold(
            self.background_threshold, self.repeated_words(), _log)).fill(
                self.owners()[1])
        return result.labels.masked_fill_(result.below, 0), None


def _log(p):
    """Logarithm of probabilities, finite; PAMR's may be a little above 1."""
    return p.clamp(torch.finfo(p.dtype).tiny, 1).log()

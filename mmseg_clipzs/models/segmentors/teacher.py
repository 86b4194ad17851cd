"""The frozen zero-shot teacher of a student."""
from inspect import signature

import torch
from mmseg.registry import MODELS

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import BACKGROUND, get_vocabulary

from ..backbones.clip_vit import get_last_block
from .text_classifier import average_words
from .zero_shot_segmentor import ZeroShotSegmentor


class LazyTeacher:
    """The frozen teacher of a student, built when it is first needed.

    A trained student has its text embeddings in its checkpoint.

    Args:
        config (dict): A ``ZeroShotSegmentor`` with ``vocabulary``.

    Attributes:
        vocabulary (Vocabulary): The config's.
        text_embeddings (str | None): The config's, of these words.
        prompts (str | Sequence[str]): The config's, for other words.
        model (ZeroShotSegmentor | None): In evaluation mode, without a
            vocabulary; None until it is built.

    Raises:
        UserError: Another model, no vocabulary, or options without effect on
            pseudo labels.
    """

    def __init__(self, config):
        cls = config['type']
        cls = MODELS.get(cls) if isinstance(cls, str) else cls
        if cls is not None and not issubclass(cls, ZeroShotSegmentor):
            raise UserError(
                'The teacher must be a ZeroShotSegmentor, whose dense '
                f'features guide the student; {cls.__name__} has none.')
        if config.get('vocabulary') is None:
            raise UserError('The teacher needs vocabulary= in its config: the '
                            'student is built from it.')
        block = (config.get('backbone') or {}).get('last_block')
        if block is not None and getattr(
                get_last_block(block), 'needs_regions', False):
            raise UserError(
                'CorrCLIP cannot teach: it needs regions of the image, which '
                'the crops of the training do not have. Choose another '
                'last_block of the teacher\'s backbone.')
        for option in ('background_threshold', 'pamr', 'regions',
                       'propagation'):
            if config.get(option) is not None:
                raise UserError(
                    f'Pseudo labels do not use the teacher\'s {option}; '
                    'remove it. MaskClipPlus has learn_background= and '
                    'conf_thresh=.')
        self.config = dict(config)
        self.text_embeddings = self.config.pop('text_embeddings', None)
        self.vocabulary = get_vocabulary(self.config.pop('vocabulary'))
        self.prompts = self.config.get('prompts', signature(
            ZeroShotSegmentor).parameters['prompts'].default)
        get_templates(self.prompts)  # the student's words share them
        self.model = None

    def build(self, device):
        """Build the teacher, once.

        Args:
            device (str | device): Where to.

        Returns:
            ZeroShotSegmentor: The same in each call.
        """
        if self.model is None:
            self.model = MODELS.build(self.config).to(device).eval()
        return self.model

    def describe(self):
        """str: Its CLIP, for messages."""
        clip = self.config.get('clip') or {}
        return f'{clip.get("model")} ({clip.get("pretrained")})'


def embedded_classes(vocabulary, learn_background=False):
    """list[tuple[str]]: Words of each class but a learnt background."""
    return [words for name, words in zip(vocabulary.classes,
                                         vocabulary.synonyms)
            if not (learn_background and name == BACKGROUND)]


def class_embeddings(vocabulary, rows, learn_background=False):
    """Text embeddings of the student's classes.

    Args:
        vocabulary (Vocabulary): The classes.
        rows (dict[str, Tensor]): Embedding (D, ) of each word.
        learn_background (bool): Leave out class 0, background.

    Returns:
        Tensor: (C, D), unit-length rows.
    """
    classes = embedded_classes(vocabulary, learn_background)
    return average_words(
        torch.stack([rows[word] for words in classes for word in words]),
        [len(words) for words in classes])


def input_conversion(own, other):
    """Conversion of one data preprocessor's output to that of another.

    Args:
        own, other (BaseDataPreprocessor): With ``mean`` and ``std``
            (3, 1, 1), unless they do not normalise.

    Returns:
        tuple: Whether to flip the channels first, then scale and shift
        (3, 1, 1).
    """
    zero, one = torch.zeros_like(other.std), torch.ones_like(other.std)
    mean, std = getattr(own, 'mean', zero), getattr(own, 'std', one)
    # Mean and std are in the order of the normalised channels.
    flip = _flips_channels(own) != _flips_channels(other)
    if flip:
        mean, std = mean.flip(0), std.flip(0)
    return flip, std / other.std, (mean - other.mean) / other.std


def _flips_channels(preprocessor):
    """Whether BGR becomes RGB; mmseg and its forks store this differently."""
    black = torch.zeros(3, 1, 1, dtype=torch.uint8)
    first = black.clone()
    first[0] = 255
    black, first = preprocessor(dict(inputs=[black, first]), False)['inputs']
    return bool((black[2] != first[2]).any())


def probabilities(teacher, scores):
    """Probabilities of the classes, from the teacher's scores.

    Args:
        teacher (ZeroShotSegmentor): The teacher.
        scores (Tensor): (K, ...), one score per class.

    Returns:
        Tensor: (K, ...) in [0, 1].
    """
    return teacher.decode_head.log_probabilities(
        scores[None], teacher.logit_scale)[0].exp()

"""The frozen zero-shot teacher of a student."""
import torch
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import BACKGROUND

from .text_classifier import average_words
from .zero_shot_segmentor import ZeroShotSegmentor


def build_teacher(config):
    """Build a teacher and check it.

    Args:
        config (dict): A ``ZeroShotSegmentor`` with ``vocabulary``.

    Returns:
        ZeroShotSegmentor: In evaluation mode.

    Raises:
        UserError: Another model, no vocabulary, or options without effect on
            pseudo labels.
    """
    teacher = MODELS.build(config).eval()
    if not isinstance(teacher, ZeroShotSegmentor):
        raise UserError(
            'The teacher must be a ZeroShotSegmentor, whose dense features '
            f'guide the student; {type(teacher).__name__} has none.')
    if teacher.vocabulary is None:
        raise UserError('The teacher needs vocabulary= in its config: the '
                        'student is built from it.')
    for option in ('background_threshold', 'pamr'):
        if getattr(teacher, option) is not None:
            raise UserError(
                f'Pseudo labels do not use the teacher\'s {option}; remove '
                'it. MaskClipPlus has learn_background= and conf_thresh=.')
    return teacher


def word_embeddings(teacher):
    """Text embeddings of a teacher by word.

    Args:
        teacher (ZeroShotSegmentor): With vocabulary.

    Returns:
        dict[str, Tensor]: Word -> (D, ).
    """
    return dict(zip(teacher.vocabulary.words,
                    teacher.decode_head.text_embeddings))


def class_embeddings(teacher, learn_background=False):
    """Text embeddings of the student's classes.

    Args:
        teacher (ZeroShotSegmentor): With vocabulary.
        learn_background (bool): Leave out class 0, background.

    Returns:
        Tensor: (C, D), unit-length rows.

    Raises:
        UserError: No class but background.
    """
    rows = word_embeddings(teacher)
    classes = [words for name, words in zip(teacher.vocabulary.classes,
                                            teacher.vocabulary.synonyms)
               if not (learn_background and name == BACKGROUND)]
    if not classes:
        raise UserError('The only class is "background", which is learnt; '
                        'name another class.')
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
    zero, one = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
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

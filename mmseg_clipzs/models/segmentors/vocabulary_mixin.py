"""The vocabulary of a segmentor: classes, their words and thresholds."""
import copy
import logging

import torch
from mmengine.logging import print_log

from mmseg_clipzs.utils import UserError, check_number, did_you_mean
from mmseg_clipzs.visualization import class_palette
from mmseg_clipzs.vocabularies import BACKGROUND, available, get_vocabulary

from .embedded_words import embed_vocabulary


def check_threshold(value):
    """Check a background threshold.

    Args:
        value (float | None): A probability in (0, 1), or None.

    Returns:
        float | None: The same value.

    Raises:
        UserError: It is out of range.
    """
    return check_number(
        'background_threshold', value, '(0, 1)', optional=True)


def dataset_meta(vocabulary):
    """Names and colours of the classes, as the toolbox expects them.

    Args:
        vocabulary (Vocabulary): C classes.

    Returns:
        dict: ``classes`` (tuple[str]) and ``palette`` (list of RGB colours).
    """
    classes = vocabulary.classes
    return dict(classes=classes, palette=class_palette(classes))


def check_words(vocabulary, background):
    """Refuse classes without words.

    Args:
        vocabulary (Vocabulary): The classes.
        background (bool): Whether "background" needs none.

    Raises:
        UserError: Such a class, or only a background without words.
    """
    if background and len(vocabulary.classes) == 1:
        raise UserError('The only class is "background", which leaves '
                        'nothing to segment; name another class.')
    vocabulary.require_words([BACKGROUND] * background)


def warn_of_one_class(vocabulary, background):
    """Warn of classes of which one wins everywhere.

    Args:
        vocabulary (Vocabulary): The classes.
        background (bool): Whether a threshold may predict class 0.
    """
    named = [(name, words) for name, words in zip(
        vocabulary.classes, vocabulary.synonyms) if words]
    if len(named) > 1 or not named:
        return
    (name, words), = named
    said = f'{name!r} is the only class' + (
        f', with {len(words)} words, as "," separates words and ";" classes'
        if len(words) > 1 else '')
    if background:
        said += ('. Its probability is 1 everywhere, or shared between its '
                 'words, so that the background threshold means nothing')
    else:
        said += ', so that it covers every image'
    example = '; '.join(dict.fromkeys([name, 'grass', 'sky']))
    print_log(
        f'{said}. Name other classes that the images may show, as in '
        f'"{example}", or take contrast words (--background auto, '
        f'background="auto").{did_you_mean(name, available())}',
        logger='current', level=logging.WARNING)


class VocabularyMixin:
    """Vocabulary of a segmentor with a :class:`TextHead`.

    Attributes:
        vocabulary (Vocabulary | None): C classes with Q words.
        background_threshold (float | None): Probability threshold of class 0.
        dataset_meta (dict | None): ``classes`` and ``palette``, for the
            toolbox. Setting it has no effect on a model with a vocabulary:
            mmseg's inferencer sets Cityscapes'. See :meth:`draw_as`.
        absent (Tensor | None): (C, ) bool, classes that the present image
            cannot have.
    """
    vocabulary = None
    background_threshold = None
    absent = None
    _dataset_meta = None

    @property
    def dataset_meta(self):
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta):
        if self.vocabulary is None:
            self._dataset_meta = meta

    def draw_as(self, meta):
        """Draw results with other names and colours of the same classes.

        Args:
            meta (dict): ``classes`` and ``palette``, as of a dataset.
        """
        self._dataset_meta = meta

    def embed_words(self, words):
        """Text embeddings (Q, D) of words; None to embed them later."""
        raise NotImplementedError

    def set_vocabulary(self, classes, text_embeddings=None):
        """Set the classes to segment.

        Args:
            classes: A list of names, 'cat; grass, lawn; sky', the name of a
                vocabulary ('voc20') or a file; see
                :func:`mmseg_clipzs.vocabularies.get_vocabulary`. With a
                ``background_threshold``, "background" is class 0: moved there
                if the list has it, or else inserted.
            text_embeddings (str | Tensor, optional): Precomputed embeddings
                (Q, D) of the list's ``words``.

        Raises:
            UserError: An empty list, a duplicate name or one without letters,
                embeddings that do not fit or that are equal.
        """
        given = get_vocabulary(classes)
        self._with_background(given)  # its errors come before the embeddings
        warn_of_one_class(given, self.background_threshold is not None)
        self._set_vocabulary(given, embed_vocabulary(
            given, text_embeddings, self.embed_words))

    def _set_first_vocabulary(self, vocabulary, text_embeddings):
        """Set the vocabulary of a config, if it names one."""
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, text_embeddings)
        elif text_embeddings is not None:
            raise UserError('text_embeddings= needs the words of its rows: '
                            'set vocabulary= as well.')

    def _with_background(self, vocabulary):
        """A vocabulary with, if there is a threshold, the background."""
        has_background = self.background_threshold is not None
        if has_background:
            vocabulary = vocabulary.with_background()
        check_words(vocabulary, has_background)
        return vocabulary

    def _set_vocabulary(self, given, embeddings):
        """Set classes and the checked embeddings of their words, if any.

        Vocabularies that are refused here leave everything as it was.
        """
        vocabulary = self._with_background(given)
        if embeddings is not None:
            if vocabulary.words != given.words:  # background has moved
                rows = dict(zip(given.words, embeddings))
                embeddings = torch.stack(
                    [rows[word] for word in vocabulary.words])
            self.decode_head.set_text_embeddings(
                embeddings.to(self.data_preprocessor.device))
        self.vocabulary = vocabulary
        self.num_classes = len(vocabulary.classes)
        # mmseg's TTA takes a single channel for a sigmoid.
        self.out_channels = max(self.num_classes, 2)
        self.draw_as(dataset_meta(vocabulary))

    def with_vocabulary(self, classes=None, background_threshold=None):
        """A view of this model with other classes.

        It shares all weights; this model keeps its own classes.

        Args:
            classes (optional): See :meth:`set_vocabulary`. By default those
                of this model.
            background_threshold (float, optional): By default that of this
                model.

        Returns:
            OpenVocabularySegmentor: The view.

        Raises:
            UserError: As :meth:`set_vocabulary`, or a threshold out of range.
        """
        view, head = copy.copy(self), copy.copy(self.decode_head)
        view._modules = {**self._modules, 'decode_head': head}
        head._buffers = dict(head._buffers)
        if background_threshold is not None:
            view.background_threshold = check_threshold(background_threshold)
        if classes is not None:
            view.set_vocabulary(classes)
        elif self.vocabulary is not None:
            view._set_vocabulary(self.vocabulary, self.current_embeddings())
        return view

    def current_embeddings(self):
        """Embeddings of the vocabulary's words, made now if outdated.

        Returns:
            Tensor: (Q, D).
        """
        return self.decode_head.text_embeddings

    def owners(self, absent=None):
        """Words that can win, and the class that wins with each.

        Args:
            absent (Tensor, optional): (C, ) bool, classes that cannot win.

        Returns:
            tuple[Tensor]: Words (W, ) and classes (W, ) int64; see
            :meth:`Vocabulary.owners`.
        """
        gone = () if absent is None else set(absent.nonzero()[:, 0].tolist())
        return tuple(
            torch.tensor(index, dtype=torch.int64)
            for index in self.vocabulary.owners(gone))

    def repeated_words(self):
        """Tensor | None: (R, ) int64, the words of one class after the other.

        A word of several classes occurs several times; None if there is none.
        """
        vocabulary = self.vocabulary
        return torch.tensor([
            i for each in vocabulary.word_indices for i in each
        ]) if vocabulary.has_shared_words else None

    def merge_words(self, scores, normalize=None):
        """Best word of each class.

        A word of several classes has one score, copied here, so that these
        classes tie exactly and the first of them wins.

        Args:
            scores (Tensor): (N, Q, ...).
            normalize (Callable, optional): Applied to the scores of all
                classes' words, among which such a word counts several times.

        Returns:
            Tensor: (N, C, ...); -inf for an absent class and for one without
            words.
        """
        vocabulary = self.vocabulary
        repeated = self.repeated_words()
        if repeated is not None:
            scores = scores.index_select(1, repeated.to(scores.device))
        if normalize is not None:
            scores = normalize(scores)
        if vocabulary.has_synonyms:
            words, scores = scores, scores.new_full(
                (scores.size(0), len(vocabulary.classes), *scores.shape[2:]),
                -torch.inf)
            # All classes of one length at once: there may be thousands.
            for classes, rows in vocabulary.classes_by_length:
                classes, rows = (torch.tensor(index, device=scores.device)
                                 for index in (classes, rows))
                best = words.index_select(1, rows.flatten()).unflatten(
                    1, rows.shape).amax(2)
                scores.index_copy_(1, classes, best)
        if self.absent is not None:
            scores = scores.index_fill(
                1, self.absent.nonzero()[:, 0], -torch.inf)
        return scores

"""A segmentor that classifies with the text embeddings of a teacher."""
import torch
from mmengine.logging import print_log
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.utils import get_classes

from mmseg_clipzs.utils import UserError, check_flag
from mmseg_clipzs.vocabularies import BACKGROUND, get_vocabulary

from .checkpoint_fit import check_fit
from .embedded_words import embed_vocabulary
from .teacher import (
    LazyTeacher,
    class_embeddings,
    embedded_classes,
    input_conversion,
)
from .text_classifier import TextClassifier
from .trained_heads import (
    classifier_width,
    set_class_count,
    to_log_probabilities,
    with_classes,
)
from .vocabulary_mixin import check_words, dataset_meta, warn_of_one_class


class TextStudent(BaseSegmentor):
    """Base class of :class:`MaskClipPlus`: its classes and its inference.

    The checkpoint of a student contains its text embeddings. The teacher is
    built when it is first needed, to train or to embed new words.

    Args:
        student, teacher, unseen, learn_background, normalize,
            data_preprocessor: See :class:`MaskClipPlus`.

    Attributes:
        vocabulary (Vocabulary): The classes, with a learnt background.
        training_classes (tuple[str]): Those that the model was built for.
        teacher_classes (Tensor): Indices of the classes that the teacher
            labels, int64.
        self_training_classes (Tensor): Indices of the classes that the
            student labels itself, int64.

    Raises:
        UserError: A student or teacher that does not fit, unknown class
            names, or nothing to train.
    """

    def __init__(self, student, teacher, unseen=None, learn_background=False,
                 normalize=False, data_preprocessor=None, init_cfg=None):
        check_flag('learn_background', learn_background)
        check_flag('normalize', normalize)
        if unseen is not None and (
                not unseen or learn_background and (
                    unseen == 'all' or BACKGROUND in unseen)):
            raise UserError(
                'unseen= must name classes, but not a learnt background; '
                'leave it out for annotation-free training.')
        student = dict(student)
        own = student.pop('data_preprocessor', None)
        super().__init__(data_preprocessor or own, init_cfg)
        # Not a child: neither in checkpoints nor in optimizers.
        self._teacher = LazyTeacher(teacher)
        self.learn_background = learn_background
        self.unseen = unseen
        self._known = {}  # words of a class -> its embedding
        vocabulary = self._student_vocabulary(self._teacher.vocabulary)
        self.training_classes = vocabulary.classes
        count = len(vocabulary.classes)
        self.student = MODELS.build(with_classes(student, count))
        self.decode_head.conv_seg = TextClassifier(
            classifier_width(self.decode_head), count - learn_background,
            learn_background, normalize)
        if not any(p.requires_grad for p in self.student.parameters()):
            raise UserError('The student has no trainable parameter.')
        self._set_classes(vocabulary)

    def init_weights(self):
        """Initialise the student as configured and embed its classes."""
        super().init_weights()
        self._set_embeddings(self.vocabulary, self._embed())
        self._brief_teacher()  # its errors come before the first iteration

    def _apply(self, fn, *args, **kwargs):
        if self._teacher.model is not None:  # moves with the student
            self._teacher.model._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

    # --------------------------------------------------------------- teacher
    @property
    def teacher(self):
        """ZeroShotSegmentor: With the classes that it labels."""
        return self._brief_teacher()

    @property
    def prompts(self):
        """str | Sequence[str]: Templates of the words."""
        return self._teacher.prompts

    def _brief_teacher(self):
        """Build the teacher and set the classes that it labels, once."""
        teacher = self._build_teacher()
        if teacher.vocabulary is None:
            rows = self._embed()
            taught = self.vocabulary.subset(self.teacher_classes.tolist())
            teacher.set_vocabulary(
                taught, torch.stack([rows[word] for word in taught.words]))
        return teacher

    def _build_teacher(self):
        if self._teacher.model is None:
            teacher = self._teacher.build(self.data_preprocessor.device)
            self.flip, scale, shift = input_conversion(
                self.data_preprocessor, teacher.data_preprocessor)
            self.register_buffer('scale', scale, False)
            self.register_buffer('shift', shift, False)
        return self._teacher.model

    def _embed(self):
        """Embedding (D, ) of each word of the vocabulary."""
        if self._rows is None:
            words, given = self._teacher.vocabulary, (
                self._teacher.text_embeddings)
            if not set(self.vocabulary.words) <= set(words.words):
                words, given = self.vocabulary, None
            self._rows = dict(zip(words.words, embed_vocabulary(
                words, given, self._build_teacher().embed_words)))
        return self._rows

    # --------------------------------------------------------------- classes
    @property
    def dataset_meta(self):
        """dict: ``classes`` and ``palette``, for the toolbox."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta):
        # The toolbox sets that of a checkpoint or a dataset.
        names = (meta or {}).get('classes')
        if not names:
            return
        if len(names) != self.num_classes:
            if list(names) == get_classes('cityscapes'):
                return  # mmseg's, for a checkpoint without names
            raise UserError(
                f'The student has {self.num_classes} classes '
                f'({self.vocabulary.shortened()}), but its data {len(names)} '
                f'({", ".join(names[:3])}, ...).')
        self.vocabulary.check_order(names, 'the data')
        self._dataset_meta = meta

    def _student_vocabulary(self, vocabulary):
        """A vocabulary with, if learnt, the background."""
        if self.learn_background:
            vocabulary = vocabulary.with_background()
        check_words(vocabulary, self.learn_background)
        return vocabulary

    def _set_embeddings(self, vocabulary, rows):
        """Set the classifier, from the embedding (D, ) of each word."""
        embeddings = class_embeddings(vocabulary, rows, self.learn_background)
        width, wanted = classifier_width(self.decode_head), embeddings.size(1)
        if width != wanted:
            raise UserError(
                f'The student\'s last features are {width} wide, but the text '
                f'embeddings {wanted}. Set student.decode_head.channels='
                f'{wanted}.')
        self.decode_head.conv_seg.set_embeddings(embeddings)

    def _set_classes(self, vocabulary, rows=None):
        """Set names and number of the classes.

        Args:
            vocabulary (Vocabulary): With a learnt background.
            rows (dict[str, Tensor], optional): Embedding (D, ) of each word;
                by default those of the teacher's config.
        """
        self.vocabulary, self._rows = vocabulary, rows
        classes = vocabulary.classes
        self.num_classes = self.out_channels = len(classes)
        set_class_count(self.student, len(classes))
        self.dataset_meta = dataset_meta(vocabulary)
        if self.unseen is None:
            taught = list(range(int(self.learn_background), len(classes)))
        elif classes == self.training_classes:
            taught = vocabulary.indices(self.unseen)
        else:  # prediction only, see _check_trainable
            return
        # Zero-shot, the background has labels.
        own = ([0, *taught] if self.learn_background and self.unseen is None
               else taught)
        for name, indices in (('teacher_classes', taught),
                              ('self_training_classes', own)):
            self.register_buffer(name, torch.tensor(
                indices, device=self.data_preprocessor.device), False)
        if self._teacher.model is not None:  # scores only what it labels
            self._teacher.model.vocabulary = None

    def set_vocabulary(self, classes, text_embeddings=None):
        """Set the classes to predict.

        Classes that the student was trained with, in any order and number,
        keep their embeddings. If others are among them, the teacher's CLIP,
        which is loaded for that, embeds all.

        Args:
            classes, text_embeddings: See
                :meth:`ZeroShotSegmentor.set_vocabulary`. With a learnt
                background, "background" is inserted as class 0.
        """
        given = get_vocabulary(classes)
        vocabulary = self._student_vocabulary(given)
        if not self.learn_background:
            warn_of_one_class(vocabulary, False)
        if text_embeddings is None and self._reuse_embeddings(vocabulary):
            known = set(vocabulary.words) <= set(self._rows or ())
            self._set_classes(vocabulary, self._rows if known else None)
            return
        rows = dict(zip(given.words, embed_vocabulary(
            given, text_embeddings, self._embed_new_words)))
        self._set_embeddings(vocabulary, rows)
        self._set_classes(vocabulary, rows)

    def _reuse_embeddings(self, vocabulary):
        """Whether all classes were known and have kept their embeddings."""
        classifier = self.decode_head.conv_seg
        if not classifier.has_embeddings():
            return False
        before, classes = (embedded_classes(each, self.learn_background)
                           for each in (self.vocabulary, vocabulary))
        # Copies: the classifier's weights are changed in place.
        self._known.update(zip(
            before, classifier.weight.detach().flatten(1).clone()))
        if not set(classes) <= set(self._known):
            return False
        classifier.set_embeddings(
            torch.stack([self._known[words] for words in classes]))
        return True

    def _embed_new_words(self, words):
        if self._teacher.model is None:
            print_log(
                'The classes are new to the student: loading the text tower '
                f'of its teacher\'s CLIP, {self._teacher.describe()}.',
                logger='current')
        return self._build_teacher().embed_words(words)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        self._known.clear()
        if not prefix:
            check_fit(self, state_dict)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def describe(self):
        """str: The model, for messages."""
        return (f'a {type(self).__name__} with {self.num_classes} classes '
                f'({", ".join(self.vocabulary.classes[:3])}, ...)')

    # ------------------------------------------------------------- inference
    @property
    def decode_head(self):
        """BaseDecodeHead: The student's; mmseg expects the attribute."""
        return self.student.decode_head

    def extract_feat(self, inputs):
        """Features of the student's backbone and neck."""
        return self.student.extract_feat(inputs)

    def encode_decode(self, inputs, batch_img_metas):
        """Class log-probabilities (N, C, H, W) of one window or image."""
        return self.student.encode_decode(
            inputs, batch_img_metas).log_softmax(1)

    def inference(self, inputs, batch_img_metas):
        """Class log-probabilities (N, C, H, W), by ``test_cfg.mode``."""
        return self.student.inference(inputs, batch_img_metas).log_softmax(1)

    def predict(self, inputs, data_samples=None):
        """Predict label maps at the original sizes.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            data_samples (list[SegDataSample], optional): With ``metainfo``.

        Returns:
            list[SegDataSample]: With ``seg_logits`` (C, H, W), class
            log-probabilities, and ``pred_sem_seg`` (1, H, W), their argmax.
        """
        return to_log_probabilities(self.student.predict(inputs, data_samples))

    def _forward(self, inputs, data_samples=None):
        return self.student._forward(inputs, data_samples)

from functools import partial

import torch
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.utils import add_prefix

from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import BACKGROUND

from .distillation import distillation_loss
from .pseudo_labels import assign_pseudo_labels, batch_labels, with_labels
from .teacher import (
    build_teacher,
    class_embeddings,
    input_conversion,
    probabilities,
    word_embeddings,
)
from .text_classifier import TextClassifier
from .trained_heads import (
    check_finite,
    check_training_classes,
    classifier_width,
    has_more_classifiers,
    run_head,
    set_class_count,
    to_log_probabilities,
    with_classes,
)
from .vocabulary_mixin import dataset_meta


@MODELS.register_module()
class MaskClipPlus(BaseSegmentor):
    """Train any mmseg segmentor with pseudo labels of a zero-shot teacher.

    MaskCLIP+ (arXiv 2112.01071), section 3.5. The student is a stock mmseg
    model whose ``conv_seg`` is the frozen matrix of text embeddings; this
    class only supplies its labels.

    Annotation-free (without ``unseen``): labels are not read, all pixels get
    the teacher's best class; with ``unseen='all'``, as in the authors'
    configs, all but the ignored ones. Zero-shot (with ``unseen``): labels of
    seen classes are used; the other pixels get the teacher's best unseen class
    and, once :class:`SelfTrainingHook` has switched, the student's own.

    Args:
        student (dict): An ``EncoderDecoder`` whose head ends in ``conv_seg``
            and has the width of CLIP's embeddings before it. ``num_classes``
            is filled in.
        teacher (dict): A ``ZeroShotSegmentor`` with ``vocabulary``; frozen,
            not in checkpoints. The student uses its ``text_embeddings``, if
            set.
        unseen (Sequence[str] | str, optional): Classes whose labels are
            hidden, or 'all'.
        learn_background (bool): Learn an embedding for class 0, background;
            the teacher labels the other classes.
        normalize (bool): Normalise the student's features before they are
            compared with the text embeddings.
        conf_thresh (float, optional): Confidence threshold of the teacher;
            pixels below it are ignored.
        conf_by (str): Confidence measure: 'score', the best cosine (authors'
            code), or 'probability', that of the best class.
        distill_weight (float, optional): Weight of an L1 loss between the
            last features of student and teacher (ablation in the paper). It
            replaces the pseudo labels.
        data_preprocessor (dict, optional): By default the student's.

    Raises:
        UserError: A student or teacher that does not fit, unknown class
            names, or nothing to train.
    """

    def __init__(self, student, teacher, unseen=None, learn_background=False,
                 normalize=False, conf_thresh=None, conf_by='score',
                 distill_weight=None, data_preprocessor=None, train_cfg=None,
                 test_cfg=None, pretrained=None, init_cfg=None):
        if conf_by not in ('score', 'probability'):
            raise UserError(f'conf_by={conf_by!r} is unknown; choose "score" '
                            'or "probability".')
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
        self.__dict__['teacher'] = build_teacher(teacher)
        self.learn_background = learn_background
        self.conf_thresh = conf_thresh
        self.probabilities = (partial(probabilities, self.teacher)
                              if conf_by == 'probability' else None)
        self.distill_weight = distill_weight
        self.unseen = unseen
        self.self_training = False
        vocabulary = self._student_vocabulary()
        embeddings = class_embeddings(self.teacher, learn_background)
        self.training_classes = vocabulary.classes
        self.student = MODELS.build(
            with_classes(student, len(vocabulary.classes)))
        width, wanted = classifier_width(self.decode_head), embeddings.size(1)
        if width != wanted:
            raise UserError(
                f'The student\'s last features are {width} wide, but the text '
                f'embeddings {wanted}. Set student.decode_head.channels='
                f'{wanted}.')
        self.decode_head.conv_seg = TextClassifier(
            embeddings, learn_background, normalize)
        if not any(p.requires_grad for p in self.student.parameters()):
            raise UserError('The student has no trainable parameter.')
        self._set_classes(vocabulary)
        self.flip, scale, shift = input_conversion(
            self.data_preprocessor, self.teacher.data_preprocessor)
        self.register_buffer('scale', scale, False)
        self.register_buffer('shift', shift, False)

    def init_weights(self):
        """Initialise the student as configured, except for the embeddings."""
        classifier = self.decode_head.conv_seg
        embeddings = classifier.weight.flatten(1).clone()
        super().init_weights()
        classifier.set_embeddings(embeddings)

    def _apply(self, fn, *args, **kwargs):
        self.teacher._apply(fn, *args, **kwargs)  # moves with the student
        return super()._apply(fn, *args, **kwargs)

    # --------------------------------------------------------------- classes
    def _student_vocabulary(self):
        """The teacher's vocabulary and, if learnt, the background."""
        vocabulary = self.teacher.vocabulary
        return (vocabulary.with_background() if self.learn_background
                else vocabulary)

    def _set_classes(self, vocabulary):
        self.vocabulary = vocabulary
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
        # The teacher scores only the classes that it labels.
        rows = word_embeddings(self.teacher)
        vocabulary = vocabulary.subset(taught)
        self.teacher.set_vocabulary(vocabulary, torch.stack(
            [rows[word] for word in vocabulary.words]))

    def set_vocabulary(self, classes, text_embeddings=None):
        """Set the classes to predict.

        Args:
            classes, text_embeddings: See
                :meth:`ZeroShotSegmentor.set_vocabulary`. With a learnt
                background, "background" is inserted as class 0.
        """
        self.teacher.set_vocabulary(classes, text_embeddings)
        self.decode_head.conv_seg.set_embeddings(
            class_embeddings(self.teacher, self.learn_background))
        self._set_classes(self._student_vocabulary())

    def _check_trainable(self):
        """Refuse to train classes that the model was not built for."""
        if self.vocabulary.classes == self.training_classes:
            return
        if self.unseen is not None:
            check_training_classes(self)
        if has_more_classifiers(self.student) and (
                self.num_classes != len(self.training_classes)):
            raise UserError(
                'Other classifiers of the student were built for '
                f'{len(self.training_classes)} classes, but set_vocabulary '
                f'changed them to {self.num_classes}. Build it with the new '
                    'classes.')

    # -------------------------------------------------------------- training
    # A CPU's autocast would convert the frozen weights at every call; the
    # teacher has its own precision.
    @torch.no_grad()
    @torch.autocast('cpu', enabled=False)
    def _ask_teacher(self, inputs):
        """Dense features (N, D, h, w) and scores (N, K, h, w)."""
        inputs = inputs.flip(1) if self.flip else inputs
        teacher = self.teacher
        features = teacher.extract_feat(inputs * self.scale + self.shift)
        return features[0], teacher.merge_words(teacher.decode_head(features))

    @torch.no_grad()
    def pseudo_labels(self, inputs, labels, scores):
        """Labels without hidden ones.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised for the student.
            labels (Tensor): (N, 1, H, W) int64 with ``HIDDEN_LABEL`` and
                ``IGNORE_INDEX``.
            scores (Tensor): (N, C, h, w), the student's.

        Returns:
            Tensor: (N, 1, H, W) int64.
        """
        if not (labels == HIDDEN_LABEL).any():
            return labels
        if self.self_training:
            classes = self.self_training_classes
            return assign_pseudo_labels(scores[:, classes], labels, classes)
        return assign_pseudo_labels(
            self._ask_teacher(inputs)[1], labels, self.teacher_classes,
            self.conf_thresh, self.probabilities)

    def loss(self, inputs, data_samples):
        """Losses of the student on the pseudo labels.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised for the student.
            data_samples (list[SegDataSample]): With ``gt_sem_seg`` if
                ``unseen`` is set.

        Returns:
            dict[str, Tensor]: The student's own losses.

        Raises:
            UserError: A label of an unseen class, or classes that the model
                was not built for.
            FloatingPointError: A loss that is not finite.
        """
        self._check_trainable()
        student, head = self.student, self.decode_head
        x = student.extract_feat(inputs)
        output, features, scores = run_head(head, x)
        labels = batch_labels(
            inputs, data_samples,
            None if self.unseen is None else self.teacher_classes)
        if self.distill_weight is not None:
            losses = dict(loss_distill=self.distill_weight * distillation_loss(
                features, self._ask_teacher(inputs)[0], labels))
        else:
            samples = with_labels(
                data_samples, self.pseudo_labels(inputs, labels, scores))
            losses = add_prefix(head.loss_by_feat(output, samples), 'decode')
            if student.with_auxiliary_head:
                losses.update(
                    student._auxiliary_head_forward_train(x, samples))
        check_finite(losses, data_samples)
        return losses

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

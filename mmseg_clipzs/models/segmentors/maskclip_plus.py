import torch
from mmseg.registry import MODELS
from mmseg.utils import add_prefix

from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.utils import UserError, check_number

from .distillation import distillation_loss
from .pseudo_labels import assign_pseudo_labels, batch_labels, with_labels
from .teacher import probabilities
from .text_student import TextStudent
from .trained_heads import (
    check_finite,
    check_training_classes,
    has_more_classifiers,
    run_head,
)


@MODELS.register_module()
class MaskClipPlus(TextStudent):
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
            not in checkpoints, and only built for training and for new words.
            The student uses its ``text_embeddings``, if set.
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
        check_number('conf_thresh', conf_thresh, (
            '[-1, 1]' if conf_by == 'score' else '[0, 1]'), optional=True)
        check_number(
            'distill_weight', distill_weight, '(0, inf)', optional=True)
        if test_cfg or train_cfg:
            raise UserError(
                'Set test_cfg and train_cfg of MaskClipPlus in its student: '
                'student=dict(test_cfg=...).')
        super().__init__(student, teacher, unseen, learn_background,
                         normalize, data_preprocessor, init_cfg)
        self.conf_thresh, self.conf_by = conf_thresh, conf_by
        self.distill_weight = distill_weight
        self.self_training = False

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
        teacher = self.teacher
        inputs = inputs.flip(1) if self.flip else inputs
        features = teacher.final_features(
            teacher.extract_feat(inputs * self.scale + self.shift))
        return features[0], teacher.merge_words(teacher.decode_head(features))

    @torch.no_grad()
    def pseudo_labels(self, inputs, labels, scores):
        """Labels without hidden ones.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised for the student.
            labels (Tensor): (N, 1, H, W) int64 with ``HIDDEN_LABEL`` and the
                head's ``ignore_index``.
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
            self.conf_thresh, self.probabilities
            if self.conf_by == 'probability' else None,
            self.decode_head.ignore_index)

    def probabilities(self, scores):
        """Probabilities (K, ...) of the teacher's scores (K, ...)."""
        return probabilities(self.teacher, scores)

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
            None if self.unseen is None else self.teacher_classes,
            self.num_classes, head.ignore_index)
        if self.distill_weight is not None:
            losses = dict(loss_distill=self.distill_weight * distillation_loss(
                features, self._ask_teacher(inputs)[0],
                labels != head.ignore_index))
        else:
            samples = with_labels(
                data_samples, self.pseudo_labels(inputs, labels, scores))
            losses = add_prefix(head.loss_by_feat(output, samples), 'decode')
            if student.with_auxiliary_head:
                losses.update(
                    student._auxiliary_head_forward_train(x, samples))
        check_finite(losses, data_samples)
        return losses

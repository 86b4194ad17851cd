import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import voc_palette

from .pseudo_labels import assign_pseudo_labels, batch_labels, with_classes
from .text_classifier import TextClassifier
from .zero_shot_segmentor import ZeroShotSegmentor


@MODELS.register_module()
class MaskClipPlus(BaseSegmentor):
    """Train any mmseg segmentor with a zero-shot teacher's predictions.

    MaskCLIP+ (arXiv 2112.01071), section 3.5. The student is a stock mmseg
    model whose ``conv_seg`` is the frozen matrix of text embeddings; this
    class supplies its targets and nothing else.

    Without ``unseen`` no label is read (annotation-free): every pixel has the
    teacher's best class. With it (zero-shot) labels are used where they are,
    and pixels of unseen classes get the teacher's best unseen class; after
    :class:`SelfTrainingHook` has switched, the student's own.

    Args:
        student (dict): An ``EncoderDecoder`` whose head ends in ``conv_seg``
            and has CLIP's embedding width before it. ``num_classes`` is
            filled in.
        teacher (dict): A ``ZeroShotSegmentor``; frozen, not in checkpoints.
        unseen (Sequence[str], optional): Classes whose labels are hidden.
        learn_background (bool): Learn an embedding for class 0, background;
            the teacher's vocabulary has the other classes.
        normalize (bool): Normalise the student's features before they are
            compared with the text.
        conf_thresh (float, optional): Ignore pixels of which the teacher is
            less sure than this.
        conf_by (str): What says how sure it is: 'score', its best cosine (or
            what it makes of it), as in the authors' code; or 'probability',
            the best class's, in (0, 1), which tells right from wrong better
            on the toy scenes.
        distill_weight (float, optional): Weight of an L1 loss between the
            student's last features and the teacher's (the paper's ablation).
            The pseudo labels then have no part in the training.
        data_preprocessor (dict, optional): By default the student's.

    Raises:
        UserError: A student that does not fit, unknown class names, or
            nothing to train.
    """

    def __init__(self, student, teacher, unseen=None, learn_background=False,
                 normalize=False, conf_thresh=None, conf_by='score',
                 distill_weight=None, data_preprocessor=None, train_cfg=None,
                 test_cfg=None, pretrained=None, init_cfg=None):
        if conf_by not in ('score', 'probability'):
            raise UserError(f'conf_by={conf_by!r} is unknown; choose "score" '
                            'or "probability".')
        student = dict(student)
        own_preprocessor = student.pop('data_preprocessor', None)
        super().__init__(data_preprocessor or own_preprocessor, init_cfg)
        # Not a child: neither in checkpoints nor in optimizers.
        self.__dict__['teacher'] = MODELS.build(teacher).eval()
        if not isinstance(self.teacher, ZeroShotSegmentor):
            raise UserError(
                'The teacher is a ZeroShotSegmentor, whose dense features '
                f'guide the student; {type(self.teacher).__name__} has none.')
        if self.teacher.vocabulary is None:
            raise UserError('The teacher needs its vocabulary= in the config: '
                            'the student is built from it.')
        vocabulary = self.teacher.vocabulary
        if learn_background:
            vocabulary = vocabulary.with_background()
        guided = range(int(learn_background), len(vocabulary.classes))
        if unseen is not None:
            guided = vocabulary.indices(unseen)
        self.register_buffer(
            'unseen', None if unseen is None else torch.tensor(guided), False)
        own = [0, *guided] if learn_background else list(guided)
        self.register_buffer('guided', torch.tensor(list(guided)), False)
        self.register_buffer('own', torch.tensor(own), False)
        self.learn_background = learn_background
        self.conf_thresh = conf_thresh
        self.conf_scale = (self.teacher.logit_scale
                           if conf_by == 'probability' else None)
        self.distill_weight = distill_weight
        self.self_training = False

        self.student = MODELS.build(with_classes(
            student, len(vocabulary.classes)))
        head, embeddings = self._head(), self._embeddings(vocabulary)
        width = head.conv_seg.in_channels
        if width != embeddings.size(1):
            raise UserError(
                f'The student\'s last features are {width} wide, but the '
                f'embeddings of CLIP {self.teacher.text_encoder.clip.name} '
                f'{embeddings.size(1)}. Set student.decode_head.channels='
                f'{embeddings.size(1)}.')
        head.conv_seg = TextClassifier(embeddings, learn_background,
                                       normalize)
        if not any(p.requires_grad for p in self.student.parameters()):
            raise UserError('The student has no trainable parameter.')
        self._set_classes(vocabulary)
        # The teacher sees, and scores, what it has to tell apart.
        self.teacher.set_vocabulary(
            vocabulary.subset(guided),
            self.teacher.text_encoder(vocabulary.subset(guided).words,
                                      self.teacher.prompts))
        self._init_teacher_input()

    def _head(self):
        head = self.student.decode_head
        if not hasattr(head, 'conv_seg') or not hasattr(
                head.conv_seg, 'in_channels'):
            raise UserError(
                f'The student\'s head {type(head).__name__} does not end in '
                'conv_seg, which the text embeddings replace.')
        return head

    def _embeddings(self, vocabulary):
        """(C, D): the mean of each class's words, without a background."""
        encoder, words = self.teacher.text_encoder, vocabulary.words
        embeddings = dict(zip(words, encoder(words, self.teacher.prompts)))
        return torch.stack([
            F.normalize(sum(embeddings[word] for word in synonyms), dim=0)
            for synonyms in vocabulary.synonyms if synonyms])

    def init_weights(self):
        """As the student's configs say, the text embeddings excepted."""
        classifier = self.decode_head.conv_seg
        embeddings = classifier.weight.flatten(1).clone()
        super().init_weights()
        classifier.set_embeddings(embeddings)

    def _set_classes(self, vocabulary):
        self.vocabulary = vocabulary
        self.num_classes = self.out_channels = len(vocabulary.classes)
        for part in (self.student, self.student.decode_head):
            part.num_classes = part.out_channels = self.num_classes
        self.dataset_meta = dict(
            classes=vocabulary.classes,
            palette=voc_palette(self.num_classes,
                                vocabulary.classes[0] == 'background'))

    def set_vocabulary(self, classes):
        """Let the trained student segment other classes.

        Args:
            classes: As for :meth:`ZeroShotSegmentor.set_vocabulary`. With a
                learnt background, "background" is put in front.
        """
        self.teacher.set_vocabulary(classes)
        vocabulary = self.teacher.vocabulary
        if self.learn_background:
            vocabulary = vocabulary.with_background()
        self.student.decode_head.conv_seg.set_embeddings(
            self._embeddings(vocabulary))
        self._set_classes(vocabulary)

    def _apply(self, fn, *args, **kwargs):
        self.teacher._apply(fn, *args, **kwargs)  # moves with the student
        return super()._apply(fn, *args, **kwargs)

    # -------------------------------------------------------------- training
    def _init_teacher_input(self):
        """student's input -> photo -> teacher's input, as one a * x + b."""
        own, other = self.data_preprocessor, self.teacher.data_preprocessor
        zero, one = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
        mean, std = getattr(own, 'mean', zero), getattr(own, 'std', one)
        # Both are in the order of the network's own channels.
        self.flip = own.channel_conversion != other.channel_conversion
        if self.flip:
            mean, std = mean.flip(0), std.flip(0)
        self.register_buffer('scale', std / other.std, False)
        self.register_buffer('shift', (mean - other.mean) / other.std, False)

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
    def targets(self, inputs, labels, logits):
        """Labels with the gaps filled in.

        Args:
            inputs (Tensor): (N, 3, H, W), the student's.
            labels (Tensor): (N, 1, H, W) int64, -1 where not labelled.
            logits (Tensor): (N, C, h, w), the student's.

        Returns:
            Tensor: (N, 1, H, W) int64.
        """
        if not (labels < 0).any():
            return labels
        if self.self_training:
            return assign_pseudo_labels(logits[:, self.own], labels, self.own)
        scores = self._ask_teacher(inputs)[1]
        return assign_pseudo_labels(scores, labels, self.guided, self.conf_thresh,
                              self.conf_scale)

    def loss(self, inputs, data_samples):
        """Losses of the student on the targets.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised for the student.
            data_samples (list[SegDataSample]): With ``gt_sem_seg`` in the
                zero-shot setting.

        Returns:
            dict[str, Tensor]: The student's own losses.

        Raises:
            UserError: A hidden label got through.
            FloatingPointError: A loss that is not finite; names the iteration
                and the images.
        """
        student, head = self.student, self.student.decode_head
        x = student.extract_feat(inputs)
        if self.distill_weight is not None:
            losses = self._distill(inputs, x)
        else:
            labels = batch_labels(inputs, data_samples, self.unseen)
            logits = head(x)
            targets = self.targets(inputs, labels, logits)
            samples = [
                SegDataSample(metainfo=sample.metainfo,
                              gt_sem_seg=PixelData(data=target))
                for sample, target in zip(data_samples, targets)]
            losses = add_prefix(head.loss_by_feat(logits, samples), 'decode')
            if student.with_auxiliary_head:
                losses.update(
                    student._auxiliary_head_forward_train(x, samples))
        self._check_finite(losses, data_samples)
        return losses

    def _distill(self, inputs, x):
        """L1 between the student's last features and the teacher's."""
        head, seen = self.student.decode_head, []
        handle = head.conv_seg.register_forward_pre_hook(
            lambda module, args: seen.append(args[0]))
        try:
            head(x)
        finally:
            handle.remove()
        wanted = F.normalize(self._ask_teacher(inputs)[0], dim=1)
        features = resize(seen[0], size=wanted.shape[2:], mode='bilinear')
        return dict(loss_distill=self.distill_weight * F.l1_loss(
            features, wanted))

    @staticmethod
    def _check_finite(losses, data_samples):
        for name, value in losses.items():
            if 'loss' in name and not torch.isfinite(value).all():
                images = [s.metainfo.get('img_path') for s in data_samples]
                iteration = MessageHub.get_current_instance().get_info('iter')
                raise FloatingPointError(
                    f'{name} is {value.tolist()} in iteration {iteration} on '
                    f'{images}. A smaller learning rate or '
                    'optim_wrapper.clip_grad may help.')

    # ------------------------------------------------------------- inference
    @property
    def decode_head(self):
        """The student's; the toolbox asks for it."""
        return self.student.decode_head

    def extract_feat(self, inputs):
        return self.student.extract_feat(inputs)

    def encode_decode(self, inputs, batch_img_metas):
        """Class scores (N, C, H, W) of the student."""
        return self.student.encode_decode(inputs, batch_img_metas)

    def predict(self, inputs, data_samples=None):
        """Label maps of the student; see mmseg's ``EncoderDecoder``."""
        return self.student.predict(inputs, data_samples)

    def _forward(self, inputs, data_samples=None):
        return self.student._forward(inputs, data_samples)

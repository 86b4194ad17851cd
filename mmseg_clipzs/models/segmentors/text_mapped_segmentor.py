import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

from mmseg_clipzs.clip import TextEncoder, get_templates, load_clip
from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.vocabularies import get_vocabulary

from .embedded_words import embed_vocabulary
from .pseudo_labels import batch_labels, with_labels
from .sliding import check_windows
from .teacher import class_embeddings
from .text_classifier import MappedClassifier
from .trained_heads import (
    check_training_classes,
    classifier_width,
    set_class_count,
    to_log_probabilities,
    with_classes,
)
from .vocabulary_mixin import check_words, dataset_meta, warn_of_one_class


@MODELS.register_module()
class TextMappedSegmentor(EncoderDecoder):
    """CLIP fine-tuned for segmentation: the paper's negative baseline.

    MaskCLIP (arXiv 2112.01071), section 3.2: CLIP's image tower as backbone,
    trained on the seen classes. A trained mapper turns text embeddings into
    the weights of the classifier. It fails on unseen classes.

    Args:
        clip (dict): Arguments of :func:`mmseg_clipzs.clip.load_clip`.
        backbone (dict): ``ClipResNet(out_stages=True)`` or ``ClipViT``, with
            trained parameters.
        decode_head (dict): A head that ends in ``conv_seg``; ``num_classes``
            is filled in.
        vocabulary: See ``ZeroShotSegmentor``.
        unseen (Sequence[str]): Classes whose labels are hidden.
        prompts (str | Sequence[str]): Template set or templates.

    Raises:
        UserError: A head that does not fit, or unknown class names.
    """

    def __init__(self, clip, backbone, decode_head, vocabulary, unseen=(),
                 prompts='imagenet80', auxiliary_head=None, train_cfg=None,
                 test_cfg=None, data_preprocessor=None, pretrained=None,
                 init_cfg=None):
        get_templates(prompts)
        check_windows(test_cfg, ('mode', 'crop_size', 'stride'))
        loaded = load_clip(**clip)
        vocabulary = get_vocabulary(vocabulary)
        heads = with_classes(
            dict(decode_head=decode_head, auxiliary_head=auxiliary_head),
            len(vocabulary.classes))
        super().__init__(
            backbone=dict(backbone, clip=loaded),
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            **heads)
        self.prompts = prompts
        self.text_encoder = TextEncoder(loaded)
        self.decode_head.conv_seg = MappedClassifier(
            self._embed(vocabulary), classifier_width(self.decode_head))
        self._set_classes(vocabulary)
        self.training_classes = vocabulary.classes
        self.register_buffer(
            'unseen', torch.tensor(vocabulary.indices(unseen),
                                   dtype=torch.int64), False)

    def _embed(self, vocabulary):
        """Embeddings (C, D) of the classes."""
        check_words(vocabulary, False)
        rows = embed_vocabulary(vocabulary, None, lambda words: (
            self.text_encoder(words, self.prompts)))
        return class_embeddings(vocabulary, dict(zip(vocabulary.words, rows)))

    def _set_classes(self, vocabulary):
        self.vocabulary = vocabulary
        classes = vocabulary.classes
        set_class_count(self, len(classes))
        self.dataset_meta = dataset_meta(vocabulary)

    def init_weights(self):
        """Initialise as configured; the mapper has torch's defaults."""
        super().init_weights()
        for layer in self.decode_head.conv_seg.mapper:
            if hasattr(layer, 'reset_parameters'):
                layer.reset_parameters()

    def set_vocabulary(self, classes):
        """Set the classes to predict.

        Args:
            classes: See :func:`mmseg_clipzs.vocabularies.get_vocabulary`.
        """
        vocabulary = get_vocabulary(classes)
        warn_of_one_class(vocabulary, False)
        self.decode_head.conv_seg.set_embeddings(self._embed(vocabulary))
        self._set_classes(vocabulary)

    def loss(self, inputs, data_samples):
        """Losses on the seen classes; hidden labels are ignored.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            data_samples (list[SegDataSample]): With ``gt_sem_seg``.

        Returns:
            dict[str, Tensor]: See ``EncoderDecoder``.

        Raises:
            UserError: A label of an unseen class, or classes that the model
                was not built for.
        """
        check_training_classes(self)
        head = self.decode_head
        labels = batch_labels(inputs, data_samples, self.unseen,
                              self.num_classes, head.ignore_index)
        labels = labels.masked_fill(
            labels == HIDDEN_LABEL, head.ignore_index)
        return super().loss(inputs, with_labels(data_samples, labels))

    def encode_decode(self, inputs, batch_img_metas):
        """Class log-probabilities of one window or image at its size.

        Returns:
            Tensor: (N, C, H, W).
        """
        return super().encode_decode(inputs, batch_img_metas).log_softmax(1)

    def inference(self, inputs, batch_img_metas):
        """Class log-probabilities, by ``test_cfg.mode``.

        Returns:
            Tensor: (N, C, H, W).
        """
        # Averages over windows are normalised again.
        return super().inference(inputs, batch_img_metas).log_softmax(1)

    def postprocess_result(self, seg_logits, data_samples=None):
        """Results at the original sizes.

        Returns:
            list[SegDataSample]: With ``seg_logits`` (C, H, W), class
            log-probabilities, and ``pred_sem_seg`` (1, H, W), their argmax.
        """
        # Resized log-probabilities are normalised again.
        return to_log_probabilities(
            super().postprocess_result(seg_logits, data_samples))

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_clipzs.clip import TextEncoder, load_clip
from mmseg_clipzs.labels import HIDDEN_LABEL, IGNORE_INDEX
from mmseg_clipzs.vocabularies import get_vocabulary

from .pseudo_labels import batch_labels, with_classes
from .text_classifier import MappedClassifier


@MODELS.register_module()
class TextMappedSegmentor(EncoderDecoder):
    """CLIP fine-tuned for segmentation: the paper's negative baseline.

    MaskCLIP (arXiv 2112.01071), section 3.2: CLIP's image tower as backbone,
    trained on the seen classes; the classifier's weights come from the text
    embeddings through a trained mapper. It fails on unseen classes.

    Args:
        clip (dict): Arguments of :func:`mmseg_clipzs.clip.load_clip`.
        backbone (dict): ``ClipResNet(out_stages=True)`` or ``ClipViT``; its
            parameters are trained.
        decode_head (dict): Any that ends in ``conv_seg``; ``num_classes`` is
            filled in.
        vocabulary: As for ``ZeroShotSegmentor``.
        unseen (Sequence[str]): Classes whose labels are hidden.
        prompts (str | Sequence[str]): Prompt set or templates.
    """

    def __init__(self, clip, backbone, decode_head, vocabulary, unseen=(),
                 prompts='imagenet80', auxiliary_head=None, train_cfg=None,
                 test_cfg=None, data_preprocessor=None, pretrained=None,
                 init_cfg=None):
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
        head = self.decode_head
        head.conv_seg = MappedClassifier(
            self.text_encoder(vocabulary.words, prompts),
            head.conv_seg.in_channels)
        self.vocabulary = vocabulary
        self.dataset_meta = dict(classes=vocabulary.classes)
        self.register_buffer(
            'unseen', torch.tensor(vocabulary.indices(unseen),
                                   dtype=torch.int64), False)

    def init_weights(self):
        """As the configs say, the mapper excepted."""
        super().init_weights()
        for layer in self.decode_head.conv_seg.mapper:
            if hasattr(layer, 'reset_parameters'):
                layer.reset_parameters()

    def set_vocabulary(self, classes):
        """Segment other classes; one word each."""
        vocabulary = get_vocabulary(classes)
        self.decode_head.conv_seg.set_embeddings(
            self.text_encoder(vocabulary.words, self.prompts))
        self.vocabulary = vocabulary
        for part in (self, self.decode_head):
            part.num_classes = part.out_channels = len(vocabulary.classes)
        self.dataset_meta = dict(classes=vocabulary.classes)

    def loss(self, inputs, data_samples):
        """Losses on the seen classes; hidden labels are ignored."""
        labels = batch_labels(inputs, data_samples, self.unseen)
        labels = labels.masked_fill(labels == HIDDEN_LABEL, IGNORE_INDEX)
        return super().loss(inputs, [
            SegDataSample(metainfo=sample.metainfo,
                          gt_sem_seg=PixelData(data=label))
            for sample, label in zip(data_samples, labels)])

import math
from functools import partial

import torch
from mmseg.registry import MODELS

from mmseg_clipzs.clip import (
    TextEncoder,
    get_class_templates,
    load_clip,
)
from mmseg_clipzs.models.decode_heads.class_experts import make_experts
from mmseg_clipzs.utils import UserError, check_number

from ..backbones.method import SecondPass
from .label_map import LabelMap, SoftmaxThreshold, Threshold
from .open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
    check_options,
)
from .propagation import check_propagation
from .regions_mixin import get_regions
from .second_pass import label_patches
from .zero_shot_data_preprocessor import preprocessor_config

_USUAL = 'imagenet80'  # templates of classes that have none of their own


@MODELS.register_module()
class ZeroShotSegmentor(OpenVocabularySegmentor):
    """Zero-shot segmentation: dense CLIP features against text embeddings.

    The head scores Q words, which this class turns into C classes: upsampling
    to the original size, softmax over the words, best word of each class,
    background threshold. Label maps, ``seg_logits``, sliding windows, TTA and
    ``--out`` agree.

    Args:
        clip (dict): Arguments of :func:`mmseg_clipzs.clip.load_clip`, for
            both towers.
        backbone (dict): A backbone that takes ``clip``.
        decode_head (dict): A :class:`TextHead`.
        vocabulary (optional): See
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`. By default the
            class names of the evaluated dataset.
        prompts (str | Sequence[str] | dict): Template set or templates; those
            of each class by its name, also as a ``.json`` file, make each
            class score itself; see :func:`.get_class_templates`. Other
            classes then have 'imagenet80'.
        text_embeddings (str, optional): Precomputed embeddings of the words
            in the vocabulary's order, in place of the text tower.
        logit_scale (float, optional): Factor of the scores before the
            softmax; by default CLIP's own (100 for OpenAI's weights).
        background_threshold (float, optional): In (0, 1): pixels whose best
            word has a lower probability become class 0. By default the best
            class always wins.
        area_threshold (float, optional): In (0, 1), with a background
            threshold: removes classes that win in less than this share of
            the foreground pixels (SCLIP, VOC with background).
        pamr (dict, optional): Refinement along the edges of the image; see
            :class:`OpenVocabularySegmentor`.
        regions (dict, optional): Regions of the image; see the same.
        propagation (dict, optional): Propagate the scores over the patches of
            an image (LPOSS): arguments of :class:`.Propagation`; an empty
            dict uses those of the paper.
        data_preprocessor (dict, optional): By default with the mean and std
            of CLIP's weights.
        test_cfg (dict, optional): See :class:`OpenVocabularySegmentor`.

    Raises:
        UserError: Options that contradict each other.
    """

    def __init__(self,
                 clip,
                 backbone,
                 decode_head,
                 vocabulary=None,
                 prompts='imagenet80',
                 text_embeddings=None,
                 logit_scale=None,
                 background_threshold=None,
                 area_threshold=None,
                 pamr=None,
                 regions=None,
                 propagation=None,
                 data_preprocessor=None,
                 train_cfg=None,
                 test_cfg=None,
                 pretrained=None,
                 init_cfg=None):
        if pretrained is not None:
            raise UserError('Name the weights in clip=dict(pretrained=...), '
                            'not in pretrained=.')
        check_options(prompts, background_threshold, test_cfg, pamr)
        check_number('area_threshold', area_threshold, '(0, 1)', optional=True)
        if area_threshold is not None and background_threshold is None:
            raise UserError(
                f'area_threshold={area_threshold} needs a '
                'background_threshold=, whose foreground it is a share of.')
        check_number('logit_scale', logit_scale, '(0, inf)', optional=True)
        regions = get_regions(regions)
        propagation = check_propagation(propagation)
        loaded = load_clip(**clip)
        preprocessor = preprocessor_config(
            data_preprocessor, *([255 * value for value in values]
                                 for values in (loaded.mean, loaded.std)))
        super().__init__(
            prompts,
            background_threshold,
            test_cfg,
            pamr,
            regions,
            backbone=dict(backbone, clip=loaded),
            decode_head=decode_head,
            train_cfg=train_cfg,
            data_preprocessor=preprocessor,
            init_cfg=init_cfg)
        if self.decode_head.needs_keys and not getattr(
                self.backbone, 'out_keys', None):
            raise UserError(
                f'{type(self.decode_head).__name__} needs the keys of the '
                'last block: set backbone=dict(out_keys="raw").')
        self.requires_grad_(False)
        self.input_stats = tuple(
            (values.flatten() / 255).tolist() for values in (
                self.data_preprocessor.mean, self.data_preprocessor.std))
        if hasattr(self.backbone, 'input_stats'):
            self.backbone.input_stats = self.input_stats
        self._use_propagation(propagation)
        self.area_threshold = area_threshold
        self.logit_scale = check_number(
            f'The logit scale of CLIP {loaded.name}', loaded.logit_scale,
            '(0, inf)') if logit_scale is None else logit_scale
        self.text_encoder = TextEncoder(loaded)
        self.class_templates = get_class_templates(prompts)
        self._set_first_vocabulary(vocabulary, text_embeddings)

    def _init_decode_head(self, decode_head):
        super()._init_decode_head(
            dict(decode_head, in_channels=self.backbone.embed_dims))

    def embed_words(self, words):
        """Text embeddings (Q, D) of words from CLIP's text tower."""
        return self.text_encoder(words, self.prompts if (
            self.class_templates is None) else _USUAL)

    def set_vocabulary(self, classes, text_embeddings=None):
        """See the base class.

        Raises:
            UserError: Also embeddings beside templates of each class, or
                templates of none of the classes.
        """
        if text_embeddings is not None and self.class_templates is not None:
            raise UserError('text_embeddings= and prompts= of each class '
                            'exclude each other: leave one of them out.')
        super().set_vocabulary(classes, text_embeddings)

    def _set_vocabulary(self, given, embeddings):
        # First, as these may be refused.
        experts = None if self.class_templates is None else make_experts(
            self._with_background(given), self.class_templates, _USUAL,
            self.text_encoder.each, self.logit_scale)
        super()._set_vocabulary(given, embeddings)
        self.decode_head.experts = experts

    def describe(self):
        return (f'{type(self).__name__} with CLIP '
                f'{self.text_encoder.clip.name}, whose own weights belong '
                'in clip=dict(pretrained=...)')

    def loss(self, inputs, data_samples):
        """Refuse to train.

        Raises:
            UserError: Always.
        """
        raise UserError('ZeroShotSegmentor has nothing to train. To train a '
                        'segmentor from its predictions use MaskClipPlus.')

    def window_scores(self, features, size):
        """Scores (N, Q, h, w) of the words, as the head returns them."""
        return self.decode_head(self.final_features(features))

    def final_features(self, features):
        """Run the backbone's second pass, which sees the words, if any.

        Args:
            features (tuple): Output of :meth:`extract_feat`.

        Returns:
            tuple[Tensor]: Input of the head.
        """
        if not isinstance(features[-1], SecondPass):
            return features
        *features, second = features
        labels = label_patches(
            second, self.decode_head(tuple(features)), self.align_corners,
            partial(self.decode_head.log_probabilities,
                    scale=self.logit_scale))
        return second.run(labels), *features[1:]

    def class_log_probabilities(self, scores):
        """See :meth:`OpenVocabularySegmentor.class_log_probabilities`."""
        log_p = self.merge_words(scores, partial(
            self.decode_head.log_probabilities, scale=self.logit_scale))
        if self.background_threshold is not None:
            log_p[:, 0].clamp_(min=math.log(self.background_threshold))
        return log_p

    @torch.no_grad()
    def label_map(self, maps):
        """See :meth:`OpenVocabularySegmentor.label_map`."""
        if self.background_threshold is None:
            return super().label_map(maps)
        result = LabelMap(maps, self._threshold())
        result.fill(self.owners()[1])
        absent = None
        if self.area_threshold is not None:
            absent = self._too_small(result.labels)
            words, classes = self.owners(absent)
            result.fill(classes, words, where=absent[result.labels])
        return result.labels.masked_fill_(result.below, 0), absent

    def _threshold(self):
        head, words = self.decode_head, self.repeated_words()
        if head.is_softmax:
            return SoftmaxThreshold(
                self.background_threshold, words, self.logit_scale)
        return Threshold(
            self.background_threshold, words,
            partial(head.log_probabilities, scale=self.logit_scale))

    def _too_small(self, winners):
        """Classes that win in too few pixels, without the threshold.

        Args:
            winners (Tensor): (H, W) int64.

        Returns:
            Tensor: (C, ) bool.
        """
        areas = winners.flatten().bincount(minlength=self.num_classes)
        areas[0] = 0  # background
        absent = areas <= self.area_threshold * areas.sum()
        absent[0] = False
        return absent

import math

import torch
from mmseg.registry import MODELS

from mmseg_clipzs.clip import TextEncoder, load_clip
from mmseg_clipzs.utils import UserError

from .open_vocabulary_segmentor import OpenVocabularySegmentor
from .upsampling import first_argmax


@MODELS.register_module()
class ZeroShotSegmentor(OpenVocabularySegmentor):
    """Segments with words: dense CLIP features against text embeddings.

    The head scores Q words; this class turns them into C classes, in one
    place, so that pictures, ``seg_logits``, sliding windows, TTA and ``--out``
    agree: resize to the photo, softmax over the words, the best word of each
    class, the threshold under which class 0 (background) wins.

    Args:
        clip (dict): Arguments of :func:`mmseg_clipzs.clip.load_clip`; both
            towers come from this one load.
        backbone (dict): A backbone that takes ``clip``.
        decode_head (dict): A head with ``set_text_embeddings``.
        vocabulary (optional): As for
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`. By default the
            names of the evaluated data set.
        prompts (str | Sequence[str]): Prompt set or templates.
        text_embeddings (str, optional): Ready-made embeddings of the
            vocabulary's words, in their order, in place of the text tower.
        logit_scale (float, optional): Factor of the scores before softmax;
            by default what CLIP has learnt (100 for OpenAI's).
        background_threshold (float, optional): In (0, 1): pixels whose best
            word has a smaller probability become class 0. Without it the best
            class always wins.
        area_threshold (float, optional): In (0, 1), with a background
            threshold: classes that win in less than this share of the pixels
            where any class but background does have no part in the photo
            (SCLIP, on VOC with background).
        pamr (dict, optional): Refine along the edges of the photo; see
            :class:`OpenVocabularySegmentor`.
        data_preprocessor (dict, optional): Mean and std, unless given, are
            those of CLIP's weights.
        test_cfg (dict): ``mode`` 'whole' or 'slide' with ``crop_size`` and
            ``stride`` (h, w); ``window_batch``, how many windows run at once
            (default: 4 on a CPU, 32 on a GPU).

    Raises:
        UserError: Options that do not fit together.
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
                 data_preprocessor=None,
                 train_cfg=None,
                 test_cfg=None,
                 pretrained=None,
                 init_cfg=None):
        if pretrained is not None:
            raise UserError('Name the weights in clip=dict(pretrained=...), '
                            'not in pretrained=.')
        if area_threshold is not None and (
                background_threshold is None or not 0 < area_threshold < 1):
            raise UserError(
                'area_threshold lies in (0, 1) and needs a '
                f'background_threshold=, but got {area_threshold} and '
                f'{background_threshold}.')
        loaded = load_clip(**clip)
        preprocessor = dict(data_preprocessor
                            or dict(type='ZeroShotDataPreProcessor'))
        if preprocessor.get('mean') is None:
            preprocessor.update(mean=[255 * value for value in loaded.mean],
                                std=[255 * value for value in loaded.std])
        super().__init__(
            prompts,
            background_threshold,
            test_cfg,
            pamr,
            backbone=dict(backbone, clip=loaded),
            decode_head=decode_head,
            train_cfg=train_cfg,
            data_preprocessor=preprocessor,
            init_cfg=init_cfg)
        self.requires_grad_(False)
        self.area_threshold = area_threshold
        self.logit_scale = logit_scale or loaded.logit_scale
        self.text_encoder = TextEncoder(loaded)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, text_embeddings)
        elif text_embeddings is not None:
            raise UserError('text_embeddings= needs the names of its rows: '
                            'give vocabulary= too.')

    def _init_decode_head(self, decode_head):
        super()._init_decode_head(
            dict(decode_head, in_channels=self.backbone.embed_dims))

    def embed_words(self, words):
        """Text embeddings (Q, D) of words, by CLIP's text tower."""
        return self.text_encoder(words, self.prompts)

    def describe(self):
        return (f'{type(self).__name__} with CLIP '
                f'{self.text_encoder.clip.name}, whose own weights belong '
                'into clip=dict(pretrained=...)')

    def loss(self, inputs, data_samples):
        raise UserError('ZeroShotSegmentor has nothing to train. To train a '
                        'segmentor from its predictions use MaskClipPlus.')

    def query_logits(self, inputs):
        """Scores of the words.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            Tensor: (N, Q, h, w), what the head gives.
        """
        return self.decode_head(self.extract_feat(inputs))

    def class_logits(self, logits):
        """From words to classes; the one place where that happens.

        Args:
            logits (Tensor): (N, Q, H, W) scores of the words.

        Returns:
            Tensor: (N, C, H, W): scaled scores, or log probabilities where
            there is a background threshold. Their argmax is the label map.
        """
        logits = self.logit_scale * logits
        if self.background_threshold is not None:
            logits = logits.log_softmax(1)
        logits = self.merge_words(logits)
        if self.background_threshold is not None:
            # Background wins wherever nothing reaches the threshold.
            logits[:, 0].clamp_(min=math.log(self.background_threshold))
        return logits

    def _classifier(self, maps):
        classify = super()._classifier(maps)
        if self.area_threshold is None:
            return classify
        winners = maps.map_parts(
            lambda part: first_argmax(self.merge_words(part[None])[0]))
        areas = winners.flatten().bincount(minlength=self.num_classes)[1:]
        small = areas <= self.area_threshold * areas.sum()

        def without_small(part):
            logits = classify(part)
            logits[1:][small] = -torch.inf
            return logits
        return without_small

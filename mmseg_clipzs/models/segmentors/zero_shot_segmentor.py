import math

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_clipzs.clip import TextEncoder, load_clip, load_text_embeddings
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import voc_palette
from mmseg_clipzs.vocabularies import BACKGROUND, get_vocabulary

from .sliding import check_windows, slide


@MODELS.register_module()
class ZeroShotSegmentor(EncoderDecoder):
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
                 data_preprocessor=None,
                 train_cfg=None,
                 test_cfg=None,
                 pretrained=None,
                 init_cfg=None):
        if pretrained is not None:
            raise UserError('Name the weights in clip=dict(pretrained=...), '
                            'not in pretrained=.')
        loaded = load_clip(**clip)
        preprocessor = dict(data_preprocessor
                            or dict(type='ZeroShotDataPreProcessor'))
        if preprocessor.get('mean') is None:
            preprocessor.update(mean=[255 * value for value in loaded.mean],
                                std=[255 * value for value in loaded.std])
        super().__init__(
            backbone=dict(backbone, clip=loaded),
            decode_head=decode_head,
            train_cfg=train_cfg,
            test_cfg=dict(test_cfg or dict(mode='whole')),
            data_preprocessor=preprocessor,
            init_cfg=init_cfg)
        check_windows(self.test_cfg)
        if background_threshold is not None and not (
                0 < background_threshold < 1):
            raise UserError('background_threshold lies in (0, 1), but got '
                            f'{background_threshold}.')
        self.requires_grad_(False)
        self.prompts = prompts
        self.logit_scale = logit_scale or loaded.logit_scale
        self.background_threshold = background_threshold
        self.text_encoder = TextEncoder(loaded)
        self.vocabulary = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, text_embeddings)
        elif text_embeddings is not None:
            raise UserError('text_embeddings= needs the names of its rows: '
                            'give vocabulary= too.')

    def _init_decode_head(self, decode_head):
        super()._init_decode_head(
            dict(decode_head, in_channels=self.backbone.embed_dims))

    def set_vocabulary(self, classes, text_embeddings=None):
        """Segment these classes from now on.

        Args:
            classes: A list of names, 'cat; grass, lawn; sky', the name of a
                list ('voc20') or a file; see
                :func:`mmseg_clipzs.vocabularies.get_vocabulary`. With a
                ``background_threshold`` class 0 is "background", which is put
                in front where it is not there.
            text_embeddings (str | Tensor, optional): Ready-made embeddings
                (Q, D) of the words.

        Raises:
            UserError: Empty list, a name twice or without letters, embeddings
                of another number or width.
        """
        vocabulary = get_vocabulary(classes)
        if self.background_threshold is not None:
            vocabulary = vocabulary.with_background()
        silent = [name for name, words in zip(vocabulary.classes,
                                              vocabulary.synonyms)
                  if not words]
        if silent and not (self.background_threshold is not None
                           and silent == [BACKGROUND]):
            raise UserError(
                f'Class {silent[0]!r} has no words. Only a "background" may '
                'have none, with background_threshold= set.')
        if text_embeddings is None:
            embeddings = self.text_encoder(vocabulary.words, self.prompts)
        elif isinstance(text_embeddings, torch.Tensor):
            embeddings = text_embeddings
        else:
            embeddings = load_text_embeddings(text_embeddings)
        if len(embeddings) != len(vocabulary.words):
            raise UserError(
                f'{len(embeddings)} text embeddings came for '
                f'{len(vocabulary.words)} words of {vocabulary.source}.')
        device = self.data_preprocessor.device
        self.decode_head.set_text_embeddings(embeddings.to(device))
        self.vocabulary = vocabulary
        self.num_classes = len(vocabulary.classes)
        # One channel would mean a sigmoid to the toolbox's TTA.
        self.out_channels = max(self.num_classes, 2)
        self.dataset_meta = dict(
            classes=vocabulary.classes,
            palette=voc_palette(len(vocabulary.classes),
                                vocabulary.classes[0] == BACKGROUND))

    # ------------------------------------------------------------ inference
    def loss(self, inputs, data_samples):
        raise UserError('ZeroShotSegmentor has nothing to train. To train a '
                        'segmentor from its predictions use MaskClipPlus.')

    def query_logits(self, inputs):
        """Scores of the words.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            Tensor: (N, Q, H, W), what the head gives, bilinearly upsampled.
        """
        return resize(
            self.decode_head(self.extract_feat(inputs)),
            size=inputs.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)

    def merge_words(self, logits):
        """The best word of each class, (N, Q, ...) -> (N, C, ...)."""
        if not self.vocabulary.has_synonyms:
            return logits
        counts = [len(words) for words in self.vocabulary.synonyms]
        return torch.stack([
            part.amax(1) if part.size(1) else
            part.new_full((len(part), *part.shape[2:]), -torch.inf)
            for part in logits.split(counts, dim=1)
        ], dim=1)

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

    def encode_decode(self, inputs, batch_img_metas):
        """Class scores of one window or image, at its size.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            batch_img_metas (list[dict]): Not used.

        Returns:
            Tensor: (N, C, H, W); see :meth:`class_logits`.
        """
        return self.class_logits(self.query_logits(inputs))

    def whole_inference(self, inputs, batch_img_metas):
        """Scores of the words, (N, Q, H, W), in one window."""
        return self.query_logits(inputs)

    def slide_inference(self, inputs, batch_img_metas):
        """Scores of the words, (N, Q, H, W), averaged over windows."""
        return slide(
            self.query_logits, inputs, self.test_cfg['crop_size'],
            self.test_cfg['stride'], self.test_cfg.get(
                'window_batch', 32 if inputs.is_cuda else 4))

    def inference(self, inputs, batch_img_metas):
        """Scores of the words (N, Q, H, W), as ``test_cfg.mode`` says."""
        if self.test_cfg['mode'] == 'slide':
            return self.slide_inference(inputs, batch_img_metas)
        return self.whole_inference(inputs, batch_img_metas)

    def predict(self, inputs, data_samples=None):
        """Label maps of a batch.

        Args:
            inputs (Tensor | list[Tensor]): (N, 3, H, W), or N images
                (3, H, W) of different sizes.
            data_samples (list[SegDataSample], optional): With their
                ``metainfo``.

        Returns:
            list[SegDataSample]: With ``pred_sem_seg`` (1, H, W) int64 and
            ``seg_logits`` (C, H, W), at the photos' original sizes.
        """
        if isinstance(inputs, torch.Tensor):
            return super().predict(inputs, data_samples)
        results = [None] * len(inputs)
        for size in {image.shape for image in inputs}:
            group = [i for i, image in enumerate(inputs)
                     if image.shape == size]
            samples = None if data_samples is None else [
                data_samples[i] for i in group]
            for i, result in zip(group, super().predict(
                    torch.stack([inputs[i] for i in group]), samples)):
                results[i] = result
        return results

    def postprocess_result(self, seg_logits, data_samples=None):
        """Scores of the words to label maps of the photos' size.

        Args:
            seg_logits (Tensor): (N, Q, H, W).
            data_samples (list[SegDataSample], optional): With the padding,
                flip and original size to undo.

        Returns:
            list[SegDataSample]: As :meth:`predict`.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in seg_logits]
        for logits, sample in zip(seg_logits, data_samples):
            meta = sample.metainfo
            left, right, top, bottom = meta.get(
                'img_padding_size', meta.get('padding_size', [0] * 4))
            h, w = logits.shape[1:]
            logits = logits[None, :, top:h - bottom, left:w - right]
            if meta.get('flip'):
                axis = {'horizontal': 3, 'vertical': 2}[meta['flip_direction']]
                logits = logits.flip(axis)
            if 'ori_shape' in meta:
                logits = resize(
                    logits, size=meta['ori_shape'], mode='bilinear',
                    align_corners=self.align_corners)
            logits = self.class_logits(logits)[0]  # (C, H, W)
            sample.set_data(dict(
                seg_logits=PixelData(data=logits),
                pred_sem_seg=PixelData(data=logits.argmax(0, keepdim=True))))
        return data_samples

    # ----------------------------------------------------------- checkpoints
    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        """Refuse a checkpoint of another model.

        mmengine loads leniently and would go on with what fits.
        """
        own = self.state_dict()
        fits = [key for key, value in own.items()
                if key in state_dict and state_dict[key].shape == value.shape]
        if not prefix and len(fits) < len(own):
            raise UserError(
                'The checkpoint is of another model: it fits '
                f'{len(fits)} of the {len(own)} weights of '
                f'{type(self).__name__} with CLIP '
                f'{self.text_encoder.clip.name}. Its first entries are '
                f'{list(state_dict)[:3]}, this model\'s {list(own)[:3]}. '
                'CLIP\'s own weights belong into clip=dict(pretrained=...).')
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

import copy

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample

from mmseg_clipzs.clip import load_text_embeddings
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import voc_palette
from mmseg_clipzs.vocabularies import BACKGROUND, get_vocabulary

from .pamr import check_pamr, refine
from .sliding import check_windows, score_windows, spans
from .upsampling import (
    SegLogits,
    UpsampledScores,
    first_argmax,
    upsampling_weights,
)


class OpenVocabularySegmentor(EncoderDecoder):
    """Base of the segmentors whose classes are words.

    Here is what does not depend on where scores come from: the vocabulary,
    windows in batches, pictures of different sizes, label maps. A model adds
    how words are embedded (:meth:`embed_words`), what a window scores
    (:meth:`query_logits`) and how that becomes classes
    (:meth:`class_logits`).

    Args:
        prompts (str | Sequence[str]): Prompt set or templates.
        background_threshold (float, optional): In (0, 1), for class 0,
            background. Without it the best class always wins.
        test_cfg (dict, optional): ``mode`` 'whole' or 'slide' with
            ``crop_size`` and ``stride`` (h, w); ``window_batch``, how many
            windows run at once (default: 4 on a CPU, 32 on a GPU).
        pamr (dict, optional): Refine the scores of the words along the edges
            of the photo, at its original size: arguments of
            :func:`~mmseg_clipzs.models.segmentors.pamr.refine`, NACLIP's by
            default, ``dict(steps=10, dilations=(8, 16))``.
        kwargs: As for ``EncoderDecoder``.

    Raises:
        UserError: Options that do not fit together.
    """

    def __init__(self, prompts, background_threshold=None, test_cfg=None,
                 pamr=None, **kwargs):
        super().__init__(
            test_cfg=dict(test_cfg or dict(mode='whole')), **kwargs)
        check_windows(self.test_cfg)
        if background_threshold is not None and not (
                0 < background_threshold < 1):
            raise UserError('background_threshold lies in (0, 1), but got '
                            f'{background_threshold}.')
        self.prompts = prompts
        self.background_threshold = background_threshold
        self.pamr = None if pamr is None else check_pamr(pamr)
        self.vocabulary = None

    def embed_words(self, words):
        """Text embeddings (Q, D) of words; None if that has to wait."""
        raise NotImplementedError

    def describe(self):
        """str: The model, for messages."""
        return type(self).__name__

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
            embeddings = self.embed_words(vocabulary.words)
        elif isinstance(text_embeddings, torch.Tensor):
            embeddings = text_embeddings
        else:
            embeddings = load_text_embeddings(text_embeddings)
        if embeddings is not None:
            if len(embeddings) != len(vocabulary.words):
                raise UserError(
                    f'{len(embeddings)} text embeddings came for '
                    f'{len(vocabulary.words)} words of {vocabulary.source}.')
            self.decode_head.set_text_embeddings(
                embeddings.to(self.data_preprocessor.device))
        self.vocabulary = vocabulary
        self.num_classes = len(vocabulary.classes)
        # One channel would mean a sigmoid to the toolbox's TTA.
        self.out_channels = max(self.num_classes, 2)
        self.dataset_meta = dict(
            classes=vocabulary.classes,
            palette=voc_palette(len(vocabulary.classes),
                                vocabulary.classes[0] == BACKGROUND))

    # ------------------------------------------------------------ inference
    def query_logits(self, inputs):
        """Scores of windows (N, 3, H, W), to be enlarged and averaged.

        Returns:
            Tensor: (N, Q, h, w), at any size.
        """
        raise NotImplementedError

    def class_logits(self, logits):
        """Averaged scores of words (N, Q, H, W) to classes (N, C, H, W)."""
        raise NotImplementedError

    def probabilities(self, seg_logits):
        """Class scores (C, H, W) of a result as shares that add up to 1."""
        return seg_logits.softmax(0)

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

    def encode_decode(self, inputs, batch_img_metas):
        """Class scores of one window or image, at its size.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            batch_img_metas (list[dict]): Not used.

        Returns:
            Tensor: (N, C, H, W); see :meth:`class_logits`.
        """
        return self.class_logits(resize(
            self.query_logits(inputs), size=inputs.shape[2:], mode='bilinear',
            align_corners=self.align_corners))

    def inference(self, inputs, batch_img_metas):
        """Word scores (N, Q, H, W) as ``test_cfg.mode`` says, all of them.

        :meth:`predict` does not need them.
        """
        rows, columns = self._windows(inputs)
        return torch.stack([
            self._enlarge(maps, rows, columns).whole()
            for maps in self._score(inputs, rows, columns)])

    def predict(self, inputs, data_samples=None):
        """Label maps of a batch.

        Args:
            inputs (Tensor | list[Tensor]): (N, 3, H, W), or N images
                (3, H, W) of different sizes.
            data_samples (list[SegDataSample], optional): With their
                ``metainfo``.

        Returns:
            list[SegDataSample]: With ``pred_sem_seg`` (1, H, W) int64 and
            ``seg_logits`` (C, H, W), made when they are read, at the photos'
            original sizes.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        # Images of one size share batches of windows.
        for size in {image.shape for image in inputs}:
            group = [i for i, image in enumerate(inputs)
                     if image.shape == size]
            images = inputs if len(group) == len(inputs) and isinstance(
                inputs, torch.Tensor) else torch.stack(
                    [inputs[i] for i in group])
            rows, columns = self._windows(images)
            scores = self._score(images, rows, columns)
            for i, image, maps in zip(group, images, scores):
                sample = data_samples[i]
                maps = self._enlarge(maps, rows, columns, sample.metainfo)
                if self.pamr is not None:
                    maps = self._refine(image, maps, sample.metainfo)
                self._decide(maps, sample)
        return data_samples

    def _windows(self, inputs):
        """The windows over the rows and the columns of inputs."""
        if self.test_cfg['mode'] == 'whole':
            return tuple(spans(size) for size in inputs.shape[2:])
        return tuple(map(spans, inputs.shape[2:], self.test_cfg['crop_size'],
                         self.test_cfg['stride']))

    def _score(self, inputs, rows, columns):
        """Scores of their windows, (N, Q, windows * h, windows * w)."""
        return score_windows(
            self.query_logits, inputs, rows, columns,
            self.test_cfg.get('window_batch', 32 if inputs.is_cuda else 4))

    def _enlarge(self, maps, rows, columns, meta=None):
        """UpsampledScores: Of one image, at the size and place of its photo."""
        meta = meta or {}
        left, right, top, bottom = meta.get(
            'img_padding_size', meta.get('padding_size', [0] * 4))
        flip = meta.get('flip') and meta['flip_direction']
        height, width = meta.get('ori_shape', (None, None))[:2]
        return UpsampledScores(maps, *(
            upsampling_weights(side, cells // len(side.starts), padding,
                              flip == direction, size, self.align_corners)
            for side, cells, padding, direction, size in (
                (rows, maps.size(1), (top, bottom), 'vertical', height),
                (columns, maps.size(2), (left, right), 'horizontal', width))))

    def _refine(self, image, maps, meta):
        """UpsampledScores: Refined along the edges of the photo, at its size."""
        whole = [spans(size) for size in image.shape[1:]]
        photo = self._enlarge(image, *whole, meta).whole()
        scores = refine(photo[None], maps.whole()[None], **self.pamr)[0]
        return self._enlarge(scores, *[spans(n) for n in scores.shape[1:]])

    def _decide(self, maps, sample):
        """Put what the scores say into a result."""
        # As the model is now: its vocabulary may change before they are read.
        classify = copy.copy(self)._classifier(maps)
        labels = maps.map_parts(lambda part: first_argmax(classify(part)))
        sample.set_data(dict(
            seg_logits=SegLogits(lambda: maps.map_parts(classify)),
            pred_sem_seg=PixelData(data=labels[None])))

    def _classifier(self, maps):
        """From a part's words (Q, ...) to its classes (C, ...)."""
        return lambda part: self.class_logits(part[None])[0]

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
                f'{self.describe()}. Its first entries are '
                f'{list(state_dict)[:3]}, this model\'s {list(own)[:3]}.')
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

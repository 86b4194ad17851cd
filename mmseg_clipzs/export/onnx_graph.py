"""A segmentor as one function of images, for export."""
import torch
import torch.nn.functional as F
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.models.segmentors import EncoderDecoder
from torch import nn

from mmseg_clipzs.models.decode_heads import ClusterHead
from mmseg_clipzs.models.segmentors import (
    ForeignSegmentor,
    ZeroShotSegmentor,
)
from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)
from mmseg_clipzs.models.segmentors.pamr import refine
from mmseg_clipzs.models.segmentors.text_student import TextStudent
from mmseg_clipzs.utils import UserError


class SegmentorGraph(nn.Module):
    """All of a segmentor, from RGB images to label maps.

    Normalisation, sliding windows, network, upsampling, words, thresholds and
    PAMR: the same as ``predict``, without Python loops over windows and tiles,
    whose number an exported graph could not change.

    Args:
        model (nn.Module): A segmentor of this package with its vocabulary, or
            an ``EncoderDecoder`` of mmseg.

    Attributes:
        least (tuple[int]): (height, width) of the smallest images.

    Raises:
        UserError: A model that is not a function of tensors alone.
    """

    def __init__(self, model):
        super().__init__()
        self.model = model.eval()
        self.is_zero_shot = isinstance(model, OpenVocabularySegmentor)
        # What windows are scored by.
        self.network = model.student if isinstance(
            model, TextStudent) else model
        _check(model, self.network)
        if self.is_zero_shot:
            model.current_embeddings()  # GroupViT embeds its words when asked
        self.windows = dict(self.network.test_cfg)
        patch = getattr(self.network.backbone, 'patch_size', (1, 1))
        self.least = (tuple(self.windows['crop_size'])
                      if self.windows['mode'] == 'slide' else tuple(patch))
        given = model.data_preprocessor
        self.bgr = not given.channel_conversion
        normalises = given._enable_normalize
        for name, default in (('mean', 0.), ('std', 1.)):
            value = (getattr(given, name) if normalises
                     else torch.full((3, 1, 1), default))
            self.register_buffer(name, value.clone(), persistent=False)

    @property
    def num_classes(self):
        """int: Number C of classes."""
        return self.model.num_classes

    def forward(self, image, size):
        """Segment images.

        Args:
            image (Tensor): (N, 3, H, W) uint8 RGB, at the network's size.
            size (Tensor): (2, ) int64, (height, width) of the label maps.

        Returns:
            Tensor: (N, height, width) labels, uint8 for up to 255 classes,
            else int32.
        """
        size = size.tolist()
        for side in size:
            torch._check(side > 0)
        if self.bgr:
            image = image.flip(1)
        image = (image.float() - self.mean) / self.std
        labels = self._labels(image, size)
        return labels.to(
            torch.uint8 if self.num_classes <= 255 else torch.int32)

    def _labels(self, image, size):
        scores = self._scores(image, size)
        if not self.is_zero_shot and scores.size(1) == 1:
            # Of a binary model, as in mmseg.
            return scores[:, 0].sigmoid() > self.network.decode_head.threshold
        if self.is_zero_shot and self.model.pamr is not None:
            scores = refine(
                self._resize(image, size), scores, **self.model.pamr)
        if isinstance(self.model, ZeroShotSegmentor):
            return self._labels_of_words(scores)
        return scores.argmax(1)

    def _labels_of_words(self, scores):
        """Labels (N, H, W) from scores (N, Q, H, W) of the words."""
        model = self.model
        best = model.merge_words(scores)  # (N, C, H, W)
        labels = best.argmax(1)
        if model.background_threshold is None:
            return labels
        log_p = model.class_log_probabilities(scores)
        if model.area_threshold is not None:
            absent = self._absent(labels)[..., None, None]
            best, log_p = (each.masked_fill(absent, -torch.inf)
                           for each in (best, log_p))
            labels = best.argmax(1)
        is_background = log_p[:, 0] > log_p[:, 1:].amax(1)
        return labels.masked_fill(is_background, 0)

    def _absent(self, labels):
        """Classes (N, C) that win in too few pixels, as bool."""
        foreground = torch.arange(1, self.num_classes)[:, None, None]
        areas = (labels[:, None] == foreground).sum((2, 3))  # (N, C - 1)
        share = self.model.area_threshold * areas.sum(1, keepdim=True)
        return F.pad(areas <= share, (1, 0))

    def _scores(self, image, size):
        """Scores (N, Q, height, width) of the words or classes."""
        if self.windows['mode'] == 'whole':
            maps = self._resize(self._window_scores(image), image.shape[2:])
            return self._resize(maps, size)
        sides = [_Windows(*each, self._align_corners) for each in zip(
            image.shape[2:], self.windows['crop_size'],
            self.windows['stride'])]
        rows, columns = (side.pixels() for side in sides)  # (R, crop)
        windows = image.index_select(2, rows.flatten()).index_select(
            3, columns.flatten())
        windows = windows.unflatten(3, columns.shape).unflatten(
            2, rows.shape)  # (N, 3, R, crop, S, crop)
        maps = self._window_scores(
            windows.permute(0, 2, 4, 1, 3, 5).flatten(0, 2))
        maps = maps.unflatten(
            0, (image.size(0), rows.size(0), columns.size(0)))
        maps = maps.permute(0, 3, 1, 4, 2, 5)  # (N, Q, R, h, S, w)
        rows, columns = (side.weights(maps.size(axis), length)
                         for side, axis, length in zip(sides, (3, 5), size))
        return rows @ maps.flatten(4).flatten(2, 3) @ columns.t()

    def _window_scores(self, windows):
        """Scores (n, Q, h, w) of windows (n, 3, H, W)."""
        if self.is_zero_shot:
            return self.model.window_scores(
                self.model.extract_feat(windows), windows.shape[2:])
        meta = dict(img_shape=windows.shape[2:])
        return self.network.encode_decode(windows, [meta])

    @property
    def _align_corners(self):
        return self.network.align_corners

    def _resize(self, maps, size):
        return F.interpolate(maps, size=tuple(size), mode='bilinear',
                             align_corners=self._align_corners)


class _Windows:
    """Windows along one side, as :func:`.sliding.spans` places them.

    Their number follows from the side, which may be a symbol.
    """

    def __init__(self, size, crop, stride, align_corners):
        self.size, self.crop = size, crop
        count = (size - crop + stride - 1) // stride + 1
        self.starts = (torch.arange(count) * stride).clamp(max=size - crop)
        self.align_corners = align_corners

    def pixels(self):
        """Tensor: (windows, crop) int64, positions of their pixels."""
        return self.starts[:, None] + torch.arange(self.crop)

    def weights(self, cells, length):
        """Like :func:`.upsampling.upsampling_weights`.

        Args:
            cells (int): Cells of each window's map.
            length (int): Final side in pixels.

        Returns:
            Tensor: (length, windows * cells) float32.
        """
        window = self._stretch(torch.eye(cells), self.crop).t()
        offset = torch.arange(self.size)[:, None] - self.starts
        inside = (offset >= 0) & (offset < self.crop)  # (size, windows)
        total = window[offset.clamp(0, self.crop - 1)] * inside[..., None]
        total = total / inside.sum(1)[:, None, None]
        return self._stretch(total.flatten(1).t(), length).t()

    def _stretch(self, x, length):
        return F.interpolate(x[None], size=length, mode='linear',
                             align_corners=self.align_corners)[0]


def _check(model, network):
    """Refuse what the graph does not reproduce.

    Raises:
        UserError: Says what, and why.
    """
    name = type(model).__name__
    if not isinstance(network, EncoderDecoder):
        raise UserError(f'{name} cannot be exported: only EncoderDecoders of '
                        'mmseg, MaskClipPlus and zero-shot segmentors can.')
    if isinstance(network, ForeignSegmentor):
        raise UserError(f'{name} cannot be exported: its network is not of '
                        'this package. Export it with its own tools.')
    if isinstance(network.decode_head, ClusterHead):
        raise UserError(
            f'{name} with a ClusterHead cannot be exported: its clustering is '
            "scikit-learn's, not a function of tensors.")
    if getattr(getattr(network.backbone, 'last_block', None), 'sfr', False):
        raise UserError(
            f'{name} with ResCLIP cannot be exported: its second pass follows '
            'a loop over the size of the image. Set model.backbone.last_block.'
            'sfr=False for the first pass alone.')
    if getattr(network.backbone, 'needs_regions', False):
        raise UserError(
            f'{name} with CorrCLIP cannot be exported: its backbone needs '
            'regions of the image, which are not a function of tensors. '
            'Choose another last_block.')
    if getattr(model, 'regions', None) is not None:
        kind = type(model.regions.provider).__name__
        raise UserError(
            f'{name} with regions cannot be exported: those of {kind} are not '
            'a function of tensors. Set regions=None to export without them.')
    if getattr(model, 'propagation', None) is not None:
        raise UserError(
            f'{name} with propagation cannot be exported: SciPy makes its '
            'graph. Set propagation=None to export without it.')
    given = model.data_preprocessor
    if not isinstance(given, SegDataPreProcessor) or given.test_cfg:
        raise UserError(f'{name} cannot be exported: its data_preprocessor '
                        'pads test images; set data_preprocessor.test_cfg='
                        'None.')
    if isinstance(model, OpenVocabularySegmentor) and model.vocabulary is None:
        raise UserError('No classes are set: name them with --classes, for '
                        'example --classes "cat; grass, lawn; sky".')

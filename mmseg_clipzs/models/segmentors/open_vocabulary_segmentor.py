import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample

from mmseg_clipzs.clip import get_class_templates, get_templates
from mmseg_clipzs.utils import track

from .checkpoint_fit import check_fit
from .label_map import LabelMap
from .pamr import check_pamr
from .propagation_mixin import PropagationMixin
from .regions_mixin import RegionsMixin, get_regions
from .results import refine_upsampled, set_result, upsample
from .sliding import EncodedImages, WindowGrid, check_windows, spans
from .vocabulary_mixin import VocabularyMixin, check_threshold


def check_options(prompts='single', background_threshold=None, test_cfg=None,
                  pamr=None):
    """Check what does not need the weights, before they are loaded.

    Args:
        prompts, background_threshold, test_cfg, pamr: See
            :class:`OpenVocabularySegmentor`.

    Returns:
        tuple[dict, dict | None]: Complete ``test_cfg`` and ``pamr``.

    Raises:
        UserError: An option that is unknown or out of range.
    """
    if get_class_templates(prompts) is None:
        get_templates(prompts)
    check_threshold(background_threshold)
    return check_windows(test_cfg), None if pamr is None else check_pamr(pamr)


class OpenVocabularySegmentor(VocabularyMixin, RegionsMixin,
                              PropagationMixin, EncoderDecoder):
    """Base class of the segmentors whose classes are words.

    Everything that does not depend on the source of the scores: batched
    sliding windows, batches of images of different sizes, upsampling, label
    maps. Subclasses implement :meth:`embed_words`, :meth:`window_scores` and
    :meth:`class_log_probabilities`.

    Args:
        prompts (str | Sequence[str]): Template set or templates.
        background_threshold (float, optional): Probability threshold of class
            0, background, in (0, 1). By default the best class always wins.
        test_cfg (dict, optional): ``mode`` 'whole' or 'slide' with
            ``crop_size`` and ``stride`` (h, w); ``window_batch``, number of
            windows per forward pass (default: 4 on a CPU, 32 on a GPU).
        pamr (dict, optional): Refine the scores along the edges of the image
            at its original size: arguments of
            :func:`~mmseg_clipzs.models.segmentors.pamr.refine`; an empty dict
            uses those of NACLIP, ``dict(steps=10, dilations=(8, 16))``.
        regions (dict | ImageRegions, optional): Regions of each image at its
            original size, e.g. ``dict(type='Felzenszwalb')``: arguments of
            :class:`.ImageRegions`.
        kwargs: See ``EncoderDecoder``.

    Attributes:
        pamr_max_size (int | None): Longest side in pixels at which scores of
            larger images are refined, which are upsampled from it. None, as
            in evaluation, is the original size.
        smoothing (ScoreSmoothing | None): Of the scores of images that are
            predicted one after the other, as the frames of a video.

    Raises:
        UserError: Options that contradict each other.
    """
    pamr_max_size = smoothing = None

    def __init__(self, prompts, background_threshold=None, test_cfg=None,
                 pamr=None, regions=None, **kwargs):
        test_cfg, pamr = check_options(
            prompts, background_threshold, test_cfg, pamr)
        regions = get_regions(regions)
        super().__init__(test_cfg=test_cfg, **kwargs)
        self.background_threshold = background_threshold
        self.prompts = prompts
        self.pamr = pamr
        self._use_regions(regions)

    def describe(self):
        """str: The model, for messages."""
        return type(self).__name__

    # --------------------------------------------------------------- scores
    def window_scores(self, features, size):
        """Scores of windows, to be upsampled and averaged.

        Args:
            features: Output of :meth:`extract_feat`.
            size (tuple[int]): (height, width) of the windows in pixels.

        Returns:
            Tensor: (N, Q, h, w) scores of the words, at any resolution.
        """
        raise NotImplementedError

    def class_log_probabilities(self, scores):
        """Turn upsampled scores into ``seg_logits``.

        Args:
            scores (Tensor): (N, Q, H, W), averaged over the windows.

        Returns:
            Tensor: (N, C, H, W) log-probability of each class's best word.
            With a background threshold, class 0 is raised to its logarithm.
        """
        raise NotImplementedError

    @torch.no_grad()
    def label_map(self, maps):
        """Label map of an image.

        Args:
            maps (UpsampledScores): Scores of the image, (Q, H, W).

        Returns:
            tuple: Labels (H, W) int64, the argmax of the log-probabilities;
            classes removed from the image, (C, ) bool or None.
        """
        _, classes = self.owners()
        return LabelMap(maps).fill(classes).labels, None

    def word_scores(self, inputs, metas=None):
        """Scores of the words at the size of the inputs.

        :meth:`predict` does not need them all at once.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            metas (list[dict], optional): ``metainfo`` of the images.

        Returns:
            Tensor: (N, Q, H, W), averaged over the windows.
        """
        grid = self._window_grid(inputs)
        seen = self._seen(inputs, metas and [
            SegDataSample(metainfo=meta) for meta in metas])
        return torch.stack([upsample(maps, grid, self.align_corners).whole()
                            for maps in self._score(seen, grid)])

    # ------------------------------------------------------------ inference
    def encode_decode(self, inputs, batch_img_metas):
        """Class log-probabilities of one window or image at its size.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            batch_img_metas (list[dict]): Unused.

        Returns:
            Tensor: (N, C, H, W); see :meth:`class_log_probabilities`.
        """
        size = inputs.shape[2:]
        seen = self._seen(inputs)
        scores = self.window_scores(self.extract_feat(*seen), size)
        grid = WindowGrid(inputs.size(0), *map(spans, size))
        return self.class_log_probabilities(resize(
            self._propagate(scores, self._graphs(inputs, grid), grid),
            size=size, mode='bilinear', align_corners=self.align_corners))

    def inference(self, inputs, batch_img_metas):
        """Class log-probabilities of images, by ``test_cfg.mode``.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            batch_img_metas (list[dict]): ``metainfo`` of the images.

        Returns:
            Tensor: (N, C, H, W); see :meth:`class_log_probabilities`.
        """
        return self.class_log_probabilities(
            self.word_scores(inputs, batch_img_metas))

    def predict(self, inputs, data_samples=None):
        """Predict a batch.

        Args:
            inputs (Tensor | list[Tensor]): (N, 3, H, W), or N images
                (3, H, W) of different sizes, normalised.
            data_samples (list[SegDataSample], optional): With ``metainfo``;
                regions are not looked for where there are ``regions``.

        Returns:
            list[SegDataSample]: With ``pred_sem_seg`` (1, H, W) int64 and
            ``seg_logits`` (C, H, W), computed when read, at the original
            sizes; see :meth:`class_log_probabilities`. With regions also
            these: ``regions`` (1, H, W) int64.
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
            grid = self._window_grid(images)
            samples = [data_samples[i] for i in group]
            self._find_regions(images, samples)
            scores = self._score(self._seen(images, samples), grid)
            self._finish(images, grid, scores, samples)
        return data_samples

    def encode(self, inputs, data_samples=None):
        """Run the image tower alone, and find regions.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            data_samples (list[SegDataSample], optional): As for
                :meth:`predict`.

        Returns:
            EncodedImages: For :meth:`decode`, with any vocabulary.
        """
        grid = self._window_grid(inputs)
        samples = data_samples or [SegDataSample() for _ in inputs]
        self._find_regions(inputs, samples)
        return EncodedImages(
            inputs, grid, tuple(self._features(
                self._seen(inputs, samples), grid)),
            regions=tuple(sample.regions for sample in samples
                          if self.regions is not None),
            graphs=self._graphs(inputs, grid))

    def decode(self, encoded, data_samples):
        """Predict encoded images with the current vocabulary.

        Args:
            encoded (EncodedImages): From :meth:`encode`.
            data_samples (list[SegDataSample]): As for :meth:`predict`.

        Returns:
            list[SegDataSample]: As for :meth:`predict`.
        """
        scores = self.encoded_scores(encoded)
        for sample, regions in zip(data_samples, encoded.regions):
            sample.set_data(dict(regions=regions))
        self._finish(encoded.images, encoded.grid, scores, data_samples)
        return data_samples

    def encoded_scores(self, encoded):
        """Scores (N, Q, R * h, S * w) of all windows of EncodedImages."""
        grid = encoded.grid
        return self._propagate(grid.assemble(
            self.window_scores(features, grid.window_size)
            for features in encoded.features), encoded.graphs, grid)

    def _window_grid(self, inputs):
        if self.test_cfg['mode'] == 'whole':
            sides = map(spans, inputs.shape[2:])
        else:
            sides = map(spans, inputs.shape[2:], self.test_cfg['crop_size'],
                        self.test_cfg['stride'])
        return WindowGrid(len(inputs), *sides)

    def _batches(self, seen, grid):
        """Batches of windows, with a bar if they take long."""
        usual = 4 if seen[0].device.type == 'cpu' else 32
        size = self.test_cfg.get('window_batch') or usual
        return track(zip(*(grid.batches(each, size) for each in seen)),
                     'windows', len(grid), lambda batch: len(batch[0]))

    def _features(self, seen, grid):
        """Features of batches of windows."""
        return (self.extract_feat(*batch)
                for batch in self._batches(seen, grid))

    def _score(self, seen, grid):
        """Scores of all windows, (N, Q, windows * h, windows * w)."""
        scores = grid.assemble(self.window_scores(features, grid.window_size)
                               for features in self._features(seen, grid))
        return self._propagate(scores, self._graphs(seen[0], grid), grid)

    def _finish(self, images, grid, scores, data_samples):
        """Turn window scores (N, Q, I, J) into results, in place."""
        if self.smoothing is not None:
            scores = self.smoothing(scores)
        for image, maps, sample in zip(images, scores, data_samples):
            meta = sample.metainfo
            set_result(self, upsample(
                maps, grid, self.align_corners, meta
            ) if self.pamr is None else refine_upsampled(
                maps, grid, image, meta, self.align_corners, self.pamr,
                self.pamr_max_size), sample)

    # ---------------------------------------------------------- checkpoints
    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        if not prefix:
            check_fit(self, state_dict)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

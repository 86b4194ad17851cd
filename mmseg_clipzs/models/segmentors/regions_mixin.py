"""The part of a segmentor that uses regions of its images."""
import copy

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_clipzs.utils import UserError

from .image_regions import ImageRegions, to_input


def get_regions(regions):
    """ImageRegions | None: Of a config, or as it is."""
    return regions if regions is None or isinstance(
        regions, ImageRegions) else ImageRegions(regions)


class RegionsMixin:
    """Regions of the images of an ``EncoderDecoder``.

    Attributes:
        regions (ImageRegions | None): Finds them.
        regions_max_size (int | None): Longest side in pixels at which they
            are found in larger images. None, as in evaluation, is the original
            size.
    """
    regions = regions_max_size = None

    def _use_regions(self, regions):
        """Set what finds regions.

        Args:
            regions (ImageRegions | None): It runs on the device and in the
                precision of the backbone from now on.

        Raises:
            UserError: None, for a backbone that needs them.
        """
        self.regions = regions
        if regions is None and self._shows_regions:
            raise UserError(
                'The backbone needs regions of the image: name what finds '
                'them in regions=, e.g. regions=dict(type="Felzenszwalb").')
        if regions is not None and regions.provider.network is not None:
            regions.provider.network.to(next(self.backbone.parameters()))

    @property
    def _shows_regions(self):
        """bool: Whether the backbone gets regions."""
        return getattr(self.backbone, 'needs_regions', False)

    def _find_regions(self, images, samples):
        """Add ``regions`` (1, H, W) of images to samples that have none."""
        if self.regions is None:
            return
        for image, sample in zip(images, samples):
            if 'regions' not in sample:
                found = self.regions.find(
                    image, sample.metainfo, self.data_preprocessor,
                    self.align_corners, self.regions_max_size)
                sample.set_data(dict(regions=PixelData(data=found[None])))

    def _seen(self, images, samples=None):
        """What the backbone gets to see of images.

        Args:
            images (Tensor): (N, 3, h, w), normalised.
            samples (list[SegDataSample], optional): Theirs.

        Returns:
            tuple[Tensor]: The images and, if the backbone needs them, their
            regions (N, h, w) int64.
        """
        if not self._shows_regions:
            return (images, )
        samples = samples or [SegDataSample() for _ in images]
        self._find_regions(images, samples)
        return images, torch.stack([
            to_input(sample.regions.data[0].to(images.device),
                     sample.metainfo, images.shape[2:]) for sample in samples])

    def extract_feat(self, inputs, regions=None):
        """Features of windows.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            regions (Tensor, optional): (N, H, W) int64, for a backbone that
                needs them.

        Returns:
            The backbone's, for :meth:`window_scores`.
        """
        features = self.backbone(inputs) if regions is None else self.backbone(
            inputs, regions=regions)
        return self.neck(features) if self.with_neck else features

    def follow_regions(self, labels, sample):
        """Correct labels by regions, if the model is set to.

        Args:
            labels (Tensor): (H, W) int64.
            sample (SegDataSample): With ``regions`` (1, H, W) int64.

        Returns:
            Tensor: (H, W) int64; ``labels`` itself without correction.
        """
        return labels if self.regions is None else self.regions.follow(
            labels, sample.regions.data[0])

    def without_correction(self):
        """A view of this model whose labels do not follow regions."""
        view = copy.copy(self)
        view.regions = copy.copy(self.regions)
        view.regions.correct = False
        return view

    def _apply(self, fn, *args, **kwargs):
        # Not a child: neither in checkpoints nor in optimizers.
        if self.regions is not None and (
                self.regions.provider.network is not None):
            self.regions.provider.network._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

"""Regions of the images of a segmentor: found, cut to windows, followed."""
import numpy as np
import torch
import torch.nn.functional as F

from mmseg_clipzs.datasets.limit_size import limited
from mmseg_clipzs.models.regions import build_regions
from mmseg_clipzs.utils import UserError, check_flag

from .results import margins, upsample_image

# Of ``regions=``, whatever the provider.
OWN_OPTIONS = 'correct', 'unsegmented'


class ImageRegions:
    """Finds the regions of images and says what they are for.

    Args:
        options (dict): Arguments of :func:`.build_regions`, and ``correct``,
            whether the label of most pixels of a region becomes that of all
            (default: True), and ``unsegmented``, the id whose pixels keep
            theirs: 'zero', or 'lowest', the lowest id of the image, as in
            CorrCLIP's code (default: 'zero').

    Attributes:
        provider (RegionProvider): Finds them.
        correct (bool), unsegmented (str): See above.

    Raises:
        UserError: Options that do not fit.
    """

    def __init__(self, options):
        options = dict(options) if isinstance(options, dict) else options
        own = {key: options.pop(key) for key in OWN_OPTIONS
               if isinstance(options, dict) and key in options}
        self.correct = check_flag('regions.correct', own.get('correct', True))
        self.unsegmented = own.get('unsegmented', 'zero')
        if not isinstance(self.unsegmented, str) or self.unsegmented not in (
                'zero', 'lowest'):
            raise UserError(
                f'regions.unsegmented={self.unsegmented!r} is unknown; choose '
                '"zero" or "lowest".')
        self.provider = build_regions(options, OWN_OPTIONS)

    def follow(self, labels, regions):
        """Correct labels, if wanted.

        Args:
            labels (Tensor): (H, W) int64.
            regions (Tensor): (H, W) int64.

        Returns:
            Tensor: (H, W) int64; ``labels`` itself without correction.
        """
        if not self.correct:
            return labels
        regions = regions.to(labels.device)
        if self.unsegmented == 'lowest':
            regions = regions - regions.min()
        return follow_regions(labels, regions)

    def find(self, image, meta, preprocessor, align_corners, max_size=None):
        """Find the regions of an image at its original size.

        Args:
            image (Tensor): (3, h, w), the network's input.
            meta (dict): ``metainfo`` of the image.
            preprocessor (SegDataPreProcessor): Has normalised the image.
            align_corners (bool): See ``torch.nn.functional.interpolate``.
            max_size (int, optional): Longest side in pixels at which they are
                found.

        Returns:
            Tensor: (H, W) int64, 0 for no region.

        Raises:
            UserError: The provider's, or a map that is none.
        """
        size = tuple(meta.get('ori_shape', image.shape[1:])[:2])
        work = size if max_size is None else limited(size, max_size)
        photo = to_photo(upsample_image(
            image, {**meta, 'ori_shape': work}, align_corners), preprocessor)
        regions = np.asarray(self.provider(
            photo, {**meta, 'ori_shape': size}))
        name = type(self.provider).__name__
        if regions.shape not in (work, size) or regions.dtype.kind not in (
                'iu') or regions.size and not 0 <= int(
                    regions.min()) <= int(regions.max()) < 2**63:
            raise UserError(
                f'{name} must return the region of each pixel, {work} '
                f'integers from 0 below 2^63, but returned {regions.shape} '
                f'{regions.dtype}.')
        return resize_regions(torch.from_numpy(
            regions.astype(np.int64)).to(image.device), size)


def to_photo(pixels, preprocessor):
    """Undo the normalisation.

    Args:
        pixels (Tensor): (3, H, W), as the network gets them.
        preprocessor (SegDataPreProcessor): Has normalised them.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    if preprocessor._enable_normalize:
        pixels = pixels * preprocessor.std + preprocessor.mean
    if not preprocessor.channel_conversion:  # the toolbox loads BGR
        pixels = pixels.flip(0)
    return pixels.round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()


def resize_regions(regions, size):
    """Resize a map of regions: each pixel takes that at its centre.

    Args:
        regions (Tensor): (H, W) int64.
        size (tuple[int]): (h, w).

    Returns:
        Tensor: (h, w) int64.
    """
    if tuple(regions.shape) == tuple(size):
        return regions
    rows, columns = (
        ((2 * torch.arange(new, device=regions.device) + 1) * old) // (2 * new)
        for new, old in zip(size, regions.shape))
    return regions[rows][:, columns]


def to_input(regions, meta, size):
    """Regions of the network's input, the inverse of its upsampling.

    Args:
        regions (Tensor): (H, W) int64, at the original size.
        meta (dict): ``metainfo`` of the image: its padding and its flip.
        size (tuple[int]): (h, w) of the network's input.

    Returns:
        Tensor: (h, w) int64; 0 in the padding.
    """
    (left, right, top, bottom), flipped = margins(meta)
    regions = resize_regions(
        regions, (size[0] - top - bottom, size[1] - left - right))
    for axis, direction in enumerate(('vertical', 'horizontal')):
        if flipped == direction:
            regions = regions.flip(axis)
    return F.pad(regions, (left, right, top, bottom))


def follow_regions(labels, regions):
    """Give each region the label of most of its pixels.

    Args:
        labels (Tensor): (H, W) int64.
        regions (Tensor): (H, W) int64; 0 for no region, whose pixels keep
            their labels.

    Returns:
        Tensor: (H, W) int64; of labels that are equally frequent the lowest.
    """
    ids, regions = regions.unique(return_inverse=True)
    count = int(labels.max()) + 1
    pairs, pixels = (regions * count + labels).unique(return_counts=True)
    # The most frequent label of a region, then the lowest.
    rank = pixels * count + (count - 1 - pairs % count)
    best = rank.new_zeros(len(ids)).scatter_reduce(
        0, pairs // count, rank, 'amax')
    return torch.where(ids[regions] == 0, labels,
                       (count - 1 - best % count)[regions])

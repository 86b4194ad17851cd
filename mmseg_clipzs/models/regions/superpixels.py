"""Regions of similar colour, by scikit-image."""
from mmseg_clipzs.utils import check_number, import_optional

from .region_provider import RegionProvider


def _segmentation(what):
    return import_optional(
        'skimage.segmentation', 'masks', what, 'scikit-image')


# Numbers beyond these change nothing on any photo, but overflow or vanish in
# scikit-image.
_SCALE, _SIGMA, _PIXELS = '[1e-9, 1e9]', '[0, 100]', '[1, 2147483647]'


class Felzenszwalb(RegionProvider):
    """Graph-based regions (Felzenszwalb and Huttenlocher, IJCV 2004).

    Needs no weights. Every pixel belongs to a region.

    Args:
        scale (float): The higher, the larger the regions.
        sigma (float): Standard deviation of the smoothing before, in pixels.
        min_size (int): Pixels of the smallest region.

    Raises:
        UserError: An option out of range, or no scikit-image.
    """

    def __init__(self, scale=200., sigma=0.5, min_size=20):
        self._options = dict(
            scale=check_number('regions.scale', scale, _SCALE),
            sigma=check_number('regions.sigma', sigma, _SIGMA),
            min_size=check_number('regions.min_size', min_size, _PIXELS, int))
        _segmentation('Felzenszwalb')

    def __call__(self, image, meta):
        """See the base class."""
        return 1 + _segmentation('Felzenszwalb').felzenszwalb(
            image, **self._options)


class Slic(RegionProvider):
    """Superpixels of SLIC (Achanta et al., TPAMI 2012).

    Needs no weights. Every pixel belongs to a region.

    Args:
        n_segments (int): About how many there are.
        compactness (float): The higher, the more they are squares.
        sigma (float): Standard deviation of the smoothing before, in pixels.

    Raises:
        UserError: An option out of range, or no scikit-image.
    """

    def __init__(self, n_segments=200, compactness=20., sigma=1.):
        self._options = dict(
            n_segments=check_number('regions.n_segments', n_segments,
                                    _PIXELS, int),
            compactness=check_number('regions.compactness', compactness,
                                     _SCALE),
            sigma=check_number('regions.sigma', sigma, _SIGMA))
        _segmentation('Slic')

    def __call__(self, image, meta):
        """See the base class."""
        return _segmentation('Slic').slic(
            image, start_label=1, **self._options)

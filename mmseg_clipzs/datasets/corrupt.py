import zlib
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.recipes.corruptions import LEVELS
from mmseg_clipzs.utils import UserError, check_number, import_optional

# These take a seed instead of drawing from NumPy's global generator.
_TAKE_A_SEED = ('impulse_noise', 'glass_blur')


def corruptions():
    """Import the corruption library.

    Returns:
        module: ``imagecorruptions``.

    Raises:
        UserError: It is not installed.
    """
    return import_optional('imagecorruptions', 'robustness', 'Corrupt',
                           'imagecorruptions-imaug')


@TRANSFORMS.register_module()
class Corrupt(BaseTransform):
    """Apply one of ImageNet-C's corruptions.

    Noise, blur, weather and digital artefacts of Hendrycks and Dietterich
    (ICLR 2019), as implemented by imagecorruptions-imaug. Place it directly
    after ``LoadImageFromFile``. Random numbers depend on the image's file
    name only: neither batches, workers nor order matter, and all levels share
    them.

    Required keys: img (H, W, 3) uint8 BGR, img_path. Modified keys: img.

    Args:
        kind (str): Corruption, for example 'gaussian_noise'.
        level (int): Severity, 1 (weak) to 5.

    Raises:
        UserError: Unknown corruption or level, or the library is not
            installed.
    """

    def __init__(self, kind, level):
        self._library = corruptions()
        known = self._library.get_corruption_names('all')
        if kind not in known:
            raise UserError(f'Unknown corruption {kind!r}; choose one of '
                            f'{", ".join(known)}.')
        check_number('level', level, f'[{LEVELS[0]}, {LEVELS[-1]}]', int)
        self.kind = kind
        self.level = level

    def transform(self, results):
        """Corrupt one image.

        Args:
            results (dict): With ``img`` and ``img_path``.

        Returns:
            dict: With ``img`` of the same shape, uint8.

        Raises:
            UserError: A side of the image is shorter than 32 pixels.
        """
        image = results['img']
        if min(image.shape[:2]) < 32:
            raise UserError(
                'Corruptions need images of at least 32 x 32 pixels, but '
                f'{results["img_path"]} is {image.shape[1]} x '
                f'{image.shape[0]}.')
        seed = zlib.crc32(Path(results['img_path']).name.encode())
        options = dict(seed=seed) if self.kind in _TAKE_A_SEED else {}
        state = np.random.get_state()
        np.random.seed(seed)  # the library uses the global generator
        try:
            image = self._library.corrupt(
                image[..., ::-1], self.level, self.kind, **options)
        finally:
            np.random.set_state(state)
        results['img'] = np.ascontiguousarray(image[..., ::-1])
        return results

    def __repr__(self):
        return f'{type(self).__name__}(kind={self.kind}, level={self.level})'

import zlib
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.utils import UserError, import_optional

# Those of MaskCLIP's paper; the library has eleven more.
PAPER_KINDS = ('gaussian_noise', 'shot_noise', 'impulse_noise',
               'speckle_noise', 'gaussian_blur', 'defocus_blur', 'spatter',
               'jpeg_compression')
LEVELS = (1, 2, 3, 4, 5)
# Kinds that do not draw from NumPy's global generator.
_TAKE_A_SEED = ('impulse_noise', 'glass_blur')


def corruptions():
    """module: Of the library.

    Raises:
        UserError: It is not installed.
    """
    return import_optional('imagecorruptions', 'robustness', 'Corrupt',
                           'imagecorruptions-imaug')


@TRANSFORMS.register_module()
class Corrupt(BaseTransform):
    """Spoil a photo in one of the ways of ImageNet-C.

    Noise, blur, weather and digital artefacts of Hendrycks and Dietterich,
    ICLR 2019, from the library imagecorruptions-imaug. Belongs directly behind
    ``LoadImageFromFile``. What is random depends on the photo's file name
    alone, not on batches, workers or their order, and is the same on each
    level.

    Required keys: img (H, W, 3) uint8 BGR, img_path. Modified keys: img.

    Args:
        kind (str): 'gaussian_noise', 'jpeg_compression', ...
        level (int): 1 (weak) to 5.

    Raises:
        UserError: There is no such kind or level; the library is missing.
    """

    def __init__(self, kind, level):
        self._library = corruptions()
        known = self._library.get_corruption_names('all')
        if kind not in known:
            raise UserError(f'There is no corruption {kind!r}; choose one of '
                            f'{", ".join(known)}.')
        if level not in LEVELS:
            raise UserError(f'The level of a corruption is 1 to 5, but got '
                            f'{level!r}.')
        self.kind = kind
        self.level = level

    def transform(self, results):
        """Corrupt one photo.

        Args:
            results (dict): With ``img`` and ``img_path``.

        Returns:
            dict: With ``img`` of the same shape, uint8.

        Raises:
            UserError: The photo is smaller than 32 pixels.
        """
        image = results['img']
        if min(image.shape[:2]) < 32:
            raise UserError(
                f'Corruptions need photos of 32 pixels or more, but '
                f'{results["img_path"]} is {image.shape[1]} x '
                f'{image.shape[0]}.')
        seed = zlib.crc32(Path(results['img_path']).name.encode())
        options = dict(seed=seed) if self.kind in _TAKE_A_SEED else {}
        state = np.random.get_state()
        np.random.seed(seed)  # the library has no generator of its own
        try:
            image = self._library.corrupt(
                image[..., ::-1], self.level, self.kind, **options)
        finally:
            np.random.set_state(state)
        results['img'] = np.ascontiguousarray(image[..., ::-1])
        return results

    def __repr__(self):
        return f'{type(self).__name__}(kind={self.kind}, level={self.level})'

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from .images import read_image


@TRANSFORMS.register_module()
class LoadPhoto(BaseTransform):
    """Load a photo of any kind, or say that it cannot be read.

    In place of ``LoadImageFromFile``, which fills the missing part of a
    truncated photo with grey and leaves out transparency.

    Required keys: img_path, and for a photo in memory its bytes img_bytes.
    Added keys: img (H, W, 3) uint8 BGR, img_shape, ori_shape. Removed keys:
    img_bytes.
    """

    def transform(self, results):
        """Load one photo.

        Args:
            results (dict): With ``img_path``, maybe ``img_bytes``.

        Returns:
            dict: With ``img``.

        Raises:
            ImageReadError: As of :func:`read_image`.
        """
        image = read_image(results['img_path'], results.pop('img_bytes', None))
        image = np.ascontiguousarray(image[..., ::-1])  # RGB to BGR
        results.update(
            img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from .images import read_image


@TRANSFORMS.register_module()
class LoadPhoto(BaseTransform):
    """Load an image with :func:`read_image`.

    Replaces ``LoadImageFromFile``, which pads truncated images with grey and
    ignores transparency.

    Required keys: img_path; img_bytes (bytes) for an image in memory.
    Added keys: img (H, W, 3) uint8 BGR, img_shape, ori_shape.
    Removed keys: img_bytes.
    """

    def transform(self, results):
        """Load one image.

        Args:
            results (dict): With ``img_path`` and optionally ``img_bytes``.

        Returns:
            dict: With ``img``, ``img_shape`` and ``ori_shape``.

        Raises:
            ImageReadError: The image is missing or cannot be decoded.
        """
        image = read_image(results['img_path'], results.pop('img_bytes', None))
        image = np.ascontiguousarray(image[..., ::-1])  # RGB to BGR
        results.update(
            img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

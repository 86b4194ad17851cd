import cv2
from mmcv.image import rescale_size
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LimitSize(BaseTransform):
    """Shrink images that are larger than what the network should get.

    Every pixel is an average of those that it stands for. Other images stay
    as they are, and so does ``ori_shape``, the size of the label maps.

    Modified keys: img, img_shape.

    Args:
        max_size (int): Longest side in pixels.
    """

    def __init__(self, max_size):
        self.max_size = max_size

    def transform(self, results):
        """Shrink one image.

        Args:
            results (dict): With ``img`` (H, W, 3).

        Returns:
            dict: With ``img`` of at most ``max_size`` pixels a side.
        """
        image = shrink(results['img'], self.max_size)
        results.update(img=image, img_shape=image.shape[:2])
        return results

    def __repr__(self):
        return f'{type(self).__name__}(max_size={self.max_size})'


def limited(size, limit):
    """Largest size of the same shape within a limit.

    Args:
        size (tuple[int]): (height, width) in pixels.
        limit (int): Longest side in pixels.

    Returns:
        tuple[int]: (height, width), at least 1; ``size`` if it fits.
    """
    if max(size) <= limit:
        return tuple(size)
    return tuple(max(side, 1) for side in rescale_size(size, (limit, limit)))


def shrink(image, limit):
    """Shrink an image, by averages of its pixels.

    Args:
        image (ndarray): (H, W, 3) uint8.
        limit (int): Longest side in pixels.

    Returns:
        ndarray: (h, w, 3) uint8; ``image`` itself if it fits.
    """
    size = limited(image.shape[:2], limit)
    return image if size == image.shape[:2] else cv2.resize(
        image, size[::-1], interpolation=cv2.INTER_AREA)

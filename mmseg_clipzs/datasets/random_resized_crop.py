import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.utils import UserError, check_number, check_numbers


@TRANSFORMS.register_module()
class RandomResizedCrop(BaseTransform):
    """Crop a random area with a random aspect ratio, resized to a square.

    Inception's augmentation (arXiv 1409.4842, section 6). Same distribution
    as torchvision's transform of this name, but with NumPy's random numbers.

    Required keys: img. Modified keys: img, img_shape.

    Args:
        size (int): Output side in pixels.
        scale (tuple[float]): Smallest and largest share of the image's area,
            in (0, 1].
        ratio (tuple[float]): Smallest and largest width / height.

    Raises:
        UserError: ``size`` is not positive or a range is invalid.
    """

    def __init__(self, size, scale=(0.08, 1.), ratio=(3 / 4, 4 / 3)):
        check_number('size', size, '[1, inf)', int)
        scale = check_numbers('scale', scale, '(0, 1]', count=2)
        ratio = check_numbers('ratio', ratio, '(0, inf)', count=2)
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            raise UserError(
                'RandomResizedCrop needs scale and ratio in ascending order, '
                f'but got {scale=}, {ratio=}.')
        self.size, self.scale, self.ratio = size, scale, ratio

    def transform(self, results):
        """Crop one image.

        Args:
            results (dict): With ``img`` (H, W, 3) uint8.

        Returns:
            dict: With ``img`` (size, size, 3) uint8.
        """
        image = results['img']
        top, left, h, w = self._draw(*image.shape[:2])
        # Pillow's bicubic filter is antialiased.
        results['img'] = mmcv.imresize(
            image[top:top + h, left:left + w], (self.size, self.size),
            interpolation='bicubic', backend='pillow')
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _draw(self, height, width):
        """Draw top, left, height and width of the crop in pixels."""
        for _ in range(10):
            area = height * width * np.random.uniform(*self.scale)
            ratio = np.exp(np.random.uniform(*np.log(self.ratio)))
            h, w = round(np.sqrt(area / ratio)), round(np.sqrt(area * ratio))
            if 0 < h <= height and 0 < w <= width:
                return (np.random.randint(height - h + 1),
                        np.random.randint(width - w + 1), h, w)
        # Very elongated image: the largest central crop within the ratios.
        w = min(width, max(1, round(height * self.ratio[1])))
        h = min(height, max(1, round(width / self.ratio[0])))
        return (height - h) // 2, (width - w) // 2, h, w

    def __repr__(self):
        return (f'{type(self).__name__}(size={self.size}, '
                f'scale={self.scale}, ratio={self.ratio})')

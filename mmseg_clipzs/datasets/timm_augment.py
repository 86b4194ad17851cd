import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.utils import check_number, check_numbers

_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # ImageNet


@TRANSFORMS.register_module()
class TimmAugment(BaseTransform):
    """Augment an image with timm's training transform.

    A random resized crop and flip, colour jitter or an automatic augmentation
    (RandAugment, ...), random erasing; see ``timm.data.create_transform``,
    which GroupViT (arXiv 2202.11094) uses, too. As in timm, an
    ``auto_augment`` that is given replaces the colour jitter. Draws from
    NumPy's, Python's and torch's global generators.

    Required keys: img. Modified keys: img, img_shape.

    Args:
        size (int): Output side in pixels.
        mean, std (Sequence[float]): RGB in [0, 255], those of the data
            preprocessor. Pixels erased at random (``re_mode='pixel'``) have
            this mean and standard deviation.
        kwargs: As for ``timm.data.create_transform``: ``scale``, ``hflip``,
            ``color_jitter``, ``auto_augment``, ``re_prob``, ...
    """

    def __init__(self, size, mean=_MEAN, std=_STD, **kwargs):
        check_number('size', size, '[1, inf)', int)
        check_numbers('mean', mean, '(-inf, inf)', count=3)
        check_numbers('std', std, '(0, inf)', count=3)
        self.mean, self.std = np.float32(mean), np.float32(std)
        from timm.data import create_transform  # takes seconds
        self.augment = create_transform(
            size, is_training=True, mean=tuple(self.mean / 255),
            std=tuple(self.std / 255), **kwargs)

    def transform(self, results):
        """Augment one image.

        Args:
            results (dict): With ``img`` (H, W, 3) uint8 BGR.

        Returns:
            dict: With ``img`` (size, size, 3) float32 BGR in [0, 255], erased
            pixels excepted, which may lie outside.
        """
        image = self.augment(Image.fromarray(results['img'][..., ::-1]))
        image = image.numpy().transpose(1, 2, 0) * self.std + self.mean
        results['img'] = np.ascontiguousarray(image[..., ::-1])
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self):
        return f'{type(self).__name__}({self.augment})'

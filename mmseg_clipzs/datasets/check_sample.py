from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.utils import UserError


@TRANSFORMS.register_module()
class CheckSample(BaseTransform):
    """Stop at a damaged photo or a mask that does not belong to it.

    The toolbox's decoder fills the missing part of a truncated JPEG with
    grey, and a mask of another size fails deep inside the metric.

    Required keys: img_path, ori_shape, and where loaded gt_seg_map.
    """

    def transform(self, results):
        """Check one sample.

        Args:
            results (dict): After loading the image and the annotations.

        Returns:
            dict: Unchanged, but for the shape of a mask of one row or column.

        Raises:
            UserError: Names the file.
        """
        path = results.get('img_path')
        if path and str(path).lower().endswith(('.jpg', '.jpeg')):
            try:
                with Image.open(path) as image:
                    # An eighth of the size: complete, but cheap to decode.
                    image.draft('RGB', (1, 1))
                    image.load()
            except OSError as e:
                raise UserError(f'The photo {path} is damaged: {e}.') from e
        mask = results.get('gt_seg_map')
        if mask is not None:
            h, w = results['ori_shape']
            # The toolbox squeezes masks of one row or column.
            if mask.size != h * w or min(h, w) > 1 and mask.shape != (h, w):
                shape = ' x '.join(map(str, mask.shape[::-1] or (1, 1)))
                raise UserError(
                    f'The mask {results.get("seg_map_path")} is {shape} '
                    f'pixels, but its photo {path} is {w} x {h}.')
            results['gt_seg_map'] = mask.reshape(h, w)
        return results

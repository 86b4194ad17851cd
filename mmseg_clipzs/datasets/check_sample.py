from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.utils import UserError

from .images import open_image


@TRANSFORMS.register_module()
class CheckSample(BaseTransform):
    """Refuse damaged images, and masks of another size than their image.

    mmcv pads truncated JPEGs with grey, and a mask of the wrong size only
    fails deep inside the metric.

    Required keys: img_path, ori_shape; gt_seg_map if loaded.
    """

    def transform(self, results):
        """Check one sample.

        Args:
            results (dict): Sample after loading the image and annotations.

        Returns:
            dict: The same sample; a mask with a single row or column gets
            its two dimensions back.

        Raises:
            UserError: The image is damaged or the mask does not fit it.
        """
        path = results.get('img_path')
        if path and str(path).lower().endswith(('.jpg', '.jpeg')):
            try:
                with open_image(path) as image:
                    # Reads the whole file, decodes at 1/8 of the size.
                    image.draft('RGB', (1, 1))
                    image.load()
            except OSError as e:
                raise UserError(f'The image {path} is damaged: {e}.') from e
        mask = results.get('gt_seg_map')
        if mask is not None:
            h, w = results['ori_shape']
            # LoadAnnotations squeezes masks with a single row or column.
            if mask.size != h * w or min(h, w) > 1 and mask.shape != (h, w):
                shape = ' x '.join(map(str, mask.shape[::-1] or (1, 1)))
                raise UserError(
                    f'The mask {results.get("seg_map_path")} is {shape} '
                    f'pixels, but its image {path} is {w} x {h}.')
            results['gt_seg_map'] = mask.reshape(h, w)
        return results

from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError, check_numbers


def preprocessor_config(given, mean, std):
    """Config of a segmentor's preprocessor.

    Args:
        given (dict | None): Of the segmentor's config.
        mean, std (Sequence[float]): RGB in [0, 255]; taken if ``given`` has
            neither.

    Returns:
        dict: By default a :class:`ZeroShotDataPreProcessor`.
    """
    config = dict(given or dict(type=ZeroShotDataPreProcessor.__name__))
    if config.get('mean') is config.get('std') is None:
        config.update(mean=mean, std=std)
    return config


@MODELS.register_module()
class ZeroShotDataPreProcessor(SegDataPreProcessor):
    """mmseg's preprocessor, for test batches of images of different sizes.

    Padding would change the input of a transformer. Test images of different
    sizes therefore stay a list, which the segmentor groups by size.

    Args:
        mean, std (Sequence[float], optional): RGB in [0, 255]; by default the
            segmentor sets those of CLIP's weights.
        bgr_to_rgb (bool): Convert BGR, as the toolbox loads images, to RGB.
        kwargs: See ``SegDataPreProcessor``.

    Raises:
        UserError: Other than three numbers, or a ``std`` that is not positive.
    """

    def __init__(self, mean=None, std=None, bgr_to_rgb=True, **kwargs):
        if (mean is None) != (std is None):
            raise UserError('mean and std normalise together, but got '
                            f'mean={mean} and std={std}.')
        if mean is not None:
            check_numbers('mean', mean, '(-inf, inf)', count=3)
            check_numbers('std', std, '(0, inf)', count=3)
        super().__init__(mean, std, bgr_to_rgb=bgr_to_rgb, **kwargs)

    def forward(self, data, training=False):
        """Normalise a batch.

        Args:
            data (dict): ``inputs`` (list of (3, H, W) uint8 or one tensor)
                and ``data_samples``.

        Returns:
            dict: ``inputs`` (N, 3, H, W) float32, or a list of (3, H, W) if
            the sizes differ in testing; ``data_samples`` unchanged.
        """
        inputs = data['inputs']
        if training or len({image.shape[-2:] for image in inputs}) == 1:
            return super().forward(data, training)
        samples = data.get('data_samples') or [None] * len(inputs)
        each = [
            super(ZeroShotDataPreProcessor, self).forward(
                dict(inputs=[image], data_samples=[sample]), training)
            for image, sample in zip(inputs, samples)
        ]
        return dict(
            inputs=[one['inputs'][0] for one in each],
            data_samples=[one['data_samples'][0] for one in each]
            if data.get('data_samples') else None)

from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS

from mmseg_clipzs.utils import check_numbers


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Sum of dilated convolutions, as in DeepLabV2 (arXiv 1606.00915).

    The head of MaskCLIP+'s students (arXiv 2112.01071): parallel 3x3
    convolutions with norm and ReLU, summed, then dropout and ``conv_seg``.
    mmseg's ``ASPPHead`` is DeepLabV3's, with image pooling and a bottleneck.

    Args:
        dilations (Sequence[int]): Dilation of each convolution. With 1, it is
            1x1, as in ``ASPPHead``.
        **kwargs: See ``BaseDecodeHead``.

    Raises:
        UserError: A dilation below 1.
    """

    def __init__(self, dilations=(6, 12, 18, 24), **kwargs):
        check_numbers('dilations', dilations, '[1, inf)', int)
        super().__init__(**kwargs)
        self.aspp_modules = ASPPModule(
            dilations, self.in_channels, self.channels, self.conv_cfg,
            self.norm_cfg, self.act_cfg)

    def forward(self, inputs):
        """Class scores.

        Args:
            inputs (Sequence[Tensor]): Features of the backbone, (N, C, h, w).

        Returns:
            Tensor: (N, num_classes, h, w).
        """
        x = self._transform_inputs(inputs)
        return self.cls_seg(sum(self.aspp_modules(x)))

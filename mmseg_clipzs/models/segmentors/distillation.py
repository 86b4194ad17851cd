"""Distillation of features, an ablation of MaskCLIP+."""
import torch.nn.functional as F
from mmseg.models.utils import resize


def distillation_loss(features, wanted, known):
    """L1 distance to the teacher's unit-length features, pixel by pixel.

    As in the authors' code of MaskCLIP (arXiv 2112.01071), both are upsampled
    to the label map and compared where it is not ignored.

    Args:
        features (Tensor): (N, D, h, w) features of the student.
        wanted (Tensor): (N, D, h', w') features of the teacher.
        known (Tensor): (N, 1, H, W) bool, False for ignored pixels.

    Returns:
        Tensor: Mean over pixels and channels; 0 if all pixels are ignored.
    """
    wanted = F.normalize(wanted, dim=1)
    # Image by image: a batch at full size takes gigabytes.
    total = sum(
        ((resize(ours, size=mask.shape[1:], mode='bilinear')
          - resize(theirs, size=mask.shape[1:], mode='bilinear')).abs()
         * mask).sum()
        for ours, theirs, mask in zip(
            features.split(1), wanted.split(1), known))
    return total / (known.sum().clamp(min=1) * features.size(1))

"""Image-text contrastive losses over all processes."""
import torch
from mmengine.dist import get_rank, get_world_size
from torch.distributed.nn.functional import all_gather


def gather(features):
    """Gather the features of all processes, with gradients.

    Args:
        features (Tensor): (B, ...) of this process.

    Returns:
        Tensor: (world * B, ...).
    """
    if get_world_size() == 1:
        return features
    return torch.cat(all_gather(features.contiguous()))


def contrastive_loss(image, text, scale):
    """Symmetric cross entropy between images and their texts.

    GroupViT (arXiv 2202.11094), section 3.2, equations 8 to 10: the image-text
    loss with one text per image, the multi-label loss with several equally
    weighted ones. Images and texts of this process are contrasted with those
    of all processes, which must have the same B.

    Args:
        image (Tensor): (B, I, D), unit length; I embeddings per image.
        text (Tensor): (B, T, D), unit length; T texts per image.
        scale (Tensor): Factor of the cosines.

    Returns:
        Tensor: Scalar.
    """
    # Near 100, the largest logit, bfloat16 has a resolution of 0.5.
    with torch.autocast(image.device.type, enabled=False):
        return (_one_way(image, gather(text), scale)
                + _one_way(text, gather(image), scale)) / 2


def _one_way(rows, columns, scale):
    own = len(rows) * get_rank() + torch.arange(
        len(rows), device=rows.device)
    logits = scale * rows.flatten(0, 1) @ columns.flatten(0, 1).T
    log_p = logits.log_softmax(1).view(
        *rows.shape[:2], *columns.shape[:2])  # (B, I, world * B, T)
    return -log_p[own - own[0], :, own].mean()

"""The image-text contrastive losses, over all processes."""
import torch
from mmengine.dist import get_rank, get_world_size
from torch.distributed.nn.functional import all_gather


def gather(features):
    """(B, ...) of this process -> (world * B, ...), with gradients."""
    if get_world_size() == 1:
        return features
    return torch.cat(all_gather(features.contiguous()))


def contrastive_loss(image, text, scale):
    """Cross entropy between pictures and their texts, both ways.

    GroupViT (arXiv 2202.11094), section 3.2, equations 8 to 10: with one text
    a picture the image-text loss, with several the multi-label one, in which
    each of them counts the same. The rows are those of this process, the
    columns those of all; every process has the same B.

    Args:
        image (Tensor): (B, I, D), length 1; I embeddings of each picture.
        text (Tensor): (B, T, D), length 1; T texts of each picture.
        scale (Tensor): Factor of the cosines.

    Returns:
        Tensor: Scalar.
    """
    # Half precision would round the logits to the first digit.
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

"""Prediction the plain way: what the fast one must equal.

One window at a time on a canvas of full size, every word's map at the photo's
size, classes and labels pixel by pixel with loops over words. Shares with the
package the backbone and the head, nothing behind them.
"""
import torch
import torch.nn.functional as F


def enlarge(maps, size):
    return F.interpolate(maps, size=size, mode='bilinear',
                         align_corners=False)


def word_scores(model, x, crop=None, stride=None):
    """Mean scores (1, Q, H, W) over the windows of one input (1, 3, H, W)."""
    height, width = x.shape[2:]
    crop = [min(c, n) for c, n in zip(crop or (height, width),
                                      (height, width))]
    stride = stride or crop
    total, count = 0, torch.zeros(1, 1, height, width, dtype=x.dtype)
    y = 0
    while True:
        top, z = min(y, height - crop[0]), 0
        while True:
            left = min(z, width - crop[1])
            window = x[:, :, top:top + crop[0], left:left + crop[1]]
            scores = enlarge(model.decode_head(model.backbone(window)), crop)
            pad = (left, width - left - crop[1], top, height - top - crop[0])
            total = total + F.pad(scores, pad)
            count += F.pad(torch.ones(1, 1, *crop), pad)
            if left + crop[1] == width:
                break
            z += stride[1]
        if top + crop[0] == height:
            break
        y += stride[0]
    return total / count


@torch.no_grad()
def predict(model, x, size=None, crop=None, stride=None, area_threshold=None):
    """Labels and how clear they are.

    Args:
        model (ZeroShotSegmentor): Whose vocabulary and thresholds hold.
        x (Tensor): (1, 3, H, W), normalised.
        size (tuple[int]): Of the photo.

    Returns:
        tuple[Tensor]: (H', W') int64, and by how much the two nearest
        probabilities that decide differ.
    """
    scores = word_scores(model, x, crop, stride)
    p = (model.logit_scale * enlarge(scores, size or x.shape[2:]))[0]
    p = p.softmax(0)
    classes, start = [], 0
    for words in model.vocabulary.synonyms:
        best = torch.zeros_like(p[0])  # a background without words
        for i in range(start, start + len(words)):
            best = torch.maximum(best, p[i])
        classes.append(best)
        start += len(words)
    classes = torch.stack(classes)
    if area_threshold is not None:
        winners = classes.argmax(0)
        areas = [(winners == c).sum() for c in range(1, len(classes))]
        for c, area in enumerate(areas, start=1):
            if area <= area_threshold * sum(areas):
                classes[c] = 0
    best = classes.topk(min(2, len(classes)), dim=0).values
    gap = best[0] - best[-1] if len(best) > 1 else torch.ones_like(best[0])
    labels = classes.argmax(0)
    if model.background_threshold is not None:
        labels[best[0] < model.background_threshold] = 0
        gap = torch.minimum(
            gap, (best[0] - model.background_threshold).abs())
    return labels, gap

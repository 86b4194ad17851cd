"""Reference implementation of prediction.

One window at a time on a full-size canvas, a map of each word at the size of
the image, and loops over the words of each class. Only the backbone and the
head are the package's.
"""
import torch
import torch.nn.functional as F


def enlarge(maps, size):
    return F.interpolate(maps, size=size, mode='bilinear',
                         align_corners=False)


def slide(score, x, crop=None, stride=None):
    """Mean scores over mmseg's sliding windows, on a full-size canvas.

    Args:
        score (Callable): (N, 3, h, w) -> (N, Q, h, w).
        x (Tensor): (N, 3, H, W).
        crop, stride (tuple[int], optional): By default one window.

    Returns:
        Tensor: (N, Q, H, W).
    """
    h, w = x.shape[2:]
    crop = crop or (h, w)
    stride = stride or crop
    total, count = 0, torch.zeros(1, 1, h, w)
    for i in range(max(h - crop[0] + stride[0] - 1, 0) // stride[0] + 1):
        for j in range(max(w - crop[1] + stride[1] - 1, 0) // stride[1] + 1):
            y2 = min(i * stride[0] + crop[0], h)
            x2 = min(j * stride[1] + crop[1], w)
            y1, x1 = max(y2 - crop[0], 0), max(x2 - crop[1], 0)
            window = score(x[:, :, y1:y2, x1:x2])
            total = total + F.pad(window, (x1, w - x2, y1, h - y2))
            count[:, :, y1:y2, x1:x2] += 1
    assert (count > 0).all()
    return total / count


def class_probabilities(words, synonyms):
    """Softmax over the words, then the best word of each class.

    Args:
        words (Tensor): (Q, H, W), scaled scores.
        synonyms (Sequence[Sequence[str]]): Words of each class, Q in total.

    Returns:
        Tensor: (C, H, W).
    """
    shares = (words.double() - words.double().amax(0)).exp()
    p = shares / shares.sum(0)
    classes, start = [], 0
    for names in synonyms:
        best = torch.zeros_like(p[0])  # a background without words
        for i in range(start, start + len(names)):
            best = torch.maximum(best, p[i])
        classes.append(best)
        start += len(names)
    return torch.stack(classes)


@torch.no_grad()
def predict(model, x, size=None, crop=None, stride=None, area_threshold=None):
    """Label map and margin of each pixel.

    Args:
        model (ZeroShotSegmentor): With vocabulary and thresholds.
        x (Tensor): (1, 3, H, W), normalised.
        size (tuple[int]): Height and width of the image.

    Returns:
        tuple[Tensor]: (H', W') int64 labels and (H', W') differences of the
        two probabilities that decide them.
    """
    def score(window):
        scores = model.decode_head(model.backbone(window))
        return enlarge(scores, window.shape[2:])

    scores = slide(score, x, crop, stride)
    words = enlarge(scores, size or x.shape[2:])[0]
    if model.decode_head.needs_keys:  # sums of probabilities
        words = (words - words.amin(0).clamp(max=0)).log()
    else:
        words = model.logit_scale * words
    classes = class_probabilities(words, model.vocabulary.synonyms)
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

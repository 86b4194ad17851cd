"""Pseudo labels for training."""
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_clipzs.labels import HIDDEN_LABEL, IGNORE_INDEX
from mmseg_clipzs.utils import UserError

from .sliding import spans
from .upsampling import UpsampledScores, first_argmax, upsampling_weights


def assign_pseudo_labels(scores, labels, classes, conf_thresh=None,
                         probabilities=None, ignored=IGNORE_INDEX):
    """Label the hidden pixels with their best class.

    MaskCLIP (arXiv 2112.01071), section 3.5.

    Args:
        scores (Tensor): (N, K, h, w) scores of K classes, at any resolution.
        labels (Tensor): (N, 1, H, W) int64 with ``HIDDEN_LABEL`` and
            ``ignored``.
        classes (Tensor): (K, ) int64, the class index of each score.
        conf_thresh (float, optional): Confidence threshold. Pixels below it
            are ignored, labelled ones too, as in the authors' code.
        probabilities (Callable, optional): (K, ...) upsampled scores ->
            (K, ...) probabilities. The confidence is the best probability;
            by default the best score.
        ignored (int): Label of ignored pixels.

    Returns:
        Tensor: (N, 1, H, W) int64 without ``HIDDEN_LABEL``.
    """
    weights = [upsampling_weights(spans(pixels), cells) for pixels, cells
               in zip(labels.shape[2:], scores.shape[2:])]

    def best(tile):
        return classes[first_argmax(tile)]

    def is_unsure(tile):
        if probabilities is not None:
            tile = probabilities(tile)
        return tile.amax(0) < conf_thresh

    filled = []
    for one, label in zip(scores, labels):
        maps = UpsampledScores(one, *weights)
        label = torch.where(label == HIDDEN_LABEL, maps.map_tiles(best), label)
        if conf_thresh is not None:
            label = label.masked_fill(maps.map_tiles(is_unsure), ignored)
        filled.append(label)
    return torch.stack(filled)


def batch_labels(inputs, data_samples, unseen=None, classes=None,
                 ignored=IGNORE_INDEX):
    """Labels of a batch, checked for labels of unseen and of no classes.

    Args:
        inputs (Tensor): (N, 3, H, W).
        data_samples (list[SegDataSample]): With ``gt_sem_seg``, unless
            ``unseen`` is None.
        unseen (Tensor, optional): Class indices that must not occur. By
            default labels are not read and all pixels but padding are hidden.
        classes (int, optional): Number of classes; higher labels are refused.
        ignored (int): Label of ignored pixels.

    Returns:
        Tensor: (N, 1, H, W) int64 with ``HIDDEN_LABEL`` and ``ignored``.

    Raises:
        UserError: A label of an unseen class, or of none.
    """
    if unseen is None:
        labels = inputs.new_full((len(inputs), 1, *inputs.shape[2:]),
                                 ignored, dtype=torch.int64)
        for label, sample in zip(labels, data_samples):
            h, w = sample.metainfo['img_shape'][:2]
            label[:, :h, :w] = HIDDEN_LABEL
        return labels
    labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    leaks = torch.isin(labels, unseen)
    if classes is not None:
        leaks |= (labels >= classes) & (labels != ignored)
    if leaks.any():
        index = leaks.flatten(1).any(1).nonzero()[0].item()
        label = labels[index][leaks[index]][0].item()
        path = data_samples[index].metainfo.get('img_path')
        if classes is not None and label >= classes:
            raise UserError(f'The mask of {path} has label {label}, outside '
                            f'the {classes} classes.')
        raise UserError(
            f'A label of the unseen class {label} reached the loss, in '
            f'{path}. Put dict(type="HideLabels", classes=..., unseen=...) '
            'right after LoadAnnotations.')
    return labels


def with_labels(data_samples, labels):
    """Data samples with other labels.

    Args:
        data_samples (list[SegDataSample]): N samples.
        labels (Tensor): (N, 1, H, W) int64.

    Returns:
        list[SegDataSample]: New ones with the same ``metainfo``.
    """
    return [SegDataSample(metainfo=sample.metainfo,
                          gt_sem_seg=PixelData(data=label))
            for sample, label in zip(data_samples, labels)]

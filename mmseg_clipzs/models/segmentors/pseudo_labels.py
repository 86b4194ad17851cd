"""Which label each pixel is trained with: one rule, one place."""
import torch

from mmseg_clipzs.labels import HIDDEN_LABEL, IGNORE_INDEX
from mmseg_clipzs.utils import UserError

from .sliding import spans
from .upsampling import UpsampledScores, first_argmax, upsampling_weights


def assign_pseudo_labels(scores, labels, categories, conf_thresh=None,
                   conf_scale=None):
    """Fill in what is not labelled with the best category.

    MaskCLIP (arXiv 2112.01071), section 3.5.

    Args:
        scores (Tensor): (N, K, h, w), of K categories at any resolution.
        labels (Tensor): (N, 1, H, W) int64; -1 where there is no label.
        categories (Tensor): (K, ) int64, the class index of each.
        conf_thresh (float, optional): Where the best score is below this the
            pixel is ignored, also a labelled one, as in the authors' code.
        conf_scale (float, optional): Compare the threshold with
            softmax(conf_scale * scores) in place of the score itself.

    Returns:
        Tensor: (N, 1, H, W) int64.
    """
    weights = [upsampling_weights(spans(pixels), cells) for pixels, cells
               in zip(labels.shape[2:], scores.shape[2:])]

    def best(part):
        return categories[first_argmax(part)]

    def is_unsure(part):
        if conf_scale is not None:
            part = (conf_scale * part).softmax(0)
        return part.amax(0) < conf_thresh

    targets = []
    for one, label in zip(scores, labels):
        maps = UpsampledScores(one, *weights)
        target = torch.where(
            label == HIDDEN_LABEL, maps.map_tiles(best), label)
        if conf_thresh is not None:
            target = target.masked_fill(maps.map_tiles(is_unsure), IGNORE_INDEX)
        targets.append(target)
    return torch.stack(targets)


def batch_labels(inputs, data_samples, unseen=None):
    """The labels of a batch, after a check that no hidden one is there.

    Args:
        inputs (Tensor): (N, 3, H, W).
        data_samples (list[SegDataSample]): With ``gt_sem_seg``, unless
            ``unseen`` is None.
        unseen (Tensor, optional): Class indices that must not occur. None:
            labels are not read at all, every pixel inside the image is
            unlabelled.

    Returns:
        Tensor: (N, 1, H, W) int64; -1 unlabelled, 255 padding and ignored.

    Raises:
        UserError: The label of an unseen class got through.
    """
    if unseen is None:
        labels = inputs.new_full(
            (len(inputs), 1, *inputs.shape[2:]), IGNORE_INDEX, dtype=torch.int64)
        for label, sample in zip(labels, data_samples):
            h, w = sample.metainfo['img_shape'][:2]
            label[:, :h, :w] = HIDDEN_LABEL
        return labels
    labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    leaks = torch.isin(labels, unseen)
    if leaks.any():
        index = leaks.flatten(1).any(1).nonzero()[0].item()
        label = labels[index][leaks[index]][0].item()
        raise UserError(
            f'A label of the unseen class {label} reached the loss, in '
            f'{data_samples[index].metainfo.get("img_path")}. Put '
            'dict(type="HideLabels", unseen=...) behind LoadAnnotations.')
    return labels

def with_classes(student, count):
    """A segmentor's config with ``num_classes`` in all its heads."""
    heads = {}
    for name in ('decode_head', 'auxiliary_head'):
        head = student.get(name)
        if isinstance(head, (list, tuple)):
            heads[name] = [dict(one, num_classes=count) for one in head]
        elif head is not None:
            heads[name] = dict(head, num_classes=count)
    if not isinstance(heads.get('decode_head'), dict):
        raise UserError('The student needs one decode_head, not a cascade.')
    return dict(student, **heads)

"""Turn window scores into the result of one image."""
import copy

import torch
from mmengine.structures import PixelData

from mmseg_clipzs.datasets.limit_size import limited

from .pamr import refine
from .seg_logits import SegLogits
from .sliding import WindowGrid, spans
from .upsampling import UpsampledScores, first_argmax, upsampling_weights


def upsample(maps, grid, align_corners, meta=None):
    """Upsample the scores of one image to its original size, lazily.

    Args:
        maps (Tensor): (Q, I, J), window scores side by side.
        grid (WindowGrid): The windows.
        align_corners (bool): See ``torch.nn.functional.interpolate``.
        meta (dict, optional): ``metainfo`` of the image: padding to crop, a
            flip to undo, and ``ori_shape``. By default the size of the
            network's input is kept.

    Returns:
        UpsampledScores: (Q, H, W).
    """
    meta = meta or {}
    left, right, top, bottom = meta.get(
        'img_padding_size', meta.get('padding_size', [0] * 4))
    flip = meta.get('flip') and meta['flip_direction']
    height, width = meta.get('ori_shape', (None, None))[:2]
    return UpsampledScores(maps, *(
        upsampling_weights(side, cells // len(side.starts), padding,
                           flip == direction, size, align_corners)
        for side, cells, padding, direction, size in (
            (grid.rows, maps.size(1), (top, bottom), 'vertical', height),
            (grid.columns, maps.size(2), (left, right), 'horizontal',
             width))))


def refine_upsampled(maps, grid, image, meta, align_corners, options,
                     max_size=None):
    """Refine scores along the edges of the image, at its original size.

    Args:
        maps (Tensor): (Q, I, J), window scores side by side.
        grid (WindowGrid): The windows.
        image (Tensor): (3, h, w), the network's input.
        meta (dict): ``metainfo`` of the image.
        align_corners (bool): See ``torch.nn.functional.interpolate``.
        options (dict): Arguments of :func:`.pamr.refine`.
        max_size (int, optional): Longest side in pixels at which they are
            refined, to be upsampled from it.

    Returns:
        UpsampledScores: (Q, H, W).
    """
    size = tuple(meta.get('ori_shape', image.shape[1:])[:2])
    work = size if max_size is None else limited(size, max_size)
    meta = {**meta, 'ori_shape': work}
    whole = WindowGrid(1, *map(spans, image.shape[1:]))
    pixels = upsample(image, whole, align_corners, meta).whole()
    scores = upsample(maps, grid, align_corners, meta).whole()
    refined = refine(pixels[None], scores[None], **options)[0]
    return UpsampledScores(refined) if work == size else upsample(
        refined, WindowGrid(1, *map(spans, work)), align_corners,
        {'ori_shape': size})


def set_result(model, maps, sample):
    """Set ``pred_sem_seg`` and ``seg_logits`` of a result.

    Args:
        model (OpenVocabularySegmentor): Turns words into classes.
        maps (UpsampledScores): Scores (Q, H, W).
        sample (SegDataSample): Changed in place.
    """
    # As the model is now: its vocabulary may change before logits are read.
    model = copy.copy(model)
    labels, model.absent = model.label_map(maps)

    def make_logits():
        logits = maps.map_tiles(
            lambda tile: model.class_log_probabilities(tile[None])[0])
        return keep_argmax(logits, labels)

    def make_at(wanted):
        wanted, found = wanted.to(labels.device), None
        for tile in maps.tiles():
            part = keep_argmax(
                model.class_log_probabilities(tile.scores()[None])[0],
                labels[tile.where]).gather(0, wanted[tile.where][None])[0]
            if found is None:
                found = part.new_empty(labels.shape)
            found[tile.where] = part
        return found

    sample.set_data(dict(seg_logits=SegLogits(make_logits, make_at),
                         pred_sem_seg=PixelData(data=labels[None])))


def keep_argmax(logits, labels):
    """Undo ties introduced by rounding.

    Normalisation may round the best class and the runner-up to the same value.

    Args:
        logits (Tensor): (C, H, W), changed in place.
        labels (Tensor): (H, W) int64, argmax before the rounding.

    Returns:
        Tensor: ``logits``, whose argmax is ``labels``.
    """
    tied = first_argmax(logits) != labels  # (H, W)
    index = labels[tied][None]
    best = logits[:, tied].amax(0, keepdim=True)
    logits[:, tied] = logits[:, tied].scatter(
        0, index, torch.nextafter(best, best.new_zeros(()).add(torch.inf)))
    return logits

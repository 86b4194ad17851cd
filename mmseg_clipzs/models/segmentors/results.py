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
    (left, right, top, bottom), flip = margins(meta)
    height, width = meta.get('ori_shape', (None, None))[:2]
    return UpsampledScores(maps, *(
        upsampling_weights(side, cells // len(side.starts), padding,
                           flip == direction, size, align_corners)
        for side, cells, padding, direction, size in (
            (grid.rows, maps.size(1), (top, bottom), 'vertical', height),
            (grid.columns, maps.size(2), (left, right), 'horizontal',
             width))))


def margins(meta):
    """What lies between an image and the network's input.

    Args:
        meta (dict): ``metainfo`` of the image.

    Returns:
        tuple: Padding (left, right, top, bottom) in pixels, and the direction
        of the flip, 'horizontal' or 'vertical'; false for none.
    """
    return meta.get('img_padding_size', meta.get('padding_size', [0] * 4)), (
        meta.get('flip') and meta['flip_direction'])


def upsample_image(image, meta, align_corners):
    """The network's input at the image's original size.

    Args:
        image (Tensor): (3, h, w).
        meta (dict): See :func:`upsample`.
        align_corners (bool): See ``torch.nn.functional.interpolate``.

    Returns:
        Tensor: (3, H, W).
    """
    whole = WindowGrid(1, *map(spans, image.shape[1:]))
    return upsample(image, whole, align_corners, meta).whole()


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
    pixels = upsample_image(image, meta, align_corners)
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
        sample (SegDataSample): Changed in place. Labels follow its
            ``regions``, if the model wants that.
    """
    # As the model is now: its vocabulary may change before logits are read.
    model = copy.copy(model)
    own, model.absent = model.label_map(maps)
    labels = model.follow_regions(own, sample)

    def make_logits():
        logits = maps.map_tiles(
            lambda tile: model.class_log_probabilities(tile[None])[0])
        return exchange(logits, own, labels)

    def make_at(wanted):
        wanted, found = wanted.to(labels.device), None
        for tile in maps.tiles():
            part = exchange(
                model.class_log_probabilities(tile.scores()[None])[0],
                own[tile.where], labels[tile.where]).gather(
                    0, wanted[tile.where][None])[0]
            if found is None:
                found = part.new_empty(labels.shape)
            found[tile.where] = part
        return found

    sample.set_data(dict(
        seg_logits=SegLogits(make_logits, make_at, maps.maps.nbytes),
        pred_sem_seg=PixelData(data=labels[None])))


def exchange(logits, own, labels):
    """Exchange the values of the best class and of the label of a pixel.

    Args:
        logits (Tensor): (C, H, W), changed in place.
        own (Tensor): (H, W) int64, argmax before rounding.
        labels (Tensor): (H, W) int64, those of the result.

    Returns:
        Tensor: ``logits``, whose argmax is ``labels``.
    """
    if labels is not own:
        best, other = (logits.gather(0, each[None]) for each in (own, labels))
        logits.scatter_(0, own[None], other).scatter_(0, labels[None], best)
    return keep_argmax(logits, labels)


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
    if not tied.any():  # as mostly
        return logits
    index = labels[tied][None]
    best = logits[:, tied].amax(0, keepdim=True)
    logits[:, tied] = logits[:, tied].scatter(
        0, index, torch.nextafter(best, best.new_zeros(()).add(torch.inf)))
    return logits

"""Masks of networks that are trained to find the objects of photos."""
import torch
import torch.nn.functional as F

from mmseg_clipzs.utils import check_number

from .networks import load_network, to_network
from .region_provider import RegionProvider


class _PanopticRegions(RegionProvider):
    """Base class: panoptic inference of MaskFormer (arXiv 2107.06278, 3.4).

    Each pixel goes to the query with the highest product of the probabilities
    of class and mask. A query's region are its pixels with a mask probability
    of at least 0.5; the classes do not matter.
    """
    kind = config_kind = None

    def __init__(self, weights, config, threshold, overlap):
        self.threshold, self.overlap = (
            check_number(f'regions.{name}', value, '[0, 1]')
            for name, value in (('threshold', threshold),
                                ('overlap', overlap)))
        self.network = load_network(
            self.kind, self.config_kind, weights, config)

    @torch.no_grad()
    def __call__(self, image, meta):
        """See the base class."""
        classes, masks = self._predict(image)
        size = image.shape[:2]
        score, label = classes.float().softmax(-1).max(-1)
        kept = (label < classes.size(-1) - 1) & (score > self.threshold)
        regions, owner = torch.zeros(
            2, *size, dtype=torch.int32, device=masks.device)
        best, found = owner.float(), []
        for i, query in enumerate(kept.nonzero()[:, 0], 1):
            # One by one: photos may be large.
            p = F.interpolate(masks[None, None, query].float(), size=size,
                              mode='bilinear')[0, 0].sigmoid()
            found.append(p >= .5)
            p *= score[query]
            owner[p > best] = i
            best = torch.maximum(p, best)
        for i, mask in enumerate(found, 1):
            own = mask & (owner == i)
            if own.sum() > self.overlap * mask.sum():
                regions[own] = i
        return regions.cpu().numpy()

    def _predict(self, image):
        """Class logits (Q, C + 1), and mask logits (Q, h, w) of the photo."""
        raise NotImplementedError


class Mask2FormerRegions(_PanopticRegions):
    """Masks of Mask2Former (arXiv 2112.01527), trained with labels.

    Args:
        weights (str | Path | None): See :func:`.load_network`.
        config (dict, optional): Likewise.
        threshold (float): Least probability of a mask's class.
        overlap (float): Least share of a mask that other masks leave it.
        short_side (int): Short side of the network's input in pixels; the
            long one has at most 5/3 of it.

    Raises:
        UserError: Options out of range, or as :func:`.load_network`.
    """
    kind, config_kind = (
        'Mask2FormerForUniversalSegmentation', 'Mask2FormerConfig')

    def __init__(self, weights='facebook/mask2former-swin-large-coco-panoptic',
                 config=None, threshold=.8, overlap=.8, short_side=800):
        self.short_side = check_number(
            'regions.short_side', short_side, '[32, 10000]', int)
        super().__init__(weights, config, threshold, overlap)

    def _predict(self, image):
        size = image.shape[:2]
        scale = self.short_side * min(
            1 / min(size), 5 / 3 / max(size))
        # Multiples of the largest stride, where others are padded to them.
        out = self.network(pixel_values=to_network(image, tuple(
            32 * max(round(side * scale / 32), 1) for side in size),
            self.network))
        return out.class_queries_logits[0], out.masks_queries_logits[0]


class EomtRegions(_PanopticRegions):
    """Masks of EoMT (arXiv 2503.19108), trained with labels.

    Args:
        weights, config, threshold, overlap: See :class:`Mask2FormerRegions`.

    Raises:
        UserError: Options out of range, or as :func:`.load_network`.
    """
    kind, config_kind = 'EomtForUniversalSegmentation', 'EomtConfig'

    def __init__(self, weights='tue-mps/coco_panoptic_eomt_large_640',
                 config=None, threshold=.8, overlap=.8):
        super().__init__(weights, config, threshold, overlap)

    def _predict(self, image):
        side = self.network.config.image_size
        size = [max(round(length * side / max(image.shape[:2])), 1)
                for length in image.shape[:2]]
        out = self.network(pixel_values=to_network(
            image, tuple(size), self.network,
            pad=[side - length for length in size]))
        # Of the padded square, at a fraction of its resolution.
        masks = F.interpolate(out.masks_queries_logits.float(),
                              size=(side, side), mode='bilinear')[0]
        return out.class_queries_logits[0], masks[:, :size[0], :size[1]]

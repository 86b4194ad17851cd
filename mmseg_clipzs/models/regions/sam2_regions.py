"""Masks of SAM 2 for a grid of points."""
import numpy as np
import torch
import torch.nn.functional as F

from mmseg_clipzs.utils import check_flag, check_number

from .networks import load_network, to_network
from .region_provider import RegionProvider

_CHUNK = 2**24  # logits at the size of the photo at a time, 64 MiB


class Sam2Regions(RegionProvider):
    """Masks of SAM 2 (arXiv 2408.00714) for a grid of points.

    As its authors' automatic mask generator, without crops: masks of low
    predicted IoU or low stability are left out, then those whose box overlaps
    that of a better mask. The others are painted in the order of their area,
    larger ones over smaller ones, as CorrCLIP does, whose thresholds are the
    defaults.

    Args:
        weights (str | Path | None): See :func:`.load_network`.
        config (dict, optional): Likewise.
        points_per_side (int): Points along each side of the photo.
        points_per_batch (int): Points that are prompted together.
        pred_iou (float): Masks need more than this predicted IoU.
        stability (float): Masks need more than this IoU between the pixels
            with logits above 1 and above -1.
        box_iou (float): Largest IoU of the boxes of two masks.
        multimask (bool): Three masks for each point in place of one.

    Raises:
        UserError: Options out of range, or as :func:`.load_network`.
    """

    def __init__(self, weights='facebook/sam2.1-hiera-large', config=None,
                 points_per_side=32, points_per_batch=64, pred_iou=.4,
                 stability=.4, box_iou=.7, multimask=False):
        self.points_per_side, self.points_per_batch = (
            check_number(f'regions.{name}', value, within, int)
            for name, value, within in (
                ('points_per_side', points_per_side, '[1, 1000]'),
                ('points_per_batch', points_per_batch, '[1, 1000000]')))
        self.pred_iou, self.stability, self.box_iou = (
            check_number(f'regions.{name}', value, '[0, 1]')
            for name, value in (('pred_iou', pred_iou), (
                'stability', stability), ('box_iou', box_iou)))
        self.multimask = check_flag('regions.multimask', multimask)
        self.network = load_network('Sam2Model', 'Sam2Config', weights, config)

    @torch.no_grad()
    def __call__(self, image, meta):
        """See the base class."""
        size = image.shape[:2]
        logits, areas = self._find(image)
        # The masks themselves may be thousands at the size of the photo.
        return paint((
            _upsample(logits[i:i + 1], size)[0] > 0 for i in areas.argsort()),
            size)

    def _find(self, image):
        """Masks that are good and not found twice.

        Returns:
            tuple[Tensor]: Logits (M, h, w) at the network's resolution, and
            areas (M, ) in pixels of the photo.
        """
        side = self.network.config.prompt_encoder_config.image_size
        pixels = to_network(image, (side, side), self.network)
        embeddings = self.network.get_image_embeddings(pixels)
        places = (torch.arange(self.points_per_side, device=pixels.device)
                  + .5) / self.points_per_side * side
        points = torch.stack(torch.meshgrid(
            places, places, indexing='xy'), -1).flatten(0, 1).to(pixels)
        found = []
        for batch in points.split(self.points_per_batch):
            out = self.network(
                image_embeddings=list(embeddings),
                input_points=batch[None, :, None],
                input_labels=batch.new_ones((1, len(batch), 1), dtype=torch.
                                            int64),
                multimask_output=self.multimask)
            found.append(self._good(
                out.pred_masks[0].flatten(0, 1).float(),
                out.iou_scores[0].flatten().float(), image.shape[:2]))
        from torchvision.ops import nms  # slow to import
        logits, ious, boxes, areas = map(torch.cat, zip(*found))
        kept = nms(boxes, ious, self.box_iou)
        return logits[kept], areas[kept]

    def _good(self, logits, ious, size):
        """Logits (M, h, w), IoUs, boxes and areas of the masks to keep."""
        from torchvision.ops import masks_to_boxes
        kept = ious > self.pred_iou
        count, found = max(_CHUNK // (size[0] * size[1]), 1), []
        for part, part_ious in zip(logits[kept].split(count),
                                   ious[kept].split(count)):
            at_size = _upsample(part, size)
            inner, areas, outer = ((at_size > level).sum((1, 2))
                                   for level in (1, 0, -1))
            kept = (inner / outer.clamp(min=1) > self.stability) & (areas > 0)
            boxes = masks_to_boxes(at_size[kept] > 0)
            found.append((part[kept], part_ious[kept], boxes, areas[kept]))
        return map(torch.cat, zip(*found))


def _upsample(logits, size):
    """(M, h, w) -> (M, H, W); M may be 0."""
    return F.interpolate(logits[:, None], size=size, mode='bilinear')[:, 0]


def paint(masks, size):
    """Paint masks one over the other.

    Args:
        masks (Iterable[Tensor]): (H, W) bool, by ascending area.
        size (tuple[int]): (H, W).

    Returns:
        ndarray: (H, W) int32: 1 for the first mask, and so on, where no later
        one covers it; 0 where there is none.
    """
    regions = np.zeros(size, np.int32)
    for i, mask in enumerate(masks, 1):
        regions[mask.cpu().numpy()] = i
    return regions

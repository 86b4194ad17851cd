"""Pixel-adaptive mask refinement: scores follow the photo's edges."""
import torch
import torch.nn.functional as F

from mmseg_clipzs.utils import UserError


def check_pamr(options):
    """The options of :func:`refine`, checked and filled up with NACLIP's.

    Args:
        options (dict): ``steps``, ``dilations``; an empty one for all
            defaults.

    Raises:
        UserError: Unknown, or out of range.
    """
    options = {**dict(steps=10, dilations=(8, 16)), **options}
    if set(options) != {'steps', 'dilations'} or not (
            options['steps'] >= 1 and options['dilations']
            and min(options['dilations']) >= 1):
        raise UserError('pamr takes steps= and dilations=, of 1 or more, but '
                        f'got {options}.')
    return options


def refine(photo, scores, steps, dilations):
    """Average scores over neighbours of the same colour, again and again.

    PAMR (arXiv 2005.08104), section 3.3, as NACLIP applies it: the weights
    are a softmax of -|x - y| / (0.1 std) over 8 neighbours for each dilation,
    averaged over the colours; std is that of the colours around.

    Args:
        photo (Tensor): (N, 3, H, W) float.
        scores (Tensor): (N, Q, H, W) float.
        steps (int): How often.
        dilations (Sequence[int]): Distances of the neighbours, in pixels;
            beyond the border lie the pixels of the border.

    Returns:
        Tensor: (N, Q, H, W), new.
    """
    weights = _weights(photo, dilations).to(scores)  # (N, 8 dilations, H, W)
    for _ in range(steps):
        refined = torch.zeros_like(scores)
        for i, neighbour in enumerate(_neighbours(scores, dilations)):
            refined.addcmul_(weights[:, i:i + 1], neighbour)
        scores = refined
    return scores


def _weights(photo, dilations):
    """Affinities of each pixel with its neighbours; they add up to 1."""
    # The pixel itself counts once for each dilation.
    around = [*_neighbours(photo, dilations), *[photo] * len(dilations)]
    spread = torch.stack(around).std(0)  # (N, 3, H, W)
    # One neighbour at a time: (N, 3, H, W) -> (N, H, W)
    closeness = [-((photo - one).abs() / (0.1 * spread + 1e-8)).mean(1)
                 for one in around[:-len(dilations)]]
    return torch.stack(closeness, dim=1).softmax(1)


def _neighbours(maps, dilations):
    """The maps moved by each of the 8 directions, dilation by dilation.

    Args:
        maps (Tensor): (N, C, H, W).

    Yields:
        Tensor: (N, C, H, W), a view.
    """
    h, w = maps.shape[2:]
    for d in dilations:
        padded = F.pad(maps, (d, d, d, d), mode='replicate')
        for y in (0, d, 2 * d):
            for x in (0, d, 2 * d):
                if (y, x) != (d, d):
                    yield padded[:, :, y:y + h, x:x + w]

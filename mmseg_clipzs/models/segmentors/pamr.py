"""Pixel-adaptive mask refinement (PAMR)."""
import torch
import torch.nn.functional as F

from mmseg_clipzs.utils import UserError, check_number, check_numbers

# Scores that are refined together: few enough for the caches of a CPU.
_CHUNK = 2**20


def check_pamr(options):
    """Check the options of :func:`refine`.

    Args:
        options (dict): ``steps``, ``dilations``; missing ones take the values
            of NACLIP.

    Returns:
        dict: All options.

    Raises:
        UserError: An unknown option, or one out of range.
    """
    if not isinstance(options, dict) or set(options) - {'steps', 'dilations'}:
        raise UserError('pamr takes a dict with steps= and dilations=, all 1 '
                        f'or more, but got {options!r}.')
    options = {**dict(steps=10, dilations=(8, 16)), **options}
    return dict(
        steps=check_number('pamr.steps', options['steps'], '[1, inf)', int),
        dilations=check_numbers(
            'pamr.dilations', options['dilations'], '[1, inf)', int))


def refine(image, scores, steps, dilations):
    """Average scores iteratively over neighbours of similar colour.

    PAMR (arXiv 2005.08104), section 3.3, as NACLIP applies it: the weights
    are a softmax of -|x - y| / (0.1 std) over 8 neighbours for each dilation,
    averaged over the channels; std is that of the neighbourhood.

    Args:
        image (Tensor): (N, 3, H, W) float.
        scores (Tensor): (N, Q, H, W) float.
        steps (int): Number of iterations.
        dilations (Sequence[int]): Distances of the neighbours in pixels;
            borders are replicated.

    Returns:
        Tensor: (N, Q, H, W), a new tensor.
    """
    weights = _weights(image, dilations).to(scores)  # (N, 8 dilations, H, W)
    # A graph cannot have as many chunks as the size of an image asks for.
    words = scores.size(1) if torch.compiler.is_compiling() else max(
        _CHUNK // scores[:, :1].numel(), 1)
    results = []
    for chunk in scores.split(words, 1):
        for _ in range(steps):
            refined = torch.zeros_like(chunk)
            for i, neighbour in enumerate(_neighbours(chunk, dilations)):
                refined.addcmul_(weights[:, i:i + 1], neighbour)
            chunk = refined
        results.append(chunk)
    return torch.cat(results, 1)


def _weights(image, dilations):
    """Affinities of each pixel to its neighbours, which sum to 1."""
    # The pixel itself counts once for each dilation.
    around = [*_neighbours(image, dilations), *[image] * len(dilations)]
    spread = torch.stack(around).std(0)  # (N, 3, H, W)
    # One neighbour at a time: (N, 3, H, W) -> (N, H, W)
    closeness = [-((image - one).abs() / (0.1 * spread + 1e-8)).mean(1)
                 for one in around[:-len(dilations)]]
    return torch.stack(closeness, dim=1).softmax(1)


def _neighbours(maps, dilations):
    """Shift maps in 8 directions, dilation by dilation.

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

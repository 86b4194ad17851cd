"""ResCLIP's matrix of the patches that are labelled alike."""
import torch

_KERNEL = 31  # of the smoothing, in patches, or the odd number from theirs on
_CHUNK = 2**22  # pairs of patches that are followed together


def semantic_feedback(labels, std=5., path_check=True):
    """How much patches should attend to each other, by their labels.

    ResCLIP (arXiv 2411.15851), section 3.3, as its code computes it: rows of
    :func:`same_label`, smoothed along the flattened patches, so over the ends
    of the grid's rows, then normalised.

    Args:
        labels (Tensor): (N, h, w) int64.
        std (float): Standard deviation of the Gaussian in patches.
        path_check (bool): See :func:`same_label`.

    Returns:
        Tensor: (N, h * w, h * w) float32 in [0, 1], the largest value of
        each image 1.
    """
    rows = smooth_rows(same_label(labels, path_check), std)
    return rows / rows.amax((1, 2), keepdim=True)


def same_label(labels, path_check=True):
    """Which patches have the same label.

    Args:
        labels (Tensor): (N, h, w) int64.
        path_check (bool): Pairs at distance d (the larger of rows and
            columns) with another label between them count exp(-d / D), where
            D is the largest distance in the grid. As in the authors' code,
            d points at 1/D, 2/D, ... of the segment are looked at, its first
            part only.

    Returns:
        Tensor: (N, h * w, h * w) float32; 1 for equal labels, 0 for others.
    """
    n, h, w = labels.shape
    flat, largest = labels.flatten(1), max(h, w) - 1
    if not path_check or not largest:
        return (flat[:, :, None] == flat[:, None]).float()
    result = flat.new_empty(n, h * w, h * w, dtype=torch.float32)
    step = max(_CHUNK // (n * w * h * w), 1)
    for top in range(0, h, step):
        rows = slice(top * w, (top + step) * w)
        own = flat[:, rows, None]
        clear, distance = _follow(
            labels, own, range(top, min(top + step, h)), largest)
        decay = torch.exp(-distance / largest)  # (r * w, h * w)
        result[:, rows] = torch.where(clear, 1., decay) * (
            flat[:, None] == own)
    return result


def _follow(labels, own, rows, largest):
    """Follow the segments from the patches of some rows to all patches.

    Args:
        labels (Tensor): (N, h, w) int64.
        own (Tensor): (N, r * w, 1), those of the rows.
        rows (range): r rows.
        largest (int): Largest distance in the grid.

    Returns:
        tuple[Tensor]: (N, r * w, h * w) bool, whether all points that are
        looked at have the own label; (r * w, h * w) int64, distances.
    """
    h, w = labels.shape[1:]
    flat = labels.flatten(1)
    y, x = (torch.arange(side, device=labels.device) for side in (h, w))
    sides = (y[rows.start:rows.stop, None], y), (x[:, None], x)
    distance = torch.maximum(*_pairs(*(
        (end - start).abs() for start, end in sides)))
    clear = torch.ones(
        len(flat), *distance.shape, dtype=torch.bool, device=flat.device)
    # In float32, as it decides which halves are rounded up.
    for k, share in enumerate(
            torch.linspace(0, 1, largest + 1).tolist()[1:], start=1):
        row, column = _pairs(*(
            (start + share * (end - start).float()).round().long()
            for start, end in sides))
        passed = flat.index_select(1, (row * w + column).flatten())
        clear &= (passed.view_as(clear) == own) | (distance < k)
    return clear, distance


def _pairs(down, across):
    """(r, h) and (w, w) -> each (r * w, h * w), for all pairs of patches."""
    shape = len(down), len(across), down.size(1), across.size(1)
    return (side.expand(shape).flatten(2).flatten(0, 1) for side in (
        down[:, None, :, None], across[:, None]))


def smooth_rows(matrix, std):
    """Smooth rows by a Gaussian and divide them by their sums.

    Args:
        matrix (Tensor): (N, L, L) float32, not negative.
        std (float): Of the Gaussian, in columns; zeros are around the rows.

    Returns:
        Tensor: (N, L, L) float32, rows that sum to 1.
    """
    # A product, as GPUs round more in convolutions.
    index = torch.arange(matrix.size(-1), device=matrix.device)
    offset = index - index[:, None]
    weights = torch.exp(-offset.float()**2 / (2 * std**2)).masked_fill_(
        offset.abs() > min(len(index), _KERNEL) // 2, 0)
    rows = matrix @ weights
    return rows / rows.sum(-1, keepdim=True)

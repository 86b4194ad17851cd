"""Images and positional embeddings on any patch grid.

Sizes may be symbols while a graph is captured. A comparison would make the
graph right on one side of it only.
"""
import torch
import torch.nn.functional as F


def fit_to_grid(inputs, patch_size, off_grid='pad', value=0):
    """Pad images for a convolution with the size and stride of the patches.

    Args:
        inputs (Tensor): (N, C, H, W).
        patch_size (tuple[int]): (h, w) pixels.
        off_grid (str): 'pad' with zeros below and right, 'pad_even' on both
            sides, to multiples of the patch size; 'drop' leaves the last rows
            and columns to the convolution, which ignores them.
        value (float): In place of zeros.

    Returns:
        Tensor: (N, C, H', W'), at least one patch.
    """
    (h, w), (ph, pw) = inputs.shape[2:], patch_size
    if off_grid == 'drop' and h >= ph and w >= pw:
        return inputs
    below, right = (ph - h % ph) % ph, (pw - w % pw) % pw
    if not torch.compiler.is_compiling() and not below and not right:
        return inputs
    top, left = (below // 2, right // 2) if off_grid == 'pad_even' else (0, 0)
    return F.pad(inputs, (left, right - left, top, below - top), value=value)


def to_map(tokens, grid, dtype):
    """Arrange patch tokens on their grid.

    Args:
        tokens (Tensor): (N, h * w, C), row-major.
        grid (tuple[int]): (h, w).
        dtype (torch.dtype): Of the result.

    Returns:
        Tensor: (N, C, h, w).
    """
    return tokens.to(dtype).transpose(1, 2).unflatten(2, grid)


def nearest(labels, size):
    """Resize maps of integers, by ``F.interpolate``'s choice of cells.

    Args:
        labels (Tensor): (N, H, W) int64.
        size (tuple[int]): (h, w).

    Returns:
        Tensor: (N, h, w) int64.
    """
    rows, columns = (
        F.interpolate(torch.arange(
            old, dtype=torch.float32, device=labels.device)[None, None],
            size=new)[0, 0].long()
        for old, new in zip(labels.shape[1:], size))
    return labels[:, rows][:, :, columns]


def resize_positions(positions, native_grid, grid, mode='exact'):
    """Resize positional embeddings to another grid, bicubic.

    On the native grid they stay as they are.

    Args:
        positions (Tensor): (h * w, C), row-major over ``native_grid``.
        native_grid, grid (tuple[int]): (h, w) before and after.
        mode (str): 'exact', 'antialias' (GEM), or 'sclip' to scale by (grid +
            0.1) / native grid, as the code of SCLIP and its successors does.

    Returns:
        Tensor: (h' * w', C), in the dtype of ``positions``.
    """
    if not torch.compiler.is_compiling() and grid == native_grid:
        return positions
    maps = positions.float().unflatten(0, native_grid).permute(2, 0, 1)[None]
    if mode == 'sclip':
        # Not by scale factors, which a graph would keep as constants.
        extra = 0.1
        if torch.compiler.is_compiling():  # 0 on the native grid
            extra *= torch.sym_min(1, sum(
                (n - native)**2 for n, native in zip(grid, native_grid)))
        rows, columns = ((2 * torch.arange(n, device=maps.device) + 1)
                         / (n + extra) - 1 for n in grid)
        places = torch.stack(
            torch.meshgrid(columns, rows, indexing='xy'), dim=-1)
        maps = F.grid_sample(maps, places[None], mode='bicubic',
                             padding_mode='border', align_corners=False)
    else:
        maps = F.interpolate(
            maps, size=grid, mode='bicubic', antialias=mode == 'antialias')
    return maps[0].flatten(1).T.to(positions.dtype)  # (C, h, w) -> (h * w, C)

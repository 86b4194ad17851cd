"""Images and positional embeddings on any patch grid."""
import torch
import torch.nn.functional as F


def fit_to_grid(inputs, patch_size, off_grid='pad'):
    """Pad or crop images to whole patches, at least one.

    Args:
        inputs (Tensor): (N, 3, H, W).
        patch_size (tuple[int]): (h, w) pixels.
        off_grid (str): 'pad' with zeros below and right, 'pad_even' on both
            sides, or 'drop' the last rows and columns.

    Returns:
        Tensor: (N, 3, H', W'), multiples of the patch size.
    """
    (h, w), (ph, pw) = inputs.shape[2:], patch_size
    if off_grid == 'drop' and h >= ph and w >= pw:
        return inputs[:, :, :h - h % ph, :w - w % pw]
    below, right = -h % ph, -w % pw
    if not below and not right:
        return inputs
    top, left = (below // 2, right // 2) if off_grid == 'pad_even' else (0, 0)
    return F.pad(inputs, (left, right - left, top, below - top))


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


def resize_positions(positions, native_grid, grid, mode='exact'):
    """Resize positional embeddings to another grid, bicubic.

    Args:
        positions (Tensor): (h * w, C), row-major over ``native_grid``.
        native_grid, grid (tuple[int]): (h, w) before and after.
        mode (str): 'exact', 'antialias' (GEM), or 'sclip' to scale by (grid +
            0.1) / native grid, as the code of SCLIP and its successors does.

    Returns:
        Tensor: (h' * w', C), in the dtype of ``positions``.
    """
    maps = positions.float().unflatten(0, native_grid).permute(2, 0, 1)[None]
    if mode == 'sclip':
        # torch.jit.trace passes sizes as tensors.
        factors = tuple((torch.sym_float(n) + 0.1) / native
                        for n, native in zip(grid, native_grid))
        maps = F.interpolate(maps, scale_factor=factors, mode='bicubic')
    else:
        maps = F.interpolate(
            maps, size=grid, mode='bicubic', antialias=mode == 'antialias')
    return maps[0].flatten(1).T.to(positions.dtype)  # (C, h, w) -> (h * w, C)

"""Text embeddings computed elsewhere."""

import numpy as np
import torch
import torch.nn.functional as F

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.utils import UserError, check_is_file


def load_text_embeddings(path):
    """Load precomputed text embeddings, one row per word.

    Args:
        path (str | Path): ``.npy``, or a tensor saved by ``torch.save`` such
            as MaskCLIP's ``*_clip_text.pth``.

    Returns:
        Tensor: (Q, D) float32, rows normalised to length 1.

    Raises:
        UserError: Missing, unreadable, not two-dimensional, or with zero or
            non-finite rows.
    """
    try:
        path = check_is_file(path, 'text embeddings')
    except FileNotFoundError as e:
        raise UserError(f'No text embeddings at {path}.') from e
    if path.suffix == '.npy':
        try:
            array = torch.from_numpy(np.load(path, allow_pickle=False))
        except Exception as e:  # a damaged header may raise anything
            raise UserError(f'{path} cannot be read as .npy: '
                            f'{e or type(e).__name__}.') from e
    else:
        array = load_checkpoint_file(path)
    if not isinstance(array, torch.Tensor) or array.ndim != 2:
        shape = getattr(array, 'shape', type(array).__name__)
        raise UserError(
            f'{path} must hold an array (words, embedding width), but holds '
            f'{tuple(shape) if isinstance(shape, torch.Size) else shape}.')
    array = array.detach().float()
    if not torch.isfinite(array).all() or (array.norm(dim=1) == 0).any():
        raise UserError(f'{path} holds zero rows or non-finite values.')
    return F.normalize(array, dim=1)

"""Text embeddings computed elsewhere."""
from pathlib import Path

import numpy as np
import torch

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.utils import UserError, check_is_file

_UNIT = 1e-6  # rows whose length differs less are not touched


def load_text_embeddings(source):
    """Load precomputed text embeddings, one row per word.

    Args:
        source (str | Path | Tensor | ndarray): ``.npy``, or a tensor saved by
            ``torch.save`` such as MaskCLIP's ``*_clip_text.pth``; or the
            array itself.

    Returns:
        Tensor: (Q, D) float32, rows normalised to length 1.

    Raises:
        UserError: Missing, unreadable, not two-dimensional or not of floats,
            or with zero or non-finite rows.
    """
    if isinstance(source, np.ndarray):
        try:
            source = torch.from_numpy(source)
        except TypeError as e:  # e.g. of objects
            raise UserError(f'Text embeddings must be floats: {e}.') from e
    if isinstance(source, torch.Tensor):
        return unit_rows(source, 'The array of text embeddings')
    if not isinstance(source, (str, Path)):
        raise UserError('Text embeddings are a file, an array or a tensor, '
                        f'but got {type(source).__name__}.')
    try:
        path = check_is_file(source, 'text embeddings')
    except FileNotFoundError as e:
        raise UserError(f'No text embeddings at {source}.') from e
    if path.suffix == '.npy':
        try:
            array = torch.from_numpy(np.load(path, allow_pickle=False))
        except Exception as e:  # a damaged header may raise anything
            raise UserError(f'{path} cannot be read as .npy: '
                            f'{e or type(e).__name__}.') from e
    else:
        array = load_checkpoint_file(path)
    return unit_rows(array, path)


def unit_rows(array, name):
    """Check embeddings and normalise their rows.

    Args:
        array (Tensor): (Q, D), any float dtype.
        name (str | Path): Where they are from, for messages.

    Returns:
        Tensor: (Q, D) float32 without gradients; rows that have length 1
        already stay as they are.

    Raises:
        UserError: Another shape or dtype, or zero or non-finite rows.
    """
    if not isinstance(array, torch.Tensor) or array.ndim != 2:
        shape = getattr(array, 'shape', type(array).__name__)
        raise UserError(
            f'{name} must hold an array (words, embedding width), but holds '
            f'{tuple(shape) if isinstance(shape, torch.Size) else shape}.')
    if not array.is_floating_point():
        raise UserError(f'{name} must hold floats, but holds {array.dtype}.')
    # On the CPU: Apple's GPUs have no double precision.
    rows = array.detach().cpu().double()
    lengths = rows.norm(dim=1, keepdim=True)
    wrong = ~(lengths.isfinite() & (lengths > 0))[:, 0]
    if wrong.any():
        raise UserError(
            f'{name} holds zero rows or non-finite values, first in row '
            f'{wrong.nonzero()[0].item()} of {len(rows)}.')
    is_unit = (lengths - 1).abs() <= _UNIT
    return torch.where(is_unit, rows, rows / lengths).float().to(array.device)

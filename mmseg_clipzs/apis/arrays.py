"""Images as NumPy arrays and torch tensors."""
import numpy as np
import torch
from PIL import Image

from mmseg_clipzs.datasets.images import ImageReadError

_ARRAY = ('an array is (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA, '
          'uint8 or floating point in 0..1')
_TENSOR = ('a tensor is (H, W), (1, H, W), (3, H, W) RGB or (4, H, W) RGBA, '
           'uint8 or floating point in 0..1')


def is_array(source):
    """bool: Whether it is an array or a tensor."""
    return isinstance(source, (np.ndarray, torch.Tensor))


def read_array(source, name):
    """Read an image from an array or tensor.

    Args:
        source (ndarray | Tensor): An array with channels last, as of Pillow
            and imageio, or a tensor with channels first, as of torchvision;
            of any device. See ``_ARRAY`` and ``_TENSOR`` for shapes and
            dtypes.
        name (str): The image, for the message.

    Returns:
        ndarray | PIL.Image.Image: (H, W, 3) uint8 RGB as it is, anything else
        as an image of Pillow.

    Raises:
        ImageReadError: Another shape or dtype, or values outside 0..1.
    """
    is_tensor = isinstance(source, torch.Tensor)
    array = _to_numpy(source, name) if is_tensor else source
    shape, kind = tuple(source.shape), str(source.dtype).split('.')[-1]
    expected = f'{name}: {_TENSOR if is_tensor else _ARRAY}'
    channels = array.shape[-1] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or (
            not array.size):
        hint = ''
        if len(shape) == 4:
            hint = ' Of a batch, pass list(batch).'
        elif len(shape) == 3 and (shape[2] if is_tensor else shape[0]) in (
                1, 3, 4):
            hint = (' Move the channels: tensor.permute(2, 0, 1).' if is_tensor
                    else ' Move the channels: array.transpose(1, 2, 0).')
        raise ImageReadError(f'{expected}, but got {shape} {kind}.{hint}')
    if array.dtype.kind == 'f':
        array = _from_floats(array, expected)
    elif array.dtype != np.uint8:
        raise ImageReadError(f'{expected}, but got {shape} {kind}.')
    if channels == 3:
        return array
    return Image.fromarray(array[..., 0] if array.ndim == 3 and channels == 1
                           else array)


def _to_numpy(tensor, name):
    """ndarray: Channels last."""
    tensor = tensor.detach()
    if tensor.is_floating_point():
        tensor = tensor.float()  # NumPy has no bfloat16
    try:
        array = tensor.cpu().numpy()
    except (TypeError, NotImplementedError, RuntimeError) as e:
        # Sparse, quantized, without data.
        raise ImageReadError(f'{name}, a tensor, has no values that can be '
                             f'read: {str(e).splitlines()[0]}') from e
    return np.ascontiguousarray(
        np.moveaxis(array, 0, -1)) if array.ndim == 3 else array


def _from_floats(array, expected):
    """ndarray: uint8 of 0..1."""
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 1):  # or NaN
        hint = (' Undo the normalisation.' if low < 0 else
                ' Divide by 255.' if 1 < high <= 255 else '')
        raise ImageReadError(f'{expected}, but got values from {low:g} to '
                             f'{high:g}.{hint}')
    return (array * 255).round().astype(np.uint8)

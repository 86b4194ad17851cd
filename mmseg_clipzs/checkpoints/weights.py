"""The weights of a checkpoint and its classes, checked."""
import numpy as np
import torch

from mmseg_clipzs.utils import UserError

_LARGEST = torch.finfo(torch.float32).max


def weights_of(checkpoint):
    """Weights of a loaded checkpoint, as mmengine loads them.

    Args:
        checkpoint (dict): With ``state_dict``, or the weights alone.

    Returns:
        dict[str, Tensor]: Without the prefix of distributed training and
        without entries that are no tensors.

    Raises:
        UserError: It has no weights.
    """
    state = (checkpoint.get('state_dict', checkpoint)
             if isinstance(checkpoint, dict) else checkpoint)
    if not isinstance(state, dict) or not all(
            isinstance(key, str) for key in state):
        raise UserError('The checkpoint has no weights: expected names and '
                        f'tensors, but got {type(state).__name__}.')
    return {key.removeprefix('module.'): value for key, value in state.items()
            if isinstance(value, torch.Tensor)}


def meta_of(checkpoint):
    """dict: ``meta`` of a loaded checkpoint, empty if it has none."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    return meta if isinstance(meta, dict) else {}


def dataset_meta_of(checkpoint):
    """Classes and palette that a checkpoint was trained with.

    Args:
        checkpoint (dict): A loaded checkpoint, also of mmseg 0.x.

    Returns:
        dict: ``classes`` (tuple of str) and, if it has one, ``palette`` (list
        of RGB lists, 0 to 255); empty if it names no classes.

    Raises:
        UserError: Classes that are no names.
    """
    meta = meta_of(checkpoint)
    found = meta.get('dataset_meta') or {
        key.lower(): meta[key] for key in ('CLASSES', 'PALETTE')
        if key in meta}
    classes = found.get('classes') if isinstance(found, dict) else found
    if not classes:
        return {}
    if not isinstance(classes, (list, tuple)) or not all(
            isinstance(name, str) for name in classes):
        raise UserError("The checkpoint's meta['dataset_meta'] must name its "
                        f'classes, but has {str(classes)[:60]!r}.')
    colours = np.asarray(found.get('palette'), dtype=object)
    is_palette = colours.ndim == 2 and colours.shape[1] == 3 and all(
        isinstance(value, int) and 0 <= value < 256 for value in colours.flat)
    return dict(classes=tuple(classes),
                **(dict(palette=colours.tolist()) if is_palette else {}))


def trained_words(checkpoint):
    """Words of the classes that a checkpoint was trained with.

    Args:
        checkpoint (dict): A loaded checkpoint.

    Returns:
        dict[str, list[str]] | None: Words by class, as
        :func:`~mmseg_clipzs.vocabularies.get_vocabulary` takes them, if it
        has any.

    Raises:
        UserError: Anything else, such as the name of a file.
    """
    words = meta_of(checkpoint).get('vocabulary')
    if words is not None and not isinstance(words, dict):
        raise UserError("The checkpoint's meta['vocabulary'] must be the "
                        'words of each class, but is '
                        f'{type(words).__name__}.')
    return words


def check_finite(path, state):
    """Refuse weights with NaN or infinity, also as float32.

    A single such number can turn every prediction into class 0. Masks of an
    attention contain -inf and are left out.

    Args:
        path (Path): Where the weights come from, for the message.
        state (dict): Names and tensors; other entries are skipped.

    Raises:
        UserError: Names the entry.
    """
    for key, value in state.items():
        if isinstance(value, torch.Tensor) and value.numel() and (
                value.is_floating_point() and not f'{key}'.endswith('mask')):
            # NaN carries over to both; one pass, without a copy.
            value = value.detach()
            if value.element_size() == 1:  # float8 has few operations
                value = value.float()
            low, high = map(float, value.aminmax())
            if not (-_LARGEST <= low <= high <= _LARGEST):
                raise UserError(
                    f'{path} holds numbers in {key!r} that are NaN, infinite '
                    'or too large for float32: the weights are damaged, or '
                    'their training has diverged. Use another checkpoint.')


def check_kinds(path, state, own):
    """Refuse weights whose kind of numbers is not the model's.

    Loading would convert them: int8 values without their scale, say.

    Args:
        path (Path): Where the weights come from, for the message.
        state (dict[str, Tensor]): The weights.
        own (dict[str, Tensor]): State dict of the model; entries that it
            lacks are skipped.

    Raises:
        UserError: Integers, bool or complex in place of floating-point
            numbers; names the entry.
    """
    for key, value in own.items():
        found = state.get(key)
        if isinstance(found, torch.Tensor) and (
                found.is_complex() and not value.is_complex()
                or value.is_floating_point()
                and not found.is_floating_point()):
            raise UserError(
                f'{path} holds {_name(found)} in {key!r}, but the model '
                f'computes with {_name(value)}: expected weights in a '
                'floating-point dtype, not quantized.')


def _name(tensor):
    return str(tensor.dtype).removeprefix('torch.')

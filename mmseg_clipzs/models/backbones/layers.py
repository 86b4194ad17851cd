"""Numbers of layers, of models with any number of blocks."""
from mmseg_clipzs.utils import UserError, check_numbers

_DEPTH = 12  # blocks of the model that layer numbers refer to
LAYERS = f'[1, {_DEPTH}]'


def check_span(name, method, layers):
    """Check the first and the last layer of several.

    Args:
        name, method (str): The option and its method, for messages.
        layers: Their numbers, in a model of 12 blocks.

    Raises:
        UserError: No two numbers in ascending order.
    """
    first, last = check_numbers(f'{name} of {method}', layers, LAYERS, int, 2)
    if first > last:
        raise UserError(
            f'{method} needs {name} in ascending order, but got {layers}.')


def scaled(layers, depth):
    """Layers of a model that correspond to those of 12 blocks.

    Args:
        layers (Sequence[int]): From 1, in a model of 12 blocks; 0 is the
            input of the first block.
        depth (int): Number of blocks.

    Returns:
        tuple[int]: From 1, before the last block; 0 if that is the only one.
    """
    return tuple(min(max(round(layer * depth / _DEPTH), 1), depth - 1)
                 for layer in layers)

"""Read weights of any common format without executing code from the file."""
from pathlib import Path

import torch

from mmseg_clipzs.checkpoints import (
    format_of,
    load_checkpoint_file,
    read_torchscript,
)
from mmseg_clipzs.utils import UserError

# Scalars stored with the weights in OpenAI's archives.
_ARCHIVE_EXTRAS = ('input_resolution', 'context_length', 'vocab_size')


def read_state_dict(path):
    """Read a state dict from safetensors, ``torch.save`` or TorchScript.

    Args:
        path (Path): An existing file. The format is detected from its
            content.

    Returns:
        tuple[dict, bool]: ``{name: Tensor}`` on the CPU in the file's
        dtypes, and whether the file is a TorchScript archive, OpenAI's format
        for CLIP.

    Raises:
        UserError: Another format, a truncated file, no tensors, or tensors
            that are not finite.
    """
    is_archive = format_of(path) == 'torchscript'
    state = (read_torchscript if is_archive else load_checkpoint_file)(
        Path(path))
    if isinstance(state, dict):
        state = state.get('state_dict', state.get('model', state))
    if not isinstance(state, dict) or not state or not all(
            isinstance(key, str) and isinstance(value, torch.Tensor)
            for key, value in state.items()):
        raise UserError(
            f'{path} is not a state dict: expected names and tensors, but it '
            f'holds {type(state).__name__}.')
    return {
        key.removeprefix('module.'): value
        for key, value in state.items() if key not in _ARCHIVE_EXTRAS
    }, is_archive

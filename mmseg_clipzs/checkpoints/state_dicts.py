"""State dicts: read from any common format without running code, loaded."""
from pathlib import Path

import torch

from mmseg_clipzs.utils import UserError

from .downloads import hub_file
from .reading import format_of, load_checkpoint_file, read_torchscript
from .weights import check_finite, check_kinds

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


def read_hub(repository, names):
    """Read weights of a Hugging Face repository.

    Args:
        repository (str): Its name.
        names (Sequence[str]): File names; the first that exists is taken.

    Returns:
        tuple: The path, and the result of ``read_state_dict``.

    Raises:
        OSError: A failed download.
        UserError: A file that cannot be read, also when downloaded again.
    """
    path = hub_file(repository, names)
    try:
        return path, read_state_dict(path)
    except UserError:  # damaged since
        path = hub_file(repository, names, again=True)
        return path, read_state_dict(path)


def load_exactly(model, state, path, name, hint):
    """Load a state dict; every key and shape must match.

    Args:
        model (nn.Module): On the CPU or ``meta``; gets parameters of its
            own.
        state (dict[str, Tensor]): Any float dtype.
        path (Path): Source of the state dict, for messages.
        name (str): The model, for messages.
        hint (Callable): () -> str, what to do about a mismatch.

    Raises:
        UserError: Weights of another architecture.
    """
    wanted = model.state_dict()
    wrong = [key for key, value in wanted.items()
             if key not in state or state[key].shape != value.shape]
    extra = [key for key in state if key not in wanted]
    if wrong or extra:
        key = (wrong + extra)[0]
        shapes = ' and '.join(
            f'{tuple(entries[key].shape)} {where}' for entries, where in
            ((state, 'in the file'), (wanted, 'in the model'))
            if key in entries)
        raise UserError(
            f'{path} holds weights of another architecture than {name}: '
            f'{len(wrong)} of {len(wanted)} entries are missing or of another '
            f'shape and {len(extra)} are unexpected, e.g. {key!r} ({shapes}). '
            f'{hint()}')
    check_kinds(path, state, wanted)
    # Copies: the state may be a file in memory that somebody changes.
    model.load_state_dict({
        key: value.to(wanted[key].dtype, copy=True,
                      memory_format=torch.contiguous_format)
        for key, value in state.items()}, assign=True)
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:  # a causal mask, which is in no file
                module.register_buffer(name, torch.full(
                    buffer.shape, -torch.inf).triu(1), persistent=False)


def reduce_precision(module, dtype, path):
    """Convert a filled module to another dtype.

    Args:
        module (nn.Module): Modified in place.
        dtype (torch.dtype): A floating-point dtype.
        path (Path): Source of its weights, for messages.

    Raises:
        UserError: float16 cannot hold one of the weights.
    """
    module.to(dtype)
    if dtype == torch.float16:
        check_finite(f'{path} as float16', module.state_dict())

"""Find the weights of a CLIP and load them into its model."""
import os
from pathlib import Path

from mmseg_clipzs.checkpoints import (
    cached_file,
    cached_hub_file,
    load_exactly,
    read_download,
    read_hub,
    read_state_dict,
    reason,
)
from mmseg_clipzs.utils import UserError, check_is_file

from .architectures import guess_architecture
from .library import open_clip, part

# Weights shipped with the package: (architecture, tag) -> file.
SHIPPED = {
    ('toy-vit-p8', 'toy'):
    Path(__file__).parent / 'weights' / 'toy-vit-p8.safetensors',
}


def list_tags(name):
    """list[str]: Tags of pretrained weights for an architecture."""
    shipped = [tag for arch, tag in SHIPPED if arch == name]
    return shipped + part('pretrained').list_pretrained_tags_by_model(name)


def read_weights(name, pretrained):
    """Read the weights of a tag or file, downloading them if need be.

    A download that has been damaged since is replaced.

    Args:
        name (str): Architecture, in open_clip's spelling.
        pretrained (str | Path): A tag or a path.

    Returns:
        tuple[Path | str, dict, bool, dict]: Where they come from; the state
        dict and whether it is OpenAI's archive, as from
        :func:`~mmseg_clipzs.checkpoints.read_state_dict`; open_clip's entry
        for the tag (``mean``, ``std``, ``quick_gelu``, ...; empty for a
        file).

    Raises:
        UserError: Neither a known tag nor a file, a failed download, or an
            unusable file.
    """
    path, preset = _locate(name, pretrained)
    if path is None:
        path, (state, is_archive) = _read_preset(name, pretrained, preset)
    else:
        state, is_archive = read_state_dict(check_is_file(
            path, 'weights of a CLIP'))
    return path, state, is_archive, preset


def find_weights(name, pretrained):
    """Look for weights that can be read without a download.

    Args:
        name (str): Architecture, in open_clip's spelling.
        pretrained (str | Path): A tag or a path.

    Returns:
        Path | None: The file, shipped, given or in a cache.

    Raises:
        UserError: Neither a known tag nor a file.
    """
    path, preset = _locate(name, pretrained)
    if path is not None:
        return Path(path)
    if preset.get('hf_hub'):
        return cached_hub_file(*_hub_files(preset))
    path = cached_file(preset['url'])
    return path if path.is_file() else None


def _locate(name, pretrained):
    """tuple: The path of a file, None for a download; open_clip's entry."""
    if not isinstance(pretrained, (str, Path)) or not str(pretrained):
        raise UserError(f'pretrained= must be a tag of {name} '
                        f'({", ".join(list_tags(name)) or "it has none"}), '
                        f'the path of a file or None, but got {pretrained!r}.')
    if (name, pretrained) in SHIPPED:
        return SHIPPED[name, pretrained], {}
    if isinstance(pretrained, Path):
        path, preset = pretrained, {}
    else:
        path = Path(pretrained).expanduser()
        preset = part('pretrained').get_pretrained_cfg(name, pretrained) or {}
    if preset:
        return preset.get('file'), preset
    if not os.path.exists(path):
        raise UserError(_unknown(name, pretrained, path))
    return path, preset


def _hub_files(preset):
    """tuple: Repository, and names of files in the order of preference."""
    repository, _, file = preset['hf_hub'].rpartition('/')
    names = [file] if file else ['open_clip_model.safetensors',
                                 'open_clip_pytorch_model.bin']
    if file.endswith(('.bin', '.pth')):
        names.insert(0, f'{os.path.splitext(file)[0]}.safetensors')
    return repository, names


def _unknown(name, pretrained, path):
    looks_like_path = path.suffix or len(path.parts) > 1
    what = ('No weights file at' if looks_like_path else
            f'CLIP {name} has no weights called')
    return (
        f'{what} {str(pretrained)!r}. Pass one of the tags '
        f'({", ".join(list_tags(name)) or "none for this architecture"}) or '
        'the path of an existing file (OpenAI archive, state dict or '
        'safetensors).')


def _read_preset(name, tag, preset):
    """Read weights of open_clip's table.

    Returns:
        tuple: Where they come from, and the result of ``read_state_dict``.
    """
    remedy = (f'Without a network, fetch the file elsewhere and pass its '
              f'path: --clip {name}:FILE of the tools, or pretrained=FILE in '
              'configs.')
    url, hub = preset.get('url'), preset.get('hf_hub')
    if not hub:
        return url, read_download(url, read_state_dict, remedy=remedy)
    repository, names = _hub_files(preset)
    try:
        return read_hub(repository, names)
    except OSError as e:
        raise UserError(
            f'The weights {tag!r} of CLIP {name} could not be downloaded '
            f'({reason(e)}) from {url or f"huggingface.co/{repository}"}. '
            f'{remedy}') from e


def fill_model(model, state, name, path):
    """Load a state dict into a CLIP; every key and shape must match.

    Args:
        model (nn.Module): Filled in place; may be on ``meta``.
        state (dict[str, Tensor]): In OpenAI's or open_clip's layout, any
            float dtype; not modified.
        name (str): Architecture of the model, for messages.
        path (Path): Source of the state dict, for messages.

    Raises:
        UserError: Weights of another architecture.
    """
    if 'positional_embedding' in state and not hasattr(
            model, 'positional_embedding'):
        state = open_clip().model.convert_to_custom_text_state_dict(state)
    own = model.state_dict()
    state = {
        key: value.reshape(own[key].shape)
        if key == 'logit_scale' and value.numel() == 1 else value
        for key, value in state.items()
        # Archives also hold plain attributes, e.g. causal masks.
        if key in own or not key.endswith('attn_mask')
    }
    load_exactly(
        model, state, path, f'CLIP {name}', lambda: (
            f'The file looks like {guess_architecture(state)}; set model= to '
            'match it.'))

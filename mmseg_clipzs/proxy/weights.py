"""Find the weights of a proxy and load them into its network."""
import os
import sys
from pathlib import Path

import torch

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

from .architectures import list_tags

# Weights shipped with the package: (architecture, tag) -> file.
SHIPPED = {('toy-dino-p4', 'toy'):
           Path(__file__).parent / 'weights/toy-dino-p4.safetensors'}


def known_tags(name):
    """str: Tags of an architecture, for messages."""
    tags = [tag for own, tag in SHIPPED if own == name] + list_tags(name)
    return ', '.join(tags) or 'it has none'


def find_preset(name, pretrained):
    """Look up weights without reading them.

    Args:
        name (str): An architecture.
        pretrained (str | Path): A tag or a path.

    Returns:
        dict: timm's entry of the tag (``mean``, ``std``, ``hf_hub_id``,
        ``url``, ...), or ``file`` alone.

    Raises:
        UserError: Neither a known tag nor a file.
    """
    if not isinstance(pretrained, (str, Path)) or not str(pretrained):
        raise UserError(f'pretrained= must be a tag of {name} '
                        f'({known_tags(name)}), the path of a file or None, '
                        f'but got {pretrained!r}.')
    if (name, pretrained) in SHIPPED or pretrained in list_tags(name):
        return preset_of(name, pretrained)
    path = Path(pretrained).expanduser()
    if os.path.exists(path):
        return dict(file=check_is_file(path, f'weights of {name}'))
    looks_like_path = path.suffix or len(path.parts) > 1
    what = ('No weights file at' if looks_like_path else
            f'{name} has no weights called')
    raise UserError(
        f'{what} {str(pretrained)!r}. Pass one of the tags '
        f'({known_tags(name)}) or the path of an existing file (state dict '
        'or safetensors).')


def preset_of(name, tag):
    """dict: timm's entry of a tag, or ``file`` of one that is shipped.

    Raises:
        UserError: It has no such tag.
    """
    import timm
    if (name, tag) in SHIPPED:
        return dict(file=SHIPPED[name, tag])
    if tag not in list_tags(name):
        raise UserError(f'{name} has no weights called {tag!r}; choose a tag '
                        f'({known_tags(name)}).')
    return timm.models.get_pretrained_cfg(f'{name}.{tag}').to_dict()


def find_weights(preset):
    """Look for weights that can be read without a download.

    Args:
        preset (dict): From :func:`find_preset`.

    Returns:
        Path | None: The file, shipped, given or in a cache.
    """
    if preset.get('file'):
        return Path(preset['file'])
    if preset.get('hf_hub_id'):
        return cached_hub_file(*_hub_files(preset))
    path = preset.get('url') and cached_file(preset['url'])
    return path if path and path.is_file() else None


def _hub_files(preset):
    """tuple: Repository, and names of files in the order of preference."""
    file = preset.get('hf_hub_filename')
    return preset['hf_hub_id'], [file] if file else [
        'model.safetensors', 'pytorch_model.bin']


def read_weights(name, pretrained, preset, setting):
    """Read weights, downloading them if need be.

    Args:
        name (str): An architecture.
        pretrained (str | Path): A tag or a path.
        preset (dict): From :func:`find_preset`.
        setting (str): The option of configs for the weights, for messages.

    Returns:
        tuple[Path | str, dict]: Where they come from, and the state dict.

    Raises:
        UserError: A failed download, or an unusable file.
    """
    if preset.get('file'):
        return preset['file'], read_state_dict(preset['file'])[0]
    url = preset.get('url')
    remedy = ('Without a network, fetch the file elsewhere and pass its path: '
              f'--cfg-options {setting}=FILE.')
    if not preset.get('hf_hub_id'):
        return url, read_download(url, read_state_dict, remedy=remedy)[0]
    repository, names = _hub_files(preset)
    try:
        path, (state, _) = read_hub(repository, names)
        return path, state
    except OSError as e:
        places = ' or '.join(filter(None, (
            f'huggingface.co/{repository}', url)))
        raise UserError(
            f'The weights {pretrained!r} of {name} could not be downloaded '
            f'({reason(e)}) from {places}. {remedy}') from e


def fill_network(network, state, name, path, preset):
    """Load a state dict into a network; every key and shape must match.

    Args:
        network (nn.Module): Filled in place.
        state (dict[str, Tensor]): In timm's layout, or one that timm converts.
        name (str): The architecture, for messages.
        path (Path | str): Source of the state dict, for messages.
        preset (dict): timm's entry of the tag.

    Raises:
        UserError: Weights of another architecture.
    """
    heads = preset.get('classifier') or 'head'
    heads = (heads, ) if isinstance(heads, str) else tuple(heads)
    heads = tuple(f'{head}.' for head in heads)
    own, state = set(network.state_dict()), _convert(
        network, state, name, path)
    state = {key: value for key, value in state.items()
             if key in own or not key.startswith(heads)}
    load_exactly(network, state, path, name, lambda: (
        'Set model= to the architecture of the file.'))


def _convert(network, state, name, path):
    """Rename the entries of original files, as timm does."""
    convert = getattr(sys.modules[type(network).__module__],
                      'checkpoint_filter_fn', None)
    if convert is None:
        return state
    # As timm resizes the positions of RADIO.
    options = dict(interpolation='bilinear', antialias=False) if (
        'radio' in name) else {}
    try:
        with torch.no_grad():
            return convert(dict(state), network, **options)
    except Exception as e:  # of entries or shapes that it does not expect
        raise UserError(
            f'{path} holds weights of another architecture than {name}: '
            f'timm cannot convert them ({type(e).__name__}: {reason(e)}). '
            'Set model= to the architecture of the file.') from e

"""Find the weights of a CLIP and load them into its model."""
from pathlib import Path

import open_clip
from open_clip.model import convert_to_custom_text_state_dict

from mmseg_clipzs.utils import UserError

from .architectures import guess_architecture

# Weights shipped with the package: (architecture, tag) -> file.
SHIPPED = {
    ('toy-vit-p8', 'toy'):
    Path(__file__).parent / 'weights' / 'toy-vit-p8.safetensors',
}


def list_tags(name):
    """list[str]: Tags of pretrained weights for an architecture."""
    shipped = [tag for arch, tag in SHIPPED if arch == name]
    return shipped + open_clip.list_pretrained_tags_by_model(name)


def find_weights(name, pretrained):
    """Locate a weights file, downloading it if need be.

    Args:
        name (str): Architecture, in open_clip's spelling.
        pretrained (str | Path | None): A tag or a path.

    Returns:
        tuple[Path | None, dict]: The file (None for random weights) and
        open_clip's entry for the tag (``mean``, ``std``, ``quick_gelu``, ...;
        empty for a file).

    Raises:
        UserError: Neither a known tag nor a file, or a failed download.
    """
    if pretrained is None:
        return None, {}
    if (name, pretrained) in SHIPPED:
        return SHIPPED[name, pretrained], {}
    if not isinstance(pretrained, Path):
        preset = open_clip.get_pretrained_cfg(name, pretrained)
        if preset:
            return _download(name, pretrained, preset), preset
    path = Path(pretrained).expanduser()
    if path.is_file():
        return path, {}
    looks_like_path = path.suffix or len(path.parts) > 1
    what = ('No weights file at' if looks_like_path else
            f'CLIP {name} has no weights called')
    raise UserError(
        f'{what} {str(pretrained)!r}. Pass one of the tags '
        f'({", ".join(list_tags(name)) or "none for this architecture"}) or '
        'the path of an existing file (OpenAI archive, state dict or '
        'safetensors).')


def _download(name, tag, preset):
    """Download with open_clip, explaining failures."""
    try:
        return Path(open_clip.download_pretrained(preset))
    except Exception as e:  # urllib, huggingface_hub and httpx differ
        source = preset.get('url') or preset.get('hf_hub')
        raise UserError(
            f'The weights {tag!r} of CLIP {name} could not be downloaded '
            f'({type(e).__name__}: {e}). Without network access, fetch them '
            f'elsewhere ({source}), copy the file here and pass its path: '
            '--clip MODEL:FILE of the tools, pretrained= in configs.') from e


def fill_model(model, state, name, path):
    """Load a state dict into a CLIP; every key and shape must match.

    Args:
        model (nn.Module): open_clip's model, filled in place.
        state (dict[str, Tensor]): In OpenAI's or open_clip's layout, any
            float dtype; not modified.
        name (str): Architecture of the model, for messages.
        path (Path): Source of the state dict, for messages.

    Raises:
        UserError: Weights of another architecture.
    """
    if 'positional_embedding' in state and not hasattr(
            model, 'positional_embedding'):
        state = convert_to_custom_text_state_dict(state)
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


def load_exactly(model, state, path, name, hint):
    """Load a state dict; every key and shape must match.

    Args:
        model (nn.Module): Filled in place.
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
    model.load_state_dict(
        {key: value.float() if value.is_floating_point() else value
         for key, value in state.items()})

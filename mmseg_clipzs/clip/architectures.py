"""open_clip's architectures: which are supported, which one fits a file."""
from mmseg_clipzs.utils import UserError, did_you_mean

from .library import get_config, open_clip

# Entries whose shapes tell a Vision Transformer, and their dimensions.
_TELLING = {'visual.conv1.weight': 4, 'visual.proj': 2,
            'visual.positional_embedding': 2}
TIPSV2 = 'tipsv2'  # of transformers, not of open_clip


def check_architecture(model):
    """Resolve and check the name of an architecture.

    Args:
        model (str): E.g. 'ViT-B-16' or 'ViT-B/16', or 'tipsv2'.

    Returns:
        str: The name in open_clip's spelling.

    Raises:
        UserError: Unknown to open_clip, or not in OpenAI's layout.
    """
    name = str(model).replace('/', '-')
    if name == TIPSV2:
        return name
    config = get_config(name)
    if config is None:
        known = open_clip().list_models()
        raise UserError(
            f'Unknown CLIP architecture {model!r}.'
            f'{did_you_mean(name, known)} open_clip.list_models() lists all '
            'of them.')
    vision, text = config['vision_cfg'], config['text_cfg']
    if 'timm_model_name' in vision or 'multimodal_cfg' in config or (
            'hf_model_name' in text):
        raise UserError(
            f'CLIP architecture {name!r} is not supported: it must be a '
            'Vision Transformer or ResNet in OpenAI\'s layout with its text '
            'transformer (RN50, RN101, RN50x4, RN50x16, RN50x64, ViT-B-32, '
            'ViT-B-16, ViT-L-14, ViT-L-14-336, ViT-H-14, their -quickgelu '
            'variants, ...).')
    return name


def guess_architecture(state):
    """Describe the architecture that weights belong to.

    Args:
        state (dict[str, Tensor]): A state dict in OpenAI's or any other
            layout.

    Returns:
        str: The architectures of open_clip whose image tower fits, or
        the tower's sizes if there is no such architecture.
    """
    dims = {key: state[key].ndim if key in state else 0 for key in _TELLING}
    if dims == _TELLING:
        return _guess_vit(state)
    if 'visual.layer1.0.conv1.weight' in state and (
            state['visual.layer1.0.conv1.weight'].ndim == 4):
        return _guess_resnet(state)
    if any(key.startswith('visual.') for key in state):
        return 'a damaged CLIP'
    keys = ', '.join(list(state)[:3])
    return f'no CLIP at all (first keys: {keys})'


def _guess_vit(state):
    width, _, patch, _ = state['visual.conv1.weight'].shape
    layers = sum(key.startswith('visual.')
                 and key.endswith('attn.in_proj_weight') for key in state)
    embed = state['visual.proj'].shape[1]
    side = round((len(state['visual.positional_embedding']) - 1)**0.5)
    sizes = dict(layers=layers, width=width, patch_size=patch,
                 image_size=side * patch)
    found = [name for name, config in _configs()
             if config['embed_dim'] == embed
             and _has(config['vision_cfg'], sizes)]
    return ' or '.join(found) or (
        f'a ViT of width {width}, {layers} layers, patch {patch}, '
        f'embedding {embed}, {side * patch} px')


def _guess_resnet(state):
    layers = [sum(key.startswith(f'visual.layer{i}.')
                  and key.endswith('.conv1.weight') for key in state)
              for i in (1, 2, 3, 4)]
    width = len(state['visual.layer1.0.conv1.weight'])
    sizes = dict(layers=layers, width=width)
    found = [name for name, config in _configs()
             if _has(config['vision_cfg'], sizes)]
    return ' or '.join(found) or f'a ResNet of width {width}'


def _configs():
    for name in open_clip().list_models():
        yield name, get_config(name)


def _has(config, sizes):
    return all(config.get(key) == size for key, size in sizes.items())

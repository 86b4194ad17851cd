"""One load gives both towers: architectures and tags of open_clip, or a file.

``load_clip(model='ViT-B-16', pretrained='openai')``
"""
import difflib
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path

import open_clip
import torch
from mmengine.logging import print_log
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.model import convert_to_custom_text_state_dict
from torch import nn

from mmseg_clipzs.utils import UserError

from .files import read_state_dict

_HERE = Path(__file__).parent
open_clip.add_model_config(_HERE / 'model_configs')

# Weights that come with the package: (architecture, tag) -> file.
SHIPPED = {('toy-vit-p8', 'toy'): _HERE / 'weights' / 'toy-vit-p8.safetensors'}

# By open_clip's names, what an image tower may compute in.
PRECISIONS = dict(
    fp32=torch.float32, bf16=torch.bfloat16, fp16=torch.float16)


@dataclass
class LoadedClip:
    """Both towers of one CLIP and what belongs to its weights.

    Attributes:
        name (str): Architecture, as open_clip names it.
        pretrained (str | None): Tag or path of the weights.
        model (nn.Module): open_clip's model, in eval mode, float32 but for
            the image tower, which has the wanted precision.
        tokenizer (Callable): list of str -> (N, context length) int64.
        mean, std (tuple[float]): RGB, of images in [0, 1].
    """
    name: str
    pretrained: str
    model: nn.Module
    tokenizer: Callable
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @cached_property
    def text_fingerprint(self):
        """SHA-256 over the text tower: its modules, names and weights.

        Of the weights themselves, not of their file: a path, size or time may
        stay while the content changes.
        """
        digest = hashlib.sha256(self.name.encode())
        for name, module in self.model.named_modules():
            if not name.startswith('visual'):  # GELU or QuickGELU, e.g.
                digest.update(f'{name} {type(module).__name__},'.encode())
        state = {key: value
                 for key, value in sorted(self.model.state_dict().items())
                 if not key.startswith('visual.')}
        # Each tensor by itself, so that all cores hash: hashlib releases the
        # interpreter's lock.
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            contents = pool.map(_hash, state.values())
            for (key, value), content in zip(state.items(), contents):
                digest.update(f'{key} {tuple(value.shape)},'.encode())
                digest.update(content)
        return digest.hexdigest()

    @property
    def logit_scale(self):
        """float: Factor that CLIP has learnt for its cosines."""
        return self.model.logit_scale.exp().item()


def load_clip(model, quick_gelu=None, precision='fp32', **kwargs):
    """Load an architecture of open_clip with weights.

    Args:
        model (str): Architecture, e.g. 'ViT-B-16' ('ViT-B/16' is understood).
        pretrained (str | Path | None): A tag of open_clip ('openai', ...),
            downloaded by open_clip's own code; or a path to an OpenAI archive
            (TorchScript), a state dict or safetensors. None, said explicitly,
            gives random weights.
        quick_gelu (bool, optional): Activation. By default it follows the
            tag, or the archive; for a plain file the architecture's name
            ('ViT-B-16-quickgelu').
        precision (str): Of the image tower: 'fp32', 'bf16' or 'fp16'. Its
            weights are converted once; text embeddings and scores stay
            float32.

    Returns:
        LoadedClip: In eval mode, on the CPU.

    Raises:
        UserError: Unknown architecture or tag, missing or damaged file,
            weights of another architecture, failed download.
    """
    if 'pretrained' not in kwargs:
        raise UserError(
            f'No weights are named for CLIP {model!r}. Give pretrained= a tag '
            f'({", ".join(_tags(_architecture(model)))}) or the path of a '
            'file; pretrained=None gives random weights on purpose.')
    pretrained = kwargs.pop('pretrained')
    if kwargs:
        raise UserError('clip= takes model, pretrained, quick_gelu and '
                        f'precision, but got {sorted(kwargs)}.')
    if precision not in PRECISIONS:
        raise UserError(f'precision={precision!r} is unknown; choose one of '
                        f'{list(PRECISIONS)}.')
    name = _architecture(model)
    path, preset = _weights_file(name, pretrained)

    state, config = None, open_clip.get_model_config(name)
    if path is not None:
        state, is_openai_archive = read_state_dict(path)
        if quick_gelu is None:
            quick_gelu = preset.get('quick_gelu', is_openai_archive or None)
    if quick_gelu is not None:
        config['quick_gelu'] = quick_gelu
    # Built from open_clip's classes: its factory would announce random
    # weights, which are filled in a moment.
    custom_text = config.pop('custom_text', False)
    network = (open_clip.CustomTextCLIP if custom_text else open_clip.CLIP)(
        **config)
    if state is not None:
        _fill(network, state, name, path)
        print_log(
            f'CLIP {name} with weights of {pretrained!r}, '
            f'{"QuickGELU" if config.get("quick_gelu") else "GELU"}.',
            logger='current')
    else:
        print_log(
            f'CLIP {name} runs with RANDOM weights (pretrained=None): its '
            'results mean nothing.', logger='current', level=logging.WARNING)
    network.visual.to(PRECISIONS[precision])
    return LoadedClip(
        name=name,
        pretrained=None if pretrained is None else str(pretrained),
        model=network.eval(),
        tokenizer=partial(_tokenize, name),
        mean=tuple(preset.get('mean') or OPENAI_DATASET_MEAN),
        std=tuple(preset.get('std') or OPENAI_DATASET_STD))


# Reading its file takes a second.
get_tokenizer = lru_cache(open_clip.get_tokenizer)


def _tokenize(name, texts):
    """Made at the first use: a start from cached embeddings needs none."""
    return get_tokenizer(name)(texts)


def _hash(tensor):
    array = tensor.detach().cpu().contiguous().numpy()
    return hashlib.sha256(array).digest()


def _architecture(model):
    """open_clip's spelling of ``model``, of one of the two families."""
    name = str(model).replace('/', '-')
    known = open_clip.list_models()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
        raise UserError(
            f'Unknown CLIP architecture {model!r}; near it: '
            f'{", ".join(near) or "none"}. open_clip.list_models() gives '
            'all.')
    config = open_clip.get_model_config(name)
    vision, text = config['vision_cfg'], config['text_cfg']
    if 'timm_model_name' in vision or 'multimodal_cfg' in config or (
            'hf_model_name' in text):
        raise UserError(
            f'CLIP architecture {name!r} is not of the two families that can '
            'be used here: Vision Transformers and ResNets of OpenAI\'s '
            'layout with its text transformer (RN50, RN101, RN50x4, RN50x16, '
            'RN50x64, ViT-B-32, ViT-B-16, ViT-L-14, ViT-L-14-336, ViT-H-14, '
            'their -quickgelu forms, ...).')
    return name


def _tags(name):
    shipped = [tag for arch, tag in SHIPPED if arch == name]
    return shipped + open_clip.list_pretrained_tags_by_model(name)


def _weights_file(name, pretrained):
    """Where the weights lie (None: random) and open_clip's facts on them."""
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
        f'{what} {str(pretrained)!r}. Give one of the tags '
        f'({", ".join(_tags(name)) or "none for this architecture"}) or the '
        'path of an existing file (OpenAI archive, state dict, safetensors).')


def _download(name, tag, preset):
    """open_clip's own download, failures explained."""
    try:
        return Path(open_clip.download_pretrained(preset))
    except Exception as e:  # urllib, huggingface_hub and httpx differ
        source = preset.get('url') or preset.get('hf_hub')
        raise UserError(
            f'The weights {tag!r} of CLIP {name} could not be downloaded '
            f'({type(e).__name__}: {e}). Without a network: fetch them '
            f'elsewhere ({source}), copy the file here and give its path as '
            'pretrained=.') from e


def _fill(network, state, name, path):
    """Put ``state`` into ``network``; every key and shape must fit."""
    if 'positional_embedding' in state and not hasattr(
            network, 'positional_embedding'):
        state = convert_to_custom_text_state_dict(state)
    wanted = network.state_dict()
    state = {
        key: value.reshape(wanted[key].shape)
        if key == 'logit_scale' and value.numel() == 1 else value
        for key, value in state.items()
        # Archives hold plain attributes, e.g. causal masks, as well.
        if key in wanted or not key.endswith('attn_mask')
    }
    wrong = [key for key, value in wanted.items()
             if key not in state or state[key].shape != value.shape]
    extra = [key for key in state if key not in wanted]
    if wrong or extra:
        raise UserError(
            f'{path} holds weights of another architecture than {name}: '
            f'{len(wrong)} of {len(wanted)} entries are missing or of another '
            f'shape and {len(extra)} are unknown, e.g. '
            f'{(wrong + extra)[0]!r}. The file looks like {_describe(state)};'
            ' set model= to fit it.')
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value
         for key, value in state.items()})


def _describe(state):
    """The architectures of open_clip whose image tower fits ``state``."""
    if 'visual.class_embedding' in state and 'visual.proj' in state:
        width, _, patch, _ = state['visual.conv1.weight'].shape
        blocks = [key for key in state if key.startswith('visual.')
                  and key.endswith('attn.in_proj_weight')]
        embed = state['visual.proj'].shape[1]
        side = round((len(state['visual.positional_embedding']) - 1)**0.5)
        found = [
            name for name in open_clip.list_models()
            for config in [open_clip.get_model_config(name)]
            if config['embed_dim'] == embed
            and config['vision_cfg'].get('layers') == len(blocks)
            and config['vision_cfg'].get('width') == width
            and config['vision_cfg'].get('patch_size') == patch
            and config['vision_cfg'].get('image_size') == side * patch]
        return ' or '.join(found) or (
            f'a ViT of width {width}, {len(blocks)} layers, patch {patch}, '
            f'embedding {embed}, {side * patch} px')
    if 'visual.layer1.0.conv1.weight' in state:
        layers = [sum(key.startswith(f'visual.layer{i}.')
                      and key.endswith('.conv1.weight') for key in state)
                  for i in (1, 2, 3, 4)]
        width = len(state['visual.layer1.0.conv1.weight'])
        found = [
            name for name in open_clip.list_models()
            for vision in [open_clip.get_model_config(name)['vision_cfg']]
            if vision.get('layers') == layers and vision.get('width') == width]
        return ' or '.join(found) or f'a ResNet of width {width}'
    keys = ', '.join(list(state)[:3])
    return f'no CLIP at all (first keys: {keys})'

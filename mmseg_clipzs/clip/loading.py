"""Load both towers of a CLIP at once.

``load_clip(model='ViT-B-16', pretrained='openai')``
"""
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import torch
from mmengine.logging import print_log
from torch import nn

from mmseg_clipzs.checkpoints import hub_file, reason, reduce_precision
from mmseg_clipzs.utils import UserError

from .architectures import TIPSV2, check_architecture
from .library import get_config, open_clip, part
from .tipsv2 import load_tipsv2
from .towers import CLIP, is_plain
from .weights import (
    fill_model,
    list_tags,
    read_weights,
)

# Dtypes of the image tower, by open_clip's names.
PRECISIONS = dict(
    fp32=torch.float32, bf16=torch.bfloat16, fp16=torch.float16)


@dataclass
class LoadedClip:
    """Both towers of a CLIP, its tokenizer and its normalisation.

    Attributes:
        name (str): Architecture, as open_clip names it.
        pretrained (str | None): Tag or path of the weights.
        model (nn.Module): open_clip's model, or :class:`CLIP` by the same
            names, in eval mode, float32 except for the image tower, which has
            the requested precision.
        tokenizer (Callable): list of N str -> (N, context length) int64.
        mean, std (tuple[float]): RGB, for images in [0, 1].
    """
    name: str
    pretrained: str
    model: nn.Module
    tokenizer: Callable
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @cached_property
    def text_fingerprint(self):
        """str: SHA-256 of the text tower's modules, names and weights.

        Computed from the weights, not the file: a path, size or time stamp
        can stay the same while the content changes.
        """
        digest = hashlib.sha256(self.name.encode())
        for name, module in self.model.named_modules():
            if not name.startswith('visual'):  # e.g. GELU or QuickGELU
                # Their settings are in no weight.
                settings = [getattr(module, key, None)
                            for key in ('num_heads', 'eps')]
                digest.update(
                    f'{name} {type(module).__name__} {settings},'.encode())
        state = {key: value
                 for key, value in sorted(self.model.state_dict().items())
                 if not key.startswith('visual.')}
        # One hash per tensor uses all cores: hashlib releases the GIL.
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            contents = pool.map(_hash, state.values())
            for (key, value), content in zip(state.items(), contents):
                digest.update(f'{key} {tuple(value.shape)},'.encode())
                digest.update(content)
        return digest.hexdigest()

    @property
    def logit_scale(self):
        """float: Learned factor of the cosine similarities."""
        return self.model.logit_scale.exp().item()


def dtype_of(precision):
    """Dtype of a precision.

    Args:
        precision (str): Key of ``PRECISIONS``.

    Returns:
        torch.dtype: A floating-point dtype.

    Raises:
        UserError: An unknown precision.
    """
    if precision not in PRECISIONS:
        raise UserError(f'precision={precision!r} is unknown; choose one of '
                        f'{list(PRECISIONS)}.')
    return PRECISIONS[precision]


def load_clip(model, quick_gelu=None, precision='fp32', **kwargs):
    """Load an architecture of open_clip with weights.

    Args:
        model (str): Architecture, e.g. 'ViT-B-16' or 'ViT-B/16'; or 'tipsv2',
            which is transformers' and whose ``pretrained`` is a folder or a
            name of its hub.
        pretrained (str | Path | None): Required. A tag of open_clip
            ('openai', ...), which open_clip downloads, or a path to an OpenAI
            archive (TorchScript), a state dict or safetensors; None for
            random weights.
        quick_gelu (bool, optional): Activation. Defaults to that of the tag
            or archive, and for other files to that of the architecture
            ('ViT-B-16-quickgelu').
        precision (str): Dtype of the image tower, 'fp32', 'bf16' or 'fp16'.
            Text embeddings and scores stay float32.

    Returns:
        LoadedClip: In eval mode, on the CPU.

    Raises:
        UserError: Unknown architecture or tag, missing or damaged file,
            weights of another architecture, failed download.
    """
    if 'pretrained' not in kwargs:
        name = check_architecture(model)
        tags = 'google/tipsv2-b14' if name == TIPSV2 else ', '.join(
            list_tags(name))
        raise UserError(
            f'CLIP {model!r} needs weights: set pretrained= to a tag '
            f'({tags}) or the path of a file; pretrained=None means random '
            'weights.')
    pretrained = kwargs.pop('pretrained')
    if kwargs:
        raise UserError('clip= takes model, pretrained, quick_gelu and '
                        f'precision, but got {sorted(kwargs)}.')
    dtype = dtype_of(precision)
    name = check_architecture(model)
    if name == TIPSV2:
        return _tipsv2(pretrained, quick_gelu, dtype)
    config, preset, state = get_config(name), {}, None
    if pretrained is not None:
        path, state, is_openai_archive, preset = read_weights(name, pretrained)
        if quick_gelu is None:
            quick_gelu = preset.get('quick_gelu', is_openai_archive or None)
    if quick_gelu is not None:
        config['quick_gelu'] = quick_gelu
    if state is not None:
        with torch.device('meta'):  # to be filled
            network = _build(config)
        fill_model(network, state, name, path)
        print_log(
            f'Loaded CLIP {name} from {pretrained!r}, with '
            f'{"QuickGELU" if config.get("quick_gelu") else "GELU"}.',
            logger='current')
    else:
        network = _build(config, is_filled=False)
        _warn_of_random(name)
    reduce_precision(network.visual, dtype, pretrained)
    if hasattr(network.visual, 'attnpool'):  # a ResNet
        # Convolutions take a fifth less time in this layout.
        network.visual.to(memory_format=torch.channels_last)
    usual = part('constants')
    return LoadedClip(
        name=name,
        pretrained=None if pretrained is None else str(pretrained),
        model=network.eval(),
        tokenizer=partial(_tokenize, name),
        mean=tuple(preset.get('mean') or usual.OPENAI_DATASET_MEAN),
        std=tuple(preset.get('std') or usual.OPENAI_DATASET_STD))


def _warn_of_random(name):
    print_log(
        f'CLIP {name} has RANDOM weights (pretrained=None): its results '
        'are meaningless.', logger='current', level=logging.WARNING)


def _tipsv2(pretrained, quick_gelu, dtype):
    """LoadedClip: TIPSv2, whose images are in [0, 1]."""
    if quick_gelu is not None:
        raise UserError('TIPSv2 has one activation, GELU: leave quick_gelu= '
                        'out.')
    network, tokenizer = load_tipsv2(pretrained)
    if pretrained is None:
        _warn_of_random(TIPSV2)
    reduce_precision(network.visual, dtype, pretrained)
    return LoadedClip(
        TIPSV2, None if pretrained is None else str(pretrained),
        network.eval(), tokenizer, (0., 0., 0.), (1., 1., 1.))


def _build(config, is_filled=True):
    """A network for weights, or with random ones."""
    if is_filled and is_plain(config):
        return CLIP(**config)
    # Not open_clip's factory, which would warn of random weights.
    config = dict(config)
    kind = 'CustomTextCLIP' if config.pop('custom_text', False) else 'CLIP'
    return getattr(open_clip(), kind)(**config)


@lru_cache  # reading the vocabulary takes a second
def get_tokenizer(name, **options):
    """Tokenizer of an architecture.

    Args:
        name (str): Architecture, in open_clip's spelling.
        options: As for ``open_clip.get_tokenizer``.

    Returns:
        Callable: list of N str -> (N, context length) int64.

    Raises:
        UserError: It comes from Hugging Face and cannot be downloaded.
    """
    text = get_config(name)['text_cfg']
    repository = text.get('hf_tokenizer_name')
    if repository:
        try:  # before transformers, which tries again for a minute
            hub_file(repository, ['tokenizer_config.json'])
        except OSError as e:
            raise UserError(
                f'The tokenizer {repository} of CLIP {name} could not be '
                f'downloaded ({reason(e)}). Without a network, copy it into '
                "huggingface_hub's cache ($HF_HOME) from another machine."
            ) from e
    if text.keys() & {'hf_tokenizer_name', 'tokenizer_kwargs'}:
        return open_clip().get_tokenizer(name, **options)
    return part('tokenizer').SimpleTokenizer(**{
        'context_length': text.get('context_length', 77), **options})


def _tokenize(name, texts):
    """Tokenize texts, building the tokenizer on first use."""
    return get_tokenizer(name)(texts)


def _hash(tensor):
    array = tensor.detach().cpu().contiguous().numpy()
    return hashlib.sha256(array).digest()

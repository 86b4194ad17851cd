"""Load a frozen second network.

``load_proxy(model='vit_base_patch8_224', pretrained='dino')``
"""
import logging

import torch
from mmengine.logging import print_log

from mmseg_clipzs.checkpoints import check_finite
from mmseg_clipzs.utils import UserError, check_numbers

from .architectures import build, check_architecture
from .network import Proxy
from .weights import (
    fill_network,
    find_preset,
    known_tags,
    preset_of,
    read_weights,
)

# ImageNet's, RGB for images in [0, 1], which DINO was trained with.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def check_proxy(model=None, mean=None, std=None, **kwargs):
    """Check the arguments of :func:`load_proxy` without reading weights.

    Returns:
        tuple[str, dict]: The architecture, and timm's entry of the weights.

    Raises:
        UserError: As from :func:`load_proxy`.
    """
    name, tag = check_architecture(model)
    if (mean is None) != (std is None):
        raise UserError('mean and std of proxy= normalise together, but got '
                        f'mean={mean} and std={std}.')
    if mean is not None:
        check_numbers('mean of proxy=', mean, '(-inf, inf)', count=3)
        check_numbers('std of proxy=', std, '(0, inf)', count=3)
    if 'pretrained' not in kwargs:
        raise UserError(
            f'The network {model!r} needs weights: set pretrained= to a tag '
            f'({known_tags(name)}) or the path of a file; pretrained=None '
            'means random weights.')
    pretrained = kwargs.pop('pretrained')
    if kwargs:
        raise UserError('proxy= takes model, pretrained, mean and std, but '
                        f'got {sorted(kwargs)}.')
    preset = preset_of(name, tag) if tag else {}
    if pretrained is not None:
        preset.update(find_preset(name, pretrained))
    return name, preset


def load_proxy(model=None, dtype=torch.float32,
               setting='model.backbone.last_block.proxy.pretrained',
               **kwargs):
    """Load a Vision Transformer of timm with weights.

    Args:
        model (str): Required. Architecture, e.g. 'vit_base_patch8_224'. A tag
            ('vit_base_patch8_224.dino') names the mean and std of a file.
        dtype (torch.dtype): Of the weights.
        setting (str): The option of configs for the weights, for messages.
        pretrained (str | Path | None): Required. A tag of timm ('dino', ...),
            which is downloaded, or the path of a state dict or safetensors
            in timm's layout or one that timm converts, such as that of the
            network's authors; None for random weights.
        mean, std (Sequence[float], optional): RGB, for images in [0, 1]. By
            default those of the tag, and ImageNet's for files.

    Returns:
        Proxy: Frozen, in evaluation mode, on the CPU.

    Raises:
        UserError: Unknown architecture or tag, missing or damaged file,
            weights of another architecture, failed download.
    """
    name, preset = check_proxy(model, **kwargs)
    pretrained, network = kwargs['pretrained'], build(name)
    if pretrained is None:
        print_log(
            f'{name} has RANDOM weights (pretrained=None): its features are '
            'meaningless.', logger='current', level=logging.WARNING)
    else:
        path, state = read_weights(name, pretrained, preset, setting)
        fill_network(network, state, name, path, preset)
        print_log(f'Loaded {name} from {str(pretrained)!r}.', logger='current')
    proxy = Proxy(network, *(
        kwargs.get(key) or preset.get(key) or usual
        for key, usual in (('mean', MEAN), ('std', STD))))
    for parameter in proxy.parameters():  # not rotary positions
        parameter.data = parameter.data.to(dtype)
    if dtype == torch.float16:
        check_finite(f'{pretrained} as float16', proxy.state_dict())
    return proxy

"""What of a model's needs is on this machine; nothing is downloaded."""
import re
from importlib.util import find_spec
from inspect import signature
from pathlib import Path

from mmseg_clipzs.checkpoints import cached_hub_file
from mmseg_clipzs.models.groupvit_weights import SHIPPED
from mmseg_clipzs.models.regions import PROVIDERS
from mmseg_clipzs.proxy import check_proxy
from mmseg_clipzs.proxy.weights import find_weights

# Type of a part of a model -> the package that it runs on.
_PACKAGES = {
    'ClusterHead': 'sklearn', 'Felzenszwalb': 'skimage', 'Slic': 'skimage',
    'Sam2Regions': 'transformers', 'Mask2FormerRegions': 'transformers',
    'EomtRegions': 'transformers', 'Sam3Segmentor': 'transformers',
    'Tipsv2ViT': 'transformers'}
_FILES = ('config.json', 'model.safetensors')  # of transformers' folders


def has_all_but_clip(model):
    """Look for the packages, networks and weights of a segmentor.

    Args:
        model (dict): Its config.

    Returns:
        bool: Whether all that it needs apart from its CLIP is here.
    """
    parts = list(_parts({key: value for key, value in model.items()
                         if key != 'clip'}))
    return all(find_spec(_PACKAGES[part['type']]) for part in parts
               if part.get('type') in _PACKAGES) and all(
                   _has_weights(part) for part in parts)


def _is_in_hub(weights, *alternatives):
    """Look for a folder or file, or a repository in the hub's cache.

    Args:
        weights (str | Path): A path, or a name of Hugging Face's hub.
        *alternatives (Sequence[str]): Files of the repository; of each of
            these one is needed.

    Returns:
        bool: Whether it can be read without a download.
    """
    return Path(weights).expanduser().exists() or bool(
        re.fullmatch(r'[\w-]+/[\w.-]+', str(weights))) and all(
            cached_hub_file(str(weights), names) for names in alternatives)


def _parts(value):
    """Yields: dict: A config and all dicts in it."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for each in value:
        yield from _parts(each)


def _has_weights(part):
    kind = part.get('type')
    if part.get('pretrained') is not None and 'model' in part:  # of timm
        return find_weights(check_proxy(**part)[1]) is not None
    if kind in PROVIDERS:
        default = signature(PROVIDERS[kind]).parameters.get('weights')
        weights = part.get('weights', default and default.default)
        return weights is None or _is_in_hub(weights, *zip(_FILES))
    if kind == 'ImageTextContrastive':
        weights = part.get('weights')
        return weights is None or weights in SHIPPED or _is_in_hub(
            weights, ('model.safetensors', 'pytorch_model.bin'))
    weights = part.get('weights') if kind == 'Sam3Segmentor' else None
    return weights is None or _is_in_hub(weights, *zip(_FILES))

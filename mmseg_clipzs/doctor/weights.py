"""Whether weights are what they claim to be."""
import re
from collections import Counter
from pathlib import Path

import torch

from mmseg_clipzs.checkpoints import (
    dataset_meta_of,
    load_checkpoint_file,
    meta_of,
    read_state_dict,
    weights_of,
)
from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.library import part
from mmseg_clipzs.clip.weights import SHIPPED
from mmseg_clipzs.models.groupvit_weights import SHIPPED as GROUPVIT
from mmseg_clipzs.proxy.weights import SHIPPED as PROXIES
from mmseg_clipzs.utils import UserError, sha256_of

from .finding import Finding
from .published import FILE, published_cosine

# Files of the package.
SHA256 = {
    'toy-vit-p8.safetensors':
    'c0d23fff194c485d4c7d983dec3eee6cf2c7fb0e85d03a1b8215f44f69f12dd4',
    'toy-dino-p4.safetensors':
    '06a5a94b01cec0a14001a9b9ffdd4cf5284e8a56fd6926a3df5a53b7fa3e1cdb',
    'groupvit-toy.safetensors':
    '9cf85195767466f58e4cfac034829ebae0661337e9c45b2af89283b907f7e8fc'}
# Mean cosine to the published embeddings: half precision, in which those were
# computed, costs less than a thousandth; another text, such as one with a full
# stop, costs more; weights that were trained apart have none in common.
_SAME, _OTHER = 0.998, 0.5


def check_shipped():
    """Yields: Whether the files that ship with the package are intact."""
    for path in (*SHIPPED.values(), *PROXIES.values(), *GROUPVIT.values()):
        if not path.is_file():
            yield Finding(path.name, 'WRONG', (
                f'{path} is missing: install the package again'))
        elif sha256_of(path) != SHA256[path.name]:
            yield Finding(path.name, 'WRONG', (
                f'{path} has been changed: install the package again'))
        else:
            yield Finding(path.name, 'ok', 'shipped weights, unchanged')


def check_clip(clip):
    """Check weights of a CLIP.

    Args:
        clip (str): 'MODEL:WEIGHTS', a file or a tag of open_clip.

    Yields:
        Finding: On the file, the architecture, and for ViT-B-16 on the text
        embeddings.

    Raises:
        UserError: Not of this form.
    """
    model, _, weights = clip.partition(':')
    if not model or not weights:
        raise UserError(f'--clip takes MODEL:FILE, such as ViT-B-16:'
                        f'ViT-B-16.pt, but got {clip!r}.')
    is_original = False
    if Path(weights).is_file():
        original = _openai_models().get(sha256_of(weights))
        is_original = original is not None
        yield Finding(weights, 'ok' if is_original else 'note', (
            f"OpenAI's {original}, byte for byte" if is_original else
            'none of the files that OpenAI published: their hashes differ'))
    try:
        loaded = load_clip(model, pretrained=weights)
        dtypes = (', '.join(_dtypes(read_state_dict(weights)[0]))
                  if Path(weights).is_file() else 'of the tag')
    except (UserError, FileNotFoundError) as e:
        yield Finding(model, 'WRONG', f'{e}')
        return
    size = sum(p.numel() for p in loaded.model.parameters()) / 1e6
    yield Finding(model, 'ok', (
        f'{size:.0f} M parameters ({dtypes}), {_activation(loaded)}'))
    if loaded.name in ('ViT-B-16', 'ViT-B-16-quickgelu'):
        yield check_texts(loaded, is_original)


def check_texts(clip, is_original=False, path=FILE):
    """Compare a ViT-B/16's text embeddings with published ones of OpenAI's.

    Of the two activations, the one of the training is nearer to them.

    Args:
        clip (LoadedClip): A ViT-B-16.
        is_original (bool): Whether it is known to be OpenAI's.
        path (Path): The published ones.

    Returns:
        Finding: Whether they agree, and what is wrong.
    """
    checked, cosine = f'{clip.name}, texts', published_cosine(clip, path)
    found = (f'mean cosine {cosine:.5f} to published embeddings of class '
             "names by OpenAI's ViT-B/16")
    if cosine < _OTHER and not is_original:
        return Finding(checked, 'note', f"{found}: these are not OpenAI's "
                       'weights')
    quick = _activation(clip) == 'GELU'
    other = load_clip(clip.name, pretrained=clip.pretrained, quick_gelu=quick)
    with_other = published_cosine(other, path)
    if with_other > max(cosine, _SAME):
        return Finding(checked, 'WRONG', (
            f'{found}, but {with_other:.5f} with {_activation(other)}: load '
            f'them with quick_gelu={quick}' + (
                ' or as ViT-B-16-quickgelu' if quick else '')))
    if cosine < _SAME:
        return Finding(checked, 'WRONG', (
            f'{found}: the tokenizer or text tower of this installation is '
            'wrong, or the weights were trained further'))
    return Finding(checked, 'ok', (
        f'{found} ({with_other:.5f} with {_activation(other)})'))


def check_checkpoint(path):
    """Check the weights of a trained model.

    Args:
        path (str): A file.

    Returns:
        Finding: Its classes, size and iteration, or what is wrong.
    """
    try:
        checkpoint = load_checkpoint_file(path)
        state = weights_of(checkpoint)
        classes = dataset_meta_of(checkpoint).get('classes', ())
    except (UserError, FileNotFoundError) as e:
        return Finding(f'{path}', 'WRONG', f'{e}')
    iteration = meta_of(checkpoint).get('iter')
    parts = [f'{len(state)} entries ({", ".join(_dtypes(state))})',
             f'{len(classes)} classes' if classes else 'names no classes']
    if iteration is not None:
        parts.append(f'iteration {iteration}')
    return Finding(f'{path}', 'ok', ', '.join(parts))


def _openai_models():
    """dict[str, str]: Model by the SHA-256 in the address of its file."""
    found = {}
    table = part('pretrained')
    for model, tag in table.list_pretrained():
        url = (table.get_pretrained_cfg(model, tag) or {}).get('url') or ''
        digest = re.search('/([0-9a-f]{64})/', url)
        if tag == 'openai' and digest:
            found.setdefault(digest[1], model)
    return found


def _activation(clip):
    """str: 'QuickGELU' or 'GELU', of the text tower."""
    names = {type(module).__name__ for module in clip.model.modules()}
    return 'QuickGELU' if 'QuickGELU' in names else 'GELU'


def _dtypes(state):
    """list[str]: Dtypes of the weights, the most frequent first."""
    return [f'{dtype}'.removeprefix('torch.') for dtype, _ in Counter(
        value.dtype for value in state.values()
        if isinstance(value, torch.Tensor)).most_common()]

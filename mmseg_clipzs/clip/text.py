"""Text embeddings of words: prompts, averaging, disk cache.

CLIP (arXiv 2103.00020), section 3.1.4: an ensemble of prompts is averaged in
the embedding space.
"""
import hashlib
import json
import logging
import os
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from open_clip import OPENAI_IMAGENET_TEMPLATES
from tqdm import tqdm

from ..compat import load_checkpoint_file
from ..utils import UserError, atomic_write
from .blocks import run_block

_IMAGENET = tuple(template('{}') for template in OPENAI_IMAGENET_TEMPLATES)

PROMPT_SETS = {
    'single': ('a photo of a {}.', ),
    'imagenet80': _IMAGENET,
    # MaskCLIP's: the 80 of ImageNet and five of ViLD (arXiv 2104.13921).
    'maskclip85': _IMAGENET + (
        'there is a {} in the scene.',
        'there is the {} in the scene.',
        'this is a {} in the scene.',
        'this is the {} in the scene.',
        'this is one {} in the scene.',
    ),
}
_BATCH = 256  # prompts; the text tower's memory stays under 1 GB


def cache_folder():
    """Path: ``$MMSEG_CLIPZS_CACHE``, or a folder of the user's cache."""
    default = Path(os.environ.get('XDG_CACHE_HOME', '~/.cache'))
    return Path(os.environ.get('MMSEG_CLIPZS_CACHE',
                               default / 'mmseg_clipzs')).expanduser()


def get_templates(prompts):
    """Templates of a prompt set.

    Args:
        prompts (str | Sequence[str]): A name of :data:`PROMPT_SETS`, or
            templates that contain "{}".

    Returns:
        tuple[str]: The templates.

    Raises:
        UserError: An unknown name, or a template without "{}".
    """
    if isinstance(prompts, str) and '{}' not in prompts:
        if prompts not in PROMPT_SETS:
            raise UserError(
                f'Unknown prompt set {prompts!r}; choose one of '
                f'{sorted(PROMPT_SETS)} or pass templates that contain "{{}}".'
            )
        return PROMPT_SETS[prompts]
    templates = (prompts, ) if isinstance(prompts, str) else tuple(prompts)
    wrong = [t for t in templates if re.findall('[{}]', str(t)) != ['{', '}']
             or '{}' not in str(t)]
    if wrong or not templates:
        raise UserError(
            'A prompt template is a text with one "{}" for the class name, '
            f'but got {wrong[0] if wrong else prompts!r}.')
    return templates


class TextEncoder:
    """Embeds words with CLIP's text tower, and remembers them on disk.

    Args:
        clip (LoadedClip): Whose tower and tokenizer to use.
        cache (bool): Keep the embeddings in :func:`cache_folder`.
    """

    def __init__(self, clip, cache=True):
        self.clip = clip
        self.cache = cache

    def __call__(self, words, prompts='imagenet80'):
        """Embeddings of words: each prompt's normalised, mean, normalised.

        Args:
            words (Sequence[str]): Q words.
            prompts: As for :func:`get_templates`.

        Returns:
            Tensor: (Q, D) float32 on the CPU, rows of length 1.
        """
        templates = get_templates(prompts)
        if not self.cache or self.clip.pretrained is None:
            return self.compute(words, templates)
        key = dict(weights=self.clip.text_fingerprint, words=list(words),
                   templates=templates, rule='normalise, mean, normalise')
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        path = cache_folder() / 'text' / f'{digest[:32]}.npz'
        cached = self._read(path, len(words))
        if cached is not None:
            return cached
        embeddings = self.compute(words, templates)
        try:
            with atomic_write(path) as temporary:
                # The words stand beside the numbers for whoever looks.
                np.savez(temporary, embeddings=embeddings.numpy(),
                         words=np.array(words, dtype=str))
        except OSError as e:
            print_log(f'Text embeddings were not cached in {path}: {e}.',
                      logger='current', level=logging.WARNING)
        return embeddings

    def _read(self, path, count):
        """The cached embeddings; None, with a warning, for a damaged file."""
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                embeddings = torch.from_numpy(file['embeddings'])
            if embeddings.shape != (count, self.clip.model.visual.output_dim):
                raise ValueError(f'shape {tuple(embeddings.shape)}')
        except Exception as e:  # a damaged file may provoke any
            print_log(
                f'Cached text embeddings {path} are damaged ({e}) and are '
                'computed anew.', logger='current', level=logging.WARNING)
            return None
        return embeddings

    def compute(self, words, templates):
        """As :meth:`__call__`, without the cache."""
        return embed_words(self._encode, words, templates)

    def _encode(self, prompts):
        """(N, D) text features, not normalised."""
        model = self.clip.model
        tower = getattr(model, 'text', model)  # CustomTextCLIP has it apart
        tokens = self.clip.tokenizer(prompts).to(model.logit_scale.device)
        if getattr(tower, 'cls_emb', None) is not None or getattr(
                tower, 'pool_type',
                getattr(model, 'text_pool_type', 'argmax')) != 'argmax':
            return model.encode_text(tokens).float().cpu()
        x = encode_tokens(tower, tokens)  # (N, C)
        projection = tower.text_projection
        x = projection(x) if isinstance(
            projection, torch.nn.Module) else x @ projection
        return x.float().cpu()


def encode_tokens(tower, tokens):
    """Features of a causal text transformer at the end token.

    Args:
        tower (nn.Module): With ``token_embedding``, ``positional_embedding``,
            ``transformer.resblocks`` and ``ln_final``.
        tokens (Tensor): (N, L) int64; the end token is the largest number.

    Returns:
        Tensor: (N, C), before any projection.
    """
    # Text attends backwards: nothing behind the end token matters, and most
    # prompts are short.
    end = tokens.argmax(-1)
    tokens = tokens[:, :end.max() + 1]
    x = tower.token_embedding(tokens)
    x = x + tower.positional_embedding[:tokens.size(1)]  # (N, L, C)
    for block in tower.transformer.resblocks:
        x = run_block(block, x, is_causal=True)
    rows = torch.arange(len(x), device=x.device)
    return tower.ln_final(x)[rows, end]  # (N, C)


@torch.no_grad()
def embed_words(encode, words, templates, normalize_each=True):
    """Embeddings of words, averaged over prompts.

    Args:
        encode (Callable): list of N str -> (N, D) features on the CPU.
        words (Sequence[str]): Q words.
        templates (Sequence[str]): With "{}".
        normalize_each (bool): Normalise each prompt's features before the
            mean (CLIP), or only the mean (GroupViT).

    Returns:
        Tensor: (Q, D), rows of length 1.
    """
    unique = list(dict.fromkeys(words))
    prompts = [t.format(word) for word in unique for t in templates]
    features = []
    # The bar appears when it takes longer than three seconds.
    with tqdm(total=len(prompts), desc='text embeddings', delay=3,
              unit='prompts') as bar:
        for start in range(0, len(prompts), _BATCH):
            batch = prompts[start:start + _BATCH]
            features.append(encode(batch))
            bar.update(len(batch))
    features = torch.cat(features)
    if normalize_each:
        features = F.normalize(features, dim=-1)
    mean = features.unflatten(
        0, (len(unique), len(templates))).mean(1)  # (Q * T, D) -> (Q, D)
    embeddings = dict(zip(unique, F.normalize(mean, dim=-1)))
    return torch.stack([embeddings[word] for word in words])


def load_text_embeddings(path):
    """Ready-made embeddings, one row for each word.

    Args:
        path (str | Path): ``.npy``, or a tensor saved by ``torch.save`` such
            as MaskCLIP's ``*_clip_text.pth``.

    Returns:
        Tensor: (Q, D) float32, rows brought to length 1.

    Raises:
        UserError: Missing, unreadable or not two-dimensional.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f'No text embeddings at {path}.')
    if path.suffix == '.npy':
        try:
            array = torch.from_numpy(np.load(path, allow_pickle=False))
        except (ValueError, EOFError, TypeError) as e:
            raise UserError(f'{path} cannot be read as .npy: {e}.') from e
    else:
        array = load_checkpoint_file(path)
    if not isinstance(array, torch.Tensor) or array.ndim != 2:
        shape = getattr(array, 'shape', type(array).__name__)
        raise UserError(
            f'{path} should hold an array (words, embedding width), but holds '
            f'{tuple(shape) if isinstance(shape, torch.Size) else shape}.')
    array = array.detach().float()
    if not torch.isfinite(array).all() or (array.norm(dim=1) == 0).any():
        raise UserError(f'{path} holds zero rows or values that are not '
                        'finite.')
    return F.normalize(array, dim=1)

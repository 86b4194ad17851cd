"""Text embeddings of words: prompts, averaging, disk cache.

CLIP (arXiv 2103.00020), section 3.1.4: an ensemble of prompts is averaged in
the embedding space.
"""
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from open_clip import OPENAI_IMAGENET_TEMPLATES
from tqdm import tqdm

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.utils import UserError

from .text_cache import EmbeddingFile, cache_folder
from .text_tower import encode_sorted_tokens

_IMAGENET = tuple(template('{}') for template in OPENAI_IMAGENET_TEMPLATES)

TEMPLATE_SETS = {
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
_PART = 8192  # prompts, whose words are then kept


def get_templates(prompts):
    """Templates of a prompt set.

    Args:
        prompts (str | Sequence[str]): A name of :data:`TEMPLATE_SETS`, or
            templates that contain "{}".

    Returns:
        tuple[str]: The templates.

    Raises:
        UserError: An unknown name, or a template without "{}".
    """
    if isinstance(prompts, str) and '{}' not in prompts:
        if prompts not in TEMPLATE_SETS:
            raise UserError(
                f'Unknown prompt set {prompts!r}; choose one of '
                f'{sorted(TEMPLATE_SETS)} or pass templates that contain "{{}}".'
            )
        return TEMPLATE_SETS[prompts]
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

    Each word is computed once for the same weights and templates, whichever
    vocabulary it comes in.

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
        file = EmbeddingFile(self._path(templates),
                             self.clip.model.visual.output_dim)
        embeddings = file.read()
        missing = [word for word in words if word not in embeddings]
        for part in embed_in_parts(
                self.clip.tokenizer, self._encode, missing, templates):
            embeddings.update(part)
            # Now, so that a run that is cut off here can go on.
            file.add(embeddings)
        return torch.stack([embeddings[word] for word in words])

    def compute(self, words, templates):
        """As :meth:`__call__`, without the cache."""
        return embed_words(self.clip.tokenizer, self._encode, words, templates)

    def _path(self, templates):
        key = dict(weights=self.clip.text_fingerprint, templates=templates,
                   rule='normalise, mean, normalise')
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        return cache_folder() / 'text' / f'{digest[:32]}.npz'

    def _encode(self, tokens):
        """(N, L) tokens -> (N, D) text features, not normalised."""
        model = self.clip.model
        tower = getattr(model, 'text', model)  # CustomTextCLIP has it apart
        tokens = tokens.to(model.logit_scale.device)
        if getattr(tower, 'cls_emb', None) is not None or getattr(
                tower, 'pool_type',
                getattr(model, 'text_pool_type', 'argmax')) != 'argmax':
            return model.encode_text(tokens).float().cpu()
        x = encode_sorted_tokens(tower, tokens)  # (N, C)
        projection = tower.text_projection
        x = projection(x) if isinstance(
            projection, torch.nn.Module) else x @ projection
        return x.float().cpu()


def embed_words(tokenizer, encode, words, templates, normalize_each=True):
    """Embeddings of words, averaged over prompts.

    Args:
        tokenizer (Callable): list of N str -> (N, L) int64.
        encode (Callable): (N, L) int64 -> (N, D) features.
        words (Sequence[str]): Q words.
        templates (Sequence[str]): With "{}".
        normalize_each (bool): Normalise each prompt's features before the
            mean (CLIP), or only the mean (GroupViT).

    Returns:
        Tensor: (Q, D), rows of length 1.
    """
    embeddings = {}
    for part in embed_in_parts(
            tokenizer, encode, words, templates, normalize_each):
        embeddings.update(part)
    return torch.stack([embeddings[word] for word in words])


# Not inference_mode: a classifier may be trained on top of the embeddings.
@torch.no_grad()
def embed_in_parts(tokenizer, encode, words, templates, normalize_each=True):
    """:func:`embed_words`, some thousand prompts at a time.

    Yields:
        dict[str, Tensor]: The next different words and their rows (D,).
    """
    words = list(dict.fromkeys(words))
    step = max(1, _PART // len(templates))
    # The bar appears when it takes longer than three seconds.
    with tqdm(total=len(words) * len(templates), desc='text embeddings',
              delay=3, unit='prompts') as bar:
        for start in range(0, len(words), step):
            part = words[start:start + step]
            # Equal prompts once, in lexicographic order: neighbours share
            # their template's beginning and are of similar length.
            tokens, rows = torch.unique(
                tokenizer([t.format(word) for word in part
                           for t in templates]),
                dim=0, return_inverse=True)
            bar.update(len(rows) - len(tokens))
            features = []
            for batch in tokens.split(_BATCH):
                features.append(encode(batch))
                bar.update(len(batch))
            features = torch.cat(features)
            if normalize_each:
                features = F.normalize(features, dim=-1)
            mean = features[rows].unflatten(
                0, (len(part), -1)).mean(1)  # (W * T, D) -> (W, D)
            yield dict(zip(part, F.normalize(mean, dim=-1)))


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

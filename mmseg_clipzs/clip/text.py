"""Text embeddings of words, averaged over prompt templates.

CLIP (arXiv 2103.00020), section 3.1.4: prompts are ensembled in the embedding
space.
"""
import hashlib
import json
import logging
from itertools import chain

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from tqdm import tqdm

from mmseg_clipzs.utils import UserError, check_time

from .templates import get_templates
from .text_cache import EmbeddingFile, cache_folder
from .text_tower import encode_sorted_tokens
from .word_memory import WordMemory

_BATCH = 256  # prompts; keeps the text tower's memory below 1 GB
_PART = 8192  # prompts between two writes of the cache, or more:
_GROWTH = 1.1  # factor by which it grows at least


class TextEncoder:
    """Embeds words with CLIP's text tower, cached in memory and on disk.

    A word is embedded once for given weights and templates, whatever
    vocabulary it is part of. Those of random weights are in memory only.

    Args:
        clip (LoadedClip): Source of the text tower and tokenizer.
        cache (bool): Cache the embeddings, on disk in :func:`cache_folder`.
    """

    def __init__(self, clip, cache=True):
        self.clip = clip
        self.cache = cache
        self._memory = WordMemory()

    def __call__(self, words, prompts='imagenet80'):
        """Embed words: normalise each prompt, average, normalise.

        Args:
            words (Sequence[str]): Q words.
            prompts (str | Sequence[str]): Templates, as for
                :func:`get_templates`.

        Returns:
            Tensor: (Q, D) float32 on the CPU, rows of length 1.
        """
        templates = get_templates(prompts)
        _check_words(words)
        if not self.cache:
            return self.compute(words, templates)
        model = self.clip.model
        check_texts(self.clip.tokenizer, words, templates, getattr(
            getattr(model, 'text', model), 'context_length', None))
        return self._memory.embed([
            tensor for name, tensor in chain(
                model.named_parameters(), model.named_buffers())
            if not name.startswith('visual.')
        ], words, templates, lambda new: self._embed(new, templates))

    def _embed(self, words, templates):
        """Embed words, by the file of the weights if they have one."""
        if self.clip.pretrained is None:
            return embed_checked(
                self.clip.tokenizer, self._encode, words, templates)
        file = EmbeddingFile(self._path(templates),
                             self.clip.model.visual.output_dim)
        embeddings = file.read()
        written = len(embeddings)
        missing = [word for word in words if word not in embeddings]
        for part in embed_in_parts(
                self.clip.tokenizer, self._encode, missing, templates):
            embeddings.update(part)
            # An interrupted run resumes from here. A write takes as long as
            # the file is large: for linear time it grows in proportion.
            if missing[-1] in part or len(embeddings) >= _GROWTH * written:
                file.add(embeddings)
                written = len(embeddings)
        return torch.stack([embeddings[word] for word in words])

    def each(self, words, templates):
        """Embed words with one template after the other.

        Args:
            words (Sequence[str]): Q words.
            templates (Sequence[str]): T templates.

        Returns:
            Tensor: (T, Q, D) float32 on the CPU, rows of length 1.
        """
        return torch.stack([self(words, template) for template in templates])

    def compute(self, words, templates):
        """Embed words without the cache; see :meth:`__call__`."""
        return embed_words(self.clip.tokenizer, self._encode, words, templates)

    def _path(self, templates):
        key = dict(weights=self.clip.text_fingerprint, templates=templates,
                   rule='normalise, mean, normalise')
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        return cache_folder() / 'text' / f'{digest[:32]}.npz'

    def _encode(self, tokens):
        """(N, L) tokens -> (N, D) text features, not normalised."""
        model = self.clip.model
        tower = getattr(model, 'text', model)  # .text in CustomTextCLIP
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
    """Embed words, averaging over templates.

    Args:
        tokenizer (Callable): list of N str -> (N, L) int64.
        encode (Callable): (N, L) int64 -> (N, D) features.
        words (Sequence[str]): Q words.
        templates (Sequence[str]): With one "{}" each.
        normalize_each (bool): Normalise the features of each prompt before
            averaging (CLIP), or only the mean (GroupViT).

    Returns:
        Tensor: (Q, D), rows of length 1.
    """
    _check_words(words)
    check_texts(tokenizer, words, templates)
    return embed_checked(tokenizer, encode, words, templates, normalize_each)


def embed_checked(tokenizer, encode, words, templates, normalize_each=True):
    """Embed words of :func:`check_texts`; see :func:`embed_words`."""
    embeddings = {}
    for part in embed_in_parts(
            tokenizer, encode, words, templates, normalize_each):
        embeddings.update(part)
    return torch.stack([embeddings[word] for word in words])


def _check_words(words):
    if isinstance(words, str) or not words or not all(
            isinstance(word, str) for word in words):
        raise UserError('The words to embed are a list of one text or more, '
                        f'but got {words!r}.')


def check_texts(tokenizer, words, templates, length=None):
    """Warn of words that the tokenizer cuts.

    Args:
        tokenizer (Callable): list of N str -> (N, L) int64.
        words (Sequence[str]): The words.
        templates (Sequence[str]): With one "{}" each.
        length (int, optional): L, by default asked of the tokenizer.

    Raises:
        UserError: A word of which nothing is left, such as "&nbsp;".
    """
    begin = max((each.partition('{}')[0] for each in templates), key=len)
    # A token has one byte or more; two are for begin and end.
    most = (length or tokenizer(['']).size(1)) - 2
    # HTML's entities become characters.
    long = [word for word in words if '&' in word or len(
        f'{begin}{word}'.encode()) > most]
    if not long:
        return
    whole, shorter = (tokenizer([f'{begin}{text}' for text in texts])
                      for texts in (long, [word[:-1] for word in long]))
    cut = [word for word, tokens, others in zip(long, whole, shorter)
           if '&' not in word and torch.equal(tokens, others)]
    if cut:
        print_log(
            f'{len(cut)} of {len(words)} words are longer than the text tower '
            f'reads ({whole.size(1)} tokens, with the prompt) and were cut, '
            f'first {cut[0][:60]!r}.', 'current', logging.WARNING)
    nothing = tokenizer([''])[0]
    for word in long:
        if '&' in word and torch.equal(tokenizer([word])[0], nothing):
            raise UserError(f'The tokenizer leaves nothing of the word '
                            f'{word!r}.')


# Not inference_mode: a classifier may be trained on the embeddings.
@torch.no_grad()
def embed_in_parts(tokenizer, encode, words, templates, normalize_each=True):
    """Embed words a few thousand prompts at a time; see :func:`embed_words`.

    Yields:
        dict[str, Tensor]: The next distinct words and their rows (D,).

    Raises:
        UserError: A graph is being captured, which texts are no part of.
    """
    if torch.compiler.is_compiling():
        raise UserError(
            'The words are not embedded yet: segment an image or call '
            'model.current_embeddings() before you export the model.')
    words = list(dict.fromkeys(words))
    step = max(1, _PART // len(templates))
    # Shown only if it takes longer than three seconds.
    with tqdm(total=len(words) * len(templates), desc='text embeddings',
              delay=3, unit='prompts') as bar:
        for start in range(0, len(words), step):
            part = words[start:start + step]
            # Distinct prompts in lexicographic order: neighbours share the
            # beginning of their template and have similar lengths.
            tokens, rows = torch.unique(
                tokenizer([t.format(word) for word in part
                           for t in templates]),
                dim=0, return_inverse=True)
            bar.update(len(rows) - len(tokens))
            features = []
            for batch in tokens.split(_BATCH):
                check_time()
                features.append(encode(batch))
                bar.update(len(batch))
            features = torch.cat(features)
            if normalize_each:
                features = F.normalize(features, dim=-1)
            mean = features[rows].unflatten(
                0, (len(part), -1)).mean(1)  # (W * T, D) -> (W, D)
            yield dict(zip(part, F.normalize(mean, dim=-1)))

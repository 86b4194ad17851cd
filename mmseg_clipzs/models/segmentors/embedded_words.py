"""Text embeddings of a vocabulary: given or computed, and checked."""
import torch

from mmseg_clipzs.clip import load_text_embeddings
from mmseg_clipzs.clip.precomputed import unit_rows
from mmseg_clipzs.utils import UserError

# Distance of unit-length rows. Two runs of a text tower differ by up to 1e-6,
# the words of the shipped lists by 1e-2 or more.
_EQUAL = 1e-5


def embed_vocabulary(vocabulary, text_embeddings, embed_words):
    """Text embeddings of the words of a vocabulary.

    Args:
        vocabulary (Vocabulary): Q words.
        text_embeddings (str | Path | Tensor | ndarray | None): Precomputed
            embeddings (Q, D), or a file of them.
        embed_words (Callable): words -> (Q, D), without precomputed ones.

    Returns:
        Tensor | None: (Q, D) float32, unit-length rows, unless
        ``embed_words`` returns None.

    Raises:
        UserError: Another number of embeddings, zero or non-finite ones, or
            two words with equal ones.
    """
    if text_embeddings is not None:
        rows = load_text_embeddings(text_embeddings)
        if len(rows) != len(vocabulary.words):
            raise UserError(
                f'Got {len(rows)} text embeddings for '
                f'{len(vocabulary.words)} words of {vocabulary.source}.')
    else:
        rows = embed_words(vocabulary.words)
    return None if rows is None else check_embeddings(vocabulary, rows)


def check_embeddings(vocabulary, rows):
    """Refuse embeddings that do not tell the words apart.

    Args:
        vocabulary (Vocabulary): Q words.
        rows (Tensor): (Q, D), unit-length.

    Returns:
        Tensor: ``rows``, in float32.

    Raises:
        UserError: Zero or non-finite embeddings, which damaged weights cause,
            or two words with equal ones; names both.
    """
    rows = unit_rows(rows, f'The text embedding of {vocabulary.source}')
    pair = equal_rows(rows)
    if pair:
        first, second = (vocabulary.words[i] for i in pair)
        raise UserError(
            f'{_shortened(first)} and {_shortened(second)} have the same text '
            'embedding, so that their pixels cannot be told apart: most text '
            'towers ignore upper case and what follows about 70 tokens. Leave '
            'one of them out, or reword it.')
    return rows


def equal_rows(rows, distance=_EQUAL):
    """Find two equal rows, in a time that is linear in their number.

    Args:
        rows (Tensor): (Q, D).
        distance (float): Rows up to this apart are equal.

    Returns:
        tuple[int, int] | None: Two equal rows; None if there are none.
    """
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(rows.size(1), 4, generator=generator)
    # Equal rows have equal projections: they are neighbours when sorted.
    rows = rows.cpu()
    views = rows @ (directions / directions.norm(dim=0))  # (Q, 4)
    order = views[:, 0].argsort()
    views = views[order]
    for step in range(1, len(rows)):
        apart = (views[step:] - views[:-step]).abs()
        if (apart[:, 0] > distance).all():
            return None
        for i in (apart <= distance).all(1).nonzero()[:, 0].tolist():
            pair = sorted((order[i].item(), order[i + step].item()))
            if (rows[pair[0]] - rows[pair[1]]).norm() <= distance:
                return tuple(pair)
    return None


def _shortened(word):
    return repr(word if len(word) <= 60 else f'{word[:40]} ... {word[-15:]}')

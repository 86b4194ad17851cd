"""Text embeddings of words, in the memory of this process."""
import torch

_MOST = 2**14  # embeddings; at most 64 MB of 1024 numbers each


class WordMemory:
    """Embeddings of words, as long as the weights that made them stay.

    Threads may share it: each of them sees complete embeddings, and what two
    of them need at once is computed twice. A copy begins anew.
    """

    def __init__(self):
        # State of the weights; (key, word) -> (D, ).
        self._known = None, {}

    def embed(self, weights, words, key, embed):
        """Embed words, those that are new by a function.

        Args:
            weights (Iterable[Tensor]): All that ``embed`` depends on.
            words (Sequence[str]): Q words.
            key (Hashable): All else that it depends on, as templates.
            embed (Callable): M words that are new -> (M, D).

        Returns:
            Tensor: (Q, D).
        """
        if torch.compiler.is_compiling():  # of tensors without a place
            return embed(words)
        rows = self._rows(weights)
        found = {word: rows.get((key, word)) for word in words}
        new = [word for word, row in found.items() if row is None]
        if new:
            found.update(zip(new, embed(new)))
            if len(rows) + len(new) > _MOST:
                rows.clear()
            if len(new) <= _MOST:
                rows.update(((key, word), found[word]) for word in new)
        return torch.stack([found[word] for word in words])

    def _rows(self, weights):
        """dict: Embeddings by the present weights."""
        # A changed tensor has another version, a replaced one another place.
        present = [
            (each.data_ptr(), 0 if each.is_inference() else each._version)
            for each in weights]
        known = self._known
        if known[0] != present:
            self._known = known = present, {}
        return known[1]

    def __getstate__(self):
        return {}

    def __setstate__(self, state):
        self.__init__()

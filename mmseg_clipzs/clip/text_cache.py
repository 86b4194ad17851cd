"""Text embeddings that are kept on disk."""
import json
import logging
import os
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import print_log

from mmseg_clipzs.utils import atomic_write


def cache_folder():
    """Path: ``$MMSEG_CLIPZS_CACHE``, or a folder of the user's cache."""
    default = Path(os.environ.get('XDG_CACHE_HOME', '~/.cache'))
    return Path(os.environ.get('MMSEG_CLIPZS_CACHE',
                               default / 'mmseg_clipzs')).expanduser()


class EmbeddingFile:
    """Embeddings of words in one file, which grows.

    It is written anew as a whole and renamed, so that no reader sees half of
    it. Of two processes that write at once one may lose its words, which are
    then computed again when they are asked for.

    Args:
        path (Path): ``.npz``, read and written.
        width (int): D, of the embeddings.
    """

    def __init__(self, path, width):
        self.path = path
        self.width = width
        self._is_writable = True

    def read(self):
        """dict[str, Tensor]: (D,) of each word; a damaged file is empty."""
        try:
            return self._load()
        except Exception as e:  # a damaged file may provoke any
            print_log(
                f'Cached text embeddings {self.path} are damaged ({e}) and '
                'are computed anew.', logger='current', level=logging.WARNING)
            return {}

    def add(self, embeddings):
        """Write these beside what the file holds by now.

        Args:
            embeddings (dict[str, Tensor]): (D,) float32 of each word.
        """
        if not self._is_writable:
            return
        try:
            embeddings = {**embeddings, **self._load()}
        except Exception:  # damaged, as read() has said
            pass
        try:
            with atomic_write(self.path) as temporary:
                # As text: numpy's strings would lose trailing zeros, and all
                # be as wide as the longest.
                words = json.dumps(list(embeddings)).encode()
                rows = torch.stack(list(embeddings.values()))
                np.savez(temporary, embeddings=rows.numpy(),
                         words=np.frombuffer(words, np.uint8))
        except OSError as e:
            self._is_writable = False
            print_log(f'Text embeddings were not cached in {self.path}: {e}.',
                      logger='current', level=logging.WARNING)

    def _load(self):
        if not self.path.is_file():
            return {}
        with np.load(self.path, allow_pickle=False) as file:
            words = json.loads(file['words'].tobytes())
            embeddings = torch.from_numpy(file['embeddings'])
        if embeddings.shape != (len(words), self.width):
            raise ValueError(
                f'shape {tuple(embeddings.shape)} for {len(words)} words')
        return dict(zip(words, embeddings))

"""Disk cache of text embeddings."""
import json
import logging
import os
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import print_log

from mmseg_clipzs.utils import atomic_write


def cache_folder():
    """Path: ``$MMSEG_CLIPZS_CACHE``, or a folder in the user's cache."""
    default = Path(os.environ.get('XDG_CACHE_HOME', '~/.cache'))
    return Path(os.environ.get('MMSEG_CLIPZS_CACHE',
                               default / 'mmseg_clipzs')).expanduser()


class EmbeddingFile:
    """A growing file of word embeddings.

    Every update rewrites the file and renames it into place, so readers never
    see a partial file. If two processes write at once, the words of one may
    be lost; they are computed again when needed.

    Args:
        path (Path): ``.npz``, read and written.
        width (int): Width D of the embeddings.
    """

    def __init__(self, path, width):
        self.path = path
        self.width = width
        self._is_writable = True

    def read(self):
        """dict[str, Tensor]: (D,) per word; empty if the file is damaged."""
        try:
            return self._load()
        except Exception as e:  # a damaged file may raise anything
            print_log(
                f'Cached text embeddings {self.path} are damaged ({e}) and '
                'will be recomputed.', logger='current',
                level=logging.WARNING)
            return {}

    def add(self, embeddings):
        """Add embeddings to those already in the file.

        Args:
            embeddings (dict[str, Tensor]): (D,) float32 per word.
        """
        if not self._is_writable:
            return
        try:
            embeddings = {**embeddings, **self._load()}
        except Exception:  # damaged; read() has warned
            pass
        try:
            with atomic_write(self.path) as temporary:
                # As JSON: numpy strings drop trailing NULs and are all as
                # wide as the longest one.
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

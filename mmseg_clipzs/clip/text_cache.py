"""Disk cache of text embeddings."""
import json
import logging
import os
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import print_log

from mmseg_clipzs.utils import UserError, atomic_write, remove_stale

_UNIT = 1e-3  # rows whose length differs more are damaged


def cache_folder():
    """Path: ``$MMSEG_CLIPZS_CACHE``, or a folder in the user's cache.

    Unset and empty variables are the same.
    """
    own = os.environ.get('MMSEG_CLIPZS_CACHE')
    user = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return Path(os.path.expanduser(own or f'{user}/mmseg_clipzs'))


class EmbeddingFile:
    """A growing file of word embeddings.

    An update rewrites the file and renames it into place, so readers never
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
        """dict[str, Tensor]: (D,) per word, those that are not damaged."""
        remove_stale(self.path.parent)
        try:
            embeddings, damaged = self._load()
            if not damaged:
                return embeddings
            said = f'{damaged} of them are not finite or not of length 1'
        except Exception as e:  # a damaged file may raise anything
            embeddings, said = {}, e
        print_log(
            f'Cached text embeddings {self.path} are damaged ({said}) and '
            'will be recomputed.', logger='current', level=logging.WARNING)
        return embeddings

    def add(self, embeddings):
        """Add embeddings to those already in the file.

        Args:
            embeddings (dict[str, Tensor]): (D,) float32 per word.
        """
        if not self._is_writable:
            return
        try:
            embeddings = {**embeddings, **self._load()[0]}
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
        except (OSError, UserError) as e:
            self._is_writable = False
            print_log(f'Text embeddings were not cached in {self.path}: {e}',
                      logger='current', level=logging.WARNING)

    def _load(self):
        """Embeddings, and the number of damaged ones that are left out."""
        if not self.path.is_file():
            return {}, 0
        with np.load(self.path, allow_pickle=False) as file:
            words = json.loads(file['words'].tobytes())
            embeddings = torch.from_numpy(file['embeddings'])
        if embeddings.shape != (len(words), self.width):
            raise ValueError(
                f'shape {tuple(embeddings.shape)} for {len(words)} words')
        if embeddings.dtype != torch.float32 or not all(
                isinstance(word, str) for word in words):
            raise ValueError(f'{embeddings.dtype} for {words[:1]}')
        # NaN is not below the limit either.
        sound = (embeddings.norm(dim=1) - 1).abs() < _UNIT
        if sound.all():
            return dict(zip(words, embeddings)), 0
        return {word: row for word, row, is_sound in zip(
            words, embeddings, sound.tolist()) if is_sound}, (
                len(words) - int(sound.sum()))

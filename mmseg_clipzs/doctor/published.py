"""Text embeddings against published ones of OpenAI's ViT-B/16.

``published_texts.csv`` has random projections of the embeddings of Pascal
VOC's 20 and COCO-Stuff's 171 class names that ZegCLIP published
(arXiv:2212.03588; ``get_embedding.ipynb`` embeds 'a photo of a NAME', without
a full stop, by OpenAI's code in half precision). Those of SemiVL
(arXiv:2311.16241) equal them for the names that both have.

From projections onto K directions of independent standard normal numbers the
distance of two embeddings follows: K numbers whose mean square is its square.
"""
import csv
from pathlib import Path

import numpy as np

from mmseg_clipzs.clip.text import embed_words

FILE = Path(__file__).parent / 'published_texts.csv'
TEMPLATE = 'a photo of a {}'
DIRECTIONS = 16


def project(embeddings):
    """Project embeddings onto the fixed directions.

    Args:
        embeddings (ndarray): (N, D), unit length; D is 512 for ViT-B/16.

    Returns:
        ndarray: (N, 16).
    """
    # The legacy generator: its stream will not change.
    directions = np.random.RandomState(0).standard_normal(
        (embeddings.shape[1], DIRECTIONS))
    return np.asarray(embeddings, np.float64) @ directions


def read_published(path=FILE):
    """Names and projections of published embeddings.

    Args:
        path (Path): With the columns dataset, name and the projections.

    Returns:
        tuple[list[str], ndarray]: N names and (N, 16).
    """
    with open(path, newline='', encoding='utf-8') as file:
        rows = list(csv.reader(file))[1:]
    return [row[1] for row in rows], np.array(
        [row[2:] for row in rows], np.float64)


def published_cosine(clip, path=FILE):
    """Mean cosine between a CLIP's text embeddings and the published ones.

    Args:
        clip (LoadedClip): With embeddings of the published width.
        path (Path): See :func:`read_published`.

    Returns:
        float: Estimated from the projections, to some hundredths of its
        distance from 1.
    """
    names, published = read_published(path)
    own = embed_words(clip.tokenizer, clip.model.encode_text, names,
                      (TEMPLATE, ))
    squares = (project(own.numpy()) - published)**2
    return 1 - squares.mean() / 2

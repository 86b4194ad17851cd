"""Draw toy photos for own_student.py: train/, test/images and test/masks.

    python examples/own_student/toy_photos.py my_photos
"""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.toy.scenes import CLASSES, make_scene

WORDS = ('leaf', 'sun', 'football', 'sea', 'sand', 'grass', 'brick')


def draw(root, train=200, test=20, size=128):
    """Write photos, and label maps of those for testing."""
    root = Path(root)
    labels = np.full(256, 255, np.uint8)  # other things are ignored
    labels[[CLASSES.index(word) for word in WORDS]] = range(len(WORDS))
    for folder in ('train', 'test/images', 'test/masks'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(train + test):
        photo, mask, _ = make_scene(np.random.default_rng(i), size)
        if i < train:
            Image.fromarray(photo).save(root / f'train/{i:03}.jpg')
        else:
            name = f'{i - train:03}'
            Image.fromarray(photo).save(root / f'test/images/{name}.jpg')
            Image.fromarray(labels[mask]).save(root / f'test/masks/{name}.png')


if __name__ == '__main__':
    draw(sys.argv[1])

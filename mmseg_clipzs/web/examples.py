"""Photos to begin with, drawn by the project."""
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.toy.scenes import CLASSES, make_scene


def draw_examples(folder, count=4):
    """Draw toy scenes.

    Args:
        folder (Path): Where their files are written.
        count (int): How many.

    Returns:
        list[tuple[str, str]]: File and words, a line for each, of a scene.
    """
    examples = []
    for seed in range(count):
        image, mask, _ = make_scene(np.random.default_rng(seed), 256)
        path = Path(folder) / f'example_{seed + 1}.png'
        Image.fromarray(image).save(path)
        examples.append((str(path), '\n'.join(
            CLASSES[i] for i in np.unique(mask))))
    return examples

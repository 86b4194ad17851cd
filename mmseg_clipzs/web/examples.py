"""Photos to begin with, drawn by the project."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.toy.scenes import CLASSES, make_scene


@dataclass(frozen=True)
class Example:
    """A photo with words.

    Attributes:
        title (str): What it shows.
        path (Path): Its file.
        words (list[str]): One text for each class.
    """
    title: str
    path: Path
    words: list


def draw_examples(folder, count=4):
    """Draw toy scenes.

    Args:
        folder (Path): Where their files are written.
        count (int): How many.

    Returns:
        list[Example]: The scenes.
    """
    examples = []
    for seed in range(count):
        image, mask, _ = make_scene(np.random.default_rng(seed), 256)
        path = Path(folder) / f'scene_{seed + 1}.png'
        Image.fromarray(image).save(path)
        examples.append(Example(f'Scene {seed + 1}', path, [
            CLASSES[i] for i in np.unique(mask)]))
    return examples

"""Photos to begin with, drawn by the project."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError

from .words import make_rows, read_words

SIDE = 256  # pixels
# Seed of a scene, its title and its words; the first is shown to everyone who
# opens the page. Chosen for different things in all of them.
_SCENES = (
    (24, 'A zebra at sea', ('zebra', 'watermelon', 'sea, blue sea')),
    (4, 'Watermelon on sand',
     ('watermelon', 'chessboard', 'cloud, white cloud', 'sand')),
    (12, 'Sun and football', ('sun, red sun', 'football', 'sea')),
    (38, 'A ladybug', ('ladybug', 'sea')),
    (3, 'A cloud on grass',
     ('leaf, red leaf', 'chessboard', 'cloud', 'grass')),
    (37, 'A cloud on bricks', ('cloud', 'brick, red brick')))


@dataclass(frozen=True)
class Example:
    """A photo with words.

    Attributes:
        title (str): What it shows.
        path (Path): Its file.
        words (list[str]): One text for each class, as 'grass, lawn'.
    """
    title: str
    path: Path
    words: list

    def check(self, limits):
        """Refuse limits that leave no room for it.

        Args:
            limits (Limits): What a visitor may ask for.

        Raises:
            UserError: It is beyond one of them.
        """
        try:
            limits.check_file(self.path.stat().st_size)
            limits.check_pixels(self.path.read_bytes())
            read_words(make_rows(self.words), limits)
        except UserError as e:
            raise UserError("The limits leave no room for the page's own "
                            f'example, {self.title}. {e}') from e


def draw_examples(folder):
    """Draw toy scenes.

    Args:
        folder (str | Path): Where their files are written.

    Returns:
        list[Example]: The scenes.
    """
    examples = []
    for seed, title, words in _SCENES:
        image, *_ = make_scene(np.random.default_rng(seed), SIDE)
        path = Path(folder) / f'{title.lower().replace(" ", "_")}.png'
        Image.fromarray(image).save(path)
        examples.append(Example(title, path, list(words)))
    return examples

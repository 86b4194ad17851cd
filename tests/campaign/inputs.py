"""Good and bad files for the rows, each made when the first row asks for it.

    @prepared
    def photos(folder, photo):     # made from the input `photo`
        ...write into folder...
        return folder              # what {photos} and box.photos are

A folder is never written to again: rows that write get a copy, ``my_photos``.
"""
import inspect
from pathlib import Path

import numpy as np
from image_files import encoded
from PIL import Image

from .runner import snapshot

MAKERS = {}


def prepared(maker):
    """Register an input under the function's name."""
    assert maker.__name__ not in MAKERS, f'two inputs {maker.__name__}'
    MAKERS[maker.__name__] = maker
    return maker


class Inputs:
    """All inputs, below one folder.

    Args:
        root (Path): Empty folder.
    """

    def __init__(self, root):
        self.root, self.made, self._state = root, {}, {}

    def get(self, name):
        """Any: The input of this name, made if need be."""
        if name not in self.made:
            if name not in MAKERS:
                raise AttributeError(f'no prepared input {name!r}')
            _, *needed = inspect.signature(MAKERS[name]).parameters
            needed = [self.get(each) for each in needed]
            folder = self.root / name
            folder.mkdir()
            self.made[name] = MAKERS[name](folder, *needed)
            self._state[name] = snapshot(folder)
        return self.made[name]

    def changed(self):
        """list[str]: Inputs that are not as they were made."""
        return [name for name, state in self._state.items()
                if snapshot(self.root / name) != state]


# ------------------------------------------------------------------- images
@prepared
def photo(folder):
    """A small photo of coloured blocks, ``cat.jpg``."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize(
        (40, 32)).save(folder / 'cat.jpg')
    return folder / 'cat.jpg'


@prepared
def photos(folder):
    """A folder of three small photos: 0.jpg, 1.png, 2.jpg."""
    rng = np.random.default_rng(1)
    for name in ('0.jpg', '1.png', '2.jpg'):
        Image.fromarray(rng.integers(
            0, 256, (4, 5, 3), dtype=np.uint8)).resize((40, 32)).save(
                folder / name)
    return folder


@prepared
def cut_photo(folder):
    """The first half of a JPEG file."""
    path = folder / 'cut.jpg'
    path.write_bytes(encoded()[:len(encoded()) // 2])
    return path


@prepared
def text_file(folder):
    """A text that is neither classes nor an image: ``note.jpg``."""
    path = folder / 'note.jpg'
    path.write_text('Just text.\n' * 20)
    return path


@prepared
def empty_file(folder):
    """A file of no bytes."""
    path = folder / 'empty.bin'
    path.touch()
    return path


@prepared
def empty_folder(folder):
    """A folder without files."""
    (folder / 'nothing').mkdir()
    return folder / 'nothing'


# --------------------------------------------------------------------- data
@prepared
def toy(folder):
    """A data root of toy scenes: 3 to train, 2 to validate, 32 x 32."""
    from mmseg_clipzs.toy.voc_layout import write_voc
    write_voc(folder / 'toy', train=3, val=2, size=32)
    return folder / 'toy'


@prepared
def pairs(folder):
    """A list of three images with captions, ``captions.json``."""
    import json
    rng = np.random.default_rng(2)
    rows = []
    for i in range(3):
        Image.fromarray(rng.integers(
            0, 256, (20, 24, 3), dtype=np.uint8)).save(folder / f'{i}.png')
        rows.append(dict(image=f'{i}.png', captions=['a cat and a dog']))
    (folder / 'captions.json').write_text(json.dumps(rows))
    return folder / 'captions.json'


# ------------------------------------------------------------ words, models
@prepared
def words(folder):
    """A vocabulary file: cat; grass, lawn; sky."""
    path = folder / 'words.txt'
    path.write_text('cat\ngrass: grass, lawn\nsky\n')
    return path


@prepared
def inferencer(folder):
    """One ZeroShotInferencer with the toy CLIP; name the classes."""
    from mmseg_clipzs.apis import ZeroShotInferencer
    return ZeroShotInferencer('maskclip_toy', device='cpu',
                              classes='cat; grass; sky')


@prepared
def tiny_weights(folder):
    """Weights of ``tiny-vit`` (tests/model_configs), a state dict."""
    import torch

    from mmseg_clipzs.clip import load_clip
    torch.manual_seed(0)
    path = Path(folder) / 'tiny-vit.pt'
    torch.save(load_clip('tiny-vit', pretrained=None).model.state_dict(),
               path)
    return path


# -------------------------------------------------------------------- kills
@prepared
def scenes(folder):
    """A data root of toy scenes: 8 to train, 4 to validate, 64 x 64."""
    from mmseg_clipzs.toy.voc_layout import write_voc
    write_voc(folder / 'toy', train=8, val=4, size=64)
    return folder / 'toy'


@prepared
def many_photos(folder):
    """A folder of ten photos."""
    rng = np.random.default_rng(4)
    for i in range(10):
        Image.fromarray(rng.integers(
            0, 256, (6, 6, 3), dtype=np.uint8)).resize((120, 90)).save(
                folder / f'{i}.jpg')
    return folder


@prepared
def student(folder, scenes):
    """Config and checkpoint of a MaskCLIP+ student, trained for a step."""
    from processes import run_python

    from .kills import TRAIN
    done = run_python(
        Path(__file__).parents[2] / 'tools/train.py', 'maskclip_plus_toy',
        '--student-weights', 'none', '--data-root', scenes, '--work-dir',
        folder, '--cfg-options', *TRAIN, 'train_cfg.max_iters=1')
    assert done.returncode == 0, done.stderr
    return folder / 'maskclip_plus_toy.py', folder / 'iter_1.pth'

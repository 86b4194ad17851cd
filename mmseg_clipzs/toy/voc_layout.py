"""Write toy scenes as a dataset in the layout of Pascal VOC."""
import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.utils import UserError, atomic_folder, is_occupied

from .scenes import PALETTE, VERSION, make_scene, make_varied_scene

SETTINGS_FILE = 'toy_scenes.json'
_LARGEST = 4096  # a scene is drawn at three times its size


def write_voc(folder, train=600, val=100, size=128, seed=1, progress=iter,
              varied=False):
    """Write toy scenes in the layout of Pascal VOC.

    The folder appears only once it is complete. An existing folder with the
    same scenes is left untouched.

    Args:
        folder (str | Path): Folder to create.
        train (int): Number of scenes in ``train.txt``.
        val (int): Number of scenes in ``val.txt``.
        size (int): Side of the square images in pixels.
        seed (int): Random seed; scene ``i`` depends on (seed, split, i) only.
        progress (Callable): Wraps the list of scenes, for example ``tqdm``.
        varied (bool): Also draw close-ups and bare grounds.

    Returns:
        bool: True if the scenes were written, False if they already existed.

    Raises:
        UserError: ``folder`` contains other files or other scenes, or a count
            or the size is out of range.
    """
    if min(train, val, seed) < 0 or not 16 <= size <= _LARGEST:
        raise UserError('Toy scenes need train, val, seed >= 0 and size 16 '
                        f'to {_LARGEST}, but got {train=}, {val=}, {seed=}, '
                        f'{size=}.')
    folder = Path(folder)
    settings = dict(
        version=VERSION, train=train, val=val, size=size, seed=seed)
    if varied:
        settings['varied'] = True
    if is_occupied(folder):
        found = _read_settings(folder)
        if found == settings:
            return False
        what = 'other files' if found is None else f'toy scenes with {found}'
        raise UserError(
            f'{folder} already contains {what}, but the requested scenes have '
            f'{settings}. Remove it or choose another folder.')
    with atomic_folder(folder) as new:
        _write_scenes(new, settings, progress)
    return True


def _read_settings(root):
    try:
        return json.loads((root / SETTINGS_FILE).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None


def _write_scenes(root, settings, progress):
    images, masks, lists = (root / folder for folder in (
        'JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'))
    for folder in (images, masks, lists):
        folder.mkdir(parents=True)
    draw = make_varied_scene if 'varied' in settings else make_scene
    scenes = [(split, i) for split in ('train', 'val')
              for i in range(settings[split])]
    names, captions = dict(train=[], val=[]), []
    for split, i in progress(scenes):
        rng = np.random.default_rng(
            [settings['seed'], ('train', 'val').index(split), i])
        image, mask, texts = draw(rng, settings['size'])
        name = f'toy_{split}_{i:05d}'
        Image.fromarray(image).save(
            images / f'{name}.jpg', quality=95, subsampling=0)
        mask = Image.fromarray(mask)
        mask.putpalette(np.array(PALETTE, np.uint8).tobytes())
        mask.save(masks / f'{name}.png')
        names[split].append(name)
        captions.append(dict(image=f'{name}.jpg', captions=texts))
    for split, lines in names.items():
        (lists / f'{split}.txt').write_text(
            ''.join(f'{line}\n' for line in lines), encoding='utf-8')
    for name, content in (('captions.json', captions),
                          (SETTINGS_FILE, settings)):
        (root / name).write_text(
            json.dumps(content, indent=1), encoding='utf-8')

"""Write toy scenes as a dataset in the layout of Pascal VOC."""
import json
import os
import os.path as osp
import tempfile

import numpy as np
from PIL import Image

from mmseg_clipzs.utils import UserError

from .scenes import PALETTE, VERSION, make_scene, make_varied_scene

SETTINGS_FILE = 'toy_scenes.json'


def write_voc(root, train=600, val=100, size=128, seed=1, progress=None,
              varied=False):
    """Write toy scenes in the layout of Pascal VOC.

    The folder appears only once it is complete. An existing folder with the
    same scenes is left untouched.

    Args:
        root (str): Folder to create.
        train (int): Number of scenes in ``train.txt``.
        val (int): Number of scenes in ``val.txt``.
        size (int): Side of the square images in pixels.
        seed (int): Random seed; scene ``i`` depends on (seed, split, i) only.
        progress (Callable, optional): Wraps the iterable of scenes, for
            example ``tqdm``.
        varied (bool): Also draw close-ups and bare grounds.

    Returns:
        bool: True if the scenes were written, False if they already existed.

    Raises:
        UserError: ``root`` contains other files or other scenes, or a count
            or the size is out of range.
    """
    if train < 0 or val < 0 or size < 16 or seed < 0:
        raise UserError('Toy scenes need train, val, seed >= 0 and size >= '
                         f'16, but got {train=}, {val=}, {seed=}, {size=}.')
    root = osp.abspath(root)
    settings = dict(
        version=VERSION, train=train, val=val, size=size, seed=seed)
    if varied:
        settings['varied'] = True
    if osp.exists(root) and (not osp.isdir(root) or os.listdir(root)):
        found = _read_settings(root)
        if found == settings:
            return False
        what = 'other files' if found is None else f'toy scenes with {found}'
        raise UserError(
            f'{root} already contains {what}, but the requested scenes have '
            f'{settings}. Remove it or choose another folder.')
    os.makedirs(osp.dirname(root), exist_ok=True)
    with tempfile.TemporaryDirectory(
            prefix=osp.basename(root) + '.', dir=osp.dirname(root)) as tmp:
        new = osp.join(tmp, 'new')
        _write_all(new, settings, progress or iter)
        if osp.isdir(root):
            os.rmdir(root)  # empty; os.rename does not replace it on Windows
        os.rename(new, root)
    return True


def _read_settings(root):
    try:
        with open(osp.join(root, SETTINGS_FILE), encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _write_all(root, settings, progress):
    folders = ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation')
    images, masks, sets = (osp.join(root, f) for f in folders)
    for folder in (images, masks, sets):
        os.makedirs(folder)
    scenes = [(split, i) for split in ('train', 'val')
              for i in range(settings[split])]
    names = dict(train=[], val=[])
    captions = []
    for split, i in progress(scenes):
        rng = np.random.default_rng(
            [settings['seed'], ('train', 'val').index(split), i])
        draw = make_varied_scene if 'varied' in settings else make_scene
        image, mask, texts = draw(rng, settings['size'])
        name = f'toy_{split}_{i:05d}'
        Image.fromarray(image).save(
            osp.join(images, name + '.jpg'), quality=95, subsampling=0)
        palette_image = Image.fromarray(mask)
        palette_image.putpalette(np.array(PALETTE, np.uint8).tobytes())
        palette_image.save(osp.join(masks, name + '.png'))
        names[split].append(name)
        captions.append(dict(image=name + '.jpg', captions=texts))
    for split, lines in names.items():
        with open(osp.join(sets, split + '.txt'), 'w') as file:
            file.writelines(line + '\n' for line in lines)
    for name, content in (('captions.json', captions),
                          (SETTINGS_FILE, settings)):
        with open(osp.join(root, name), 'w', encoding='utf-8') as file:
            json.dump(content, file, indent=1)

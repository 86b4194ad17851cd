"""Draw the pictures of the methods' pages: toy scenes and predictions.

    python tools/make_method_pictures.py
    python tools/make_method_pictures.py --pages sclip naclip
    python tools/make_method_pictures.py \\
        --student work_dirs/maskclip_plus_toy/iter_1500.pth

Writes docs/methods/PAGE.jpg for each page whose methods have a config for the
toy scenes; that of MaskCLIP+ needs a trained student. Run it in a checkout.
"""
import sys
from pathlib import Path

from _start import main

FOLDER = Path(__file__).resolve().parent.parent / 'docs/methods'
SEEDS = (3, 8, 17)  # scenes of their own, of no data set
SIZE = 128  # pixels, as the toy data set
ZOOM = 2
LARGEST = 150_000  # bytes


def add_options(parser):
    parser.add_argument('--pages', nargs='+', metavar='PAGE',
                        help='pages to draw (default: all)')
    parser.add_argument('--student', metavar='CHECKPOINT',
                        help='trained by "clipzs train maskclip_plus_toy"')


def configs_of(page, student=None):
    """dict[str, tuple]: Title -> config and checkpoint of each column."""
    from mmseg_clipzs.recipes.cells import cells
    from mmseg_clipzs.recipes.markdown import label
    from mmseg_clipzs.recipes.method_pages import PAGES
    if page == 'maskclip_plus':
        return {'MaskCLIP, the teacher': ('maskclip_toy', None),
                'MaskCLIP+, the student': ('maskclip_plus_toy', student)
                } if student else {}
    if page == 'groupvit':
        return {'GroupViT': ('groupvit_toy', None)}
    return {label(cell.method) + ', whole image' * (
        cell.protocol == 'toy' and page != 'grouping'): (cell.name, None)
        for method in PAGES[page][0] for cell in cells()
        if (cell.method, cell.dataset) == (method, 'toy')}


def draw(scenes, columns):
    """ndarray: Photo, ground truth and predictions of each scene."""
    import numpy as np

    from mmseg_clipzs.apis import ZeroShotInferencer
    from mmseg_clipzs.toy.scenes import CLASSES, PALETTE
    from mmseg_clipzs.visualization import overlay, sheet, with_legend
    masks = [[mask for _, mask in scenes]]
    for config, checkpoint in columns.values():
        inferencer = ZeroShotInferencer(config, checkpoint, device='cpu')
        results = inferencer([image for image, _ in scenes])
        masks.append([result.mask for result in results])

    def large(array):
        return array.repeat(ZOOM, 0).repeat(ZOOM, 1)

    rows = [[large(image), *(
        overlay(large(image), large(mask), PALETTE, opacity=0.8)
        for mask in line)] for (image, _), line in zip(scenes, zip(*masks))]
    return with_legend(
        sheet(rows, ['photo', 'ground truth', *columns]),
        np.stack([np.stack(line) for line in masks]), CLASSES, PALETTE)


def run(args):
    import numpy as np
    from PIL import Image

    from mmseg_clipzs.recipes.method_pages import PAGES
    from mmseg_clipzs.toy.scenes import make_scene
    from mmseg_clipzs.utils import UserError, atomic_write, did_you_mean
    for page in args.pages or ():
        if page not in PAGES:
            raise UserError(f'There is no page {page!r}; choose from '
                            f'{", ".join(PAGES)}.{did_you_mean(page, PAGES)}')
    scenes = [make_scene(np.random.default_rng(seed), SIZE)[:2]
              for seed in SEEDS]
    for page in args.pages or PAGES:
        columns = configs_of(page, args.student)
        if not columns:
            print(f'{page}: no picture without '
                  + ('--student' if page == 'maskclip_plus' else
                     'a config for the toy scenes'))
            continue
        path = FOLDER / f'{page}.jpg'
        with atomic_write(path) as temporary:
            Image.fromarray(draw(scenes, columns)).save(
                temporary, 'jpeg', quality=85, optimize=True)
        size = path.stat().st_size
        print(f'{path.name}: {size // 1000} kB')
        if size > LARGEST:
            raise UserError(f'{path} has more than {LARGEST // 1000} kB.')


if __name__ == '__main__':
    main(sys.modules[__name__])

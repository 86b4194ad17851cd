"""Photos and words in, label maps and pictures out."""
import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmseg.apis import init_model
from PIL import Image
from tqdm import tqdm

from .datasets import list_images, read_image
from .run.configs import find_config
from .utils import UserError, atomic_write
from .visualization import (
    grouping_sheet,
    heat_map,
    overlay,
    save_mask,
    with_legend,
)


@dataclass
class ZeroShotResult:
    """What the model says about one photo.

    Attributes:
        name (str): Stem of the photo's file, or its number.
        photo (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) int64, index into ``classes``.
        make_scores (Callable): () -> ``scores``.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours.
        groups (ndarray, optional): (stages, H, W) int64, a grouping model's
            groups, where they were asked for.
    """
    name: str
    photo: np.ndarray
    mask: np.ndarray
    make_scores: Callable
    classes: Sequence[str]
    palette: Sequence
    groups: np.ndarray | None = None

    @cached_property
    def scores(self):
        """ndarray: (C, H, W) float32, probabilities, made when first read."""
        return self.make_scores()

    def picture(self):
        """ndarray: The photo with coloured classes and a legend, RGB."""
        return with_legend(overlay(self.photo, self.mask, self.palette),
                           self.mask, self.classes, self.palette)

    def save(self, folder, heatmaps=False):
        """Write ``NAME_overlay.png`` and ``NAME_mask.png`` (class indices).

        And ``NAME_groups.png`` where there are groups.

        Args:
            folder (str | Path): Made if missing.
            heatmaps (bool): Also ``NAME_heat_INDEX_CLASS.png`` for each class.

        Returns:
            list[Path]: The files.
        """
        folder = Path(folder)
        pictures = {'overlay': self.picture()}
        if self.groups is not None:
            pictures['groups'] = grouping_sheet(
                self.photo, self.groups, self.mask, self.classes,
                self.palette)
        if heatmaps:
            for i, (name, score) in enumerate(
                    zip(self.classes, self.scores)):
                safe = ''.join(c if c.isalnum() else '_' for c in name[:40])
                pictures[f'heat_{i}_{safe}'] = heat_map(self.photo, score)
        written = []
        for what, picture in pictures.items():
            path = folder / f'{self.name}_{what}.png'
            with atomic_write(path) as temporary:
                Image.fromarray(picture).save(temporary)
            written.append(path)
        path = folder / f'{self.name}_mask.png'
        with atomic_write(path) as temporary:
            save_mask(temporary, self.mask, self.palette)
        return written + [path]


class ZeroShotInferencer:
    """A zero-shot model that takes photos and words.

    >>> inferencer = ZeroShotInferencer('maskclip_voc')
    >>> inferencer('photo.jpg', classes='cat; grass, lawn; sky', out_dir='out')

    Args:
        config (str | Path | Config): As for :func:`find_config`. Its model
            and its test pipeline are used, its data set is not.
        checkpoint (str, optional): For models that do not bring weights.
        device (str, optional): 'cpu', 'cuda:0', ...; by default a GPU where
            there is one.
        cfg_options (dict, optional): Overrides, e.g.
            ``{'model.clip.model': 'ViT-L-14'}``.
        classes (optional): In place of the config's; as for
            ``set_vocabulary``.
        groups (bool): Also show the groups of a model that groups
            (GroupViT).

    Raises:
        UserError: ``groups`` of a model that does not group.
    """

    def __init__(self, config='maskclip_voc', checkpoint=None, device=None,
                 cfg_options=None, classes=None, groups=False):
        if not isinstance(config, Config):
            config = Config.fromfile(find_config(config))
        config = copy.deepcopy(config)
        if classes is not None and 'vocabulary' in config.model:
            config.model.vocabulary = None  # need not be embedded
        device = device or (
            'cuda:0' if torch.cuda.is_available() else 'cpu')
        self.model = init_model(config, checkpoint, device, cfg_options)
        if classes is not None:
            self.model.set_vocabulary(classes)
        if groups:
            if not hasattr(self.model, 'keep_groups'):
                raise UserError(
                    f'{type(self.model).__name__} does not group; a config '
                    'such as groupvit_toy or groupvit_voc21 does.')
            self.model.keep_groups = True
        # Photos come as arrays, and no annotation with them.
        self.pipeline = Compose([
            dict(type='LoadImageFromNDArray')] + [
                step for step in config.test_pipeline
                if step['type'] not in (
                    'LoadImageFromFile', 'LoadAnnotations', 'CheckSample')])

    def __call__(self, photos, classes=None, out_dir=None, heatmaps=False,
                 batch_size=1):
        """Segment photos.

        Args:
            photos: A file, a folder, an array (H, W, 3) uint8 RGB, or a list
                of files and arrays.
            classes (optional): As for ``set_vocabulary``; they stay set.
            out_dir (str | Path, optional): Write pictures and masks there.
            heatmaps (bool): And a heat map for each class.
            batch_size (int): Photos at once; their sizes may differ.

        Returns:
            list[ZeroShotResult]: In the photos' order.

        Raises:
            UserError: No such photo, a damaged one, or classes that cannot be
                used.
        """
        return list(self.stream(photos, classes, out_dir, heatmaps,
                                batch_size))

    def stream(self, photos, classes=None, out_dir=None, heatmaps=False,
               batch_size=1):
        """As :meth:`__call__`, one :class:`ZeroShotResult` after another.

        For more photos than fit into the memory.
        """
        if batch_size < 1:
            raise UserError(f'batch_size is 1 or more, but got {batch_size}.')
        if classes is not None:
            self.model.set_vocabulary(classes)
        photos = _list_images(photos)
        seen = Counter()
        for start in tqdm(range(0, len(photos), batch_size), 'photos',
                          delay=3):
            for result in self._segment(photos[start:start + batch_size],
                                        start):
                seen[result.name] += 1
                if seen[result.name] > 1:  # of another folder
                    result.name += f'_{seen[result.name]}'
                if out_dir:
                    result.save(out_dir, heatmaps)
                yield result

    @torch.no_grad()
    def _segment(self, photos, first):
        images = [photo if isinstance(photo, np.ndarray) else
                  read_image(photo) for photo in photos]
        for image in images:
            if image.ndim != 3 or image.shape[2] != 3 or (
                    image.dtype != np.uint8) or not image.size:
                raise UserError(
                    'A photo array is (H, W, 3) uint8 RGB, but got '
                    f'{image.shape} {image.dtype}.')
        data = [self.pipeline(dict(img=np.ascontiguousarray(image[..., ::-1])))
                for image in images]  # the toolbox has BGR
        samples = self.model.test_step(dict(
            inputs=[one['inputs'] for one in data],
            data_samples=[one['data_samples'] for one in data]))
        meta = self.model.dataset_meta
        return [
            ZeroShotResult(
                name=str(i) if isinstance(photo, np.ndarray) else
                Path(photo).stem,
                photo=image,
                mask=sample.pred_sem_seg.data[0].cpu().numpy(),
                make_scores=partial(self._probabilities, sample.seg_logits),
                classes=meta['classes'],
                palette=meta['palette'],
                groups=sample.groups.data.cpu().numpy()
                if 'groups' in sample else None)
            for i, (photo, image, sample) in enumerate(
                zip(photos, images, samples), start=first)
        ]

    def _probabilities(self, seg_logits):
        """(C, H, W) float32 of a result's scores."""
        to_probabilities = getattr(
            self.model, 'probabilities', partial(torch.softmax, dim=0))
        return to_probabilities(seg_logits.data).cpu().numpy()


def _list_images(photos):
    """A file, a folder, an array or a list of them as a flat list."""
    if isinstance(photos, np.ndarray):
        return [photos]
    listed = []
    for photo in [photos] if isinstance(photos, (str, Path)) else photos:
        if isinstance(photo, np.ndarray) or not Path(photo).is_dir():
            listed.append(photo)
        else:
            listed += list_images(photo)
    if not listed:
        raise UserError(f'No photos in {photos}.')
    return listed

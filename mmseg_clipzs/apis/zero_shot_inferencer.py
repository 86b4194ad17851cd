import threading
from collections import Counter, defaultdict
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import Compose
from tqdm import tqdm

from mmseg_clipzs.datasets import list_images, read_image
from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)
from mmseg_clipzs.run.data import datasets_of
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.segmentor import embeds_config_words, use_trained_classes
from mmseg_clipzs.utils import UserError

from .trained_model import build_segmentor, class_probabilities
from .zero_shot_result import ZeroShotResult


class ZeroShotInferencer:
    """Segment images into classes named by words.

    >>> inferencer = ZeroShotInferencer('maskclip_voc')
    >>> inferencer('photo.jpg', classes='cat; grass, lawn; sky', out_dir='out')

    Several vocabularies on one image need a single pass of the image tower:

    >>> inferencer.set_image('photo.jpg')
    >>> animals = inferencer.predict('cat; dog', background=0.5)
    >>> ground = inferencer.predict('grass, lawn; sky')

    Args:
        config (str | Path | Config): A file, the name of a config of the
            project, or a loaded config of this project or of mmseg. Only its
            model and its test pipeline are used.
        checkpoint (str, optional): Checkpoint, for models without weights of
            their own. A trained segmentor has the classes of its checkpoint.
        device (str, optional): 'cpu', 'cuda:0', ...; by default a GPU if
            there is one.
        cfg_options (dict, optional): Overrides, e.g.
            ``{'model.clip.model': 'ViT-L-14'}``.
        classes (optional): Replaces the classes of the config; see
            ``set_vocabulary``.
        groups (bool): Also return the groups of GroupViT.

    Raises:
        UserError: No such config or checkpoint, options that do not fit, a
            model that must be trained first, ``classes`` for a model with
            fixed classes, or ``groups`` for a model without groups.
    """

    def __init__(self, config='maskclip_voc', checkpoint=None, device=None,
                 cfg_options=None, classes=None, groups=False):
        job = Job(config, checkpoint, options=cfg_options or {})
        job.require_weights()
        config = job.load()
        use_trained_classes(config)
        if classes is not None and embeds_config_words(config.model):
            # Do not embed the config's.
            config.model.update(vocabulary=None, text_embeddings=None)
        device = device or (
            'cuda:0' if torch.cuda.is_available() else 'cpu')
        seed = config.randomness.get('seed')
        with torch.random.fork_rng(devices=[]):  # not the caller's numbers
            if seed is not None:
                torch.default_generator.manual_seed(seed)
            self.model = build_segmentor(config, device)
        self._set_classes(classes)
        if groups:
            if not hasattr(self.model, 'keep_groups'):
                raise UserError(
                    f'{type(self.model).__name__} has no groups; use a '
                    'GroupViT config such as groupvit_toy or groupvit_voc21.')
            self.model.keep_groups = True
        # Images arrive as arrays, without annotations.
        self.pipeline = Compose([
            dict(type='LoadImageFromNDArray')] + [
                step for step in _test_pipeline(config)
                if step['type'] not in (
                    'LoadImageFromFile', 'LoadAnnotations', 'CheckSample')])
        self._encoded = None
        # Calls of other threads may choose other classes.
        self._lock, self._local = threading.RLock(), threading.local()

    def _set_classes(self, classes):
        if classes is None:
            return
        if not hasattr(self.model, 'set_vocabulary'):
            names = self.model.dataset_meta['classes']
            raise UserError(
                f'{type(self.model).__name__} has fixed classes '
                f'({", ".join(names[:3])}, ...), which cannot be replaced: '
                'leave classes out, or use a zero-shot model or the config '
                'that a student was trained with.')
        self.model.set_vocabulary(classes)

    # ------------------------------------------- many images, one vocabulary
    def __call__(self, photos, classes=None, out_dir=None, heatmaps=False,
                 batch_size=1):
        """Segment images.

        Args:
            photos: A file, a folder, an array (H, W, 3) uint8 RGB, or a list
                of files and arrays.
            classes (optional): See ``set_vocabulary``; they stay set.
            out_dir (str | Path, optional): Folder for overlays and masks.
            heatmaps (bool): Also write a heat map for each class.
            batch_size (int): Images per batch; their sizes may differ.

        Returns:
            list[ZeroShotResult]: In the order of the images.

        Raises:
            UserError: A missing or damaged image, or unusable classes.
        """
        return list(self.stream(photos, classes, out_dir, heatmaps,
                                batch_size))

    def stream(self, photos, classes=None, out_dir=None, heatmaps=False,
               batch_size=1):
        """Like :meth:`__call__`, but yield results batch by batch.

        For more images than fit into memory.

        Yields:
            ZeroShotResult: In the order of the images.
        """
        if batch_size < 1:
            raise UserError(f'batch_size must be 1 or more, but got '
                            f'{batch_size}.')
        with self._lock:
            self._set_classes(classes)
            # A view of its own, or for a student, which has no views, the
            # classes to set again if another call has changed them.
            model = self.model.with_vocabulary() if isinstance(
                self.model, OpenVocabularySegmentor) else self.model
            vocabulary = getattr(model, 'vocabulary', None)
        photos = _expand(photos)
        seen = Counter()
        for start in tqdm(range(0, len(photos), batch_size), 'photos',
                          delay=3):
            for result in self._segment(photos[start:start + batch_size],
                                        start, model, vocabulary):
                seen[result.name] += 1
                if seen[result.name] > 1:  # from another folder
                    result.name += f'_{seen[result.name]}'
                if out_dir:
                    result.save(out_dir, heatmaps)
                yield result

    @torch.no_grad()
    def _segment(self, photos, first, model, vocabulary):
        images = [_read(photo) for photo in photos]
        batch = self._batch(images)
        with self._lock if model is self.model else nullcontext():
            if vocabulary is not getattr(model, 'vocabulary', None):
                model.set_vocabulary(vocabulary)
            return [
                _result(model, image, sample, _name(photo, i))
                for i, (photo, image, sample) in enumerate(
                    zip(photos, images, self._test(model, batch)),
                    start=first)]

    @staticmethod
    def _test(model, batch):
        """list[SegDataSample]: Of a batch, in its order.

        mmseg's models take images of one size only.
        """
        groups = defaultdict(list)
        for i, image in enumerate(batch['inputs']):
            groups[image.shape].append(i)
        samples = {}
        for group in groups.values():
            samples.update(zip(group, model.test_step({
                key: [values[i] for i in group]
                for key, values in batch.items()})))
        return [samples[i] for i in range(len(batch['inputs']))]

    def _batch(self, images):
        """dict: ``inputs`` and ``data_samples`` of RGB arrays."""
        data = [self.pipeline(dict(img=np.ascontiguousarray(image[..., ::-1])))
                for image in images]  # the toolbox expects BGR
        return dict(inputs=[one['inputs'] for one in data],
                    data_samples=[one['data_samples'] for one in data])

    # ------------------------------------------ one image, many vocabularies
    @torch.no_grad()
    def set_image(self, photo):
        """Run the image tower once, for any number of :meth:`predict` calls.

        Works with sliding windows, key smoothing, PAMR and GroupViT. Each
        thread that sets an image has its own; other threads get the last one.

        Args:
            photo (str | Path | ndarray): A file, or (H, W, 3) uint8 RGB.

        Raises:
            UserError: A missing or damaged image, or a trained segmentor.
        """
        if not isinstance(self.model, OpenVocabularySegmentor):
            raise UserError(
                f'{type(self.model).__name__} is a trained segmentor, whose '
                'features depend on its classes: call the inferencer instead.')
        self._local.encoded = None
        image = _read(photo).copy()
        data = self.model.data_preprocessor(self._batch([image]), False)
        self._local.encoded = self._encoded = (
            _name(photo, 0), image, data['data_samples'][0],
            self.model.encode(data['inputs']))

    @torch.no_grad()
    def predict(self, classes=None, background=None):
        """Segment the image of :meth:`set_image`.

        Args:
            classes (optional): See ``set_vocabulary``; for this call only. By
                default those of the model.
            background (float, optional): Background threshold in (0, 1), for
                this call only. By default that of the model.

        Returns:
            ZeroShotResult: The same as from calling the inferencer.

        Raises:
            UserError: No image is set, or unusable classes.
        """
        encoded = getattr(self._local, 'encoded', self._encoded)
        if encoded is None:
            raise UserError('No image is set: call set_image(photo) first.')
        name, image, sample, encoded = encoded
        with self._lock:
            model = self.model.with_vocabulary(classes, background)
        sample, = model.decode(encoded, [sample.clone()])
        return _result(model, image, sample, name)


def _test_pipeline(config):
    """list[dict]: As mmseg's inference_model and its inferencer find it."""
    if 'test_pipeline' in config:
        return config.test_pipeline
    return datasets_of(config, 'test_dataloader')[0].pipeline


def _read(photo):
    """ndarray: (H, W, 3) uint8 RGB of a file or a checked array."""
    image = photo if isinstance(photo, np.ndarray) else read_image(photo)
    if image.ndim != 3 or image.shape[2] != 3 or (
            image.dtype != np.uint8) or not image.size:
        raise UserError('An image array must be (H, W, 3) uint8 RGB, but got '
                        f'{image.shape} {image.dtype}.')
    return image


def _name(photo, position):
    return str(position) if isinstance(photo, np.ndarray) else (
        Path(photo).stem)


def _result(model, image, sample, name):
    """Convert a data sample to a ZeroShotResult."""
    return ZeroShotResult(
        name=name,
        photo=image,
        mask=sample.pred_sem_seg.data[0].long().cpu().numpy(),
        make_scores=lambda: class_probabilities(
            model, sample.seg_logits.data).cpu().numpy(),
        classes=model.dataset_meta['classes'],
        palette=model.dataset_meta['palette'],
        groups=sample.groups.data.cpu().numpy() if 'groups' in sample
        else None)


def _expand(photos):
    """list: Files and arrays; folders are replaced by their images."""
    if isinstance(photos, np.ndarray):
        return [photos]
    listed = []
    for photo in [photos] if isinstance(photos, (str, Path)) else photos:
        if isinstance(photo, np.ndarray) or not Path(photo).is_dir():
            listed.append(photo)
        else:
            listed += list_images(photo)
    if not listed:
        raise UserError(f'No images in {photos}.')
    return listed

import threading
from contextlib import nullcontext

import numpy as np
import torch
from mmengine.dataset import Compose

from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)
from mmseg_clipzs.models.segmentors.smoothing import ScoreSmoothing
from mmseg_clipzs.run.device import choose_device, survive_forks
from mmseg_clipzs.run.explain import explain_settings
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.prepare import choose_products
from mmseg_clipzs.run.segmentor import (
    class_of,
    embeds_config_words,
    forget_words,
    set_background,
    use_trained_classes,
)
from mmseg_clipzs.utils import (
    AUTO,
    NotOursError,
    UserError,
    show_progress,
)

from .asking import Asking, with_contrast
from .settings import settings_of
from .streaming import Streaming
from .trained_model import (
    build_segmentor,
    find_test_pipeline,
    make_result,
    predict_batch,
)
from .working_size import WorkingSize
from .zero_shot_result import ZeroShotResult


class ZeroShotInferencer(Asking, Streaming):
    """Segment images into classes named by words.

    >>> inferencer = ZeroShotInferencer('maskclip_voc')
    >>> inferencer('photo.jpg', classes='cat; grass, lawn; sky', out_dir='out')

    Several vocabularies on one image need a single pass of the image tower:

    >>> inferencer.set_image('photo.jpg')
    >>> animals = inferencer.predict('cat; dog', background=0.5)
    >>> ground = inferencer.predict('grass, lawn; sky')

    Threads may share an inferencer, each with its own classes. Copies and
    pickles are inferencers of their own.

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
        background (str | float, optional): What becomes of pixels that show
            none of the classes. A probability in (0, 1): pixels whose best
            class has less become class 0, "background". 'auto': a background
            of contrast words, now and for classes set later; see
            ``Vocabulary.with_contrast``. 'auto,0.5': both.
        max_size (int | str | None): Longest side in pixels at which larger
            photos are segmented; see :class:`.working_size.WorkingSize`.

    Raises:
        UserError: No such config or checkpoint, options that do not fit, a
            model that must be trained first, ``classes`` or a ``background``
            for a model with fixed classes, or ``groups`` for a model without
            groups.
    """

    def __init__(self, config='maskclip_voc', checkpoint=None, device=None,
                 cfg_options=None, classes=None, groups=False,
                 background=None, max_size=AUTO):
        self.working_size = WorkingSize(max_size)
        device = choose_device(device)
        job = Job(config, checkpoint, options=cfg_options or {})
        job.require_weights()
        config = job.load()
        self._contrast = set_background(config, job.name, background)
        choose_products(config)
        use_trained_classes(config)
        if classes is not None and embeds_config_words(config.model):
            forget_words(config.model)  # do not embed the config's
        kind = class_of(config.model)
        if groups and not hasattr(kind, 'keep_groups'):
            raise UserError(
                f'{kind.__name__} has no groups; use a GroupViT config such '
                'as groupvit_toy or groupvit_voc21.')
        survive_forks()
        self._job, self._config = job, config
        with explain_settings(job):
            self.model = build_segmentor(config, device)
        if self._contrast and classes is None:
            classes = self.model.vocabulary
        self._set_classes(classes)
        if groups:
            self.model.keep_groups = True
        self.working_size.fit_to(self.model)
        # Images arrive as arrays, without annotations.
        self.pipeline = Compose(self.working_size.pipeline([
            dict(type='LoadImageFromNDArray')] + [
                step for step in find_test_pipeline(config)
                if step['type'] not in (
                    'LoadImageFromFile', 'LoadAnnotations', 'CheckSample')]))
        self._encoded = None
        self._be_shared()

    def _be_shared(self):
        # Calls of other threads may choose other classes.
        self._lock, self._local = threading.RLock(), threading.local()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items()
                if name not in ('_lock', '_local')}

    def __setstate__(self, state):
        vars(self).update(state)
        self._be_shared()

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
        self.model.set_vocabulary(with_contrast(classes, self._contrast))

    def describe(self):
        """Describe what results depend on.

        Returns:
            dict: ``classes`` (C names), ``palette`` (C RGB colours) and
            ``settings``, which can be written as JSON.
        """
        meta = self.model.dataset_meta
        return dict(classes=meta['classes'], palette=meta['palette'],
                    settings=dict(settings_of(
                        self._job, self._config, self.model),
                        max_size=self.working_size.max_size))

    # ------------------------------------------- many images, one vocabulary
    def segmenter(self, classes=None, smoothing=0):
        """Fix the classes for many batches.

        Args:
            classes (optional): See ``set_vocabulary``; they stay set.
            smoothing (float): Of the scores of images that are the frames of
                a video; see :class:`.ScoreSmoothing`.

        Returns:
            Callable: Segments a list of (Photo, name), whatever classes other
            calls set meanwhile. Returns a list of ZeroShotResult, or of the
            UserError of an image that cannot be read or segmented.
        """
        with self._lock:
            self._set_classes(classes)
            # A view of its own, or for a student, which has no views, the
            # classes to set again if another call has changed them.
            model = self.model.with_vocabulary() if isinstance(
                self.model, OpenVocabularySegmentor) else self.model
            vocabulary = getattr(model, 'vocabulary', None)
        if smoothing:
            if model is self.model:
                raise UserError(
                    'smoothing averages the scores of words, but '
                    f'{type(model).__name__} has none: leave it out, or use a '
                    'zero-shot model.')
            model.smoothing = ScoreSmoothing(smoothing)

        def segment(photos):
            results, ready = [None] * len(photos), []
            for i, (photo, name) in enumerate(photos):
                try:
                    image, transparent = photo.read_visible()
                    self.working_size.check_memory(name, image)
                except (SampleError, NotOursError) as e:
                    results[i] = e
                    continue
                ready.append((i, transparent, photo.path, name, image))
            if ready:
                where, hidden, *columns = zip(*ready)
                for i, transparent, result in zip(where, hidden, self._segment(
                        model, vocabulary, *columns)):
                    results[i] = result.ignoring(transparent) if isinstance(
                        result, ZeroShotResult) else result
            return results

        return segment

    @torch.no_grad()
    def _segment(self, model, vocabulary, paths, names, images):
        """list: ZeroShotResult of each image, or its UserError."""
        batch = self.make_batch(images, paths)
        with show_progress(), (
                self._lock if model is self.model else nullcontext()):
            if vocabulary is not getattr(model, 'vocabulary', None):
                model.set_vocabulary(vocabulary)
            return [make_result(model, image, sample, name, path)
                    for path, name, image, sample in zip(
                        paths, names, images, predict_batch(model, batch))]

    def make_batch(self, images, paths):
        """dict: ``inputs`` and ``data_samples`` of RGB arrays."""
        for image in images:
            self.working_size.warn(image.shape[:2])
        data = [self.pipeline(dict(img=np.ascontiguousarray(image[..., ::-1])))
                for image in images]  # the toolbox expects BGR
        for one, path in zip(data, paths):
            one['data_samples'].set_metainfo(dict(img_path=path))
        return dict(inputs=[one['inputs'] for one in data],
                    data_samples=[one['data_samples'] for one in data])

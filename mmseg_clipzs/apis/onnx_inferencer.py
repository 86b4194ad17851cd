import threading

import numpy as np

from mmseg_clipzs.datasets.images import ImageReadError
from mmseg_clipzs.datasets.limit_size import shrink
from mmseg_clipzs.export.onnx_model import (
    OnnxModel,
    OnnxModelError,
    OnnxPhotoError,
)
from mmseg_clipzs.utils import AUTO, UserError, shown

from .settings import exported_settings
from .working_size import WorkingSize
from .zero_shot_inferencer import ZeroShotInferencer
from .zero_shot_result import ZeroShotResult


class OnnxInferencer(ZeroShotInferencer):
    """Segment images with an exported model.

    >>> inferencer = OnnxInferencer('maskclip_voc.onnx', engine='openvino')
    >>> inferencer('photo.jpg', out_dir='out')

    Used like :class:`ZeroShotInferencer`, with the classes of the file and
    label maps only. Images that the file does not take are skipped as those
    that cannot be read. Copies and pickles read the file again.

    Args:
        file (str | Path): Written by ``clipzs export-onnx``.
        engine (str): 'onnxruntime' or 'openvino'; on the CPU.
        max_size (int | str | None): Longest side in pixels at which larger
            photos are segmented; see :class:`.working_size.WorkingSize`.

    Raises:
        UserError: See :class:`~mmseg_clipzs.export.onnx_model.OnnxModel`.
    """

    def __init__(self, file, engine='onnxruntime', max_size=AUTO):
        self.working_size = WorkingSize(max_size)
        try:
            self.model = OnnxModel(file, engine)
        except OnnxModelError as e:
            raise UserError(str(e)) from e
        self._limit = self.working_size.limit(
            self.model.about['resize'] is not None)
        self._lock = threading.RLock()

    def describe(self):
        """dict: As of :class:`ZeroShotInferencer`."""
        return dict(classes=self.model.classes, palette=self.model.palette,
                    settings=dict(exported_settings(self.model),
                                  max_size=self.working_size.max_size))

    def __reduce__(self):
        return type(self), (
            self.model.path, self.model.engine, self.working_size.max_size)

    def _set_classes(self, classes):
        if classes is not None:
            raise UserError(
                f'{self.model.path} has the classes that it was exported with '
                f'({", ".join(self.model.classes[:3])}, ...): leave classes '
                'out, or export it again with others.')

    def _segment(self, model, vocabulary, paths, names, images):
        groups = {}
        for i, image in enumerate(images):
            groups.setdefault(image.shape, []).append(i)
        masks, errors = {}, {}
        for group in groups.values():
            self._segment_group(group, images, masks, errors)
        return [
            ImageReadError(f'{shown(path) if path else f"Image {name}"}: '
                           f'{errors[i]}') if i in errors else ZeroShotResult(
                name=name, photo=images[i], mask=masks[i].astype('int64'),
                make_scores=self._no_scores, classes=model.classes,
                palette=model.palette, path=path)
            for i, (path, name) in enumerate(zip(paths, names))]

    def _segment_group(self, group, images, masks, errors):
        """Segment images of one size, one by one if they fail together.

        Args:
            group (list[int]): Their positions in ``images``.
            images (Sequence[ndarray]): (H, W, 3) uint8 RGB.
            masks (dict): Gets position -> (H, W) labels,
            errors (dict): or position -> error.
        """
        try:
            masks.update(zip(group, self._labels([images[i] for i in group])))
        except (OnnxPhotoError, MemoryError) as e:
            if len(group) == 1:
                errors[group[0]] = e
                return
            for i in group:
                self._segment_group([i], images, masks, errors)
        except OnnxModelError as e:
            raise UserError(str(e)) from e

    def _labels(self, images):
        """ndarray: (N, H, W), label maps of images of one size."""
        if self._limit is None:
            return self.model.segment_batch(images)
        size = images[0].shape[:2]
        self.working_size.warn(size)
        inputs = np.stack([shrink(self.model.fit(image), self._limit)
                           for image in images])
        return self.model.run(
            np.ascontiguousarray(inputs.transpose(0, 3, 1, 2)), size)

    def _no_scores(self):
        raise UserError(f'{self.model.path} predicts label maps only, no '
                        'probabilities.')

    def encode(self, photo):
        """Refuse: an exported model has one vocabulary.

        Raises:
            UserError: Always.
        """
        self._refuse('encode')

    def set_image(self, photo):
        """Refuse, as :meth:`encode`.

        Raises:
            UserError: Always.
        """
        self._refuse('set_image')

    def predict(self, classes=None, background=None, image=None):
        """Refuse, as :meth:`encode`.

        Raises:
            UserError: Always.
        """
        self._refuse('predict')

    def _refuse(self, method):
        raise UserError(f'{self.model.path} is an exported model: call the '
                        f'inferencer instead of {method}.')

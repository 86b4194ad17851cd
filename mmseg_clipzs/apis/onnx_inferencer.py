import threading

from mmseg_clipzs.export.onnx_model import OnnxModel, OnnxModelError
from mmseg_clipzs.utils import UserError

from .zero_shot_inferencer import ZeroShotInferencer
from .zero_shot_result import ZeroShotResult


class OnnxInferencer(ZeroShotInferencer):
    """Segment images with an exported model.

    >>> inferencer = OnnxInferencer('maskclip_voc.onnx', engine='openvino')
    >>> inferencer('photo.jpg', out_dir='out')

    Used like :class:`ZeroShotInferencer`, with the classes of the file and
    label maps only.

    Args:
        file (str | Path): Written by ``tools/export_onnx.py``.
        engine (str): 'onnxruntime' or 'openvino'; on the CPU.

    Raises:
        UserError: See :class:`~mmseg_clipzs.export.onnx_model.OnnxModel`.
    """

    def __init__(self, file, engine='onnxruntime'):
        try:
            self.model = OnnxModel(file, engine)
        except OnnxModelError as e:
            raise UserError(str(e)) from e
        self._lock = threading.RLock()

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
        masks = {}
        for group in groups.values():
            try:
                masks.update(zip(group, model.segment_batch(
                    [images[i] for i in group])))
            except OnnxModelError as e:
                raise UserError(str(e)) from e
        return [ZeroShotResult(
            name=name, photo=image, mask=masks[i].astype('int64'),
            make_scores=self._no_scores, classes=model.classes,
            palette=model.palette, path=path)
            for i, (path, name, image) in enumerate(zip(
                paths, names, images))]

    def _no_scores(self):
        raise UserError(f'{self.model.path} predicts label maps only, no '
                        'probabilities.')

    def set_image(self, photo):
        """Refuse: an exported model has one vocabulary.

        Raises:
            UserError: Always.
        """
        raise UserError(f'{self.model.path} is an exported model: call the '
                        'inferencer instead of set_image.')

"""Export a model with its words from a config."""
from dataclasses import replace

from mmseg.datasets.transforms import PackSegInputs, Resize

from mmseg_clipzs.export.onnx_export import check_path, export_onnx, scenes
from mmseg_clipzs.export.onnx_timing import compare_engines
from mmseg_clipzs.utils import UserError

from .photos import Photos
from .zero_shot_inferencer import ZeroShotInferencer


def export_model(job, path, classes=None, background=None, photos=None,
                 int8=False, timed=False):
    """Write the segmentor of a config as ONNX; see :func:`export_onnx`.

    Args:
        job (Job): The config, and its checkpoint if it needs one.
        path (str | Path): ``.onnx`` file to write.
        classes (optional): Replaces the classes; see
            :class:`ZeroShotInferencer`.
        background (str | float, optional): See :class:`ZeroShotInferencer`;
            replaces the background threshold.
        photos (optional): What to compare with PyTorch: files, folders or
            arrays; by default generated scenes.
        int8 (bool): Linear layers in int8.
        timed (bool): Compare the CPU time of the engines as well.

    Returns:
        Export: How well the file agrees with PyTorch.

    Raises:
        UserError: See :class:`ZeroShotInferencer` and :func:`export_onnx`.
    """
    check_path(path)
    given = None if photos is None else Photos(photos)
    inferencer = ZeroShotInferencer(
        job.load(), job.checkpoint, 'cpu', classes=classes,
        background=background, max_size=None)

    def segment(photo):
        return inferencer(photo)[0].mask

    photos = [photo.read() for photo, _ in given] if given else scenes(
        inferencer.model)
    result = export_onnx(
        inferencer.model, path, segment, photos,
        _resize(inferencer.pipeline.transforms[1:]),  # after loading
        int8,
        config=job.name, method=job.describe()['method'],
        checkpoint=job.checkpoint)
    return replace(result, engines=compare_engines(
        path, segment, photos)) if timed else result


def _resize(steps):
    """The ``Resize`` among the steps of a test pipeline.

    Returns:
        dict | None: ``scale`` and ``keep_ratio``; None if there is none.

    Raises:
        UserError: Steps that an exported file cannot describe.
    """
    *before, last = steps
    if not before and isinstance(last, PackSegInputs):
        return None
    first, = before if len(before) == 1 else [None]
    if type(first) is not Resize or first.scale is None or (
            first.interpolation, first.backend) != ('bilinear', 'cv2') or (
            not isinstance(last, PackSegInputs)):
        names = ', '.join(type(step).__name__ for step in steps)
        raise UserError(
            'An exported file can only say one bilinear Resize(scale=...) '
            f'before the network, but the test pipeline has {names}.')
    return dict(scale=list(first.scale), keep_ratio=first.keep_ratio)

"""Run an exported segmentor, without PyTorch.

This file needs NumPy, onnx, OpenCV and ONNX Runtime or OpenVINO, but neither
torch nor the rest of the package: copy it to where the model runs.

    model = OnnxModel('maskclip_voc.onnx')
    mask = model.segment(np.asarray(Image.open('cat.jpg').convert('RGB')))
    print([model.classes[i] for i in np.unique(mask)])

Or ``python onnx_model.py MODEL.onnx PHOTO``, which prints the classes and
their shares.
"""
import json
import os
import sys

import numpy as np

ENGINES = ('onnxruntime', 'openvino')
SOFTWARE = 'Written by mmseg_clipzs'
_PACKAGES = {'cv2': 'opencv-python'}


class OnnxModelError(ValueError):
    """A file that cannot be run, or an image that it does not take."""


class OnnxModel:
    """An exported segmentor.

    Args:
        path (str | Path): ``.onnx`` file of ``tools/export_onnx.py``.
        engine (str): 'onnxruntime' or 'openvino'; on the CPU, in float32.
        threads (int, optional): Number of threads; by default the engine's
            choice.

    Attributes:
        about (dict): What the file says: ``config``, ``classes``, ``words``,
            ``palette``, ``mean``, ``std``, ``resize``, ``windows``, ...
        classes (list[str]): C names.
        palette (list): C RGB colours in [0, 255].

    Raises:
        OnnxModelError: No such file or engine, a package that is not
            installed, or a file that is damaged or of another program.
    """

    def __init__(self, path, engine='onnxruntime', threads=None):
        if engine not in ENGINES:
            raise OnnxModelError(f'No engine {engine!r}; choose one of '
                                 f'{", ".join(ENGINES)}.')
        self.path, self.engine = os.fspath(path), engine
        content, self.about = _read(self.path)
        self.classes = self.about['classes']
        self.palette = self.about['palette']
        start = {'onnxruntime': _onnxruntime, 'openvino': _openvino}[engine]
        package = _package(engine)
        try:
            self._run = start(package, content, threads)
        except Exception as e:  # of the engine
            raise OnnxModelError(f'{self.path} cannot be run by {engine}: '
                                 f'{_first_line(e)}') from e

    def segment(self, photo):
        """Segment a photo.

        Args:
            photo (ndarray): (H, W, 3) uint8 RGB.

        Returns:
            ndarray: (H, W) uint8, or int32 for more than 255 classes: indices
            into ``classes``.

        Raises:
            OnnxModelError: Another array, or a photo that is too small.
        """
        return self.segment_batch([photo])[0]

    def segment_batch(self, photos):
        """Segment photos of one size together.

        Args:
            photos (Sequence[ndarray]): N photos (H, W, 3) uint8 RGB.

        Returns:
            ndarray: (N, H, W), as of :meth:`segment`.

        Raises:
            OnnxModelError: As :meth:`segment`, or photos of several sizes.
        """
        for photo in photos:
            if not isinstance(photo, np.ndarray) or photo.ndim != 3 or (
                    photo.shape[2] != 3 or photo.dtype != np.uint8
                    or not photo.size or photo.shape != photos[0].shape):
                raise OnnxModelError(
                    'Photos must be (H, W, 3) uint8 RGB of one size, but got '
                    + (f'{photo.shape} {photo.dtype}.' if isinstance(
                        photo, np.ndarray) else f'{type(photo).__name__}.'))
        images = np.stack([self._fit(photo) for photo in photos])
        return self.run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
                        photos[0].shape[:2])

    def run(self, images, size):
        """Segment images at the network's size.

        Args:
            images (ndarray): (N, 3, h, w) uint8 RGB.
            size (tuple[int]): (height, width) of the label maps.

        Returns:
            ndarray: (N, height, width), as of :meth:`segment`.

        Raises:
            OnnxModelError: Images that are too small, or that the engine
                fails on.
        """
        least = self.about['least']
        if any(n < m for n, m in zip(images.shape[2:], least)):
            raise OnnxModelError(
                f'{os.path.basename(self.path)} takes images of '
                f'{least[1]} x {least[0]} pixels or more, but got '
                f'{images.shape[3]} x {images.shape[2]}.')
        try:
            return self._run(images, np.array(size, np.int64))
        except Exception as e:  # of the engine
            raise OnnxModelError(f'{self.engine} failed on {images.shape}: '
                                 f'{_first_line(e)}') from e

    def _fit(self, photo):
        """Resize a photo for the network, as mmseg's ``Resize`` does."""
        resize = self.about['resize']
        if resize is None:
            return photo
        cv2 = _package('cv2')
        height, width = photo.shape[:2]
        new = tuple(resize['scale'])  # (width, height)
        if resize['keep_ratio']:
            factor = min(max(new) / max(height, width),
                         min(new) / min(height, width))
            new = tuple(int(side * factor + 0.5) for side in (width, height))
        return cv2.resize(photo, new, interpolation=cv2.INTER_LINEAR)


# ------------------------------------------------------------------- engines
def _onnxruntime(package, content, threads):
    options = package.SessionOptions()
    options.log_severity_level = 4  # errors are raised as well
    options.intra_op_num_threads = threads or 0
    session = package.InferenceSession(
        content, options, providers=['CPUExecutionProvider'])
    return lambda image, size: session.run(
        ['labels'], {'image': image, 'size': size})[0]


def _openvino(package, content, threads):
    core = package.Core()
    settings = {'INFERENCE_PRECISION_HINT': 'f32'}  # not bfloat16
    if threads:
        settings['INFERENCE_NUM_THREADS'] = threads
    model = core.compile_model(core.read_model(content), 'CPU', settings)
    return lambda image, size: model([image, size])['labels']


# --------------------------------------------------------------------- files
def _read(path):
    """Read a file and what it says, without running anything of it.

    Returns:
        tuple[bytes, dict]: Its content, and its metadata.
    """
    onnx = _package('onnx')
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as e:
        raise OnnxModelError(
            f'{path} cannot be read: {e.strerror or e}.') from e
    try:
        model = onnx.load_model_from_string(content)
    except Exception as e:  # protobuf's
        raise OnnxModelError(f'{path} is damaged, or no ONNX file.') from e
    about = {entry.key: entry.value for entry in model.metadata_props}
    if about.get('software') != SOFTWARE:
        raise OnnxModelError(
            f'{path} was not exported by mmseg_clipzs: make one with '
            'tools/export_onnx.py.')
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL
           for tensor in _tensors(model, onnx.TensorProto)):
        raise OnnxModelError(f'{path} keeps weights in other files, which are '
                             'not read: exported files have none.')
    try:
        about = {key: value if key == 'software' else json.loads(value)
                 for key, value in about.items()}
        _check(about)
    except (ValueError, KeyError, TypeError, AssertionError) as e:
        raise OnnxModelError(f'{path} is damaged: its metadata cannot be '
                             f'read ({type(e).__name__}: {e}).') from e
    return content, about


def _check(about):
    """Raises: AssertionError, KeyError, TypeError: Unusable metadata."""
    names, colours = about['classes'], about['palette']
    assert names and all(isinstance(name, str) for name in names), 'classes'
    assert len(colours) == len(names) and all(
        len(colour) == 3 and all(value in range(256) for value in colour)
        for colour in colours), 'palette'
    sides = list(about['least'])
    if about['resize'] is not None:
        sides += about['resize']['scale']
        assert isinstance(about['resize']['keep_ratio'], bool), 'resize'
    assert len(sides) % 2 == 0 and all(
        side in range(1, 2**20) for side in sides), 'least, resize'


def _tensors(message, kind):
    """Yields: TensorProto: All tensors anywhere in a message."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for each in (value if isinstance(value, (list, tuple)) or hasattr(
                value, 'add') else [value]):
            if isinstance(each, kind):
                yield each
            else:
                yield from _tensors(each, kind)


def _package(name):
    try:
        return __import__(name)
    except ModuleNotFoundError as e:
        package = _PACKAGES.get(name, name)
        raise OnnxModelError(f'Exported models need {package}, which is not '
                             f'installed: pip install {package}.') from e


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def main():
    """Print the classes of a photo and their shares."""
    from PIL import Image
    model = OnnxModel(sys.argv[1])
    with Image.open(sys.argv[2]) as photo:
        mask = model.segment(np.asarray(photo.convert('RGB')))
    for i, count in zip(*np.unique(mask, return_counts=True)):
        print(f'{count / mask.size:6.1%} {model.classes[i]}')


if __name__ == '__main__':
    main()

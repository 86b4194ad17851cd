"""Run an exported segmentor, without PyTorch.

This file needs NumPy, onnx, OpenCV and ONNX Runtime or OpenVINO, but neither
torch nor the rest of the package: copy it to where the model runs.

    model = OnnxModel('maskclip_voc.onnx')
    mask = model.segment(read_photo('cat.jpg'))
    print([model.classes[i] for i in np.unique(mask)])

Or ``python onnx_model.py MODEL.onnx PHOTO``: the classes and their shares.
"""
import json
import os
import re
import sys
from importlib import import_module

import numpy as np

ENGINES = ('onnxruntime', 'openvino')
SOFTWARE = 'Written by mmseg_clipzs'
_PACKAGES = {'cv2': 'opencv-python', 'PIL': 'pillow'}
_CONTROL = re.compile('[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_KEYS = ('classes', 'palette', 'least', 'resize')  # that are needed
_AREA = 2**30  # pixels at most


class OnnxModelError(ValueError):
    """A file that cannot be run, or a photo that it does not take."""


class OnnxPhotoError(OnnxModelError):
    """A photo that cannot be read, or that a file does not take."""


class OnnxModel:
    """An exported segmentor.

    Args:
        path (str | Path): ``.onnx`` file of ``clipzs export-onnx``.
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
        if not isinstance(path, (str, os.PathLike)):
            raise OnnxModelError(f'{path!r} is no .onnx file.')
        self.path, self.engine = os.fspath(path), engine
        content, self.about = _read(self.path)
        self.classes, self.palette = map(self.about.get, _KEYS[:2])
        start = {'onnxruntime': _onnxruntime, 'openvino': _openvino}[engine]
        package = _package(engine)
        try:
            self._run = start(package, content, threads)
        except Exception as e:  # of the engine
            raise OnnxModelError(f'{self.path} cannot be run by {engine}: '
                                 f'{_reason(e)}') from e

    def segment(self, photo):
        """Segment a photo.

        Args:
            photo (ndarray): (H, W, 3) uint8 RGB.

        Returns:
            ndarray: (H, W) uint8, or int32 for more than 255 classes: indices
            into ``classes``.

        Raises:
            OnnxPhotoError: Another array, or too small or large a photo.
            OnnxModelError: A damaged file, which makes no such labels.
        """
        return self.segment_batch([photo])[0]

    def segment_batch(self, photos):
        """Segment photos of one size together.

        Args:
            photos (Iterable[ndarray]): N photos (H, W, 3) uint8 RGB.

        Returns:
            ndarray: (N, H, W), as of :meth:`segment`; [] for no photos.

        Raises:
            OnnxModelError: As :meth:`segment`, or photos of several sizes.
        """
        photos = list(photos) if hasattr(photos, '__iter__') else [photos]
        for photo in photos:
            shape, kind = (getattr(photo, name, None)
                           for name in ('shape', 'dtype'))
            if not isinstance(photo, np.ndarray) or photo.ndim != 3 or (
                    shape[2] != 3 or kind != np.uint8 or not photo.size
                    or shape != photos[0].shape):
                raise OnnxPhotoError(
                    'Photos must be (H, W, 3) uint8 RGB of one size, but got '
                    f'{type(photo).__name__} {shape or ""} {kind or ""}.')
        if not photos:
            return []
        images = np.stack([self.fit(photo) for photo in photos])
        return self.run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
                        photos[0].shape[:2])

    def run(self, images, size):
        """Segment images at the network's size.

        Args:
            images (ndarray): (N, 3, h, w) uint8 RGB.
            size (tuple[int]): (height, width) of the label maps.

        Returns and raises what :meth:`segment_batch` does.
        """
        least = self.about['least']
        if any(n < m for n, m in zip(images.shape[2:], least)):
            raise OnnxPhotoError(
                f'{os.path.basename(self.path)} takes images of '
                f'{least[1]} x {least[0]} pixels or more, but got '
                f'{images.shape[3]} x {images.shape[2]}.')
        try:
            labels = self._run(images, np.array(size, np.int64))
        except Exception as e:  # of the engine
            raise OnnxPhotoError(f'{self.engine} failed on {images.shape}: '
                                 f'{_reason(e)}') from e
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in (
                'iu') or labels.shape != (len(images), *size) or not (
                0 <= labels.min() and labels.max() < len(self.classes)):
            raise OnnxModelError(
                f'{self.path} is damaged: its labels are no {len(images)} '
                f'maps of {size[1]} x {size[0]} integers below '
                f'{len(self.classes)}.')
        return labels

    def fit(self, photo):
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
        try:
            return cv2.resize(photo, new, interpolation=cv2.INTER_LINEAR)
        except cv2.error as e:
            raise OnnxPhotoError(f'No resize to {new}: {_reason(e)}') from e


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
    settings = {'INFERENCE_PRECISION_HINT': 'f32',  # not bfloat16
                **({'INFERENCE_NUM_THREADS': threads} if threads else {})}
    model = core.compile_model(core.read_model(content), 'CPU', settings)
    return lambda image, size: model([image, size])['labels']


def _read(path):
    """tuple[bytes, dict]: Content and metadata; nothing of it is run."""
    onnx = _package('onnx')
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except (OSError, ValueError) as e:  # of open, for a name with a \0
        raise OnnxModelError(f'{path} cannot be read: {_reason(e)}.') from e
    try:
        model = onnx.load_model_from_string(content)
    except Exception as e:  # protobuf's
        raise OnnxModelError(f'{path} is damaged, or no ONNX file.') from e
    about = {entry.key: entry.value for entry in model.metadata_props}
    if about.get('software') != SOFTWARE:
        raise OnnxModelError(f'{path} was not exported by mmseg_clipzs: make '
                             'one with clipzs export-onnx.')
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL
           for tensor in _tensors(model, onnx.TensorProto)):
        raise OnnxModelError(f'{path} keeps weights in other files, which are '
                             'not read: exported files have none.')
    try:
        about = {key: value if key == 'software' else json.loads(value)
                 for key, value in about.items()}
        wrong = _unusable(about)
    except (ValueError, RecursionError):
        wrong = ['metadata']
    if wrong:
        raise OnnxModelError(
            f'{path} is damaged: it has no usable {", ".join(wrong)}.')
    return content, about


def _unusable(about):
    """list[str]: Keys of the metadata that do not say what they should."""
    names, colours, least, resize = (about.get(key, 0) for key in _KEYS)
    fits = (
        _is_list(names, str) and names and not _CONTROL.search(''.join(names)),
        _is_list(names, str) and _is_list(colours, list, len(names)) and all(
            _is_list(colour, int, 3) and all(n in range(256) for n in colour)
            for colour in colours),
        _is_size(least),
        resize is None or isinstance(resize, dict) and _is_size(
            resize.get('scale')) and type(resize.get('keep_ratio')) is bool)
    return [key for key, fit in zip(_KEYS, fits) if not fit]


def _is_size(value):
    return _is_list(value, int, 2) and (
        min(value) > 0 and value[0] * value[1] <= _AREA)


def _is_list(value, kind, length=None):
    return isinstance(value, list) and length in (None, len(value)) and all(
        type(each) is kind for each in value)  # bool is no int here


def _tensors(message, kind):
    """Yields: TensorProto: All tensors anywhere in a message."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for each in value if hasattr(value, 'add') else [value]:
            if isinstance(each, kind):
                yield each
            else:
                yield from _tensors(each, kind)


def _package(name):
    try:
        return import_module(name)
    except ModuleNotFoundError as e:
        package = _PACKAGES.get(name.split('.')[0], name)
        raise OnnxModelError(f'Exported models need {package}, which is not '
                             f'installed: pip install {package}.') from e


def _reason(error):
    """str: The first line of an error's message."""
    text = getattr(error, 'strerror', None) or str(error).strip()
    return (text.splitlines() or [type(error).__name__])[0][:300]


def read_photo(path):
    """ndarray: (H, W, 3) uint8 RGB on white, as EXIF says, 16 bits scaled.

    Raises an OnnxPhotoError if it is missing, damaged, or of more bits."""
    image, ops = _package('PIL.Image'), _package('PIL.ImageOps')
    try:
        with image.open(path) as file:
            is_16 = file.mode[:2] == 'I;' or file.format in ('PNG', 'PPM')
            photo = ops.exif_transpose(file)
        if photo.mode[0] in 'IF':
            if not is_16:
                raise ValueError('save it with 8 or 16 bits')
            photo = image.fromarray(
                (np.asarray(photo) * (255 / 65535)).round().astype(np.uint8))
        white = image.new('RGBA', photo.size, 'white')
        white.alpha_composite(photo.convert('RGBA'))
        return np.asarray(white.convert('RGB'))
    except Exception as e:  # decoders raise all kinds of errors
        raise OnnxPhotoError(f'{path} cannot be read: {_reason(e)}.') from e


def main():
    """Print the classes of a photo and their shares."""
    if len(sys.argv) != 3:
        sys.exit('usage: python onnx_model.py MODEL.onnx PHOTO')
    try:
        model = OnnxModel(sys.argv[1])
        mask = model.segment(read_photo(sys.argv[2]))
    except OnnxModelError as e:
        sys.exit(f'error: {e}')
    for i, count in zip(*np.unique(mask, return_counts=True)):
        print(f'{count / mask.size:6.1%} {model.classes[i]}')


if __name__ == '__main__':
    main()

"""CPU time of exported files, beside PyTorch in the same run."""
import time
from importlib.util import find_spec
from statistics import median

import numpy as np

from .onnx_model import ENGINES, OnnxModel

_ROUNDS = 7


def compare_engines(path, segment, photos):
    """Time and labels of each installed engine with one thread.

    Args:
        path (str | Path): An exported file.
        segment (Callable): (H, W, 3) uint8 RGB -> (H, W) labels by PyTorch,
            which should have one thread as well.
        photos (Sequence[ndarray]): (H, W, 3) uint8 RGB.

    Returns:
        dict[str, tuple[float]]: For each engine the CPU time as a share of
        PyTorch's, and the share of equal labels.
    """
    expected = [segment(photo) for photo in photos]
    found = {}
    for engine in filter(find_spec, ENGINES):
        model = OnnxModel(path, engine, threads=1)
        equal = np.concatenate([
            (model.segment(photo) == labels).flatten()
            for photo, labels in zip(photos, expected)])
        ratios = [_cpu_time(model.segment, photos) / _cpu_time(segment, photos)
                  for _ in range(_ROUNDS)]
        found[engine] = median(ratios), float(equal.mean())
    return found


def _cpu_time(function, photos):
    start = time.process_time()
    for photo in photos:
        function(photo)
    return time.process_time() - start

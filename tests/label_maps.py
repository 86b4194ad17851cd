"""Generated label maps."""
import numpy as np
from PIL import Image


def label_map(seed, classes=4, size=(40, 56)):
    """Blobs with holes, islands and ignored pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([*range(classes), 255], (9, 13)).astype(np.uint8)
    mask = np.array(Image.fromarray(coarse).resize(size[::-1], 0), np.int64)
    noise = rng.random(size) < 0.05
    mask[noise] = rng.integers(0, classes, noise.sum())
    return mask

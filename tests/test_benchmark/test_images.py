"""Generated images."""
import numpy as np
from PIL import Image

from mmseg_clipzs.benchmark.images import make_images


def test_images_are_seeded_and_have_texture(tmp_path):
    for folder in 'ab':
        (tmp_path / folder).mkdir()
        make_images(tmp_path / folder, '50x30', 2)
    images = []
    for name in ('a/0000.jpg', 'b/0000.jpg', 'a/0001.jpg'):
        with Image.open(tmp_path / name) as image:
            images.append(np.asarray(image).astype(int))
    assert images[0].shape == (30, 50, 3)
    assert np.array_equal(images[0], images[1])
    assert abs(images[0] - images[2]).mean() > 5
    assert abs(np.diff(images[0], axis=1)).mean() > 2

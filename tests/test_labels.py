import numpy as np
import pytest

from mmseg_clipzs.labels import ignore_index, label_dtype
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('classes, dtype, ignored', [
    (1, np.uint8, 255), (255, np.uint8, 255), (256, np.uint16, 65535),
    (65535, np.uint16, 65535)])
def test_no_class_is_the_ignored_label(classes, dtype, ignored):
    assert label_dtype(classes) is dtype
    assert ignore_index(classes) == ignored > classes - 1


def test_too_many_classes():
    with pytest.raises(UserError, match='at most 65,535 classes, but got 65,'):
        label_dtype(65536)

"""What the trainings on toy scenes have in common."""
import math

import pytest

from mmseg_clipzs.recipes.toy_clip import ToyClipRecipe
from mmseg_clipzs.toy.training import learning_rate


def test_learning_rate():
    """Linear warmup to the peak, cosine decay to zero."""
    recipe = ToyClipRecipe(steps=110, warmup=10, lr=2.)
    assert learning_rate(0, recipe) == pytest.approx(.2)
    assert learning_rate(9, recipe) == learning_rate(10, recipe) == 2.
    assert learning_rate(60, recipe) == pytest.approx(1.)
    assert learning_rate(35, recipe) == pytest.approx(1 + math.sqrt(.5))
    assert learning_rate(110, recipe) == pytest.approx(0, abs=1e-12)

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.toy.scenes import CLASSES, make_scene
from mmseg_clipzs.vocabularies import get_vocabulary
from mmseg_clipzs.web.examples import _SCENES, SIDE, draw_examples


@pytest.fixture(scope='module')
def examples(tmp_path_factory):
    return draw_examples(tmp_path_factory.mktemp('examples'))


def test_scenes_with_titles_and_words(examples):
    assert 4 <= len(examples) <= 6
    for values in ([each.title for each in examples],
                   [each.path.name for each in examples],
                   [each.path.read_bytes() for each in examples]):
        assert len(set(values)) == len(examples)
    for each in examples:
        with Image.open(each.path) as image:
            assert image.size == (SIDE, SIDE)


def test_words_are_what_the_scenes_show(examples):
    seen = set()
    for (seed, *_), each in zip(_SCENES, examples):
        _, truth, _ = make_scene(np.random.default_rng(seed), SIDE)
        names = get_vocabulary(each.words).classes
        assert set(names) == {CLASSES[i] for i in np.unique(truth)}
        seen |= set(names)
    assert len(seen) >= 10


def test_the_toy_model_finds_them(examples):
    inferencer = ZeroShotInferencer('maskclip_toy')
    for (seed, *_), each in zip(_SCENES, examples):
        _, truth, _ = make_scene(np.random.default_rng(seed), SIDE)
        result = inferencer.predict(
            each.words, None, inferencer.encode(each.path))
        labels = np.array([CLASSES.index(name) for name in result.classes])
        assert (labels[result.mask] == truth).mean() > .88

"""Backgrounds of inferencers: contrast words, thresholds, both."""
import copy
import logging
import pickle
import warnings

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import OnnxInferencer, ZeroShotInferencer, export_model
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')
SUN = 'sun, star'


@pytest.fixture(scope='module')
def inferencer():
    return ZeroShotInferencer('maskclip_toy', device='cpu')


@pytest.fixture(scope='module')
def scene():
    return make_scene(np.random.default_rng(7), 64)[0]


def written_out(classes):
    """The same classes and words as a text."""
    words = get_vocabulary(classes).with_contrast().to_dict()
    return '; '.join(f'{name}: {", ".join(each)}'
                     for name, each in words.items())


def same(result, other):
    return (tuple(result.classes) == tuple(other.classes)
            and np.array_equal(result.mask, other.mask)
            and np.array_equal(result.scores, other.scores))


@pytest.mark.parametrize('classes', [SUN, 'ladybug; sea', 'voc21'])
def test_as_the_words_written_out(inferencer, scene, classes):
    want, = inferencer(scene, written_out(classes))
    assert want.classes[0] == 'background' and want.palette[0] == [0, 0, 0]
    inferencer.set_image(scene)
    assert same(inferencer.predict(classes, 'auto'), want)
    inferencer.predict(classes, 'auto,0.5')
    # The classes of the model, and nothing of it stays.
    inferencer(scene, classes)
    assert same(inferencer.predict(background='auto'), want)
    assert inferencer.model.vocabulary == get_vocabulary(classes)


def test_of_the_inferencer(scene):
    """For its first classes and for those set later."""
    auto = ZeroShotInferencer(
        'maskclip_toy', device='cpu', classes=SUN, background='auto')
    plain = ZeroShotInferencer('maskclip_toy', device='cpu')
    for classes in (None, 'ladybug; grass'):
        want, = plain(scene, written_out(classes or SUN))
        assert same(auto(scene, classes)[0], want)
        assert same(auto(scene)[0], want)
        auto.set_image(scene)
        assert same(auto.predict(), want)
    assert same(auto.predict(SUN), plain(scene, written_out(SUN))[0])
    plain.set_image(scene)
    assert same(auto.predict('sun; sea', .4),
                plain.predict('sun; sea', .4))


@pytest.mark.parametrize('name', ['maskclip_toy', 'groupvit_toy'])
def test_with_a_threshold(scene, name):
    """The threshold raises class 0, which also has words."""
    auto, both, plain = (ZeroShotInferencer(
        name, device='cpu', classes='sun; sea; zebra', background=background)
        for background in ('auto', 'auto,0.6', .6))
    words, result = auto(scene)[0], both(scene)[0]
    want, = plain(scene, written_out('sun; sea; zebra'))
    assert same(result, want) and words.classes == result.classes
    assert (result.mask == 0)[words.mask == 0].all()
    assert (result.scores[0] >= words.scores[0]).all()


def test_classes_of_the_config(scene):
    auto = ZeroShotInferencer('maskclip_toy', device='cpu', background='auto')
    assert auto(scene)[0].classes[:3] == ('background', 'ladybug', 'zebra')
    threshold = ZeroShotInferencer(
        'maskclip_toy', device='cpu', background=.5)
    assert threshold(scene)[0].classes[0] == 'background'
    assert not threshold.model.vocabulary.synonyms[0]


def test_exported(tiny_config, scene, tmp_path):
    from mmseg_clipzs.export.onnx_export import can_export
    if not can_export():
        pytest.skip('the export needs a newer torch')
    path = tmp_path / 'sun.onnx'
    cfg = tiny_config('maskclip_toy')
    photo = np.asarray(Image.fromarray(scene).resize((40, 33)))
    export_model(Job(cfg), path, SUN, 'auto', [photo])
    loaded = OnnxInferencer(path)
    want, = ZeroShotInferencer(
        cfg, device='cpu', classes=SUN, background='auto')(scene)
    result, = loaded(scene)
    assert tuple(result.classes) == want.classes == ('background', 'sun')
    assert (result.mask == want.mask).mean() >= .9999
    assert loaded.model.about['words'][0] == [
        *get_vocabulary(SUN).with_contrast().synonyms[0]]
    for again in (copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded))):
        assert np.array_equal(again(scene)[0].mask, result.mask)


def test_bad_backgrounds(inferencer, scene):
    inferencer.set_image(scene)
    for value in ('half', 50, '50%', 'auto,2', True):
        with pytest.raises(UserError, match='^background is a probability'):
            inferencer.predict(SUN, value)
        with pytest.raises(UserError, match='^background is a probability'):
            ZeroShotInferencer('maskclip_toy', device='cpu', background=value)
    with pytest.raises(UserError, match='No contrast word is left'):
        inferencer.predict('ade20k150', 'auto')
    with pytest.raises(UserError, match='The only class is "background"'):
        inferencer.predict('background', 'auto')


def test_no_class_is_alone_with_contrast(inferencer, scene, log):
    """A single class is warned of, unless the background has words."""
    inferencer(scene, 'sun')
    line, = (line for line in log if 'is the only class' in line)
    assert 'background="auto"' in line
    log.clear()
    inferencer.set_image(scene)
    inferencer.predict('sun', 'auto')
    assert not log


# --------------------------------------------------------- in a user's program
@pytest.mark.parametrize('copied', [
    copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_are_independent(inferencer, scene, copied):
    inferencer.set_image(scene)
    want = inferencer(scene, 'sun; sea')[0]
    other = copied(inferencer)
    assert same(other(scene)[0], want)
    assert same(other.predict('sea; brick'), inferencer.predict('sea; brick'))
    other(scene, 'zebra; brick')
    assert inferencer(scene)[0].classes == ('sun', 'sea')


def test_warnings_and_filters(scene):
    """No warnings of the toolbox, and the caller's filters as they were."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        before = list(warnings.filters)
        result, = ZeroShotInferencer(
            'maskclip_toy', device='cpu', classes='sun; sea')(scene)
        assert result.scores.shape == (2, 64, 64)
        assert warnings.filters == before
    assert logging.getLogger().level == logging.WARNING

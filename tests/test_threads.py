"""One inferencer and many threads: each call answers with its own classes."""
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer, find_config

LISTS = ['grass; sea; brick', 'sky, cloud; sand', 'tree; water; road; brick',
         'leaf; stone']


def picture(seed):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (3, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((48 + 8 * seed, 40)))


@pytest.fixture(autouse=True)
def _often_switching():
    """Threads switch between any two operations, not every 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    model = MODELS.build(Config.fromfile(
        find_config('maskclip_plus_toy')).model)
    model.init_weights()
    path = tmp_path_factory.mktemp('student') / 'student.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return str(path)


def in_threads(function, count=12):
    barrier = threading.Barrier(4)

    def run(i):
        if i < 4:
            barrier.wait(60)
        return function(i)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize('name', ['maskclip_toy', 'groupvit_toy',
                                  'maskclip_plus_toy'])
def test_classes_of_a_call(name, checkpoint):
    inferencer = ZeroShotInferencer(
        name, checkpoint if 'plus' in name else None, 'cpu')
    photo = picture(0)
    want = [inferencer(photo, classes)[0] for classes in LISTS]
    results = in_threads(lambda i: inferencer(photo, LISTS[i % 4])[0])
    for i, result in enumerate(results):
        assert result.classes == want[i % 4].classes
        assert result.palette == want[i % 4].palette
        assert np.array_equal(result.mask, want[i % 4].mask)
        np.testing.assert_allclose(
            result.scores, want[i % 4].scores, atol=1e-5)


@pytest.mark.parametrize('name', ['maskclip_toy', 'maskclip_plus_toy'])
def test_a_stream_keeps_its_classes(name, checkpoint):
    """Also between its batches, and those of the config."""
    inferencer = ZeroShotInferencer(
        name, checkpoint if 'plus' in name else None, 'cpu')
    photos = [picture(i) for i in range(3)]
    want = inferencer(photos)
    first = inferencer.stream(photos)
    got = [next(first)]
    second = inferencer.stream(photos, LISTS[0])
    other = [next(second)]
    got += first
    other += second
    assert [r.classes for r in other] == [('grass', 'sea', 'brick')] * 3
    for result, wanted in zip(got, want):
        assert result.classes == wanted.classes
        assert np.array_equal(result.mask, wanted.mask)


def test_image_of_a_thread():
    """Its own, or the last one where it has set none."""
    inferencer = ZeroShotInferencer('maskclip_toy', device='cpu')
    want = []
    for i in range(4):
        inferencer.set_image(picture(i))
        want.append(inferencer.predict(LISTS[i]))

    def set_and_predict(i):
        inferencer.set_image(picture(i % 4))
        return inferencer.predict(LISTS[i % 4])

    for i, result in enumerate(in_threads(set_and_predict)):
        assert result.classes == want[i % 4].classes
        assert np.array_equal(result.photo, want[i % 4].photo)
        assert np.array_equal(result.mask, want[i % 4].mask)
    inferencer.set_image(picture(2))
    for result in in_threads(lambda i: inferencer.predict(LISTS[2]), 4):
        assert np.array_equal(result.mask, want[2].mask)


def test_built_in_threads():
    """Random weights are those of the seed; the caller's stay."""
    def build(i):
        return ZeroShotInferencer(
            'maskclip_toy', device='cpu', classes=LISTS[i % 4], cfg_options={
                'model.clip.pretrained': None, 'model.prompts': 'single'})

    want = [build(i)(picture(0))[0] for i in range(4)]
    state = torch.get_rng_state()
    for i, inferencer in enumerate(in_threads(build, 4)):
        assert np.array_equal(inferencer(picture(0))[0].scores, want[i].scores)
    assert torch.equal(torch.get_rng_state(), state)

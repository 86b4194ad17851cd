"""Models from elsewhere: the contract, with one that knows colours."""
import math

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.models.segmentors import ForeignSegmentor, ZeroShotTTAModel
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
COLOURS = dict(red=(1, 0, 0), green=(0, 1, 0), blue=(0, 0, 1),
               crimson=(.8, .1, .2))
PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]


@MODELS.register_module()
class ByColour(ForeignSegmentor):
    """Probability 1 - mean distance of the three channels."""
    asked = 0

    def word_maps(self, features, words):
        self.asked += 1
        wanted = features.new_tensor([COLOURS[word] for word in words])
        return 1 - (features[:, None] - wanted[..., None, None]).abs().mean(2)


def build(**options):
    return ByColour(**options).eval()


def images(*sizes):
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.integers(0, 256, (3, *size), np.uint8))
            for size in sizes]


@torch.no_grad()
def predict(model, inputs):
    data = model.data_preprocessor(dict(inputs=inputs))
    return model.predict(data['inputs'], data['data_samples'])


def expected(image, words):
    """(Q, H, W) of one BGR image."""
    rgb = image.flip(0).numpy() / 255
    return np.stack([1 - np.abs(
        rgb - np.array(COLOURS[word])[:, None, None]).mean(0)
        for word in words])


@pytest.mark.parametrize('sizes', [
    [(9, 14)], [(9, 14), (20, 7), (9, 14)]])
@pytest.mark.parametrize('test_cfg', [
    None, dict(mode='slide', crop_size=(8, 6), stride=(5, 4))])
def test_results(sizes, test_cfg):
    """Of any batch, whole or in windows: class 1 has two words."""
    model = build(vocabulary='blue; red, crimson; green', test_cfg=test_cfg)
    inputs = images(*sizes)
    for image, result in zip(inputs, predict(model, inputs), strict=True):
        maps = expected(image, ['blue', 'red', 'crimson', 'green'])
        want = np.stack([maps[0], maps[1:3].max(0), maps[3]])
        logits = result.seg_logits.data
        np.testing.assert_allclose(logits.exp().numpy(), want, atol=1e-6)
        np.testing.assert_array_equal(
            result.pred_sem_seg.data[0].numpy(), want.argmax(0))
        assert torch.equal(logits.argmax(0), result.pred_sem_seg.data[0])


def test_background():
    """Where no word reaches the threshold, whatever the order."""
    model = build(vocabulary='blue; red', background_threshold=.601)
    assert model.vocabulary.classes == ('background', 'blue', 'red')
    assert model.dataset_meta['classes'] == model.vocabulary.classes
    image, = inputs = images((17, 23))
    result, = predict(model, inputs)
    best = expected(image, ['blue', 'red'])
    want = np.where(best.max(0) < .601, 0, 1 + best.argmax(0))
    assert 0 < (want == 0).mean() < 1
    np.testing.assert_array_equal(result.pred_sem_seg.data[0].numpy(), want)
    logits = result.seg_logits.data
    assert torch.equal(logits.argmax(0), result.pred_sem_seg.data[0])
    torch.testing.assert_close(
        logits[0], torch.full_like(logits[0], math.log(.601)))


def test_pamr_and_augmentation():
    """Its options are those of every segmentor."""
    model = build(vocabulary='blue; red', pamr=dict(steps=1, dilations=(1, )))
    image, = inputs = images((12, 10))
    result, = predict(model, inputs)
    p = result.seg_logits.data.exp()
    assert p.max() <= 1
    assert not np.allclose(p.numpy(), expected(image, ['blue', 'red']))
    tta = ZeroShotTTAModel(module=model)
    merged = tta.merge_preds([[result, result]])[0]
    torch.testing.assert_close(merged.seg_logits.data.exp(), p)


def test_regions():
    """Each region has one label, and seg_logits agree."""
    pytest.importorskip('skimage')
    model = build(vocabulary='blue; red', regions=dict(
        type='Slic', n_segments=6))
    result, = predict(model, images((32, 40)))
    labels, regions = result.pred_sem_seg.data[0], result.regions.data[0]
    assert 1 < len(regions.unique())
    for region in regions.unique():
        assert len(labels[regions == region].unique()) == 1
    assert torch.equal(labels, result.seg_logits.data.argmax(0))


def test_inferencer():
    """One image, many vocabularies; classes, background and contrast."""
    config = Config(dict(model=dict(type='ByColour'),
                         test_pipeline=PIPELINE))
    inferencer = ZeroShotInferencer(config)
    image = np.zeros((10, 20, 3), np.uint8)
    image[:, :10, 0] = 255
    image[:5, 10:, 2] = 255
    result, = inferencer(image, classes='red; blue')
    assert result.classes == ('red', 'blue')
    inferencer.set_image(image)
    again = inferencer.predict('red; blue')
    np.testing.assert_array_equal(again.mask, result.mask)
    found = inferencer.predict('red; blue', background=.7)
    assert found.classes == ('background', 'red', 'blue')
    assert found.mask[0, 0] == 1 and found.mask[0, 15] == 2
    assert (found.mask[5:, 10:] == 0).all()
    words = inferencer.model.with_vocabulary('green').vocabulary.words
    assert words == ('green', )
    assert inferencer.model.vocabulary.words == ('red', 'blue')


@pytest.mark.parametrize('options, message', [
    (dict(background_threshold=1.5), 'background_threshold must be'),
    (dict(vocabulary='red; red'), 'occurs more than once'),
    (dict(test_cfg=dict(mode='tiles')), 'test_cfg.mode must be'),
    (dict(pamr=dict(steps=-1)), 'steps'),
])
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        build(**options)


def test_refusals():
    model = build()
    with pytest.raises(UserError, match='No classes are set'):
        predict(model, images((4, 4)))
    with pytest.raises(UserError, match='takes no text embeddings'):
        model.set_vocabulary(['red', 'blue'], torch.eye(2))
    with pytest.raises(UserError, match='has nothing to train'):
        model.loss(None, None)


def test_export_is_refused():
    from mmseg_clipzs.export.onnx_graph import SegmentorGraph
    with pytest.raises(UserError, match='not of this package'):
        SegmentorGraph(build(vocabulary='red; blue'))

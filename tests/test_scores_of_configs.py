"""What seg_logits mean, for every toy config: shipped weights, real scenes."""
import math
from functools import cache

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmseg.apis import init_model
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.toy.scenes import make_scene

pytestmark = pytest.mark.usefixtures('one_thread')
TOY = [name for name in list_configs() if name.endswith('_toy')
       and 'pretrain' not in name]  # no classes until it is asked
STUDENTS = ('maskclip_plus_toy', 'maskclip_plus_photos_toy',
            'maskclip_plus_zero_shot_toy',
            'text_mapped_zero_shot_toy')  # have no background threshold


@pytest.fixture(scope='module')
def scene():
    image, _, _ = make_scene(np.random.default_rng(5), 96, 3)
    return np.ascontiguousarray(image[..., ::-1])  # BGR


def build(name, corrected=True, **options):
    cfg = Job(name, options={
        f'model.{key}': value for key, value in options.items()}).load()
    if not corrected and cfg.model.get('regions'):
        cfg.model.regions.correct = False
    if 'photos' in name:
        cfg.model.teacher.vocabulary = 'toy'
    torch.manual_seed(0)  # students start from random weights
    model = init_model(cfg, None, 'cpu')
    if name.startswith('maskclip_plus'):
        model.init_weights()  # embeds the classes
    return model


@torch.no_grad()
def predict(model, scene):
    data = Compose([dict(type='LoadImageFromNDArray'),
                    dict(type='PackSegInputs')])(dict(img=scene))
    return model.test_step(dict(inputs=[data['inputs']],
                                data_samples=[data['data_samples']]))[0]


@pytest.fixture(scope='module')
def predicted(scene):
    """``predicted(name, corrected)``: a model and its prediction."""
    @cache
    def known(name, corrected):
        model = build(name, corrected)
        return model, predict(model, scene)

    return known


@pytest.mark.parametrize('name', TOY)
def test_logits_are_log_probabilities(name, predicted):
    model, result = predicted(name, bool(Job(name).load().model.get(
        'regions')))  # there is nothing to correct in others
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data[0]
    p = logits.exp()
    assert p.shape == (12, 96, 96)
    assert p.min() >= 0 and p.max() <= 1
    assert p.sum(0).max() < 1 + 1e-4
    assert torch.equal(labels, logits.argmax(0))
    assert model.dataset_meta['classes'][-1] == 'sand'
    assert len(model.dataset_meta['palette']) == 12


@pytest.mark.parametrize('name', sorted(set(TOY) - set(STUDENTS)))
@pytest.mark.parametrize('threshold', [.3, .9])
def test_a_background_threshold_raises_class_0_alone(
        name, threshold, scene, predicted):
    plain = predicted(name, False)[1].seg_logits.data
    result = predict(
        build(name, False, background_threshold=threshold), scene)
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data[0]
    torch.testing.assert_close(logits[1:], plain)
    assert torch.equal(labels, logits.argmax(0))
    lowered = (labels > 0) & (logits[1:].amax(0) < math.log(threshold))
    if 'groupvit' not in name:  # whose paper lowers the threshold
        assert not lowered.any()
    assert (logits[0][~lowered] >= math.log(threshold) - 1e-6).all()


def test_background_of_smoothed_predictions(scene):
    """Key smoothing: its share grows with the threshold."""
    shares = [(predict(build('maskclip_ks_pd_toy', background_threshold=t),
                       scene).pred_sem_seg.data == 0).float().mean().item()
              for t in (.05, .2, .5, .9)]
    assert shares == sorted(shares)
    assert shares[0] < .5 < shares[-1]


@pytest.mark.parametrize('name', TOY)
@torch.no_grad()
def test_test_time_augmentation_averages_probabilities(
        name, scene, predicted):
    """A flipped view, by the TTA model that the config names."""
    model, cfg = predicted(name, False)[0], Job(name, tta=True).load()
    image = torch.from_numpy(scene).permute(2, 0, 1)
    metas = [dict(ori_shape=(96, 96), img_shape=(96, 96), img_path='x.jpg',
                  flip=flip, flip_direction='horizontal')
             for flip in (False, True)]

    def views():
        return dict(inputs=[image[None], image.flip(2)[None]], data_samples=[
            [SegDataSample(metainfo=meta)] for meta in metas])

    tta = MODELS.build(dict(type=cfg.model.type, module=model)).eval()
    result, = tta.test_step(views())
    each = [model.test_step(dict(inputs=inputs, data_samples=samples))[0]
            for inputs, samples in zip(*views().values())]
    mean = sum(one.seg_logits.data.exp() for one in each) / 2
    torch.testing.assert_close(result.seg_logits.data.exp(), mean)
    assert torch.equal(result.pred_sem_seg.data[0],
                       result.seg_logits.data.argmax(0))

"""The negative baseline: fine-tuned CLIP with a mapped classifier."""
import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from students import CLASSES, NORM, batch, metas

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')


def build(tiny_rn, **settings):
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict({**dict(
        type='TextMappedSegmentor', clip=tiny_rn, prompts='single',
        data_preprocessor=dict(type='SegDataPreProcessor', size=(64, 64)),
        backbone=dict(type='ClipResNet', out_stages=True),
        decode_head=dict(type='FCNHead', in_channels=256, in_index=3,
                         channels=16, num_convs=1, norm_cfg=NORM),
        vocabulary=CLASSES, unseen=['grass', 'sky'],
        test_cfg=dict(mode='whole')), **settings}))
    model.init_weights()
    return model


def test_mapper_and_backbone_are_trained(tiny_rn):
    model = build(tiny_rn)
    data = model.data_preprocessor(batch(), True)
    model.train().loss(**data)['decode.loss_ce'].backward()
    mapper = model.decode_head.conv_seg.mapper
    assert mapper[0].weight.grad.abs().sum() > 0
    assert model.backbone.visual.conv1.weight.grad is not None


def test_classes_that_share_a_word(tiny_rn):
    model = build(tiny_rn, unseen=['dog'], vocabulary=Vocabulary(
        ('background', 'bed', 'dog'), (('sky', 'bed'), ('bed', ), ('dog', ))))
    sky, bed, dog = model.text_encoder(('sky', 'bed', 'dog'), 'single')
    torch.testing.assert_close(
        model.decode_head.conv_seg.embeddings,
        torch.stack([F.normalize(sky + bed, dim=0), bed, dog]))


def test_hidden_labels_do_not_count(tiny_rn):
    model = build(tiny_rn).eval()
    data = model.data_preprocessor(batch(), True)
    labels = torch.stack([s.gt_sem_seg.data for s in data['data_samples']])
    assert (labels == -1).any()
    scores = F.interpolate(model(data['inputs']), (64, 64), mode='bilinear')
    want = F.cross_entropy(
        scores, labels[:, 0].masked_fill(labels[:, 0] == -1, 255),
        ignore_index=255, reduction='sum') / labels.numel()
    loss = model.loss(**copy.deepcopy(data))['decode.loss_ce']
    torch.testing.assert_close(loss, want)
    data['data_samples'][0].gt_sem_seg.data[0, 0, 0] = 3
    with pytest.raises(UserError, match='unseen class 3 reached the loss'):
        model.loss(**data)


@pytest.mark.parametrize('test_cfg', [
    dict(mode='whole'),
    dict(mode='slide', crop_size=(48, 48), stride=(32, 32))])
def test_scores_are_log_probabilities(tiny_rn, test_cfg):
    model = build(tiny_rn, test_cfg=test_cfg).eval()
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    for sample in samples:
        sample.set_metainfo(dict(ori_shape=(50, 70)))
    assert torch.allclose(
        model.inference(inputs, metas()).exp().sum(1), torch.ones(2, 64, 64))
    for result in model.predict(inputs, samples):
        scores = result.seg_logits.data
        assert scores.shape == (4, 50, 70)
        assert (scores <= 0).all()
        torch.testing.assert_close(scores.exp().sum(0), torch.ones(50, 70))
        assert torch.equal(result.pred_sem_seg.data[0], scores.argmax(0))


def test_whole_images_by_hand(tiny_rn):
    """Upsampled to the input, then to the original size, log-softmax."""
    model = build(tiny_rn).eval()
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    for sample in samples:
        sample.set_metainfo(dict(ori_shape=(50, 70)))
    scores = F.interpolate(model(inputs), (64, 64), mode='bilinear')
    torch.testing.assert_close(model.encode_decode(inputs, metas()),
                               scores.log_softmax(1))
    for i, result in enumerate(model.predict(inputs, samples)):
        # The second image is 54 x 44; padding is cropped.
        h, w = 64 - 10 * i, 64 - 20 * i
        want = F.interpolate(scores[i:i + 1, :, :h, :w], (50, 70),
                             mode='bilinear')[0].log_softmax(0)
        torch.testing.assert_close(result.seg_logits.data, want,
                                   atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('classes, names', [
    (['zebra', 'sun'], ('zebra', 'sun')),
    ('sea, ocean; sun; background', ('sea', 'sun', 'background')),
    ('background; sun', ('background', 'sun')),
    (['sun'], ('sun', ))])
def test_other_classes(tiny_rn, classes, names):
    model = build(tiny_rn).eval()
    model.set_vocabulary(classes)
    meta = model.dataset_meta
    assert meta['classes'] == names and len(meta['palette']) == len(names)
    assert (meta['palette'][0] == [0, 0, 0]) == (names[0] == 'background')
    inputs = model.data_preprocessor(batch(), True)['inputs']
    result = model.predict(inputs)[0]
    assert result.seg_logits.data.shape == (len(names), 64, 64)
    assert result.pred_sem_seg.data.max() < len(names)


def test_classes_and_palette_from_the_start(tiny_rn):
    meta = build(tiny_rn).dataset_meta
    assert meta['classes'] == tuple(CLASSES) and len(meta['palette']) == 4


def test_inferencer(tmp_path):
    """Visualization needs a palette for the config's and other classes."""
    cfg = Job('text_mapped_zero_shot_toy').load()
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
               tmp_path / 'trained.pth')
    inferencer = ZeroShotInferencer(cfg, tmp_path / 'trained.pth')
    image = np.random.default_rng(0).integers(
        0, 256, (40, 60, 3), dtype=np.uint8)
    for classes, count in ((None, 12), ('sun; sea, ocean', 2)):
        result = inferencer(image, classes)[0]
        assert len(result.classes) == len(result.palette) == count
        assert result.mask.shape == (40, 60) and result.mask.max() < count
        assert np.allclose(result.scores.sum(0), 1, atol=1e-4)
        assert result.picture().shape[2] == 3


def test_unfit_heads(tiny_rn):
    with pytest.raises(UserError, match='PIDHead is trained with more'):
        build(tiny_rn, decode_head=dict(
            type='PIDHead', in_channels=256, channels=16))


@pytest.mark.parametrize('classes', ['zebra; sun', 'dog; cat; grass; sky'])
def test_training_has_fixed_classes(tiny_rn, classes):
    model = build(tiny_rn).train()
    data = model.data_preprocessor(batch(), True)
    model.set_vocabulary(classes)
    with pytest.raises(UserError, match='zero-shot training are fixed'):
        model.loss(**data)
    model.set_vocabulary(CLASSES)
    assert torch.isfinite(model.loss(**data)['decode.loss_ce'])

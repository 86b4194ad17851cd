"""The graph to be exported labels images as the model's ``predict`` does."""
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from small_groupvit import small_groupvit
from students import build, student

from mmseg_clipzs.export.onnx_graph import SegmentorGraph, _Windows
from mmseg_clipzs.models.segmentors.sliding import spans
from mmseg_clipzs.models.segmentors.upsampling import upsampling_weights
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
SLIDE = dict(mode='slide', crop_size=(64, 48), stride=(40, 32))
WORDS = 'cat, kitten; grass, lawn; sky; dog'
AREA = dict(vocabulary='background; cat, kitten; grass; sky; dog',
            background_threshold=0.3, area_threshold=0.4, logit_scale=40.)


def segmentor(clip, last_block='maskclip', head=None, backbone=None,
              **settings):
    return MODELS.build({**dict(
        type='ZeroShotSegmentor', clip=clip,
        backbone=dict(type='ClipViT', last_block=last_block,
                      **(backbone or {})),
        decode_head=dict(type='MaskClipHead', **(head or {})),
        prompts='single', vocabulary=WORDS), **settings}).eval()


def predicted(model, images, size):
    """Labels (N, H, W) of RGB images by the model itself."""
    data = model.data_preprocessor(dict(
        inputs=list(images.flip(1)), data_samples=[
            SegDataSample(metainfo=dict(
                ori_shape=size, img_shape=images.shape[2:]))
            for _ in images]), False)
    with torch.no_grad():
        results = model.predict(data['inputs'], data['data_samples'])
    return torch.cat([result.pred_sem_seg.data for result in results])


def check(model, least=1, sizes=((67, 90), (64, 64), (97, 131))):
    """Compare on several sizes; images have a few colours and edges."""
    graph = SegmentorGraph(model)
    rng, seen = np.random.default_rng(0), set()
    for h, w in sizes:
        coarse = rng.integers(0, 256, (2, 3, 5, 6), dtype=np.uint8)
        images = torch.nn.functional.interpolate(
            torch.from_numpy(coarse), size=(h, w), mode='nearest')
        size = (h - 12, w + 31)
        with torch.no_grad():
            labels = graph(images, torch.tensor(size))
        expected = predicted(model, images, size)
        assert labels.shape == expected.shape
        assert (labels == expected).float().mean() >= 0.9995
        seen |= set(labels.unique().tolist())
    assert len(seen) >= least
    return labels


@pytest.mark.parametrize('settings', [
    dict(),
    dict(backbone=dict(off_grid='pad_even', pos_embed='antialias')),
    dict(last_block='naclip', pamr=dict(steps=2), test_cfg=SLIDE),
    dict(last_block='scclip', test_cfg=SLIDE, backbone=dict(off_grid='drop')),
    dict(last_block='gem', background_threshold=0.25, logit_scale=10.,
         vocabulary='background; cat; grass, lawn; sky; dog'),
    dict(test_cfg=SLIDE, **AREA),
    dict(backbone=dict(out_keys='raw'), head=dict(
        ks_thresh=0.3, pd_thresh=0.01)),
], ids=['whole', 'pad_even', 'pamr', 'scclip', 'background', 'area', 'keys'])
def test_zero_shot(tiny_vit, settings):
    check(segmentor(tiny_vit, **settings), least=2)


def test_small_classes_go(tiny_vit):
    """The area threshold changes the labels of these images."""
    without = {**AREA, 'area_threshold': None}
    labels, others = (check(segmentor(tiny_vit, test_cfg=SLIDE, **each))
                      for each in (AREA, without))
    assert (labels != others).any()


@pytest.mark.parametrize('settings', [
    dict(), dict(test_cfg=SLIDE), dict(background_threshold=0.4)])
def test_groupvit(settings):
    check(small_groupvit(vocabulary=WORDS, **settings), least=2)


@pytest.mark.parametrize('background', [False, True])
def test_student(tiny_vit, background):
    teacher = dict(
        type='ZeroShotSegmentor', clip=tiny_vit,
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'), prompts='single',
        vocabulary='cat; dog; grass; sky')
    check(build(teacher, learn_background=background).eval(), least=2)


@pytest.mark.parametrize('settings', [
    dict(), dict(test_cfg=SLIDE), dict(align_corners=True)])
def test_mmseg(settings):
    """An EncoderDecoder of mmseg, and one that takes BGR."""
    torch.manual_seed(0)
    cfg = student()
    cfg['decode_head'].update(num_classes=5, **{
        key: value for key, value in settings.items() if key != 'test_cfg'})
    cfg['test_cfg'] = settings.get('test_cfg', cfg['test_cfg'])
    cfg['data_preprocessor']['bgr_to_rgb'] = 'test_cfg' not in settings
    check(balanced(MODELS.build(ConfigDict(cfg))), least=2)


def balanced(model):
    """A model of mmseg whose classes all win somewhere."""
    model.eval()
    classifier = model.decode_head.conv_seg
    torch.nn.init.normal_(classifier.weight)
    with torch.no_grad():
        scores = model.encode_decode(
            torch.randn(1, 3, 64, 64), [dict(img_shape=(64, 64))])
        classifier.bias -= scores.mean((0, 2, 3))
    return model


def test_binary():
    """mmseg's models with one map."""
    torch.manual_seed(1)
    cfg = student()
    cfg['decode_head'].update(
        num_classes=2, out_channels=1, threshold=0.5,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    check(balanced(MODELS.build(ConfigDict(cfg))), least=2)


@pytest.mark.parametrize('size, crop, stride', [
    (64, 64, 32), (65, 64, 32), (131, 64, 32), (100, 30, 30), (97, 64, 7)])
@pytest.mark.parametrize('align_corners', [False, True])
def test_windows(size, crop, stride, align_corners):
    """As placed and upsampled in prediction."""
    placed = spans(size, crop, stride)
    windows = _Windows(size, crop, stride, align_corners)
    assert windows.starts.tolist() == list(placed.starts)
    torch.testing.assert_close(
        windows.weights(5, 83), upsampling_weights(
            placed, 5, size=83, align_corners=align_corners).float(),
        atol=1e-5, rtol=0)


def test_many_classes(tiny_vit):
    """Labels above 255 need more than 8 bits."""
    words = [f'word{i}' for i in range(300)]
    embeddings = torch.nn.functional.normalize(torch.randn(300, 24), dim=1)
    model = segmentor(tiny_vit, vocabulary=words, text_embeddings=embeddings)
    assert check(model, least=2).dtype == torch.int32


def test_refused(tiny_vit, tiny_proxy):
    pytest.importorskip('sklearn')
    model = segmentor(tiny_vit)
    model.vocabulary = None
    with pytest.raises(UserError, match='No classes are set'):
        SegmentorGraph(model)
    pytest.importorskip('skimage')
    with pytest.raises(UserError, match='with regions cannot be exported: '
                       'those of Felzenszwalb are not .* Set regions=None'):
        SegmentorGraph(segmentor(tiny_vit, regions=dict(type='Felzenszwalb')))
    with pytest.raises(UserError, match='backbone needs regions .* Choose '
                       'another last_block'):
        SegmentorGraph(segmentor(
            tiny_vit, dict(type='corrclip', proxy=tiny_proxy),
            regions=dict(type='Felzenszwalb')))
    with pytest.raises(UserError, match="clustering is scikit-learn's"):
        SegmentorGraph(segmentor(
            tiny_vit, decode_head=dict(type='ClusterHead')))
    cfg = student()
    cfg['data_preprocessor'].update(test_cfg=dict(size_divisor=32))
    cfg['decode_head'].update(num_classes=5)
    with pytest.raises(UserError, match='pads test images'):
        SegmentorGraph(MODELS.build(ConfigDict(cfg)))

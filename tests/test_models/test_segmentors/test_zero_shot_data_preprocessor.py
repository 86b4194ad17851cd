import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_clipzs.models.segmentors import ZeroShotDataPreProcessor

pytestmark = pytest.mark.usefixtures('one_thread')

MEAN, STD = [120., 110., 100.], [60., 50., 40.]


def image(h, w, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, h, w), generator=generator,
                         dtype=torch.uint8)


def expected(x, mean=MEAN, std=STD):
    """BGR inputs become normalised RGB, channel by channel."""
    return torch.stack([(x[2 - c].float() - mean[c]) / std[c]
                        for c in range(3)])


@pytest.mark.parametrize('stacked', [True, False])
def test_equal_sizes_give_a_tensor(stacked):
    images = [image(5, 7, seed) for seed in range(2)]
    samples = [SegDataSample(metainfo=dict(number=i)) for i in range(2)]
    out = ZeroShotDataPreProcessor(MEAN, STD)(dict(
        inputs=torch.stack(images) if stacked else images,
        data_samples=samples))
    torch.testing.assert_close(
        out['inputs'], torch.stack([expected(x) for x in images]))
    assert out['inputs'].dtype == torch.float32
    assert [s.number for s in out['data_samples']] == [0, 1]


@pytest.mark.parametrize('sizes', [
    [(5, 7), (7, 5)], [(5, 7), (6, 6), (5, 7)], [(1, 1), (1, 2)]])
@pytest.mark.parametrize('with_samples', [True, False])
def test_different_sizes_stay_a_list(sizes, with_samples):
    images = [image(*size, seed) for seed, size in enumerate(sizes)]
    data = dict(inputs=images)
    if with_samples:
        data['data_samples'] = [SegDataSample(metainfo=dict(number=i))
                                for i in range(len(images))]
    out = ZeroShotDataPreProcessor(MEAN, STD)(data)
    assert isinstance(out['inputs'], list)
    for one, x in zip(out['inputs'], images):
        torch.testing.assert_close(one, expected(x))
    if with_samples:
        assert [s.number for s in out['data_samples']] == [
            *range(len(images))]
    else:
        assert out['data_samples'] is None


def test_padding_in_testing_is_noted_for_each_size():
    preprocessor = ZeroShotDataPreProcessor(
        MEAN, STD, test_cfg=dict(size_divisor=4))
    out = preprocessor(dict(
        inputs=[image(5, 7), image(9, 4)],
        data_samples=[SegDataSample(), SegDataSample()]))
    assert [tuple(x.shape) for x in out['inputs']] == [
        (3, 8, 8), (3, 12, 4)]
    assert [s.img_padding_size for s in out['data_samples']] == [
        (0, 1, 0, 3), (0, 0, 0, 3)]


def test_training_pads_to_the_largest():
    """As mmseg does; the labels of the padding are ignored."""
    samples = []
    for size in [(5, 7), (6, 4)]:
        labels = torch.zeros(1, *size, dtype=torch.int64)
        samples.append(SegDataSample(gt_sem_seg=PixelData(data=labels)))
    out = ZeroShotDataPreProcessor(MEAN, STD, size=(6, 7))(
        dict(inputs=[image(5, 7), image(6, 4)], data_samples=samples),
        training=True)
    assert out['inputs'].shape == (2, 3, 6, 7)
    torch.testing.assert_close(out['inputs'][0, :, :5], expected(image(5, 7)))
    labels = torch.stack([s.gt_sem_seg.data[0] for s in out['data_samples']])
    assert (labels == 255).sum(dim=(1, 2)).tolist() == [7, 18]


def test_rgb_input_is_kept():
    x = image(5, 7)
    out = ZeroShotDataPreProcessor(MEAN, STD, bgr_to_rgb=False)(
        dict(inputs=[x]))
    torch.testing.assert_close(out['inputs'][0], expected(x.flip(0)))


@pytest.mark.parametrize('given', [None, dict(
    type='ZeroShotDataPreProcessor')])
def test_mean_and_std_are_those_of_the_weights(zero_shot, given):
    model = zero_shot(data_preprocessor=given)
    clip = model.text_encoder.clip
    x = image(32, 32)
    torch.testing.assert_close(
        model.data_preprocessor(dict(inputs=[x]))['inputs'][0],
        expected(x, [255 * m for m in clip.mean],
                 [255 * s for s in clip.std]))


@pytest.mark.parametrize('kind', [
    'ZeroShotDataPreProcessor', 'SegDataPreProcessor'])
def test_mean_and_std_of_the_config_win(zero_shot, kind):
    model = zero_shot(data_preprocessor=dict(
        type=kind, mean=MEAN, std=STD, bgr_to_rgb=True))
    x = image(32, 32)
    torch.testing.assert_close(
        model.data_preprocessor(dict(inputs=[x]))['inputs'][0], expected(x))

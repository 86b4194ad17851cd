"""Regions of images: found once, followed by labels, shown to backbones."""
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from small_groupvit import ONE_STAGE, small_groupvit

from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.regions import RegionProvider
from mmseg_clipzs.models.segmentors.image_regions import (
    ImageRegions,
    follow_regions,
    resize_regions,
    to_input,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'
SLIDE = dict(mode='slide', crop_size=(48, 48), stride=(24, 24))


class Squares(RegionProvider):
    """Squares of 8 pixels at the image's size; those at the top are none."""

    def __init__(self, side=8):
        self.side, self.seen = side, []

    def __call__(self, image, meta):
        self.seen.append((image, meta))
        return squares(image.shape[:2], self.side)


def squares(size, side=8):
    y, x = np.mgrid[:size[0], :size[1]] // side
    return (y * 100000 + x + 1) * (y > 0)


class Onlooker(ClipViT):
    """Scales the features of each patch by its region."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.needs_regions = True

    def forward(self, inputs, regions):
        self.shown = [*getattr(self, 'shown', ()), regions]
        features, *rest = super().forward(inputs, regions)
        cells = torch.stack([
            resize_regions(one, features.shape[2:]) for one in regions])
        return (features * (1 + cells[:, None] % 7), *rest)


def squares_of(**options):
    return dict(type=Squares, **options)


def images(count=1, size=(64, 96), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.interpolate(
        torch.randn(count, 3, 5, 7, generator=generator), size=size,
        mode='bicubic')


def plain_majority(labels, regions):
    labels, out = labels.copy(), labels.copy()
    for region in set(regions.ravel().tolist()) - {0}:
        inside = regions == region
        out[inside] = np.bincount(labels[inside]).argmax()
    return out


@pytest.mark.parametrize('ids', ['regions0', 'regions_without0'])
@pytest.mark.parametrize('words', ['six_classes', 'three_background_words'])
def test_golden(golden, ids, words):
    """CorrCLIP's code leaves out the lowest id, whether it is 0 or not.

    0 is the lowest id of regions0.
    """
    numbers, case = golden('corrclip_regions.npz'), f'correct.{ids}.{words}.'
    p = torch.from_numpy(40 * numbers['correct.logits']).softmax(0)
    if words == 'three_background_words':
        p = torch.cat([p[:3].amax(0, keepdim=True), p[3:]])
    best, labels = p.max(0)
    labels[best < float(numbers[case + 'prob_thd'])] = 0
    regions = torch.from_numpy(numbers[case + 'regions']).long()
    for unsegmented in ('zero', 'lowest'):
        got = ImageRegions(dict(
            type='Felzenszwalb', unsegmented=unsegmented)).follow(
                labels, regions)
        assert (got != labels).any()
        assert np.array_equal(got, numbers[case + 'pred']) == (
            ids == 'regions0' or unsegmented == 'lowest')


@pytest.mark.parametrize('size, count, classes', [
    ((7, 9), 3, 4), ((1, 12), 20, 2), ((40, 30), 60, 1000), ((5, 4), 1, 1)])
def test_plain_loop(size, count, classes):
    rng = np.random.default_rng(0)
    for _ in range(3):
        labels, regions = (rng.integers(0, n, size) for n in (classes, count))
        regions *= 10**9 + 7  # ids are arbitrary
        np.testing.assert_array_equal(
            follow_regions(*map(torch.from_numpy, (labels, regions))),
            plain_majority(labels, regions))


def test_of_equal_counts_the_lowest_label():
    labels = torch.tensor([[3, 1, 1, 3, 2]])
    assert follow_regions(labels, torch.tensor([[5, 5, 5, 5, 5]])).tolist() \
        == [[1] * 5]
    assert torch.equal(follow_regions(labels, torch.zeros(1, 5).long()),
                       labels)


@pytest.mark.parametrize('mode', ['whole', SLIDE, 'groupvit'])
@pytest.mark.parametrize('threshold', [None, .3])
@torch.no_grad()
def test_predictions_follow_the_plain_ones(zero_shot, mode, threshold):
    settings = dict(vocabulary=WORDS, background_threshold=threshold)
    if mode != 'groupvit':
        settings.update(test_cfg=dict(mode=mode) if mode == 'whole' else mode)
    build = zero_shot if mode != 'groupvit' else (
        lambda **more: small_groupvit(ONE_STAGE, **more))
    x = [*images(3), *images(1, (50, 71))]
    metas = [dict(ori_shape=(37, 53)), {}, dict(
        flip=True, flip_direction='horizontal', ori_shape=(80, 90)),
        dict(padding_size=[3, 4, 5, 6], ori_shape=(64, 96))]
    model, plain = (build(**settings, **more) for more in (
        dict(regions=squares_of()), {}))
    results, plains = (each.predict(x, [SegDataSample(
        metainfo=dict(meta)) for meta in metas]) for each in (model, plain))
    alone = [model.predict(one[None], [SegDataSample(metainfo=dict(meta))])[0]
             for one, meta in zip(x, metas)]
    changed = 0
    for got, want, single in zip(results, plains, alone):
        labels = want.pred_sem_seg.data[0].numpy()
        regions = squares(labels.shape)
        expected = plain_majority(labels, regions)
        changed += (expected != labels).sum()
        assert np.array_equal(got.regions.data[0], regions)
        assert np.array_equal(got.pred_sem_seg.data[0], expected)
        assert torch.equal(got.pred_sem_seg.data, single.pred_sem_seg.data)
        at = got.seg_logits.at(got.pred_sem_seg.data[0])
        logits = got.seg_logits.data
        assert np.array_equal(logits.argmax(0), expected)
        torch.testing.assert_close(at, logits.amax(0), rtol=0, atol=1e-6)
        # The same values, of other classes.
        torch.testing.assert_close(
            logits.sort(0).values, want.seg_logits.data.sort(0).values,
            rtol=0, atol=1e-5)
    assert changed


@torch.no_grad()
def test_providers_see_upright_photos_at_their_size(zero_shot):
    """Whatever the network gets: flipped, padded, resized, normalised."""
    rng = np.random.default_rng(0)
    photo = torch.from_numpy(rng.integers(0, 256, (3, 40, 60), np.uint8))
    for bgr in (True, False):
        model = zero_shot(
            vocabulary=WORDS, regions=squares_of(), data_preprocessor=dict(
                type='ZeroShotDataPreProcessor', bgr_to_rgb=bgr))
        for meta in (dict(ori_shape=(40, 60)), dict(
                ori_shape=(40, 60), flip=True, flip_direction='vertical'),
                dict(ori_shape=(40, 60), padding_size=[1, 2, 3, 4])):
            image = photo.flip(1) if 'flip' in meta else photo
            left, right, top, bottom = meta.get('padding_size', [0] * 4)
            x = model.data_preprocessor(dict(inputs=[image]), False)['inputs']
            x = torch.nn.functional.pad(x, (left, right, top, bottom))
            model.predict(x, [SegDataSample(
                metainfo=dict(meta, img_path='a.jpg'))])
            seen, told = model.regions.provider.seen.pop()
            assert seen.dtype == np.uint8
            # The toolbox loads BGR.
            assert np.array_equal(seen, photo.flip(0).permute(1, 2, 0))
            assert told['img_path'] == 'a.jpg'


def test_regions_of_the_input_undo_its_padding_and_flip():
    regions = torch.from_numpy(squares((40, 60)))
    meta = dict(padding_size=[1, 2, 3, 4], flip=True,
                flip_direction='horizontal')
    got = to_input(regions, meta, (47, 63))
    assert torch.equal(got[3:-4, 1:-2], regions.flip(1))
    assert not got[:3].any() and not got[-4:].any()
    assert not got[:, :1].any() and not got[:, -2:].any()
    halved = to_input(regions, {}, (20, 30))
    assert set(halved.unique().tolist()) <= set(regions.unique().tolist())
    for axis in (0, 1):  # whatever side they are counted from
        assert torch.equal(resize_regions(regions.flip(axis), (21, 35)),
                           resize_regions(regions, (21, 35)).flip(axis))


@pytest.fixture
def onlooker(zero_shot):
    """Builder of models whose backbone needs regions."""
    return lambda **settings: zero_shot(**{**dict(
        vocabulary=WORDS, regions=squares_of(),
        backbone=dict(type=Onlooker)), **settings})


@pytest.mark.parametrize('batch', [1, 4])
@torch.no_grad()
def test_backbones_get_the_regions_of_their_windows(onlooker, batch):
    model = onlooker(test_cfg=dict(SLIDE, window_batch=batch))
    x = images(3)
    metas = [dict(ori_shape=(64, 96), flip=flip, flip_direction='horizontal')
             for flip in (False, True, False)]
    results = model.predict(
        x, [SegDataSample(metainfo=meta) for meta in metas])
    shown = torch.cat(model.backbone.shown)
    assert len(model.regions.provider.seen) == 3
    grid = model._window_grid(x)
    for window, (n, r, s) in zip(shown, grid, strict=True):
        y, z = grid.rows.starts[r], grid.columns.starts[s]
        want = squares((64, 96))
        want = want[:, ::-1] if metas[n]['flip'] else want
        assert np.array_equal(window, want[y:y + 48, z:z + 48])
    encoded = model.encode(
        x, [SegDataSample(metainfo=meta) for meta in metas])
    decoded = model.decode(
        encoded, [SegDataSample(metainfo=meta) for meta in metas])
    for got, want in zip(decoded, results):
        assert torch.equal(got.pred_sem_seg.data, want.pred_sem_seg.data)
        torch.testing.assert_close(got.seg_logits.data, want.seg_logits.data)
        assert torch.equal(got.regions.data, want.regions.data)


@torch.no_grad()
def test_without_correction_only_the_backbone_gets_them(onlooker):
    x = images(2)
    model = onlooker(regions=squares_of(correct=False))
    for one, result in zip(x, model.predict(x)):
        logits = model.encode_decode(one[None], [{}])[0]
        whole = model.inference(one[None], [{}])[0]
        torch.testing.assert_close(result.seg_logits.data, logits)
        torch.testing.assert_close(result.seg_logits.data, whole)
    corrected = onlooker().predict(x)
    for one, result in zip(model.predict(x), corrected):
        assert np.array_equal(result.pred_sem_seg.data[0], plain_majority(
            one.pred_sem_seg.data[0].numpy(), squares((64, 96))))


def test_a_backbone_that_needs_regions_asks_for_them(onlooker):
    with pytest.raises(UserError, match='backbone needs regions of the image: '
                       'name what finds them in regions='):
        onlooker(regions=None)


@torch.no_grad()
def test_large_images_are_divided_at_the_working_size(zero_shot):
    model = zero_shot(vocabulary=WORDS, regions=squares_of())
    model.regions_max_size = 48
    result, = model.predict(images())
    seen, _ = model.regions.provider.seen.pop()
    assert seen.shape == (32, 48, 3)
    assert torch.equal(result.regions.data[0], resize_regions(
        torch.from_numpy(squares((32, 48))), (64, 96)))


@torch.no_grad()
def test_views_are_merged_before_labels_follow(zero_shot):
    """One map of regions for all views; TTA of one view changes nothing."""
    module = zero_shot(vocabulary=WORDS, regions=squares_of())
    plain = zero_shot(vocabulary=WORDS)
    raw = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    metas = [dict(ori_shape=(64, 96), img_path='x.jpg', flip=flip,
                  flip_direction='horizontal') for flip in (False, True)]

    def run(segmentor, count):
        tta = MODELS.build(dict(type='ZeroShotTTAModel', module=segmentor))
        views = metas[:count]
        return tta.test_step(dict(
            inputs=[[one.flip(2) if meta['flip'] else one for one in raw]
                    for meta in views],
            data_samples=[[SegDataSample(metainfo=dict(meta)) for _ in raw]
                          for meta in views]))

    regions = squares((64, 96))
    for count in (1, 2):
        module.regions.provider.seen.clear()
        for got, want in zip(run(module, count), run(plain, count)):
            labels = want.pred_sem_seg.data[0].numpy()
            expected = plain_majority(labels, regions)
            assert (expected != labels).any()
            assert np.array_equal(got.pred_sem_seg.data[0], expected)
            assert np.array_equal(got.seg_logits.data.argmax(0), expected)
        assert len(module.regions.provider.seen) == 2
    for got, one in zip(run(module, 1), module.test_step(dict(
            inputs=[*raw], data_samples=[
                SegDataSample(metainfo=dict(metas[0])) for _ in raw]))):
        assert torch.equal(got.pred_sem_seg.data, one.pred_sem_seg.data)
        torch.testing.assert_close(got.seg_logits.data, one.seg_logits.data)


@pytest.mark.parametrize('regions, message', [
    ('Felzenszwalb', 'regions takes a dict with type='),
    (dict(scale=3), 'regions takes a dict with type='),
    (dict(type='felzenszwalb'), 'unknown.*Did you mean Felzenszwalb'),
    (dict(type=3), 'regions.type=3 is unknown'),
    (dict(type='Felzenszwalb', scales=3), 'no option \'scales\'.*scale'),
    (dict(type='Felzenszwalb', scale=0), r'regions.scale must be a number'),
    (dict(type='Felzenszwalb', correct='no'), 'regions.correct must be True'),
])
def test_bad_options_before_the_weights(zero_shot, regions, message):
    with pytest.raises(UserError, match=message):
        zero_shot(clip=dict(model='none', pretrained='none'), regions=regions)


@pytest.mark.parametrize('found', [
    np.zeros((5, 5), int), np.zeros((64, 96)), np.full((64, 96), -1),
    np.zeros((64, 96, 1), int)])
@torch.no_grad()
def test_maps_that_are_none(zero_shot, found):
    class Wrong(RegionProvider):
        def __call__(self, image, meta):
            return found

    model = zero_shot(vocabulary=WORDS, regions=dict(type=Wrong))
    with pytest.raises(UserError, match='Wrong must return the region of each '
                       r'pixel, \(64, 96\) integers from 0'):
        model.predict(images())


def test_networks_follow_the_device_and_the_precision(zero_shot):
    """But are not in checkpoints."""
    class Networked(Squares):
        def __init__(self):
            super().__init__()
            self.network = torch.nn.Linear(2, 2)

    model = zero_shot(vocabulary=WORDS, regions=dict(type=Networked))
    assert set(model.state_dict()) == set(zero_shot().state_dict())
    weight = model.regions.provider.network.weight
    assert weight.dtype == torch.float32
    model.to(torch.bfloat16)
    assert model.regions.provider.network.weight.dtype == torch.bfloat16

import itertools
from functools import partial

import numpy as np
import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.runner import load_checkpoint
from mmseg.apis import inference_model, init_model
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from PIL import Image
from tiny_proxy import OF_IMAGES

from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

WORDS = 'cat; dog; grass; sky; a red car'


def photo(h, w, seed=0):
    """(3, H, W) uint8, smooth, so that labels form regions."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(coarse).resize((w, h)))
    return torch.from_numpy(image.copy()).permute(2, 0, 1)


def sample(image, **meta):
    shape = tuple(image.shape[1:])
    return SegDataSample(
        metainfo={**dict(ori_shape=shape, img_shape=shape), **meta})


def predict(model, images, **meta):
    with torch.no_grad():
        return model.test_step(dict(
            inputs=list(images),
            data_samples=[sample(image, **meta) for image in images]))


def normalised(model, images):
    return model.data_preprocessor(dict(inputs=list(images)))['inputs']


def scores(model, x, size=None):
    """Word scores from the backbone and the text embeddings."""
    with torch.no_grad():
        features = F.normalize(model.backbone(x)[0], dim=1)
        text = model.decode_head.text_embeddings
        cosines = torch.einsum('ndhw,qd->nqhw', features, text)
        return F.interpolate(cosines, size=size or x.shape[2:],
                             mode='bilinear', align_corners=False)


def assert_probabilities(logits, model, words):
    """Class log-probabilities against the plain rule, from word scores."""
    want = plain_segmentor.class_probabilities(
        model.logit_scale * words, model.vocabulary.synonyms)
    torch.testing.assert_close(
        logits.exp().double(), want, atol=2e-5, rtol=0)


def assert_same(result, expected, atol=1e-5):
    """Logits close; label maps equal wherever there is no near-tie."""
    a, b = result.seg_logits.data, expected.seg_logits.data
    torch.testing.assert_close(a, b, atol=atol, rtol=0)
    best = b.topk(2, dim=0).values
    clear = best[0] - best[1] > 4 * atol
    assert clear.float().mean() > 0.9
    assert torch.equal(result.pred_sem_seg.data[0][clear],
                       expected.pred_sem_seg.data[0][clear])


# ------------------------------------------------------------------- whole
@pytest.mark.parametrize('size', [(64, 64), (48, 80), (61, 93), (130, 33)])
def test_whole_is_backbone_head_interpolate_argmax(zero_shot, size):
    model = zero_shot(vocabulary=WORDS)
    image = photo(*size)
    with torch.no_grad():
        x = image[None].flip(1).float()
        x = (x - model.data_preprocessor.mean) / model.data_preprocessor.std
        logits = F.interpolate(
            model.decode_head(model.backbone(x)), size=size,
            mode='bilinear', align_corners=False)
    result, = predict(model, [image])
    assert torch.equal(result.pred_sem_seg.data[0], logits[0].argmax(0))
    assert_probabilities(result.seg_logits.data, model, logits[0])
    assert len(result.pred_sem_seg.data.unique()) > 1
    torch.testing.assert_close(logits, scores(model, x), atol=1e-5, rtol=0)


@pytest.mark.parametrize('settings', [
    {}, dict(vocabulary='cat, kitten; sky'),
    dict(background_threshold=0.3),
    dict(test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(16, 16)))])
def test_label_map_is_the_argmax_of_the_logits(zero_shot, settings):
    model = zero_shot(**{'vocabulary': WORDS, **settings})
    result, = predict(model, [photo(50, 70)])
    assert result.seg_logits.data.shape == (model.num_classes, 50, 70)
    assert result.pred_sem_seg.data.shape == (1, 50, 70)
    assert result.pred_sem_seg.data.dtype == torch.int64
    assert torch.equal(result.pred_sem_seg.data[0],
                       result.seg_logits.data.argmax(0))


def test_resnet_predicts_too(zero_shot, tiny_rn):
    model = zero_shot(clip=tiny_rn, backbone=dict(type='ClipResNet'),
                      vocabulary=WORDS)
    image = photo(70, 101)
    result, = predict(model, [image])
    expected = scores(model, normalised(model, [image]))[0]
    assert_probabilities(result.seg_logits.data, model, expected)


@pytest.mark.parametrize('size', [(64, 64), (37, 90), (16, 5)])
def test_encode_decode_gives_class_scores_at_input_size(zero_shot, size):
    model = zero_shot(vocabulary='cat, kitten; dog; sky, clouds')
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        logits = model.encode_decode(x, [dict()] * 2)
    assert logits.shape == (2, 3, *size)
    for one, words in zip(logits, scores(model, x)):
        assert_probabilities(one, model, words)


def test_predict_without_samples(zero_shot):
    """The toolbox does this to count operations."""
    model = zero_shot(vocabulary=WORDS)
    results = model.predict(torch.randn(2, 3, 40, 50))
    assert [tuple(r.pred_sem_seg.data.shape)
            for r in results] == [(1, 40, 50)] * 2


# --------------------------------------------------------- sizes and flips
def test_predictions_have_the_original_size(zero_shot):
    model = zero_shot(vocabulary=WORDS)
    image = photo(64, 96)
    result, = predict(model, [image], ori_shape=(31, 47))
    words = scores(model, normalised(model, [image]))
    words = F.interpolate(words, size=(31, 47), mode='bilinear',
                          align_corners=False)
    assert torch.equal(result.pred_sem_seg.data[0], words[0].argmax(0))


@pytest.mark.parametrize('key', ['img_padding_size', 'padding_size'])
def test_padding_is_cut_off(zero_shot, key):
    """Left, right, top, bottom, as in the toolbox."""
    model = zero_shot(vocabulary=WORDS)
    image = photo(64, 96)
    result, = predict(model, [image], ori_shape=(57, 83),
                      **{key: [3, 10, 2, 5]})
    words = scores(model, normalised(model, [image]))[0, :, 2:59, 3:86]
    assert torch.equal(result.pred_sem_seg.data[0], words.argmax(0))


def test_padding_of_the_preprocessor_is_cut_off(zero_shot):
    model = zero_shot(vocabulary=WORDS, data_preprocessor=dict(
        type='ZeroShotDataPreProcessor', test_cfg=dict(size_divisor=32)))
    image = photo(50, 70)
    result, = predict(model, [image])
    plain = zero_shot(vocabulary=WORDS)
    padded = F.pad(normalised(plain, [image]), (0, 26, 0, 14))
    words = scores(plain, padded)[0, :, :50, :70]
    assert torch.equal(result.pred_sem_seg.data[0], words.argmax(0))
    pair = predict(model, [image, photo(33, 90, seed=1)])
    assert_same(pair[0], result)
    assert pair[1].pred_sem_seg.data.shape == (1, 33, 90)


@pytest.mark.parametrize('direction, axis',
                         [('horizontal', 2), ('vertical', 1)])
def test_flipped_images_are_flipped_back(zero_shot, direction, axis):
    model = zero_shot(vocabulary=WORDS)
    image = photo(48, 80)
    result, = predict(model, [image.flip(axis)], flip=True,
                      flip_direction=direction)
    words = scores(model, normalised(model, [image.flip(axis)]))[0]
    assert torch.equal(result.pred_sem_seg.data[0],
                       words.flip(axis).argmax(0))


# ------------------------------------------------------------------- slide
def plain_slide(model, x, crop, stride):
    """One window at a time on a full canvas."""
    return plain_segmentor.slide(partial(scores, model), x, crop, stride)


SLIDES = [
    # image, window, stride
    ((96, 128), (64, 64), (32, 32)),
    ((100, 90), (48, 32), (17, 13)),  # odd strides, windows not square
    ((40, 130), (64, 64), (32, 32)),  # lower than the window
    ((130, 20), (64, 64), (50, 7)),  # narrower
    ((65, 64), (64, 64), (64, 64)),  # one row of pixels too many
    ((70, 110), (32, 48), (32, 48)),  # without overlap
]


@pytest.mark.parametrize('size, crop, stride', SLIDES)
def test_slide_is_the_plain_loop(zero_shot, size, crop, stride):
    test_cfg = dict(mode='slide', crop_size=crop, stride=stride)
    model = zero_shot(vocabulary=WORDS, test_cfg=test_cfg)
    x = torch.stack([photo(*size, seed) for seed in (0, 1)])
    x = normalised(model, x)
    expected = plain_slide(model, x, crop, stride)
    for batch in (1, 3, 100):
        model.test_cfg['window_batch'] = batch
        with torch.no_grad():
            result = model.word_scores(x)
            logits = model.inference(x, None)
        torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)
        for one, words in zip(logits, expected):
            assert_probabilities(one, model, words)
    # mmseg's own loop, on word scores.
    model.test_cfg = ConfigDict(test_cfg)
    model.encode_decode = lambda window, metas: scores(model, window)
    with torch.no_grad():
        theirs = EncoderDecoder.slide_inference(model, x, [dict()] * 2)
    torch.testing.assert_close(result, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize('crop', [(48, 80), (64, 100), (48, 1000)])
def test_one_covering_window_is_the_whole(zero_shot, crop):
    whole = zero_shot(vocabulary=WORDS)
    slide = zero_shot(vocabulary=WORDS, test_cfg=dict(
        mode='slide', crop_size=crop, stride=(16, 16)))
    image = photo(48, 80)
    a, b = predict(whole, [image])[0], predict(slide, [image])[0]
    assert torch.equal(a.seg_logits.data, b.seg_logits.data)
    assert torch.equal(a.pred_sem_seg.data, b.pred_sem_seg.data)


def test_slide_merges_synonyms_after_the_average(zero_shot):
    """The mean of the windows' word scores, then the best word."""
    crop, stride = (32, 32), (20, 20)
    model = zero_shot(
        vocabulary='background; cat, kitten; sky', background_threshold=0.5,
        logit_scale=60,
        test_cfg=dict(mode='slide', crop_size=crop, stride=stride))
    image = photo(50, 75)
    result, = predict(model, [image])
    words = plain_slide(model, normalised(model, [image]), crop, stride)[0]
    p = (model.logit_scale * words).softmax(0)
    classes = torch.stack([p[0], p[1:3].amax(0), p[3]])
    expected = torch.where(p.amax(0) < 0.5, 0, classes.argmax(0))
    assert torch.equal(result.pred_sem_seg.data[0], expected)


# ----------------------------------------------------------------- batches
@pytest.mark.parametrize('sizes', [
    [(64, 64), (48, 80)],
    [(50, 70), (70, 50), (50, 70)],  # A, B, A
    [(33, 61)] * 3,
])
@pytest.mark.parametrize('settings', [
    {}, dict(background_threshold=0.3, test_cfg=dict(
        mode='slide', crop_size=(32, 32), stride=(24, 24)))])
def test_a_batch_is_its_images_one_by_one(zero_shot, sizes, settings):
    model = zero_shot(vocabulary=WORDS, **settings)
    images = [photo(*size, seed) for seed, size in enumerate(sizes)]
    together = predict(model, images)
    for image, result in zip(images, together):
        alone, = predict(model, [image])
        assert result.metainfo['ori_shape'] == tuple(image.shape[1:])
        assert_same(result, alone)


@pytest.mark.parametrize('method', OF_IMAGES)
@pytest.mark.parametrize('settings', [
    dict(),
    dict(pamr=dict(steps=2, dilations=(1, 4)), test_cfg=dict(
        mode='slide', crop_size=(96, 96), stride=(48, 48)))])
def test_batches_of_one_and_four_predict_the_same(
        zero_shot, last_block, method, settings):
    """All methods; with 7 x 8 patches SC-CLIP has outliers.

    In float64, so that batch-dependent rounding does not affect labels.
    """
    model = zero_shot(
        vocabulary='cat, kitten; grass; sky; road', background_threshold=0.2,
        logit_scale=30.,
        backbone=dict(type='ClipViT', last_block=last_block(method)),
        **settings).double()
    x = torch.randn(4, 3, 112, 128).double()
    with torch.no_grad():
        together = model.predict(x)
        alone = [model.predict(one[None])[0] for one in x]
    for one, other in zip(together, alone):
        assert torch.equal(one.pred_sem_seg.data, other.pred_sem_seg.data)
        torch.testing.assert_close(
            one.seg_logits.data, other.seg_logits.data, rtol=0, atol=1e-8)


def test_a_batch_of_other_original_sizes(zero_shot):
    """Inputs of equal size, original images of different sizes."""
    model = zero_shot(vocabulary=WORDS)
    images = [photo(48, 64, 0), photo(48, 64, 1)]
    shapes = [(20, 30), (100, 120)]
    with torch.no_grad():
        together = model.test_step(dict(inputs=images, data_samples=[
            sample(image, ori_shape=shape)
            for image, shape in zip(images, shapes)]))
    for image, shape, result in zip(images, shapes, together):
        alone, = predict(model, [image], ori_shape=shape)
        assert result.pred_sem_seg.data.shape == (1, *shape)
        assert_same(result, alone)


# ------------------------------------------------- vocabulary to class maps
def test_permuted_classes_permute_channels_and_labels(zero_shot):
    names = ['cat', 'dog', 'grass', 'sky', 'car']
    order = [3, 0, 4, 2, 1]
    image = photo(60, 90)
    a, = predict(zero_shot(vocabulary=names), [image])
    b, = predict(zero_shot(vocabulary=[names[i] for i in order]), [image])
    torch.testing.assert_close(
        b.seg_logits.data, a.seg_logits.data[order], atol=1e-5, rtol=0)
    assert torch.equal(torch.tensor(order)[b.pred_sem_seg.data],
                       a.pred_sem_seg.data)


def test_a_class_scores_as_its_best_word(zero_shot):
    image = photo(60, 90)
    split, = predict(zero_shot(vocabulary='cat; kitten; grass; lawn; sky'),
                     [image])
    model = zero_shot(vocabulary='cat, kitten; grass, lawn; sky')
    merged, = predict(model, [image])
    assert model.decode_head.out_channels == 5 and model.out_channels == 3
    words = split.seg_logits.data
    torch.testing.assert_close(
        merged.seg_logits.data,
        torch.stack([words[:2].amax(0), words[2:4].amax(0), words[4]]),
        atol=1e-5, rtol=0)
    assert torch.equal(
        torch.tensor([0, 0, 1, 1, 2])[split.pred_sem_seg.data],
        merged.pred_sem_seg.data)


@pytest.mark.parametrize('vocabulary, counts', [
    ('cat, kitten; grass; sky, clouds', (0, 2, 1, 2)),  # prepended
    ('background; cat; sky', (1, 1, 1)),
    ('background, wall, floor; cat, kitten; sky', (3, 2, 1)),
])
@pytest.mark.parametrize('threshold', [0.25, 0.4, 0.6])
def test_background_is_where_no_word_reaches_the_threshold(
        zero_shot, vocabulary, counts, threshold):
    model = zero_shot(vocabulary=vocabulary, logit_scale=60,
                      background_threshold=threshold)
    image = photo(60, 90)
    result, = predict(model, [image])
    words = scores(model, normalised(model, [image]))[0]
    p = (model.logit_scale * words).softmax(0)
    expected = torch.zeros(p.shape[1:], dtype=torch.int64)
    ends = list(itertools.accumulate(counts))
    for y, x in np.ndindex(*expected.shape):
        if p[:, y, x].max() < threshold:
            continue
        best = int(p[:, y, x].argmax())
        expected[y, x] = next(c for c, end in enumerate(ends) if best < end)
    assert torch.equal(result.pred_sem_seg.data[0], expected)
    assert model.dataset_meta['classes'][0] == 'background'
    assert model.num_classes == len(counts)


def test_thresholds_bite(zero_shot):
    """No, some or all pixels are background."""
    shares = []
    for threshold in (0.01, 0.5, 0.9999):
        model = zero_shot(vocabulary='cat; grass; sky', logit_scale=60,
                          background_threshold=threshold)
        result, = predict(model, [photo(60, 90)])
        shares.append((result.pred_sem_seg.data == 0).float().mean().item())
    assert shares[0] == 0 < shares[1] < 1 == shares[2]


@pytest.mark.parametrize('scale', [1., 30., 100.])
def test_logit_scale_multiplies_the_scores(zero_shot, scale):
    model = zero_shot(vocabulary=WORDS, logit_scale=scale)
    image = photo(48, 48)
    result, = predict(model, [image])
    words = scores(model, normalised(model, [image]))[0]
    assert model.logit_scale == scale
    assert_probabilities(result.seg_logits.data, model, words)


# --------------------------------------------------------------------- TTA
def augmented(model, image, axes):
    """Test-time augmentation with flips."""
    directions = {2: 'horizontal', 1: 'vertical'}
    inputs, samples = [], []
    for axis in axes:
        inputs.append([image if axis is None else image.flip(axis)])
        samples.append([sample(
            image, img_path='x.jpg', flip=axis is not None,
            flip_direction=directions.get(axis))])
    tta = MODELS.build(dict(type='ZeroShotTTAModel', module=model))
    with torch.no_grad():
        result, = tta.test_step(dict(inputs=inputs, data_samples=samples))
    return result.pred_sem_seg.data.squeeze()


TTA_SETTINGS = [
    dict(vocabulary=WORDS),
    dict(vocabulary='cat, kitten; grass; sky, clouds'),
    dict(vocabulary='cat, kitten; sky', background_threshold=0.6,
         logit_scale=60),
    dict(vocabulary='background, wall; cat; sky, clouds',
         background_threshold=0.6, logit_scale=60),
    dict(vocabulary=WORDS, background_threshold=0.5, logit_scale=60,
         test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(24, 24))),
]


@pytest.mark.parametrize('settings', TTA_SETTINGS)
def test_tta_without_augmentation_is_the_prediction(zero_shot, settings):
    model = zero_shot(**settings)
    image = photo(60, 90)
    plain, = predict(model, [image])
    assert torch.equal(augmented(model, image, [None]),
                       plain.pred_sem_seg.data[0])
    assert len(plain.pred_sem_seg.data.unique()) > 1


@pytest.mark.parametrize('settings', TTA_SETTINGS)
def test_tta_with_flips_is_the_average_by_hand(zero_shot, settings):
    model = zero_shot(**settings)
    image = photo(60, 90)
    a, = predict(model, [image])
    b, = predict(model, [image.flip(2)])
    mean = (a.seg_logits.data.exp() + b.seg_logits.data.flip(2).exp()) / 2
    labels = augmented(model, image, [None, 2])
    best = mean.topk(2, dim=0).values
    clear = best[0] - best[1] > 1e-6
    assert torch.equal(labels[clear], mean.argmax(0)[clear])
    assert clear.float().mean() > 0.99


def test_tta_of_a_single_class(zero_shot):
    """A single class is 0 everywhere; mmseg must not threshold it."""
    model = zero_shot(vocabulary='cat')
    image = photo(40, 50)
    assert (predict(model, [image])[0].pred_sem_seg.data == 0).all()
    assert (augmented(model, image, [None]) == 0).all()


# -------------------------------------------------------------- vocabulary
def test_set_vocabulary_changes_the_classes(zero_shot):
    model = zero_shot(vocabulary=WORDS)
    image = photo(48, 64)
    predict(model, [image])
    model.set_vocabulary(['tree', ['water', 'sea']])
    assert model.dataset_meta['classes'] == ('tree', 'water')
    assert len(model.dataset_meta['palette']) == 2
    assert model.num_classes == model.out_channels == 2
    assert model.decode_head.num_classes == 3
    result, = predict(model, [image])
    fresh, = predict(zero_shot(vocabulary='tree; water, sea'), [image])
    assert result.seg_logits.data.shape == (2, 48, 64)
    assert torch.equal(result.seg_logits.data, fresh.seg_logits.data)


def test_a_refused_vocabulary_leaves_the_old_one(zero_shot):
    model = zero_shot(vocabulary='cat; dog')
    for wrong in (['sky', 'sky'], [], ['?']):
        with pytest.raises(UserError):
            model.set_vocabulary(wrong)
    with pytest.raises(UserError):
        model.set_vocabulary(['sky'], text_embeddings=torch.ones(1, 7))
    assert model.dataset_meta['classes'] == ('cat', 'dog')
    assert predict(model, [photo(20, 20)])[0].seg_logits.data.shape[0] == 2


@pytest.mark.parametrize('suffix', ['npy', 'pth'])
def test_ready_made_embeddings_replace_the_tower(zero_shot, tmp_path, suffix):
    rows = torch.randn(3, 24, generator=torch.Generator().manual_seed(1))
    path = tmp_path / f'words.{suffix}'
    if suffix == 'npy':
        np.save(path, rows.numpy())
    else:
        torch.save(rows, path)
    model = zero_shot(vocabulary='cat; sea, water',
                      text_embeddings=str(path))
    torch.testing.assert_close(
        model.decode_head.text_embeddings, F.normalize(rows, dim=1))
    image = photo(48, 64)
    with torch.no_grad():
        x = F.normalize(
            model.backbone(normalised(model, [image]))[0], dim=1)
    cosines = torch.einsum('ndhw,qd->nqhw', x, F.normalize(rows, dim=1))
    words = F.interpolate(cosines, size=(48, 64), mode='bilinear')[0]
    result, = predict(model, [image])
    assert_probabilities(result.seg_logits.data, model, words)


# --------------------------------------------------------------- bad input
SLIDE = dict(mode='slide', crop_size=(32, 32), stride=(16, 16))


@pytest.mark.parametrize('settings, message', [
    (dict(test_cfg=dict(mode='tiles')),
     r'test_cfg.mode must be "whole" or "slide", but got \'tiles\''),
    (dict(background_threshold=1.5), r'in \(0, 1\) or None, but got 1.5'),
    (dict(background_threshold=0), r'in \(0, 1\) or None, but got 0'),
    (dict(pretrained='weights.pth'), r'in clip=dict\(pretrained=...\)'),
    (dict(text_embeddings='x.npy'), 'needs the words of its rows'),
    (dict(vocabulary='cat', text_embeddings='/no/x.npy'),
     'No text embeddings at'),
    (dict(prompts='imagenet81'), "Unknown template set 'imagenet81'"),
    (dict(backbone=dict(type='ClipResNet')), 'ClipResNet needs RN50'),
    (dict(vocabulary=[]), 'The list of classes is empty'),
    (dict(vocabulary=['cat', 'cat']), "The class 'cat' occurs more than"),
    (dict(vocabulary=['cat', '12']), "A class needs letters, but got '12'"),
])
def test_settings_that_do_not_fit(zero_shot, settings, message):
    with pytest.raises(UserError, match=message):
        zero_shot(**{'vocabulary': None if 'text_embeddings' in settings
                     else WORDS, **settings})


@pytest.mark.parametrize('test_cfg, message', [
    ({**SLIDE, 'stride': (40, 16)}, 'stride'),  # leaves gaps
    ({**SLIDE, 'stride': (0, 16)}, 'stride'),
    (dict(mode='slide'), 'crop_size'),
    ({**SLIDE, 'window_batch': 0}, 'window_batch'),
])
def test_windows_that_cannot_be(zero_shot, test_cfg, message):
    with pytest.raises(UserError, match=message):
        predict(zero_shot(vocabulary=WORDS, test_cfg=test_cfg),
                [photo(90, 90)])


def test_text_embeddings_of_another_number(zero_shot):
    model = zero_shot()
    with pytest.raises(UserError, match='2 text embeddings for 3 words'):
        model.set_vocabulary('cat; sea, water',
                             text_embeddings=torch.randn(2, 24))
    with pytest.raises(UserError, match=r'\(3, 25\).*needs \(words, 24\)'):
        model.set_vocabulary('cat; sea, water',
                             text_embeddings=torch.randn(3, 25))


def test_a_class_without_words(zero_shot, tmp_path):
    (tmp_path / 'names.txt').write_text('background:\ncat\nsky\n')
    model = zero_shot(vocabulary=str(tmp_path / 'names.txt'),
                      background_threshold=0.5)
    assert model.num_classes == 3 and model.decode_head.out_channels == 2
    with pytest.raises(UserError, match="Class 'background' has no words"):
        zero_shot(vocabulary=str(tmp_path / 'names.txt'))
    with pytest.raises(UserError, match="Class 'cat' has no words"):
        zero_shot(vocabulary='cat: ; sky', background_threshold=0.5)


def test_no_classes(zero_shot):
    with pytest.raises(UserError, match='No classes are set'):
        predict(zero_shot(), [photo(32, 32)])


def test_nothing_to_train(zero_shot):
    model = zero_shot(vocabulary=WORDS)
    with pytest.raises(UserError, match='has nothing to train.*MaskClipPlus'):
        model(torch.randn(1, 3, 32, 32), [SegDataSample()], mode='loss')
    assert not any(p.requires_grad for p in model.parameters())


# ------------------------------------------------------------- checkpoints
def test_a_saved_state_loads_back(zero_shot, tmp_path):
    source, image = zero_shot(vocabulary=WORDS), photo(50, 70)
    torch.manual_seed(3)
    for parameter in source.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    path = tmp_path / 'model.pth'
    torch.save(dict(state_dict=source.state_dict(), meta={}), path)

    target = zero_shot(vocabulary=WORDS)
    before, = predict(target, [image])  # fills the cache of positions
    load_checkpoint(target, str(path))
    after, expected = predict(target, [image]), predict(source, [image])
    assert not torch.equal(before.seg_logits.data, after[0].seg_logits.data)
    assert torch.equal(after[0].seg_logits.data, expected[0].seg_logits.data)


def test_the_state_holds_no_text(zero_shot):
    """Neither the vocabulary nor the text tower is saved."""
    a, b = zero_shot(), zero_shot(vocabulary=WORDS)
    assert list(a.state_dict()) == list(b.state_dict())
    assert all(key.startswith('backbone.visual.') for key in b.state_dict())


def test_a_checkpoint_of_another_toolbox_model(zero_shot, tmp_path):
    fcn = MODELS.build(dict(
        type='FCNHead', in_channels=8, channels=8, num_classes=3,
        norm_cfg=dict(type='BN')))
    torch.save(dict(state_dict={
        f'decode_head.{k}': v for k, v in fcn.state_dict().items()}),
        tmp_path / 'fcn.pth')
    model = zero_shot(vocabulary=WORDS)
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    for loading in (model, tta):
        with pytest.raises(UserError, match='checkpoint belongs to another '
                           r'model: it fits 0 of the \d+ .*conv_seg'):
            load_checkpoint(loading, str(tmp_path / 'fcn.pth'))


def test_a_checkpoint_of_another_clip(zero_shot, tiny_rn, tmp_path):
    other = zero_shot(clip=tiny_rn, backbone=dict(type='ClipResNet'))
    torch.save(dict(state_dict=other.state_dict()), tmp_path / 'rn.pth')
    with pytest.raises(UserError, match='belongs to another model.*tiny-vit'):
        load_checkpoint(zero_shot(), str(tmp_path / 'rn.pth'))
    narrow = {key: value[..., :-1] if value.ndim else value
              for key, value in zero_shot().state_dict().items()}
    torch.save(dict(state_dict=narrow), tmp_path / 'narrow.pth')
    with pytest.raises(UserError, match='another model: it fits 0 of'):
        load_checkpoint(zero_shot(), str(tmp_path / 'narrow.pth'))


# ----------------------------------------------------------- mmseg's own use
@pytest.fixture
def config(tiny_vit):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(128, 48), keep_ratio=True),
        dict(type='LoadAnnotations'),
        dict(type='CheckSample'),
        dict(type='PackSegInputs')]
    return Config(dict(
        default_scope='mmseg',
        model=dict(
            type='ZeroShotSegmentor', clip=tiny_vit, prompts='single',
            backbone=dict(type='ClipViT'),
            decode_head=dict(type='MaskClipHead'), vocabulary=WORDS),
        test_pipeline=pipeline))


def test_init_and_inference_model_on_files(config, tmp_path):
    paths = []
    for i, size in enumerate([(70, 90), (60, 40)]):
        paths.append(str(tmp_path / f'{i}.png'))
        array = photo(*size, i).permute(1, 2, 0).numpy()
        Image.fromarray(array).save(paths[-1])
    model = init_model(config, None, device='cpu')
    assert model.dataset_meta['classes'][-1] == 'a red car'
    one = inference_model(model, paths[0])
    assert one.pred_sem_seg.data.shape == (1, 70, 90)
    both = inference_model(model, paths)
    assert [tuple(r.pred_sem_seg.data.shape) for r in both] == [
        (1, 70, 90), (1, 60, 40)]
    assert_same(both[0], one)


def test_inference_model_on_arrays(config):
    model = init_model(config, None, device='cpu')
    images = [photo(*size).flip(0).permute(1, 2, 0).contiguous().numpy()
              for size in [(70, 90), (60, 40)]]  # BGR, as in the toolbox
    one = inference_model(model, images[1])
    assert one.seg_logits.data.shape == (5, 60, 40)
    both = inference_model(model, images)
    assert_same(both[1], one)
    assert both[0].pred_sem_seg.data.shape == (1, 70, 90)

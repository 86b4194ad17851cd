"""Words of two classes, and a background within the list."""
import numpy as np
import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from PIL import Image
from small_groupvit import small_groupvit

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.pamr import check_pamr, refine
from mmseg_clipzs.vocabularies import Vocabulary, get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

# As in the SCLIP line's COCO-Object: "bed" is background and a class.
BEDS = Vocabulary(
    ('background', 'cat', 'bed', 'dog'),
    (('sky', 'bed', 'wall'), ('cat', ), ('bed', ), ('dog', 'puppy')))
SLIDE = dict(mode='slide', crop_size=(32, 32), stride=(16, 16))
SIZE = (61, 93)


@pytest.fixture(scope='module')
def image():
    """(3, H, W) uint8, smooth, so that words win in regions."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize(SIZE[::-1]))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def normalised(model, image):
    return model.data_preprocessor(dict(inputs=[image]))['inputs']


@torch.no_grad()
def near_the_image(model, image, words, best='bed', noise=0.):
    """(Q, D) rows for words; the image's mean feature for the best one."""
    features = F.normalize(
        model.backbone(normalised(model, image))[0], dim=1)[0].flatten(1).t()
    rng = np.random.default_rng(1)
    rows = features[torch.from_numpy(rng.integers(
        0, len(features), len(words)))]
    rows = rows + noise * torch.randn(rows.shape)
    rows[words.index(best)] = features.mean(0)
    return F.normalize(rows, dim=1)


@torch.no_grad()
def plain(model, image, rows, vocabulary):
    """Labels by the protocol's rules, word by word, in double precision.

    Returns:
        tuple: (H, W) labels, (C, H, W) probabilities, and where they are
        sure, and the word "bed" is surely the best, as masks.
    """
    x, options = normalised(model, image), model.test_cfg
    maps = []
    for row in rows:
        def score(window, row=row):
            features = F.normalize(model.backbone(window)[0], dim=1)
            return plain_segmentor.enlarge(
                torch.einsum('ndhw,d->nhw', features, row)[:, None],
                window.shape[2:])
        maps.append(plain_segmentor.slide(
            score, x, options.get('crop_size'), options.get('stride')))
    maps = torch.cat(maps, 1)
    if model.pamr is not None:
        maps = refine(x, maps, **model.pamr)
    by_word = dict(zip(vocabulary.words, maps[0].double().numpy()))
    order = sorted(by_word, key=lambda word: word != 'bed')
    margin = by_word['bed'] - np.max([by_word[word] for word in order[1:]], 0)
    shares = np.exp(model.logit_scale * np.stack([
        by_word[word] for words in vocabulary.synonyms for word in words]))
    p = iter(shares / shares.sum(0))  # "bed" counts twice
    p = np.stack([np.max([next(p) for _ in words], 0)
                  for words in vocabulary.synonyms])
    if model.area_threshold is not None:
        areas = np.bincount(p.argmax(0).ravel(), minlength=len(p))[1:]
        p[1:][areas <= model.area_threshold * areas.sum()] = 0
    labels, best = p.argmax(0), p.max(0)
    gap = best - np.where(p < best, p, 0).max(0)
    if model.background_threshold is not None:
        labels[best < model.background_threshold] = 0
        gap = np.minimum(gap, abs(best - model.background_threshold))
        p[0] = np.maximum(p[0], model.background_threshold)
    return labels, p, gap > 1e-5, margin > 1e-5


def check(model, image, rows, vocabulary):
    want, p, is_sure, is_bed = plain(model, image, rows, vocabulary)
    model.set_vocabulary(vocabulary, rows)
    with torch.no_grad():
        result, = model.test_step(dict(inputs=[image], data_samples=[
            SegDataSample(metainfo=dict(ori_shape=SIZE, img_shape=SIZE))]))
    labels = result.pred_sem_seg.data[0].numpy()
    logits = result.seg_logits.data
    assert .2 < is_bed.mean() and .9 < is_sure.mean()
    assert (labels[is_bed] == 0).all()
    assert not (labels == vocabulary.classes.index('bed')).any()
    assert (labels == want)[is_sure].all()
    assert np.array_equal(logits.argmax(0), labels)
    np.testing.assert_allclose(logits.exp(), p, atol=2e-5, rtol=0)
    return labels


@pytest.mark.parametrize('tile', [1, 5000, 10**9])
@pytest.mark.parametrize('settings', [
    dict(), dict(test_cfg=SLIDE), dict(background_threshold=.3),
    dict(test_cfg=SLIDE, pamr=check_pamr(dict(steps=2))),
    dict(test_cfg=SLIDE, background_threshold=.25, area_threshold=.1)])
def test_a_word_of_two_classes_is_the_first_ones(
        zero_shot, image, monkeypatch, settings, tile):
    monkeypatch.setitem(upsampling._TILE, 'cpu', tile)
    model = zero_shot(logit_scale=20., **settings)
    rows = near_the_image(model, image, BEDS.words)
    labels = check(model, image, rows, BEDS)
    assert len(np.unique(labels)) > 1


def test_bed_in_the_sclip_lines_coco_object(zero_shot, image):
    vocabulary = get_vocabulary('coco_object81_sclip')
    assert vocabulary.words.count('bed') == 1
    assert [name for name, words in zip(
        vocabulary.classes, vocabulary.synonyms) if 'bed' in words] == [
            'background', 'bed']
    model = zero_shot(logit_scale=50., background_threshold=.1,
                      test_cfg=SLIDE)
    rows = near_the_image(model, image, vocabulary.words, noise=.15)
    check(model, image, rows, vocabulary)


@torch.no_grad()
def test_a_word_of_two_classes_in_batches_encodings_and_views(
        zero_shot, image):
    model = zero_shot(test_cfg=SLIDE)
    model.set_vocabulary(
        BEDS, near_the_image(model, image, BEDS.words))
    x = normalised(model, image)
    want = model.predict(x)[0].pred_sem_seg.data
    both = model.predict(torch.cat([x, x.flip(3)]))
    decoded, = model.decode(model.encode(x), [SegDataSample()])
    view, = model.with_vocabulary().predict(x)
    for result in (both[0], decoded, view):
        assert torch.equal(result.pred_sem_seg.data, want)
    tta = MODELS.build(dict(type='ZeroShotTTAModel', module=model)).eval()
    mixed, = tta.test_step(dict(
        inputs=[image[None], image.flip(2)[None]],
        data_samples=[[SegDataSample(metainfo=dict(
            ori_shape=SIZE, img_shape=SIZE, img_path='x.jpg', flip=flip,
            flip_direction='horizontal'))] for flip in (False, True)]))
    for result in (*both, mixed):
        labels = result.pred_sem_seg.data
        assert (labels == 0).any() and not (labels == 2).any()


@pytest.mark.parametrize('topk', [1, 2, 5])
@torch.no_grad()
def test_a_word_of_two_classes_in_groupvit(image, topk):
    model = small_groupvit(
        vocabulary=BEDS, decode_head=dict(type='GroupViTHead', topk=topk))
    x = normalised(model, image)
    # The image's own embedding is the best word.
    rows = F.normalize(torch.randn(6, 16), dim=1)
    rows[1] = model.extract_feat(x).image[0]
    model.set_vocabulary(BEDS, rows)
    labels = model.predict(x)[0].pred_sem_seg.data
    assert (labels == 0).any() and not (labels == 2).any()


# ------------------------------------------------ background within the list
def sorted_by_name(model, result):
    """dict: Class name -> log-probabilities (H, W)."""
    return dict(zip(model.dataset_meta['classes'], result.seg_logits.data))


@torch.no_grad()
def test_background_is_an_ordinary_class_where_the_list_has_it(
        zero_shot, image):
    model = zero_shot(vocabulary='cat; background; dog')
    other = zero_shot(vocabulary='background; dog; cat')
    assert model.dataset_meta['classes'] == ('cat', 'background', 'dog')
    assert model.dataset_meta['palette'][0] != [0, 0, 0]
    x = normalised(model, image)
    (a, ), (b, ) = model.predict(x), other.predict(x)
    one, two = sorted_by_name(model, a), sorted_by_name(other, b)
    for name in one:
        torch.testing.assert_close(one[name], two[name])


@pytest.mark.parametrize('how', ['words', 'embeddings', 'view'])
@torch.no_grad()
def test_a_threshold_moves_background_to_the_front(zero_shot, image, how):
    words = ('cat', 'background', 'dog')
    model = zero_shot(background_threshold=None if how == 'view' else .4)
    rows = near_the_image(model, image, words, best='background')
    if how == 'words':
        rows = model.embed_words(words)
        model.set_vocabulary(list(words))
    else:
        model.set_vocabulary(list(words), rows)
    if how == 'view':
        model = model.with_vocabulary(background_threshold=.4)
    other = zero_shot(background_threshold=.4)
    other.set_vocabulary('background; cat; dog', rows[[1, 0, 2]])
    assert model.dataset_meta['classes'] == ('background', 'cat', 'dog')
    x = normalised(model, image)
    (a, ), (b, ) = model.predict(x), other.predict(x)
    assert torch.equal(a.seg_logits.data, b.seg_logits.data)
    assert torch.equal(a.pred_sem_seg.data, b.pred_sem_seg.data)

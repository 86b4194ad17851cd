"""SAM 3 against its formula, word by word, without any cached feature."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.clip import get_tokenizer
from mmseg_clipzs.models.segmentors import Sam3Segmentor
from mmseg_clipzs.recipes import cells
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

transformers = pytest.importorskip('transformers', minversion='5.20')
pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat; dog, a small puppy; sky'
THRESHOLD = .2  # of the scores of instances


@pytest.fixture(scope='module')
def folder(small_sam3):
    return small_sam3


@pytest.fixture(scope='module')
def plain(folder):
    return transformers.Sam3Model.from_pretrained(folder).eval()


@pytest.fixture(scope='module')
def model(folder):
    return Sam3Segmentor(weights=folder, vocabulary=WORDS,
                         score_threshold=THRESHOLD).eval()


def images(*sizes):
    rng = np.random.default_rng(1)
    return [torch.from_numpy(rng.integers(0, 256, (3, *size), np.uint8))
            for size in sizes]


@torch.no_grad()
def predict(model, inputs):
    data = model.data_preprocessor(dict(inputs=inputs))
    return model.predict(data['inputs'], data['data_samples'])


@torch.no_grad()
def restated(plain, image, word):
    """(16, 16) probabilities of a word in a BGR image."""
    pixels = F.interpolate(
        image.flip(0)[None].float() / 255, (56, 56), mode='bilinear',
        antialias=True)
    tokens = get_tokenizer('ViT-B-16', context_length=32)([word])
    length = tokens[0].tolist().index(49407) + 1
    mask = torch.zeros_like(tokens)
    mask[:, :length] = 1
    out = plain((pixels - .5) / .5, input_ids=tokens, attention_mask=mask)
    presence = torch.sigmoid(out.presence_logits)[0, 0]
    best = torch.sigmoid(out.semantic_seg)[0, 0]
    kept = 0
    for score, instance in zip(
            torch.sigmoid(out.pred_logits[0]), out.pred_masks[0]):
        if score * presence > THRESHOLD:
            best = torch.maximum(best, score * torch.sigmoid(instance))
            kept += 1
    return best * presence, kept


@pytest.mark.parametrize('sizes', [[(40, 70)], [(56, 56), (91, 33), (56, 56)]])
def test_formula(model, plain, sizes):
    """At any size, batches of 1 and 3; the class of two words has the best."""
    inputs, kept = images(*sizes), []
    for image, result in zip(inputs, predict(model, inputs), strict=True):
        maps = []
        for word in ('cat', 'dog', 'a small puppy', 'sky'):
            found, count = restated(plain, image, word)
            maps.append(F.interpolate(
                found[None, None], image.shape[1:], mode='bilinear')[0, 0])
            kept.append(count)
        want = torch.stack([maps[0], maps[1].maximum(maps[2]), maps[3]])
        got = result.seg_logits.data
        torch.testing.assert_close(got.exp(), want, rtol=0, atol=1e-5)
        assert torch.equal(got.argmax(0), result.pred_sem_seg.data[0])
        assert len(result.pred_sem_seg.data.unique()) > 1
    assert 0 < sum(kept) < 5 * len(kept)  # some instances count


def test_words_in_batches(model, folder):
    other = Sam3Segmentor(weights=str(folder), vocabulary=WORDS, word_batch=3,
                          score_threshold=THRESHOLD).eval()
    inputs = images((40, 70), (40, 70))
    for one, two in zip(predict(model, inputs), predict(other, inputs)):
        torch.testing.assert_close(one.seg_logits.data, two.seg_logits.data)


def test_permuted_classes(folder, model):
    view = model.with_vocabulary('sky; cat; dog, a small puppy')
    inputs = images((40, 70))
    torch.testing.assert_close(
        predict(view, inputs)[0].seg_logits.data,
        predict(model, inputs)[0].seg_logits.data[[2, 0, 1]])


def test_refused_words_change_nothing(folder):
    other = Sam3Segmentor(weights=folder, vocabulary=WORDS).eval()
    with pytest.raises(UserError):
        other.set_vocabulary(['cat', '\U0001f600' * 200])
    assert other.vocabulary.classes == ('cat', 'dog', 'sky')


def test_reduced_precision(folder, model):
    half = Sam3Segmentor(weights=folder, vocabulary=WORDS, precision='bf16',
                         score_threshold=THRESHOLD).eval()
    assert half.backbone.dtype == torch.bfloat16
    inputs = images((40, 70))
    got, want = (predict(each, inputs)[0].seg_logits.data.exp()
                 for each in (half, model))
    assert got.dtype == torch.float32
    assert (got - want).abs().mean() < .05


def test_image_tower_runs_once(folder):
    """For any number of vocabularies, and a text only for a vocabulary."""
    options = {'model.weights': str(folder), 'model.score_threshold': .2}
    inferencer = ZeroShotInferencer('sam3_voc21', cfg_options=options,
                                    classes=WORDS)
    network, runs = inferencer.model.backbone, []
    for name in ('vision_encoder', 'text_encoder'):
        getattr(network, name).register_forward_hook(
            lambda *_, name=name: runs.append(name))
    image = images((40, 70))[0].permute(1, 2, 0).numpy()
    inferencer.set_image(image)
    assert runs == ['vision_encoder']
    first = inferencer.predict('cat; dog', background=.3)
    assert first.classes == ('background', 'cat', 'dog')
    assert runs == ['vision_encoder', 'text_encoder']
    inferencer.predict('tree')
    assert runs.count('vision_encoder') == 1
    del runs[:]
    results = inferencer([image, image, image], classes='cat; dog')
    assert runs.count('text_encoder') == 1
    np.testing.assert_array_equal(results[0].mask, results[2].mask)
    auto = inferencer.predict('cat', background='auto')  # contrast words
    assert auto.classes == ('background', 'cat')
    assert (auto.mask == 0).any()


def test_configs():
    """A row of each of the eight data sets, without a CLIP."""
    names = {cell.name for cell in cells() if cell.method == 'sam3'}
    assert len(names) == 8
    thresholds = {}
    for name in sorted(names):
        job = Job(name)
        job.require_weights()
        about = job.describe()
        assert about['method'] == 'SAM 3' and about['clip'] is None
        model = job.load().model
        assert model.type == 'Sam3Segmentor'
        assert model.weights == 'facebook/sam3'
        if 'background_threshold' in model:
            thresholds[about['dataset']] = model.background_threshold
    assert thresholds == dict(voc21=.4, context60=.1, coco_object=.4)


@pytest.mark.parametrize('options, message', [
    (dict(), 'Name the weights of SAM 3'),
    (dict(weights='facebook/sam3', score_threshold=1), 'score_threshold must'),
    (dict(weights='facebook/sam3', word_batch=0), 'word_batch must be'),
    (dict(weights='facebook/sam3', precision='int8'), 'precision='),
    (dict(weights='no/such/folder'), "no folder at 'no/such/folder'"),
])
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        Sam3Segmentor(**options)

"""Embeddings of words: equal, damaged or ready-made ones; one class."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_groupvit import small_groupvit
from students import build

from mmseg_clipzs.models.segmentors.embedded_words import equal_rows
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
LONG = 'very ' * 90


@pytest.fixture
def unit():
    """Builder of unit-length rows (Q, D)."""
    return lambda count, width=24: F.normalize(torch.randn(count, width))


# -------------------------------------------------------------------- equal
@pytest.mark.parametrize('count, width', [(2, 1), (5, 3), (300, 24)])
def test_equal_rows_are_those_of_all_pairs(unit, count, width):
    rows = unit(count, width)
    if width > 1:
        assert equal_rows(rows) is None
    for _ in range(20):
        i, j = sorted(torch.randperm(count)[:2].tolist())
        copy = rows.clone()
        copy[j] = F.normalize(copy[i] + 1e-7 * torch.randn(width), dim=0)
        distances = torch.cdist(copy.double(), copy.double())
        pair = equal_rows(copy)
        assert distances[pair] < 1e-5 and pair[0] < pair[1]
        if width == 24:
            assert pair == (i, j)
    assert equal_rows(rows[:1]) is None


@pytest.mark.parametrize('words, first, second', [
    ('Cat; cat; sky', "'Cat'", "'cat'"), ('cat, CAT; sky', "'cat'", "'CAT'"),
    (['&amp; cat', '& cat'], "'&amp; cat'", "'& cat'"),
    ([f'{LONG}cat', f'{LONG}dog', 'sky'], "very cat'", "'very .*very dog'"),
    ('ｃat; cat', "'ｃat'", "'cat'")])
@pytest.mark.parametrize('kind', ['clip', 'groupvit', 'student'])
def test_words_that_the_tokenizer_does_not_tell_apart(
        zero_shot, tiny_vit, kind, words, first, second):
    if kind == 'clip':
        model = zero_shot(prompts='single')
    elif kind == 'groupvit':
        model = small_groupvit()
    else:
        model = build(dict(
            type='ZeroShotSegmentor', clip=tiny_vit, prompts='single',
            backbone=dict(type='ClipViT'), vocabulary='dog; grass',
            decode_head=dict(type='MaskClipHead')))
    if isinstance(words, list):
        words = [[word] for word in words]
    with pytest.raises(UserError, match=(
            f'{first} and {second} have the same text embedding')):
        model.set_vocabulary(words)
        model.eval()
        model.predict(torch.zeros(1, 3, 32, 32))


def test_words_that_are_cut_are_named(zero_shot, log):
    model = zero_shot(prompts='single')
    model.set_vocabulary(['cat', LONG, 'a rather long name of a class', 'sky'])
    line, = (line for line in log if 'were cut' in line)
    assert line.startswith('WARNING: 1 of 4 words are longer than')
    assert "first 'very very" in line and '(77 tokens' in line
    log.clear()
    model.set_vocabulary(['dog', LONG])  # from the cache
    assert sum('were cut' in line for line in log) == 1
    with pytest.raises(UserError, match="nothing of the word '&nbsp;'"):
        model.set_vocabulary([['cat'], ['&nbsp;']])


# --------------------------------------------------------------- ready-made
def _with(rows, index, value):
    rows = rows.clone()
    rows[index] = value
    return rows


BAD = [
    (lambda rows: _with(rows, 1, float('nan')), 'first in row 1 of 3'),
    (lambda rows: _with(rows, (2, 5), float('inf')), 'first in row 2 of 3'),
    (lambda rows: _with(rows, 0, 0.), 'zero rows .* first in row 0'),
    (lambda rows: rows[:2], 'Got 2 text embeddings for 3 words'),
    (lambda rows: rows[[0, 1, 2, 2]], 'Got 4 text embeddings for 3 words'),
    (lambda rows: rows[0], 'must hold an array'),
    (lambda rows: (100 * rows).to(torch.int8), 'must hold floats'),
    (lambda rows: rows > 0, 'must hold floats'),
    (lambda rows: rows.to(torch.complex64), 'must hold floats'),
    (lambda rows: rows[[0, 1, 1]], "'dog' and 'sky' have the same"),
    (lambda rows: rows[:, 1:], r'are \(3, 23\), but'),
    (lambda rows: 5, 'but got int'), (lambda rows: rows.tolist(), 'got list')]


@pytest.mark.parametrize('form', [lambda x, path: x, lambda x, path: (
    x.numpy() if isinstance(x, torch.Tensor) else x), lambda x, path: (
        np.save(path, x.numpy()) or str(path)
        if isinstance(x, torch.Tensor) else x)])
@pytest.mark.parametrize('make, message', BAD)
def test_bad_embeddings(zero_shot, unit, tmp_path, make, message, form):
    model = zero_shot(vocabulary='grass; sea')
    with pytest.raises(UserError, match=message):
        model.set_vocabulary(
            'cat; dog; sky', form(make(unit(3)), tmp_path / 'rows.npy'))
    assert model.vocabulary.classes == ('grass', 'sea')


@pytest.mark.parametrize('factor', [1e-20, .5, 1., 7., 1e20])
def test_rows_are_normalised(zero_shot, unit, tmp_path, factor):
    rows, model = unit(3), zero_shot()
    np.save(tmp_path / 'rows.npy', rows.double().numpy() * factor)
    for given in (rows * factor, rows.double().numpy() * factor,
                  tmp_path / 'rows.npy'):
        model.set_vocabulary('cat; dog; sky', given)
        got = model.decode_head.text_embeddings
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, rows, atol=1e-6, rtol=0)
    model.set_vocabulary('cat; dog; sky', rows)
    assert torch.equal(model.decode_head.text_embeddings, rows)


def test_embeddings_of_the_teacher_are_those_of_both(tiny_vit, unit, tmp_path):
    """And not the text tower's."""
    rows = unit(4)
    np.save(tmp_path / 'rows.npy', rows.numpy())
    model = build(dict(
        type='ZeroShotSegmentor', clip=tiny_vit, prompts='single',
        backbone=dict(type='ClipViT'), decode_head=dict(type='MaskClipHead'),
        vocabulary='cat, kitten; dog; sky',
        text_embeddings=str(tmp_path / 'rows.npy')))
    assert torch.equal(model.teacher.decode_head.text_embeddings, rows)
    want = torch.stack([F.normalize(rows[:2].sum(0), dim=0), rows[2], rows[3]])
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), want)


def test_known_classes_are_the_same_again(tiny_vit):
    """After others of the same number."""
    model = build(dict(
        type='ZeroShotSegmentor', clip=tiny_vit, prompts='single',
        backbone=dict(type='ClipViT'), decode_head=dict(type='MaskClipHead'),
        vocabulary='cat; dog')).eval()
    classifier = model.decode_head.conv_seg
    want = {}
    for classes in ('cat; dog', 'sky; sea', 'sand; road') * 2:
        model.set_vocabulary(classes)
        weight = classifier.weight.clone()
        assert torch.equal(want.setdefault(classes, weight), weight)
    assert not torch.equal(want['cat; dog'], want['sky; sea'])


def test_embeddings_without_words(zero_shot, unit):
    for make in (zero_shot, small_groupvit):
        with pytest.raises(UserError, match='needs the words of its rows'):
            make(text_embeddings=unit(3))


# ---------------------------------------------------------------- one class
@pytest.mark.parametrize('words, threshold, message', [
    ('cat', None, "'cat' is the only class, so that it covers every image"),
    ('grass', None, 'as in "grass; sky", or take'),
    ('cat, dog, sky', None, 'with 3 words, as "," separates words and'),
    ('voc', None, 'Did you mean voc2'),
    ('cat', .5, 'its words, so that the background threshold means nothing'),
    ('background; cat', None, ''), ('cat; dog', None, ''),
    ('background: wall; cat', .5, '')])
def test_one_class(zero_shot, log, words, threshold, message):
    zero_shot(vocabulary=words, background_threshold=threshold)
    warned = [line for line in log if 'is the only class' in line]
    assert len(warned) == bool(message)
    assert all(message in line for line in warned)


def test_one_class_is_not_trained(tiny_vit):
    teacher = dict(type='ZeroShotSegmentor', clip=tiny_vit, vocabulary='grass',
                   backbone=dict(type='ClipViT'),
                   decode_head=dict(type='MaskClipHead'))
    with pytest.raises(UserError, match='needs two classes or more'):
        build(teacher)
    build(teacher, learn_background=True)

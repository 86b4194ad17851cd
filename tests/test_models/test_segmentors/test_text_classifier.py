"""Classifiers from text embeddings, in place of ``conv_seg``."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_clipzs.models.segmentors.text_classifier import (
    MappedClassifier,
    TextClassifier,
    average_words,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def rows(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator), dim=1)


def text_classifier(embeddings, *args):
    """With embeddings (C, D)."""
    classifier = TextClassifier(embeddings.size(1), len(embeddings), *args)
    classifier.set_embeddings(embeddings)
    return classifier


def test_classes_are_the_mean_of_their_words():
    words = rows(4, 6)
    got = average_words(words, [1, 2, 1])
    both = words[1] + words[2]
    want = torch.stack([words[0], both / both.norm(), words[3]])
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('normalize', [False, True])
def test_scores_are_products_with_the_text(background, normalize):
    text, features = rows(3, 6), 5 * rows(2, 6, 4, 5, seed=1)
    classifier = text_classifier(text, background, normalize)
    if background:
        text = torch.cat([F.normalize(
            classifier.background.flatten(1)), text])
    if normalize:
        features = features / features.norm(dim=1, keepdim=True)
    want = torch.einsum('ndhw,cd->nchw', features, text)
    torch.testing.assert_close(classifier(features), want)
    trained = [name for name, p in classifier.named_parameters()
               if p.requires_grad]
    assert trained == ['background'] * background


def test_state_fits_a_stock_conv_seg():
    classifier, stock = text_classifier(rows(3, 6)), nn.Conv2d(6, 3, 1)
    stock.load_state_dict(classifier.state_dict())
    features = rows(2, 6, 4, 5, seed=1)
    torch.testing.assert_close(stock(features), classifier(features))


@pytest.mark.parametrize('count', [2, 3, 5])
def test_other_embeddings(count):
    features, text = rows(1, 6, 2, 2, seed=1), rows(count, 6, seed=2)
    classifier = text_classifier(rows(3, 6))
    mapped = MappedClassifier(rows(3, 6), 6)
    for one in (classifier, mapped):
        one.set_embeddings(text)
        assert one(features).shape == (1, count, 2, 2)
    torch.testing.assert_close(
        classifier(features), torch.einsum('ndhw,cd->nchw', features, text))
    torch.testing.assert_close(mapped(features), torch.einsum(
        'ndhw,cd->nchw', features, mapped.mapper(text)))
    assert not classifier.weight.requires_grad
    assert classifier.out_channels == count


@pytest.mark.parametrize('background', [False, True])
def test_nothing_runs_without_embeddings(background):
    """Neither before they are set nor with the state of such a model."""
    features = rows(1, 6, 2, 2, seed=1)
    empty = TextClassifier(6, 3, background)
    loaded = text_classifier(rows(3, 6), background)
    assert loaded.has_embeddings()
    loaded.load_state_dict(empty.state_dict())
    for one in (empty, loaded):
        assert not one.has_embeddings()
        with pytest.raises(UserError, match='no text embeddings yet'):
            one(features)
    empty.load_state_dict(text_classifier(rows(3, 6), background).state_dict())
    assert torch.isfinite(empty(features)).all()

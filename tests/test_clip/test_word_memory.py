"""Words are embedded once by the same weights."""
import copy
import pickle

import pytest
import torch

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.clip import TextEncoder, load_clip
from mmseg_clipzs.clip import word_memory as module
from mmseg_clipzs.clip.word_memory import WordMemory

WORDS = ['cat', 'sky', 'grass']


class Tower:
    """Embeds words by their number of letters, and counts them."""

    def __init__(self):
        self.weight, self.asked = torch.ones(2), []

    def ask(self, memory, words, templates=('{}', )):
        return memory.embed([self.weight], words, templates, self.embed)

    def embed(self, words):
        self.asked.append(list(words))
        return torch.tensor([[len(word)] for word in words]) * self.weight


def test_only_new_words_are_embedded():
    tower, memory = Tower(), WordMemory()
    first = tower.ask(memory, WORDS)
    assert first.tolist() == [[3, 3], [3, 3], [5, 5]]
    assert tower.ask(memory, ['sky', 'sea', 'sky']).tolist() == [[3, 3]] * 3
    assert tower.asked == [WORDS, ['sea']]
    tower.ask(memory, WORDS, ('a {}', ))
    assert tower.asked[2:] == [WORDS]
    first.zero_()
    assert tower.ask(memory, WORDS).sum() == 22


def test_changed_weights_embed_anew():
    tower, memory = Tower(), WordMemory()
    tower.ask(memory, WORDS)
    tower.weight.mul_(2)
    assert tower.ask(memory, ['cat']).tolist() == [[6, 6]]
    tower.weight = tower.weight * 2
    assert tower.ask(memory, ['cat']).tolist() == [[12, 12]]
    for each in (copy.deepcopy(memory), pickle.loads(pickle.dumps(memory))):
        tower.asked.clear()
        tower.ask(each, ['cat'])
        assert tower.asked == [['cat']]


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(module, '_MOST', 4)
    tower, memory = Tower(), WordMemory()
    for word in 'abcdefghij':
        tower.ask(memory, [word])
    assert len(memory._known[1]) <= 4
    assert len(tower.ask(memory, list('klmnop'))) == 6
    assert len(memory._known[1]) <= 4


@pytest.mark.parametrize('pretrained', ['toy', None])
def test_of_a_clip(pretrained, tmp_path, monkeypatch):
    """Also of random weights, and without a look at the disk."""
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path))
    encoder = TextEncoder(load_clip('toy-vit-p8', pretrained=pretrained))
    want = encoder(WORDS, 'single')
    monkeypatch.setattr(encoder, '_embed', None)
    assert torch.equal(encoder(WORDS[::-1], 'single'), want.flip(0))


@pytest.mark.parametrize('name', ['maskclip_toy', 'groupvit_toy'])
def test_predictions_embed_a_word_once(name):
    inferencer = ZeroShotInferencer(name, device='cpu')
    image = inferencer.encode(torch.rand(3, 64, 64))
    model, passes = inferencer.model, []
    tower = model.text_backbone if name == 'groupvit_toy' else (
        model.text_encoder.clip.model.ln_final)
    want = inferencer.predict('zebra 31; sea 31', image=image)
    tower.register_forward_hook(lambda *args: passes.append(1))
    got = inferencer.predict('sea 31; zebra 31', .3, image)
    assert got.classes == ('background', 'sea 31', 'zebra 31') and not passes
    assert inferencer.predict('zebra 31; sea 31', image=image).mask.tolist(
        ) == want.mask.tolist()
    with torch.no_grad():
        for weight in tower.parameters():
            weight.add_(.1)
    inferencer.predict('sea 31; zebra 31', image=image)
    assert len(passes) == (name == 'groupvit_toy')  # the other's file is older

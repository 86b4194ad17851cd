"""Weights that are, or are not, what they claim to be."""
import csv
import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.datasets import COCOStuffDataset, PascalVOCDataset

from mmseg_clipzs.clip import get_tokenizer, load_clip
from mmseg_clipzs.doctor import check_checkpoint, check_clip, weights
from mmseg_clipzs.doctor.published import (
    project,
    read_published,
)
from mmseg_clipzs.doctor.weights import check_shipped, check_texts

NAMES = ['cat', 'pottedplant', 'sky-other', 'traffic light']


# ------------------------------------------------------------------- shipped
def test_shipped_weights():
    assert [each.verdict for each in check_shipped()] == ['ok'] * 3


def test_changed_and_missing_weights(monkeypatch, tmp_path):
    (key, path), = weights.SHIPPED.items()
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    with copy.open('r+b') as file:
        file.seek(-1, 2)
        file.write(b'x')
    monkeypatch.setattr(weights, 'SHIPPED', {key: copy})
    monkeypatch.setattr(weights, 'GROUPVIT', {
        'toy': tmp_path / 'groupvit-toy.safetensors'})
    changed, intact, missing = check_shipped()
    assert changed.verdict == 'WRONG' and 'has been changed' in changed.found
    assert intact.verdict == 'ok'
    assert missing.verdict == 'WRONG' and 'is missing' in missing.found


# ---------------------------------------------------------------- a CLIP
def test_a_clip(tiny_vit):
    file, clip = check_clip(f'tiny-vit:{tiny_vit["pretrained"]}')
    assert file.verdict == 'note' and 'hashes differ' in file.found
    assert clip.verdict == 'ok' and 'float32), GELU' in clip.found


def test_openais_hash(tiny_vit, monkeypatch):
    known = weights._openai_models()
    assert 'ViT-B-16' in known.values() and all(
        len(digest) == 64 for digest in known)
    monkeypatch.setattr(weights, 'sha256_of', lambda path: next(
        digest for digest, name in known.items() if name == 'ViT-B-16'))
    file, *_ = check_clip(f'tiny-vit:{tiny_vit["pretrained"]}')
    assert file.verdict == 'ok' and "OpenAI's ViT-B-16" in file.found


@pytest.mark.parametrize('change, message', [
    (lambda state: state.pop('visual.proj'), 'another architecture'),
    (lambda state: state['visual.proj'].fill_(float('nan')),
     "'visual.proj' that are NaN"),
    (lambda state: state.update(
        {'visual.proj': state['visual.proj'].to(torch.int8)}), 'int8')])
def test_broken_weights(tiny_vit, tmp_path, change, message):
    state = torch.load(tiny_vit['pretrained'])
    change(state)
    path = tmp_path / 'broken.pt'
    torch.save(state, path)
    *_, finding = check_clip(f'tiny-vit:{path}')
    assert finding.verdict == 'WRONG' and message in finding.found


# ----------------------------------------------------------------- the texts
@pytest.fixture(scope='module')
def published(tiny_vit, tmp_path_factory):
    """Embeddings by open_clip's own model, with QuickGELU."""
    model = load_clip(**tiny_vit, quick_gelu=True).model
    tokens = get_tokenizer('tiny-vit')([f'a photo of a {n}' for n in NAMES])
    with torch.no_grad():
        features = F.normalize(model.encode_text(tokens), dim=1)
    path = tmp_path_factory.mktemp('published') / 'texts.csv'
    _write(path, project(features.numpy()))
    return path


def _write(path, projections):
    with path.open('w', newline='') as file:
        csv.writer(file).writerows([['dataset', 'name'], *(
            ['voc', name, *row] for name, row in zip(NAMES, projections))])
    return path


def test_texts_of_the_right_weights(published, tiny_vit, tmp_path):
    clip = load_clip(**tiny_vit, quick_gelu=True)
    finding = check_texts(clip, path=published)
    assert finding.verdict == 'ok' and 'cosine 1.00000 to' in finding.found
    right = read_published(published)[1]
    noise = np.random.default_rng(0).standard_normal(right.shape)
    path = _write(tmp_path / 'x.csv', right + .1 * noise)  # cosine 0.995
    assert check_texts(clip, path=path).verdict == 'WRONG'
    path = _write(tmp_path / 'x.csv', -right)
    assert check_texts(clip, path=path).verdict == 'note'
    assert check_texts(clip, True, path=path).verdict == 'WRONG'


def test_texts_of_the_wrong_activation(published, tiny_vit):
    finding = check_texts(load_clip(**tiny_vit), path=published)
    assert finding.verdict == 'WRONG'
    assert '1.00000 with QuickGELU: load them with quick_gelu=True' in (
        finding.found)


def test_projections_of_the_published_embeddings(real_embeddings):
    """The file has the projections of what ZegCLIP published."""
    names, projections = read_published()
    assert names == [*PascalVOCDataset.METAINFO['classes'][1:],
                     *COCOStuffDataset.METAINFO['classes']]
    embeddings = np.concatenate([np.load(
        real_embeddings / f'zegclip_{name}_single_vitb16.npy')
        for name in ('voc12', 'coco171')]).astype(float)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    np.testing.assert_allclose(project(embeddings), projections, atol=1e-4)


def test_the_estimated_cosine():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((191, 512))
    for noise in (.01, .1, .5):
        b = a + noise * rng.standard_normal(a.shape)
        x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
        estimate = ((project(x) - project(y))**2).mean() / 2
        assert estimate == pytest.approx(1 - (x * y).sum(1).mean(), rel=.1)


# ------------------------------------------------------------- a checkpoint
def test_a_checkpoint(tmp_path):
    path = tmp_path / 'iter_9.pth'
    torch.save(dict(
        state_dict={'a': torch.ones(2), 'b': torch.ones(3).half()},
        meta=dict(iter=9, dataset_meta=dict(classes=('x', 'y')))), path)
    finding = check_checkpoint(path)
    assert (finding.verdict, finding.found) == (
        'ok', '2 entries (float32, float16), 2 classes, iteration 9')


@pytest.mark.parametrize('content, message', [
    (dict(state_dict={'a': torch.tensor([1., float('inf')])}), "'a' that are"),
    (dict(state_dict=3), 'no weights'), (None, 'No file at')])
def test_a_broken_checkpoint(content, message, tmp_path):
    path = tmp_path / 'x.pth'
    if content:
        torch.save(content, path)
    finding = check_checkpoint(path)
    assert finding.verdict == 'WRONG' and message in finding.found

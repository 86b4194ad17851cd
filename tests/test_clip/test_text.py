import dataclasses

import numpy as np
import open_clip
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import TextEncoder, get_templates
from mmseg_clipzs.clip.text import embed_words

WORDS = ['aeroplane', 'bicycle', 'dining table', 'person', 'tv monitor']
LONG = 'a photo of ' + 'one very very long winded description, ' * 20
PROMPTS = ['a photo of a cat.', '', LONG, 'grass', 'a Zebra; ÉÀ 🦓 "§"',
           'a photo of a ' + 'big ' * 71 + 'dog', 'x' * 500]


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


# ----------------------------------------- equality with other implementations
@pytest.mark.parametrize('name', ['vit_b16', 'rn50'])
def test_golden_one_template(name, golden, request):
    clip = request.getfixturevalue(name)
    golden = golden('clip_features.npz')
    prompts = [f'a photo of a {word}.' for word in WORDS]
    tokens = clip.tokenizer(prompts)
    assert np.array_equal(tokens, golden[f'{clip.name}.tokens'])
    want = torch.from_numpy(golden[f'{clip.name}.text.one_template'])
    with torch.no_grad():
        got = TextEncoder(clip)._encode(tokens)
    assert _max_difference(got, want) < 1e-4
    got = TextEncoder(clip, cache=False)(WORDS, 'single')
    assert _max_difference(got, F.normalize(want)) < 1e-5


@pytest.mark.slow
def test_golden_80_templates(vit_b16, golden):
    want = golden('clip_features.npz')['ViT-B-16.text.80_templates']
    got = TextEncoder(vit_b16, cache=False)(WORDS, 'imagenet80')
    assert got.dtype == torch.float32 and got.device.type == 'cpu'
    assert _max_difference(got, want) < 1e-5


def test_hugging_face(vit_b16, hugging_face_b16):
    """The other implementations always run all 77 tokens."""
    prompts = ['a photo of a cat.', LONG, 'grass']
    tokens = vit_b16.tokenizer(prompts)
    with torch.no_grad():
        want = hugging_face_b16.text_projection(
            hugging_face_b16.text_model(tokens)[1])  # end-of-text tokens
        got = TextEncoder(vit_b16)._encode(tokens)
        assert _max_difference(got, want) < 1e-4
        want = vit_b16.model.encode_text(tokens)
    assert _max_difference(got, want) < 1e-5


@pytest.mark.parametrize('prompts', [
    PROMPTS, PROMPTS[:1], [''], [LONG], ['a cat', LONG]])
def test_open_clip(tiny, theirs, prompts):
    """Truncating the batch after its longest prompt changes nothing."""
    tokens = tiny.tokenizer(prompts)
    with torch.no_grad():
        want = theirs.encode_text(tokens)
        got = TextEncoder(tiny)._encode(tokens)
    assert got.shape == (len(prompts), 24)
    assert _max_difference(got, want) < 1e-5


TEXT_OPTIONS = [
    dict(pool_type='last'), dict(pool_type='first'), dict(proj_bias=True),
    dict(mlp_ratio=2.), dict(ls_init_value=0.3), dict(context_length=16)]


@pytest.mark.parametrize('changes, custom_text', [
    *((changes, custom) for changes in TEXT_OPTIONS
      for custom in (False, True)),
    (dict(embed_cls=True, pad_id=0), True)])  # in CustomTextCLIP alone
def test_other_text_towers(tiny, changes, custom_text):
    """Options of open_clip's text configs."""
    config = open_clip.get_model_config('tiny-vit')
    fields = {f.name for f in dataclasses.fields(open_clip.CLIPTextCfg)}
    if not set(changes) <= fields:
        pytest.skip(f'this open_clip has no {changes}')
    config['text_cfg'].update(changes)
    build = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    torch.manual_seed(0)
    model = build(**config).eval()
    length = config['text_cfg']['context_length']

    def tokenize(prompts):
        return open_clip.tokenize(prompts, length)

    clip = dataclasses.replace(tiny, model=model, tokenizer=tokenize)
    with torch.no_grad():
        want = model.encode_text(tokenize(PROMPTS))
        got = TextEncoder(clip)._encode(tokenize(PROMPTS))
    assert _max_difference(got, want) < 1e-5


def test_ensemble(tiny, theirs):
    """Normalise each prompt's embedding, average, normalise."""
    templates = ('a {}.', 'the {} in a photo', '{}')
    got = TextEncoder(tiny, cache=False)(WORDS, templates)
    want = []
    with torch.no_grad():
        for word in WORDS:
            rows = [theirs.encode_text(tiny.tokenizer(
                [template.replace('{}', word)]))[0] for template in templates]
            mean = sum(row / row.norm() for row in rows) / 3
            want.append(mean / mean.norm())
    assert _max_difference(got, torch.stack(want)) < 1e-5


def _one_by_one(clip, words, templates):
    """Plain loop: each prompt alone, all 77 tokens."""
    rows = []
    for word in words:
        features = torch.cat([
            clip.model.encode_text(clip.tokenizer([t.format(word)]))
            for t in templates])
        mean = (features / features.norm(dim=1, keepdim=True)).mean(0)
        rows.append(mean / mean.norm())
    return torch.stack(rows)


@torch.no_grad()
def test_plain_loop(tiny, theirs):
    """With repeated words, equal prompts and prompts of over 77 tokens."""
    words = ['cat', 'photo of a cat', 'the  CAT', LONG, 'cat', '', 'Zebra 🦓']
    templates = get_templates('imagenet80')[::4]
    got = TextEncoder(tiny, cache=False)(words, templates)
    want = _one_by_one(dataclasses.replace(
        tiny, model=theirs), words, templates)
    assert _max_difference(got, want) < 1e-5
    assert torch.equal(got[0], got[4])


def test_mean_without_normalising_each(tiny):
    """As in GroupViT."""
    templates = ('a {}.', 'the {} in a photo')
    got = embed_words(tiny.tokenizer, tiny.model.encode_text, WORDS, templates,
                      normalize_each=False)
    with torch.no_grad():
        features = [tiny.model.encode_text(tiny.tokenizer(
            [t.format(word) for word in WORDS])) for t in templates]
    assert _max_difference(got, F.normalize(sum(features))) < 1e-5


# --------------------------------------------------------------- invariants
def test_words_keep_their_order(tiny):
    encode = TextEncoder(tiny, cache=False)
    words = ['sky', 'cat', 'sky', 'grass', 'cat']
    got = encode(words, 'single')
    for row, word in zip(got, words):
        assert _max_difference(row, encode([word], 'single')[0]) < 1e-6
    assert torch.equal(got[0], got[2]) and torch.equal(got[1], got[4])
    assert _max_difference(got.norm(dim=1), torch.ones(5)) < 1e-6


@pytest.mark.parametrize('sizes', [
    dict(_BATCH=7), dict(_PART=160), dict(_PART=1), dict(_PART=200, _BATCH=3)],
    ids=str)
def test_more_prompts_than_a_batch(tiny, monkeypatch, sizes):
    want = TextEncoder(tiny, cache=False)(WORDS)
    for name, size in sizes.items():
        monkeypatch.setattr(f'mmseg_clipzs.clip.text.{name}', size)
    got = TextEncoder(tiny, cache=False)(WORDS)
    assert _max_difference(got, want) < 1e-6


def test_equal_prompts_are_computed_once(tiny):
    seen = []

    def encode(tokens):
        seen.extend(map(tuple, tokens.tolist()))
        return tiny.model.encode_text(tokens)

    words = ['cat', 'photo of a cat', 'cat', 'Cat']
    embed_words(tiny.tokenizer, encode, words, ('a {}', 'a photo of a {}'))
    assert len(seen) == len(set(seen)) == 3


def test_embeddings_can_be_trained_on(tiny):
    embeddings = TextEncoder(tiny, cache=False)(WORDS, 'single')
    layer = torch.nn.Linear(24, 2)
    layer(embeddings).sum().backward()
    assert not embeddings.requires_grad and layer.weight.grad.any()


def test_braces_in_words(tiny):
    assert TextEncoder(tiny, cache=False)(['a {} {x}'], 'single').isfinite(
    ).all()

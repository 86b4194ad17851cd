import dataclasses
import os
import pickle

import numpy as np
import open_clip
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import (
    TEMPLATE_SETS,
    TextEncoder,
    load_clip,
    load_text_embeddings,
)
from mmseg_clipzs.clip.text import embed_words, get_templates
from mmseg_clipzs.clip.text_tower import encode_sorted_tokens, encode_tokens
from mmseg_clipzs.utils import UserError

WORDS = ['aeroplane', 'bicycle', 'dining table', 'person', 'tv monitor']
LONG = 'a photo of ' + 'one very very long winded description, ' * 20
PROMPTS = ['a photo of a cat.', '', LONG, 'grass', 'a Zebra; ÉÀ 🦓 "§"',
           'a photo of a ' + 'big ' * 71 + 'dog', 'x' * 500]


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


@pytest.fixture(scope='module')
def tiny(tiny_vit):
    return load_clip(**tiny_vit)


# ----------------------------------------------- equality with other codes
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
    """Both other forwards always run all 77 tokens."""
    prompts = ['a photo of a cat.', LONG, 'grass']
    tokens = vit_b16.tokenizer(prompts)
    with torch.no_grad():
        want = hugging_face_b16.text_projection(
            hugging_face_b16.text_model(tokens)[1])  # of the end tokens
        got = TextEncoder(vit_b16)._encode(tokens)
        assert _max_difference(got, want) < 1e-4
        want = vit_b16.model.encode_text(tokens)
    assert _max_difference(got, want) < 1e-5


@pytest.mark.parametrize('prompts', [
    PROMPTS, PROMPTS[:1], [''], [LONG], ['a cat', LONG]])
def test_open_clip(tiny, prompts):
    """Cutting the batch behind its longest prompt changes nothing."""
    tokens = tiny.tokenizer(prompts)
    with torch.no_grad():
        want = tiny.model.encode_text(tokens)
        got = TextEncoder(tiny)._encode(tokens)
    assert got.shape == (len(prompts), 24)
    assert _max_difference(got, want) < 1e-5


@pytest.mark.parametrize('changes', [
    dict(pool_type='last'), dict(pool_type='first'),
    dict(embed_cls=True, pad_id=0), dict(proj_bias=True),
    dict(mlp_ratio=2.), dict(ls_init_value=0.3), dict(context_length=16)],
    ids=lambda changes: next(iter(changes)))
@pytest.mark.parametrize('custom_text', [False, True])
def test_other_text_towers(tiny, changes, custom_text):
    """Whatever open_clip's text configs may ask for."""
    config = open_clip.get_model_config('tiny-vit')
    fields = {f.name for f in dataclasses.fields(open_clip.CLIPTextCfg)}
    if not set(changes) <= fields:
        pytest.skip(f'this open_clip has no {changes}')
    if changes.get('embed_cls') and not custom_text:
        pytest.skip('open_clip has a class token in CustomTextCLIP alone')
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


def test_ensemble_rule(tiny):
    """Each prompt's embedding normalised, their mean, normalised."""
    templates = ('a {}.', 'the {} in a photo', '{}')
    got = TextEncoder(tiny, cache=False)(WORDS, templates)
    want = []
    with torch.no_grad():
        for word in WORDS:
            rows = [tiny.model.encode_text(tiny.tokenizer(
                [template.replace('{}', word)]))[0] for template in templates]
            mean = sum(row / row.norm() for row in rows) / 3
            want.append(mean / mean.norm())
    assert _max_difference(got, torch.stack(want)) < 1e-5


def _one_by_one(clip, words, templates):
    """The rule as a plain loop: each prompt alone, all 77 tokens."""
    rows = []
    for word in words:
        features = torch.cat([
            clip.model.encode_text(clip.tokenizer([t.format(word)]))
            for t in templates])
        mean = (features / features.norm(dim=1, keepdim=True)).mean(0)
        rows.append(mean / mean.norm())
    return torch.stack(rows)


@torch.no_grad()
def test_plain_loop(tiny):
    """With words twice, prompts alike, prompts that are cut at 77 tokens."""
    words = ['cat', 'photo of a cat', 'the  CAT', LONG, 'cat', '', 'Zebra 🦓']
    templates = get_templates('imagenet80')[::4]
    got = TextEncoder(tiny, cache=False)(words, templates)
    want = _one_by_one(tiny, words, templates)
    assert _max_difference(got, want) < 1e-5
    assert torch.equal(got[0], got[4])


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


def test_one_may_train_on_them(tiny):
    embeddings = TextEncoder(tiny, cache=False)(WORDS, 'single')
    layer = torch.nn.Linear(24, 2)
    layer(embeddings).sum().backward()
    assert not embeddings.requires_grad and layer.weight.grad.any()


def test_mean_without_normalising_each(tiny):
    """GroupViT's rule."""
    templates = ('a {}.', 'the {} in a photo')
    got = embed_words(tiny.tokenizer, tiny.model.encode_text, WORDS, templates,
                      normalize_each=False)
    with torch.no_grad():
        features = [tiny.model.encode_text(tiny.tokenizer(
            [t.format(word) for word in WORDS])) for t in templates]
    assert _max_difference(got, F.normalize(sum(features))) < 1e-5


# ---------------------------------------------------------- work that is saved
def _random_tokens(seed):
    """(60, 12): texts of 0 to 10 tokens out of three; many begin alike."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, 4, (60, 12), generator=generator)
    end = torch.randint(1, 12, (60, ), generator=generator)
    tokens[:, 0] = 10
    tokens[torch.arange(60), end] = 11
    return tokens.masked_fill(torch.arange(12) > end[:, None], 0)


@torch.no_grad()
@pytest.mark.parametrize('is_sorted', [True, False])
@pytest.mark.parametrize('seed', range(3))
def test_shared_beginnings(tiny, seed, is_sorted):
    tokens = _random_tokens(seed)
    if is_sorted:
        tokens = torch.unique(tokens, dim=0)
    want = encode_tokens(tiny.model, tokens)
    assert _max_difference(
        encode_sorted_tokens(tiny.model, tokens), want) < 1e-5
    tokens[tokens == 0] = 2  # nothing behind the end counts
    assert _max_difference(
        encode_sorted_tokens(tiny.model, tokens), want) < 1e-5


@torch.no_grad()
def test_each_beginning_is_computed_once(tiny):
    tokens = torch.unique(tiny.tokenizer(
        [t.format(word) for t in get_templates('imagenet80')
         for word in WORDS]), dim=0)
    beginnings = {tuple(row[:i]) for row in tokens.tolist()
                  for i in range(1, row.index(max(row)) + 2)}
    counts, blocks = [], tiny.model.transformer.resblocks
    handles = [block.mlp.register_forward_hook(
        lambda mlp, inputs, out: counts.append(len(out))) for block in blocks]
    encode_sorted_tokens(tiny.model, tokens)
    for handle in handles:
        handle.remove()
    assert counts == [len(beginnings), len(tokens)]


def test_equal_prompts_are_computed_once(tiny):
    seen = []

    def encode(tokens):
        seen.extend(map(tuple, tokens.tolist()))
        return tiny.model.encode_text(tokens)

    words = ['cat', 'photo of a cat', 'cat', 'Cat']
    embed_words(tiny.tokenizer, encode, words, ('a {}', 'a photo of a {}'))
    assert len(seen) == len(set(seen)) == 3


# ------------------------------------------------------------------ prompts
@pytest.mark.parametrize('name, size', [
    ('single', 1), ('imagenet80', 80), ('maskclip85', 85)])
def test_prompt_sets(name, size):
    templates = get_templates(name)
    assert len(templates) == len(set(templates)) == size
    assert all(template.count('{}') == 1 for template in templates)


def test_prompt_sets_build_on_each_other():
    assert set(TEMPLATE_SETS) == {'single', 'imagenet80', 'maskclip85'}
    assert get_templates('maskclip85')[:80] == get_templates('imagenet80')
    assert all('scene' in template
               for template in get_templates('maskclip85')[80:])
    assert get_templates('imagenet80') == tuple(
        template('{}') for template in open_clip.OPENAI_IMAGENET_TEMPLATES)


@pytest.mark.parametrize('prompts, templates', [
    ('a {}', ('a {}', )), (['a {}', '{}'], ('a {}', '{}')),
    (('{} {{x}}'.replace('{{', '(').replace('}}', ')'), ), ('{} (x)', ))])
def test_own_templates(prompts, templates):
    assert get_templates(prompts) == templates


@pytest.mark.parametrize('prompts, message', [
    ('imagenet', 'Unknown prompt set .imagenet.; choose one of .*imagenet80.*'
     'maskclip85.*single.* contain "{}"'),
    ('a photo', 'Unknown prompt set'),
    (['a photo of a cat'], 'one "{}" for the class name, but got .a photo of'),
    (['a {}', 'the cat'], 'but got .the cat'),
    (['{} and {}'], 'but got .{} and {}'),
    ([], r'but got \[\]'),
    ([3], 'but got 3'),
    (['a {} with a {name}'], 'but got .a {} with a {name}'),
    (['a {} in {'], 'but got .a {} in {'),
])
def test_wrong_prompts(prompts, message):
    with pytest.raises(UserError, match=message):
        get_templates(prompts)


def test_braces_in_words(tiny):
    assert TextEncoder(tiny, cache=False)(['a {} {x}'], 'single').isfinite(
    ).all()


# ---------------------------------------------------- ready-made embeddings
@pytest.mark.parametrize('name, save', [
    ('x.npy', lambda path, x: np.save(path, x.numpy())),
    ('x.npy', lambda path, x: np.save(path, x.double().numpy())),
    ('x.npy', lambda path, x: np.save(path, x.numpy().T.copy().T)),
    ('x_clip_text.pth', lambda path, x: torch.save(x, path)),
    ('x.pth', lambda path, x: torch.save(x.double(), path)),
    ('x.pt', lambda path, x: torch.save(torch.nn.Parameter(x), path)),
])
def test_ready_made(tmp_path, name, save):
    x = torch.randn(5, 24)
    save(tmp_path / name, x)
    got = load_text_embeddings(str(tmp_path / name))
    assert got.dtype == torch.float32 and not got.requires_grad
    assert _max_difference(got, x / x.norm(dim=1, keepdim=True)) < 1e-6


def test_ready_made_half_precision(tmp_path):
    x = torch.randn(5, 24).half()
    np.save(tmp_path / 'x.npy', x.numpy())
    torch.save(x, tmp_path / 'x.pth')
    for name in ('x.npy', 'x.pth'):
        got = load_text_embeddings(tmp_path / name)
        assert _max_difference(got, F.normalize(x.float())) < 1e-6


@pytest.mark.parametrize('shape', [(24, ), (2, 3, 4), ()])
@pytest.mark.parametrize('suffix', ['.npy', '.pth'])
def test_ready_made_shape(tmp_path, shape, suffix):
    path = tmp_path / f'x{suffix}'
    x = torch.ones(shape)
    np.save(path, x.numpy()) if suffix == '.npy' else torch.save(x, path)
    with pytest.raises(UserError) as error:
        load_text_embeddings(path)
    assert str(error.value).endswith(
        f'should hold an array (words, embedding width), but holds {shape}.')


def _with(value):
    x = torch.ones(3, 4)
    x[1] = value
    return x


@pytest.mark.parametrize('value', [0., float('nan'), float('inf')])
@pytest.mark.parametrize('suffix', ['.npy', '.pth'])
def test_ready_made_values(tmp_path, value, suffix):
    path, x = tmp_path / f'x{suffix}', _with(value)
    np.save(path, x.numpy()) if suffix == '.npy' else torch.save(x, path)
    with pytest.raises(UserError, match='zero rows or values that are not fi'):
        load_text_embeddings(path)


class Call:

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_ready_made_runs_no_code(tmp_path):
    victim, path = tmp_path / 'victim', tmp_path / 'x.npy'
    evil = Call(os.system, f'touch {victim}')
    np.save(path, np.array([evil], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match='x.npy cannot be read as .npy'):
        load_text_embeddings(path)
    path.write_bytes(pickle.dumps(evil))
    with pytest.raises(UserError, match='x.npy cannot be read as .npy'):
        load_text_embeddings(path)
    torch.save([evil], tmp_path / 'x.pth')
    with pytest.raises(UserError, match='x.pth was not loaded'):
        load_text_embeddings(tmp_path / 'x.pth')
    assert not victim.exists()


@pytest.mark.parametrize('name, save, message', [
    ('x.npy', lambda path: None, 'No text embeddings at .*x.npy'),
    ('x.pth', lambda path: None, 'No text embeddings at .*x.pth'),
    ('x.npy', lambda path: path.write_bytes(b''), 'cannot be read as .npy'),
    ('x.npy', lambda path: path.write_text('<html>'),
     'cannot be read as .npy'),
    ('x.npy', lambda path: np.savez(path.open('wb'), a=np.ones((2, 3))),
     'cannot be read as .npy'),
    ('x.npy', lambda path: np.save(path, np.array([['a']])),
     'cannot be read as .npy'),
    ('x.pth', lambda path: torch.save({'a': torch.ones(2, 3)}, path),
     'but holds dict'),
    ('x.pth', lambda path: torch.save([1, 2], path), 'but holds list'),
    ('x.pth', lambda path: path.write_bytes(b''), 'cannot be read'),
])
def test_ready_made_files(tmp_path, name, save, message):
    save(tmp_path / name)
    with pytest.raises(UserError, match=message):
        load_text_embeddings(tmp_path / name)


def test_real_embeddings(real_embeddings):
    """OpenAI's own, as other projects ship them."""
    files = sorted(real_embeddings.glob('*.npy'))
    assert files
    for path in files:
        got = load_text_embeddings(path)
        raw = np.load(path)
        assert got.shape == raw.shape and got.shape[1] in (512, 768, 1024)
        assert _max_difference(got.norm(dim=1), torch.ones(len(got))) < 1e-6
        assert _max_difference(got, raw / np.linalg.norm(
            raw, axis=1, keepdims=True)) < 1e-3
        similar = got @ got.T
        assert similar.fill_diagonal_(0).max() < 1

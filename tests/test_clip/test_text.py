import copy
import dataclasses
import multiprocessing
import os
import pickle

import numpy as np
import open_clip
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import (
    PROMPT_SETS,
    TextEncoder,
    load_clip,
    load_text_embeddings,
)
from mmseg_clipzs.clip.text import cache_folder, get_templates
from mmseg_clipzs.utils import UserError, atomic_write

WORDS = ['aeroplane', 'bicycle', 'dining table', 'person', 'tv monitor']
LONG = 'a photo of ' + 'one very very long winded description, ' * 20
PROMPTS = ['a photo of a cat.', '', LONG, 'grass', 'a Zebra; ÉÀ 🦓 "§"',
           'a photo of a ' + 'big ' * 71 + 'dog', 'x' * 500]


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


@pytest.fixture(scope='module')
def tiny(tiny_vit):
    return load_clip(**tiny_vit)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache/text'


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
        got = TextEncoder(clip)._encode(prompts)
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
        got = TextEncoder(vit_b16)._encode(prompts)
        assert _max_difference(got, want) < 1e-4
        want = vit_b16.model.encode_text(tokens)
    assert _max_difference(got, want) < 1e-5


@pytest.mark.parametrize('prompts', [
    PROMPTS, PROMPTS[:1], [''], [LONG], ['a cat', LONG]])
def test_open_clip(tiny, prompts):
    """Cutting the batch behind its longest prompt changes nothing."""
    with torch.no_grad():
        want = tiny.model.encode_text(tiny.tokenizer(prompts))
        got = TextEncoder(tiny)._encode(prompts)
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
        got = TextEncoder(clip)._encode(PROMPTS)
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


def test_words_keep_their_order(tiny):
    encode = TextEncoder(tiny, cache=False)
    words = ['sky', 'cat', 'sky', 'grass', 'cat']
    got = encode(words, 'single')
    for row, word in zip(got, words):
        assert _max_difference(row, encode([word], 'single')[0]) < 1e-6
    assert torch.equal(got[0], got[2]) and torch.equal(got[1], got[4])
    assert _max_difference(got.norm(dim=1), torch.ones(5)) < 1e-6


def test_more_prompts_than_a_batch(tiny, monkeypatch):
    want = TextEncoder(tiny, cache=False)(WORDS)
    monkeypatch.setattr('mmseg_clipzs.clip.text._BATCH', 7)
    got = TextEncoder(tiny, cache=False)(WORDS)
    assert _max_difference(got, want) < 1e-6


# ------------------------------------------------------------------ prompts
@pytest.mark.parametrize('name, size', [
    ('single', 1), ('imagenet80', 80), ('maskclip85', 85)])
def test_prompt_sets(name, size):
    templates = get_templates(name)
    assert len(templates) == len(set(templates)) == size
    assert all(template.count('{}') == 1 for template in templates)


def test_prompt_sets_build_on_each_other():
    assert set(PROMPT_SETS) == {'single', 'imagenet80', 'maskclip85'}
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


# -------------------------------------------------------------------- cache
@pytest.fixture
def encoder(tiny, cache):
    return TextEncoder(tiny)


def _forbid(encoder, monkeypatch):
    def compute(*arguments):
        raise AssertionError('the text tower was asked')

    monkeypatch.setattr(encoder, 'compute', compute)


def test_second_call_reads_the_cache(encoder, tiny, cache, monkeypatch):
    want = encoder(WORDS, 'single')
    assert len(list(cache.iterdir())) == 1
    _forbid(encoder, monkeypatch)
    assert torch.equal(encoder(WORDS, 'single'), want)
    assert torch.equal(TextEncoder(tiny, cache=False)(WORDS, 'single'), want)
    another = TextEncoder(tiny)  # of another process, say
    _forbid(another, monkeypatch)
    assert torch.equal(another(list(WORDS), ['a photo of a {}.']), want)


@pytest.mark.parametrize('words, prompts', [
    (WORDS[:4], 'single'), (WORDS[::-1], 'single'),
    (WORDS, 'maskclip85'), (WORDS, ['a photo of a {}']),
    ([' '.join(WORDS)], 'single'), (['Aeroplane', *WORDS[1:]], 'single'),
    (['aeroplane, bicycle', *WORDS[2:]], 'single')])
def test_key_has_words_and_prompts(encoder, cache, words, prompts):
    encoder(WORDS, 'single')
    got = encoder(words, prompts)
    assert len(list(cache.iterdir())) == 2
    assert torch.equal(got, TextEncoder(encoder.clip, cache=False)(
        words, prompts))


def test_key_has_the_weights(encoder, tiny, cache, tmp_path):
    """Their content, not their path; the image tower does not matter."""
    first = encoder(WORDS, 'single')
    state = copy.deepcopy(tiny.model.state_dict())
    state['visual.proj'] += 1
    torch.save(state, tmp_path / 'x.pt')
    clip = load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
    assert torch.equal(TextEncoder(clip)(WORDS, 'single'), first)
    assert len(list(cache.iterdir())) == 1
    state['text_projection'] = state['text_projection'].flip(1)
    torch.save(state, tmp_path / 'x.pt')  # the same path
    clip = load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
    got = TextEncoder(clip)(WORDS, 'single')
    assert _max_difference(got, first.flip(1)) < 1e-6
    assert len(list(cache.iterdir())) == 2


def test_key_has_the_activation(tiny_vit, cache):
    """The same weights give other embeddings with QuickGELU."""
    results = [
        TextEncoder(load_clip(**tiny_vit, quick_gelu=quick))(WORDS, 'single')
        for quick in (False, True)]
    assert _max_difference(*results) > 1e-3


def test_random_weights_are_not_cached(cache):
    TextEncoder(load_clip('tiny-vit', pretrained=None))(WORDS, 'single')
    assert not cache.exists()


def test_cache_can_be_off(tiny, cache):
    TextEncoder(tiny, cache=False)(WORDS, 'single')
    assert not cache.exists()


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.delenv('MMSEG_CLIPZS_CACHE', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert cache_folder() == tmp_path / 'mmseg_clipzs'
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', '/home/somebody')
    assert str(cache_folder()) == '/home/somebody/.cache/mmseg_clipzs'


def _save(path, **arrays):
    np.savez(path, words=np.array(WORDS), **arrays)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[content.index(b'embeddings.npy') + 300] ^= 16
    path.write_bytes(content)


DAMAGES = {
    'truncated': lambda path: os.truncate(path, path.stat().st_size // 2),
    'empty': lambda path: path.write_bytes(b''),
    'text': lambda path: path.write_text('not embeddings'),
    'bit flipped': _flip,
    'other words': lambda path: _save(
        path, embeddings=np.ones((6, 24), np.float32)),
    'one row': lambda path: _save(
        path, embeddings=np.ones(5, np.float32)),
    'other width': lambda path: _save(
        path, embeddings=np.ones((5, 25), np.float32)),
    'other name': lambda path: _save(path, values=np.ones((5, 24))),
    'objects': lambda path: _save(
        path, embeddings=np.array([[None] * 24] * 5)),
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damaged_file_is_repaired(encoder, cache, log, monkeypatch, damage):
    want = encoder(WORDS, 'single')
    path, = cache.iterdir()
    DAMAGES[damage](path)
    assert torch.equal(encoder(WORDS, 'single'), want)
    assert any(line.startswith('WARNING') and f'{path} are damaged' in line
               and 'computed anew' in line for line in log)
    log.clear()
    _forbid(encoder, monkeypatch)
    assert torch.equal(encoder(WORDS, 'single'), want)
    assert not log
    assert list(cache.iterdir()) == [path]


def test_any_flipped_bit(encoder, tmp_path):
    """Either it does not matter or the file is refused."""
    path = tmp_path / 'x.npz'
    array = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    np.savez(path, embeddings=array)
    content = path.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        got = encoder._read(path, 2)
        assert got is None or np.array_equal(got, array), position


def test_unwritable_folder_only_warns(tiny, tmp_path, monkeypatch, log):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'file/cache'))
    want = TextEncoder(tiny, cache=False)(WORDS, 'single')
    assert torch.equal(TextEncoder(tiny)(WORDS, 'single'), want)
    assert [line for line in log if line.startswith('WARNING')
            and 'were not cached' in line]


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_read_only_folder_only_warns(tiny, cache, log):
    cache.mkdir(parents=True)
    cache.chmod(0o555)
    TextEncoder(tiny)(WORDS, 'single')
    assert any('were not cached' in line for line in log)


def test_full_disk_only_warns(encoder, cache, monkeypatch, log):
    def savez(path, **arrays):
        path.write_bytes(b'half of it')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np, 'savez', savez)
    encoder(WORDS, 'single')
    assert any('were not cached' in line and 'No space' in line
               for line in log)
    assert not list(cache.iterdir())


ROUNDS = 20


def _start_together(encoder, barrier):
    for i in range(ROUNDS):
        barrier.wait(60)
        encoder([f'word {i}', *WORDS], 'single')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_two_processes_at_once(encoder, cache, monkeypatch):
    """Both miss, both compute, both write; the files are whole."""
    rows = F.normalize(torch.arange(24 * 6.).view(6, 24))
    monkeypatch.setattr(encoder, 'compute', lambda *arguments: rows)
    encoder.clip.text_fingerprint  # noqa: B018  (else in each child)
    context = multiprocessing.get_context('fork')
    barrier = context.Barrier(2)
    workers = [context.Process(target=_start_together,
                               args=(encoder, barrier)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(cache.iterdir())) == ROUNDS  # no temporary file is left
    _forbid(encoder, monkeypatch)
    for i in range(ROUNDS):
        assert torch.equal(encoder([f'word {i}', *WORDS], 'single'), rows)


def _write_often(path, value):
    for _ in range(200):
        with atomic_write(path) as temporary:
            np.savez(temporary, x=np.full(10_000, value))


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_readers_see_whole_files(tmp_path):
    path = tmp_path / 'x.npz'
    context = multiprocessing.get_context('fork')
    writers = [context.Process(target=_write_often, args=(path, value))
               for value in (1, 2)]
    np.savez(path, x=np.full(10_000, 1))
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        with np.load(path) as file:
            values = file['x']
        assert values.shape == (10_000, ) and len(set(values)) == 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_write(tmp_path):
    path = tmp_path / 'deep/er/x.txt'
    with atomic_write(path) as temporary:
        assert temporary.suffix == '.txt' and temporary.parent == path.parent
        temporary.write_text('one')
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as temporary:
        temporary.write_text('tw')
        raise KeyboardInterrupt
    assert path.read_text() == 'one'
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


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

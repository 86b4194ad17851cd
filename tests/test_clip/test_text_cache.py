import copy
import json
import multiprocessing
import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import TextEncoder, load_clip
from mmseg_clipzs.clip.text_cache import EmbeddingFile, cache_folder
from mmseg_clipzs.utils import atomic_write

WORDS = ['aeroplane', 'bicycle', 'dining table', 'person', 'tv monitor']


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache/text'


@pytest.fixture
def encoder(tiny, cache):
    return TextEncoder(tiny)


@pytest.fixture
def computed(tiny):
    """Number of prompts in each run of the text tower."""
    counts = []
    handle = tiny.model.ln_final.register_forward_hook(
        lambda norm, inputs, out: counts.append(len(out)))
    yield counts
    handle.remove()


# ------------------------------------------------------------- computations
def test_second_start_runs_no_tower(encoder, tiny, cache, computed):
    want = encoder(WORDS, 'imagenet80')
    assert sum(computed) == 5 * 80
    path, = cache.iterdir()
    content = path.read_bytes()
    computed.clear()
    assert torch.equal(encoder(WORDS, 'imagenet80'), want)
    another = TextEncoder(tiny)  # e.g. of another process
    assert torch.equal(another(tuple(WORDS)), want)
    assert not computed and path.read_bytes() == content
    assert torch.equal(TextEncoder(tiny, cache=False)(WORDS), want)


def test_second_start_needs_no_tokenizer(encoder, tiny, monkeypatch):
    want = encoder(WORDS, 'single')
    monkeypatch.setattr(tiny, 'tokenizer', None)
    assert torch.equal(encoder(WORDS, 'single'), want)


@pytest.mark.parametrize('words, new', [
    (WORDS[:4], 0), (WORDS[::-1], 0), (WORDS + WORDS, 0), (['person'], 0),
    ([*WORDS, 'dog'], 1), (['dog', 'cat', *WORDS[2:], 'dog'], 2),
    ([' '.join(WORDS)], 1), (['Aeroplane', *WORDS[1:]], 1)])
def test_only_new_words_are_computed(encoder, cache, computed, words, new):
    encoder(WORDS, 'single')
    computed.clear()
    got = encoder(words, 'single')
    assert sum(computed) == new
    assert len(list(cache.iterdir())) == 1
    plain = TextEncoder(encoder.clip, cache=False)
    assert _max_difference(got, plain(words, 'single')) < 1e-6
    computed.clear()
    assert torch.equal(encoder(words, 'single'), got)
    encoder(WORDS, 'single')
    assert not computed


@pytest.mark.parametrize('prompts', ['maskclip85', ['a photo of a {}'],
                                     ['a {}', 'the {}'], ['the {}', 'a {}']])
def test_key_has_the_prompts(encoder, cache, prompts):
    encoder(WORDS, 'single')
    encoder(WORDS, ['a {}'])
    got = encoder(WORDS, prompts)
    assert len(list(cache.iterdir())) == 3
    assert torch.equal(
        got, TextEncoder(encoder.clip, cache=False)(WORDS, prompts))


def test_odd_words(encoder, computed):
    """Each word has its own entry."""
    words = ['cat', 'cat\0', 'cat ', '', '"', "'\\", '🦓É', 'long ' * 999, '5']
    want = encoder(words, 'single')
    computed.clear()
    assert torch.equal(encoder(words, 'single'), want)
    assert not computed


def test_interrupted_start_resumes(encoder, computed, monkeypatch):
    monkeypatch.setattr('mmseg_clipzs.clip.text._PART', 2 * 80)

    def interrupt(norm, inputs):
        if len(computed) == 2:
            raise KeyboardInterrupt

    handle = encoder.clip.model.ln_final.register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        encoder(WORDS)
    handle.remove()
    assert computed == [160, 160]
    computed.clear()
    got = encoder(WORDS)
    assert computed == [80]
    assert _max_difference(
        got, TextEncoder(encoder.clip, cache=False)(WORDS)) < 1e-6


# ------------------------------------------------------------------ weights
def test_key_has_the_weights(encoder, tiny, cache, tmp_path):
    """The text tower's weights matter, not their path."""
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
    """QuickGELU changes the embeddings of the same weights."""
    results = [
        TextEncoder(load_clip(**tiny_vit, quick_gelu=quick))(WORDS, 'single')
        for quick in (False, True)]
    assert _max_difference(*results) > 1e-3


def test_key_has_the_settings(tiny_vit):
    """Two architectures of one name may differ in what no weight shows."""
    first, heads, eps = (load_clip(**tiny_vit) for _ in range(3))
    heads.model.transformer.resblocks[0].attn.num_heads *= 2
    eps.model.ln_final.eps = 1e-6
    assert len({clip.text_fingerprint for clip in (first, heads, eps)}) == 3
    assert first.text_fingerprint == load_clip(**tiny_vit).text_fingerprint


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
    monkeypatch.setenv('XDG_CACHE_HOME', '')
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', '')
    assert str(cache_folder()) == '/home/somebody/.cache/mmseg_clipzs'


# ------------------------------------------------------------------- damage
def _save(path, words='["a", "b", "c", "d", "e"]', **arrays):
    np.savez(path, words=np.frombuffer(words.encode(), np.uint8), **arrays)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[content.index(b'embeddings.npy') + 300] ^= 16
    path.write_bytes(content)


ROWS = np.ones((5, 24), np.float32)
DAMAGES = {
    'truncated': lambda path: os.truncate(path, path.stat().st_size // 2),
    'empty': lambda path: path.write_bytes(b''),
    'text': lambda path: path.write_text('not embeddings'),
    'bit flipped': _flip,
    'fewer words': lambda path: _save(path, embeddings=ROWS.repeat(2, 0)),
    'no words': lambda path: np.savez(path, embeddings=ROWS),
    'words are a number': lambda path: _save(path, '5', embeddings=ROWS),
    'words are lists': lambda path: _save(
        path, '[[], [], [], [], []]', embeddings=ROWS),
    'words are cut': lambda path: _save(path, '["a', embeddings=ROWS),
    'one row': lambda path: _save(path, embeddings=ROWS[:, 0]),
    'other width': lambda path: _save(path, embeddings=ROWS[:, 1:]),
    'NaN': lambda path: _save(path, embeddings=ROWS * np.nan),
    'infinite': lambda path: _save(path, embeddings=ROWS * np.inf),
    'zeros': lambda path: _save(path, embeddings=ROWS * 0),
    'long rows': lambda path: _save(path, embeddings=ROWS),
    'float64': lambda path: _save(
        path, embeddings=ROWS.astype(float) / 24**.5),
    'numbers as words': lambda path: _save(
        path, '[1, 2, 3, 4, 5]', embeddings=ROWS / 24**.5),
    'other name': lambda path: _save(path, values=ROWS),
    'objects': lambda path: _save(
        path, embeddings=np.array([[None] * 24] * 5)),
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damaged_file_is_repaired(encoder, cache, log, computed, damage):
    want = encoder(WORDS, 'single')
    path, = cache.iterdir()
    DAMAGES[damage](path)
    computed.clear()
    assert torch.equal(TextEncoder(encoder.clip)(WORDS, 'single'), want)
    assert sum(computed) == 5
    line, = (line for line in log if line.startswith('WARNING'))
    assert f'{path} are damaged' in line and 'will be recomputed' in line
    log.clear()
    computed.clear()
    assert torch.equal(TextEncoder(encoder.clip)(WORDS, 'single'), want)
    assert not log and not computed
    assert list(cache.iterdir()) == [path]


def test_a_damaged_row_is_repaired(encoder, cache, log, computed):
    """The others are kept."""
    want = encoder(WORDS, 'single')
    path, = cache.iterdir()
    rows = want.clone().numpy()
    rows[2, 5] = np.nan
    _save(path, json.dumps(WORDS), embeddings=rows)
    computed.clear()
    got = TextEncoder(encoder.clip)(WORDS, 'single')
    assert _max_difference(got, want) < 1e-6
    assert sum(computed) == 1
    line, = (line for line in log if line.startswith('WARNING'))
    assert '1 of them are not finite' in line


def test_many_words_are_written_in_proportion(encoder, monkeypatch):
    """Not after each part, which would take quadratic time."""
    monkeypatch.setattr('mmseg_clipzs.clip.text._PART', 1)
    sizes = []
    add = EmbeddingFile.add
    monkeypatch.setattr(EmbeddingFile, 'add', lambda file, rows: (
        sizes.append(len(rows)), add(file, rows)))
    words = [f'word {i}' for i in range(200)]
    encoder(words, 'single')
    assert sizes[:10] == list(range(1, 11)) and sizes[-1] == 200
    assert sum(sizes) < 12 * len(words)
    assert list(EmbeddingFile(encoder._path(
        ('a photo of a {}.', )), 24).read()) == words


def test_any_flipped_bit(tmp_path):
    """The file is rejected or unaffected."""
    file = EmbeddingFile(tmp_path / 'x.npz', 3)
    rows = F.normalize(torch.randn(
        2, 3, generator=torch.Generator().manual_seed(0)))
    file.add(dict(cat=rows[0], dog=rows[1]))
    content = file.path.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        file.path.write_bytes(flipped)
        got = file.read()
        assert not got or (
            list(got) == ['cat', 'dog']
            and torch.equal(torch.stack(list(got.values())), rows)), position


def test_unwritable_folder_only_warns(tiny, tmp_path, monkeypatch, log):
    monkeypatch.setattr('mmseg_clipzs.clip.text._PART', 1)
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('MMSEG_CLIPZS_CACHE', str(tmp_path / 'file/cache'))
    want = TextEncoder(tiny, cache=False)(WORDS, 'single')
    assert torch.equal(TextEncoder(tiny)(WORDS, 'single'), want)
    line, = (line for line in log if line.startswith('WARNING'))
    assert 'were not cached' in line


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
    assert any('were not cached' in line and 'no space' in line
               for line in log)
    assert not list(cache.iterdir())


# -------------------------------------------------------- several processes
ROUNDS = 30


def _row(word):
    return F.normalize(torch.arange(24.) + len(word), dim=0)


def _add_words(path, name, barrier):
    file = EmbeddingFile(path, 24)
    for i in range(ROUNDS):
        barrier.wait(60)
        words = [name * (i + 1), 'shared' * (i + 1)]
        file.add({word: _row(word) for word in words})


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_processes_at_once(tmp_path, log):
    """Concurrent writers never leave a partial file."""
    path, context = tmp_path / 'x.npz', multiprocessing.get_context('fork')
    barrier, names = context.Barrier(3), 'abc'
    writers = [context.Process(target=_add_words, args=(path, name, barrier))
               for name in names]
    for writer in writers:
        writer.start()
    file = EmbeddingFile(path, 24)
    while any(writer.is_alive() for writer in writers):
        for word, row in file.read().items():
            assert torch.equal(row, _row(word))
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert not log
    assert list(tmp_path.iterdir()) == [path]  # no temporary file remains
    last = {name * ROUNDS for name in names}
    assert 'shared' * ROUNDS in file.read() and last & set(file.read())


def test_words_of_others_are_kept(tmp_path):
    one, another = (EmbeddingFile(tmp_path / 'x.npz', 24) for _ in range(2))
    assert one.read() == another.read() == {}
    one.add(dict(cat=_row('cat')))
    another.add(dict(mouse=_row('mouse')))
    got = one.read()
    assert list(got) == ['mouse', 'cat']
    assert all(torch.equal(row, _row(word)) for word, row in got.items())


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

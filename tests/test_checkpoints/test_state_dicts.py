import os
import pickle
import random
import zipfile

import open_clip
import pytest
import torch
from programs import Program
from safetensors.torch import save_file
from torch import nn

from mmseg_clipzs.checkpoints import read_state_dict
from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.filterwarnings(
    'ignore::torch.jit.TracerWarning')


@pytest.fixture(scope='module')
def state():
    torch.manual_seed(0)
    return {'a.weight': torch.randn(20, 30), 'a.bias': torch.randn(20),
            'half': torch.randn(3).half(), 'count': torch.tensor(3),
            'turned': torch.randn(4, 5).T}


def _assert_same(got, want):
    assert list(sorted(got)) == list(sorted(want))
    for key, value in want.items():
        assert got[key].dtype == value.dtype, key
        assert torch.equal(got[key], value), key


def _with_prefix(state):
    return {f'module.{key}': value for key, value in state.items()}


@pytest.mark.parametrize('name, save', [
    ('plain.pt', torch.save),
    ('legacy.pt', lambda state, path: torch.save(
        state, path, _use_new_zipfile_serialization=False)),
    ('wrapped.pth', lambda state, path: torch.save(
        dict(state_dict=state, epoch=3, optimizer={}), path)),
    ('distributed.pt', lambda state, path: torch.save(
        dict(state_dict=_with_prefix(state)), path)),
    ('model.pth', lambda state, path: torch.save(dict(model=state), path)),
    ('no-suffix', torch.save),
    ('x.safetensors', lambda state, path: save_file(
        {key: value.contiguous() for key, value in state.items()}, path)),
])
def test_formats(tmp_path, state, name, save):
    save(state, tmp_path / name)
    got, is_archive = read_state_dict(tmp_path / name)
    _assert_same(got, state)
    assert not is_archive


# ------------------------------------------------------------- TorchScript
class Views(nn.Module):
    """Tensors that share storage, with various strides."""

    def __init__(self):
        super().__init__()
        base = torch.arange(24.)
        self.weight = nn.Parameter(base.view(4, 6).T)
        self.register_buffer('part', base[5:9])
        self.register_buffer('step', base[::3])
        for dtype in (torch.float64, torch.float16, torch.bfloat16,
                      torch.int32, torch.int64, torch.uint8, torch.bool):
            self.register_buffer(
                f'as_{str(dtype)[6:]}', torch.tensor([0, 1, 1]).to(dtype))
        self.inner = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.name, self.sizes, self.maybe = 'views', [1, 2], None

    def forward(self, x):
        return self.inner(x)


def test_archive_equals_torch_jit(tmp_path):
    path = tmp_path / 'views.pt'
    torch.jit.script(Views().eval()).save(str(path))
    got, is_archive = read_state_dict(path)
    assert is_archive
    _assert_same(got, torch.jit.load(str(path)).state_dict())


@pytest.mark.parametrize('half', [False, True])
@pytest.mark.parametrize('name', ['tiny_vit', 'tiny_rn'])
def test_traced_clip_equals_torch_jit(tmp_path, request, name, half):
    """A traced model, OpenAI's format."""
    clip = load_clip(**request.getfixturevalue(name))
    model, path = clip.model, tmp_path / 'clip.pt'
    model.output_dict = False
    for parameter in model.parameters():  # traced as constants
        parameter.requires_grad_(False)
    traced = torch.jit.trace(
        model, (torch.randn(1, 3, 64, 64), open_clip.tokenize(['a cat'])),
        check_trace=False)
    if half:
        traced.half()
    traced.save(str(path))
    got, is_archive = read_state_dict(path)
    assert is_archive
    want = torch.jit.load(str(path)).state_dict()
    assert set(clip.model.state_dict()) <= set(want)
    _assert_same(got, want)


def test_archive_extras_are_left_out(tmp_path):
    root = nn.Module()
    for name in ('input_resolution', 'context_length', 'vocab_size', 'x'):
        root.register_buffer(name, torch.tensor(7))
    torch.jit.script(root).save(str(tmp_path / 'x.pt'))
    assert read_state_dict(tmp_path / 'x.pt')[0] == {'x': torch.tensor(7)}


def test_code_of_an_archive_does_not_run(tmp_path):
    path, victim = tmp_path / 'evil.pt', tmp_path / 'victim'
    torch.jit.script(Program(str(victim))).save(str(path))
    with pytest.raises(UserError, match='evil.pt'):
        read_state_dict(path)
    assert not victim.exists()
    torch.jit.load(str(path))
    assert victim.exists()  # torch.jit.load does run the code


class Call:

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def _rewrite(source, target, change):
    """Copy a zip file with ``change(name, content)``; None drops an entry."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, 'w') as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / 'views.pt'
    torch.jit.script(Views().eval()).save(str(path))
    return path


def test_pickle_in_an_archive_does_not_run(tmp_path, archive):
    victim = tmp_path / 'victim'
    evil = pickle.dumps(Call(os.system, f'touch {victim}'), 2)
    _rewrite(archive, tmp_path / 'evil.pt', lambda name, content: (
        evil if name.endswith('/data.pkl') else content))
    with pytest.raises(UserError, match=r'evil.pt .*system'):
        read_state_dict(tmp_path / 'evil.pt')
    assert not victim.exists()


# --------------------------------------------------------- unreadable files
@pytest.mark.parametrize('share', [0, .01, .5, .9, .999])
@pytest.mark.parametrize('kind', ['archive', 'plain', 'safetensors'])
def test_truncated(tmp_path, state, archive, kind, share):
    path = tmp_path / dict(archive='a.pt', plain='p.pt',
                           safetensors='s.safetensors')[kind]
    if kind == 'archive':
        whole = archive.read_bytes()
    else:
        save = torch.save if kind == 'plain' else save_file
        save({key: value.contiguous() for key, value in state.items()}, path)
        whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    message = (r'\([\d,]+ bytes\) cannot be read.*Is the download complete'
               if share else 'is empty; expected a checkpoint')
    with pytest.raises(UserError, match=f'{path.name} {message}'):
        read_state_dict(path)


@pytest.mark.parametrize('change', [
    lambda name, content: None if name.endswith('/data/0') else content,
    lambda name, content: (
        content[:9] if name.endswith('/data/0') else content),
    lambda name, content: b'' if name.endswith('/data/0') else content,
    lambda name, content: (
        content[:-9] if name.endswith('/data.pkl') else content),
    lambda name, content: None if name.endswith('/data.pkl') else content,
    lambda name, content: (
        b'nonsense' if name.endswith('/data.pkl') else content),
], ids=['tensor missing', 'tensor cut', 'tensor empty', 'names cut',
        'names missing', 'names replaced'])
def test_incomplete_archive(tmp_path, archive, change):
    _rewrite(archive, tmp_path / 'x.pt', change)
    with pytest.raises(UserError, match=(
            r'x.pt \([\d,]+ bytes\) cannot be read.*download complete')):
        read_state_dict(tmp_path / 'x.pt')


def test_flipped_bit(tmp_path, archive):
    """Detected by the archive's checksums."""
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        name = next(n for n in file.namelist() if n.endswith('/data/0'))
        position = content.index(file.read(name))
    content[position + 40] ^= 4
    archive.write_bytes(content)
    with pytest.raises(UserError, match='views.pt .* cannot be read'):
        read_state_dict(archive)


@pytest.mark.parametrize('name', [
    'archive.pt', 'plain.pt', 'legacy.pt', 'x.safetensors'])
def test_any_damage(tmp_path, archive, name):
    """A flipped bit or a cut raises UserError or has no effect.

    Older formats and safetensors have no check sums: their numbers may change.
    """
    path, state = tmp_path / name, {'a': torch.ones(3), 'b': torch.ones(())}
    if name == 'archive.pt':
        path = archive
    elif name == 'x.safetensors':
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=(
            name == 'plain.pt'))
    content, rng = path.read_bytes(), random.Random(0)
    want, refused = read_state_dict(path)[0], 0
    for i in range(150):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged if i % 10 else content[:rng.randrange(
            len(content))])
        try:
            got = read_state_dict(path)[0]
        except UserError:
            refused += 1
        else:
            if name in ('archive.pt', 'plain.pt'):
                _assert_same(got, want)
    assert refused > 30


@pytest.mark.parametrize('content', [
    [1, 2], torch.zeros(2), {}, {'a': 1}, {'state_dict': []},
    {'state_dict': {'a': 'text'}}, {'epoch': 3, 'weights': {}}, 'text', None])
def test_no_state_dict(tmp_path, content):
    torch.save(content, tmp_path / 'x.pt')
    with pytest.raises(UserError, match=(
            'x.pt is not a state dict: expected names and tensors')):
        read_state_dict(tmp_path / 'x.pt')


@pytest.mark.parametrize('name', ['x.pt', 'x.safetensors', 'x'])
def test_web_page(tmp_path, name):
    (tmp_path / name).write_text('<html>404 not found</html>')
    with pytest.raises(UserError, match=rf'{name} .* is a web page'):
        read_state_dict(tmp_path / name)


@pytest.mark.parametrize('name, save', [
    ('x.pt', lambda state, path: save_file(state, path)),
    ('x.safetensors', lambda state, path: torch.save(state, path))])
def test_format_is_detected_from_the_content(tmp_path, name, save):
    """The suffix does not matter."""
    state = {'a': torch.randn(3)}
    save(state, tmp_path / name)
    _assert_same(read_state_dict(tmp_path / name)[0], state)

import os
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import load_text_embeddings
from mmseg_clipzs.utils import UserError


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


def _npy(header=b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}"):
    """A .npy file with this header and 2 x 3 numbers."""
    header += b'\n'
    return (b'\x93NUMPY\1\0' + len(header).to_bytes(2, 'little') + header
            + np.ones(6, np.float32).tobytes())


@pytest.mark.parametrize('name, save', [
    ('x.npy', lambda path, x: np.save(path, x.numpy())),
    ('x.npy', lambda path, x: np.save(path, x.double().numpy())),
    ('x.npy', lambda path, x: np.save(path, x.numpy().T.copy().T)),
    ('x_clip_text.pth', lambda path, x: torch.save(x, path)),
    ('x.pth', lambda path, x: torch.save(x.double(), path)),
    ('x.pt', lambda path, x: torch.save(torch.nn.Parameter(x), path)),
])
def test_formats(tmp_path, name, save):
    x = torch.randn(5, 24)
    save(tmp_path / name, x)
    got = load_text_embeddings(str(tmp_path / name))
    assert got.dtype == torch.float32 and not got.requires_grad
    assert _max_difference(got, x / x.norm(dim=1, keepdim=True)) < 1e-6


def test_half_precision(tmp_path):
    x = torch.randn(5, 24).half()
    np.save(tmp_path / 'x.npy', x.numpy())
    torch.save(x, tmp_path / 'x.pth')
    for name in ('x.npy', 'x.pth'):
        got = load_text_embeddings(tmp_path / name)
        assert _max_difference(got, F.normalize(x.float())) < 1e-6


@pytest.mark.parametrize('shape', [(24, ), (2, 3, 4), ()])
@pytest.mark.parametrize('suffix', ['.npy', '.pth'])
def test_shape(tmp_path, shape, suffix):
    path = tmp_path / f'x{suffix}'
    x = torch.ones(shape)
    np.save(path, x.numpy()) if suffix == '.npy' else torch.save(x, path)
    with pytest.raises(UserError) as error:
        load_text_embeddings(path)
    assert str(error.value).endswith(
        f'must hold an array (words, embedding width), but holds {shape}.')


def _with(value):
    x = torch.ones(3, 4)
    x[1] = value
    return x


@pytest.mark.parametrize('value', [0., float('nan'), float('inf')])
@pytest.mark.parametrize('suffix', ['.npy', '.pth'])
def test_values(tmp_path, value, suffix):
    path, x = tmp_path / f'x{suffix}', _with(value)
    np.save(path, x.numpy()) if suffix == '.npy' else torch.save(x, path)
    with pytest.raises(UserError, match='zero rows or non-finite values'):
        load_text_embeddings(path)


class Call:

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_runs_no_code(tmp_path):
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
    ('x.pth', lambda path: path.write_bytes(b''), 'x.pth is empty'),
    # Headers that are cut, of another length, no dict, or of huge arrays.
    ('x.npy', lambda path: path.write_bytes(_npy()[:30]), 'as .npy'),
    ('x.npy', lambda path: path.write_bytes(_npy(b'{"descr": (')), 'as .npy'),
    ('x.npy', lambda path: path.write_bytes(_npy(b'[' * 60)), 'as .npy'),
    ('x.npy', lambda path: path.write_bytes(_npy(b'1 if')), 'as .npy'),
    ('x.npy', lambda path: path.write_bytes(_npy(b'\xff\0')), 'as .npy'),
    ('x.npy', lambda path: path.write_bytes(
        b'\x93NUMPY\3\0\xff\xff\xff\x7f' + bytes(99)), 'as .npy'),
    *(('x.npy', lambda path, shape=shape: path.write_bytes(_npy((
        "{'descr': '<f4', 'fortran_order': False, "
        f"'shape': ({shape})}}").encode())), 'as .npy') for shape in (
            f'{10**15}, 512', f'{2**63}, 2', '3.5, 2', "'a', 2",
            # NumPy 1 takes a negative length for one that is not given.
            *(['-3, 2'] if int(np.__version__[0]) > 1 else []))),
    ('x.npy', lambda path: os.mkfifo(path), 'is a named pipe; expected text'),
    ('x.npy', lambda path: path.mkdir(), 'is a folder; expected text'),
])
def test_files(tmp_path, name, save, message):
    save(tmp_path / name)
    with pytest.raises(UserError, match=message):
        load_text_embeddings(tmp_path / name)


def test_real_embeddings(real_embeddings):
    """From OpenAI's weights, as distributed by other projects."""
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

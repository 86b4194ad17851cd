"""ResCLIP's matrix of feedback against goldens and plain loops."""
import plain_feedback
import pytest
import torch

from mmseg_clipzs.models.backbones import semantic_feedback as module
from mmseg_clipzs.models.backbones.semantic_feedback import (
    same_label,
    semantic_feedback,
    smooth_rows,
)


@pytest.mark.parametrize('size', ['5x7', '4x5', '9x6'])
@pytest.mark.parametrize('path_check', [True, False])
def test_golden(golden, size, path_check):
    stored = golden('resclip_sfr.npz')
    labels = torch.from_numpy(stored[f'{size}.labels']).long()[None]
    before = same_label(labels, path_check)
    after = smooth_rows(before, 5.)
    kind = 'path_check' if path_check else 'no_path_check'
    for got, key in ((before, 'before'), (after, 'after')):
        torch.testing.assert_close(
            got[0], torch.from_numpy(stored[f'{size}.{kind}.{key}']),
            rtol=0, atol=1e-6)


@pytest.mark.parametrize('grid', [(1, 1), (1, 9), (6, 1), (4, 7), (7, 4)])
@pytest.mark.parametrize('path_check', [True, False])
@pytest.mark.parametrize('chunk', [2**22, 100])
def test_plain_loops(monkeypatch, grid, path_check, chunk):
    """A batch of three, also in several chunks."""
    monkeypatch.setattr(module, '_CHUNK', chunk)
    labels = torch.randint(3, (3, *grid))
    got = semantic_feedback(labels, 2., path_check)
    for one, matrix in zip(labels, got):
        want = plain_feedback.smoothed(
            plain_feedback.same_label(one, path_check), 2.)
        torch.testing.assert_close(matrix, want / want.max())
    assert got.dtype == torch.float32


def test_one_label():
    """Nothing lies between patches of one label."""
    assert (same_label(torch.full((2, 5, 6), 7)) == 1).all()

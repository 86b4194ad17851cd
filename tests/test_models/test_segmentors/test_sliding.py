import pytest
import torch

from mmseg_clipzs.models.segmentors.sliding import WindowGrid, spans


@pytest.mark.parametrize('size, crop, stride, starts', [
    (336, 224, 112, (0, 112)), (500, 224, 112, (0, 112, 224, 276)),
    (224, 224, 112, (0, )), (225, 224, 112, (0, 1)), (100, 224, 112, (0, )),
    (64, 32, 32, (0, 32))])
def test_windows_begin_where_the_toolboxs_do(size, crop, stride, starts):
    side = spans(size, crop, stride)
    assert side.starts == starts
    assert side.starts[-1] + side.length == size


@pytest.mark.parametrize('batch', [1, 4, 100])
def test_window_scores_side_by_side(batch):
    """Each window's scores are at its row and column, for any batch size."""
    x = torch.arange(2 * 3 * 40 * 70, dtype=torch.float32).view(2, 3, 40, 70)
    rows, columns = spans(40, 32, 8), spans(70, 32, 30)
    grid = WindowGrid(2, rows, columns)
    batches = list(grid.batches(x, batch))
    assert max(map(len, batches)) <= batch
    assert sum(map(len, batches)) == 2 * 2 * 3
    maps = grid.assemble(windows[:, :2, :4, :3] for windows in batches)
    assert maps.shape == (2, 2, 2 * 4, 3 * 3)
    for r, y in enumerate(rows.starts):
        for s, z in enumerate(columns.starts):
            assert torch.equal(
                maps[:, :, 4 * r:4 * r + 4, 3 * s:3 * s + 3],
                x[:, :2, y:y + 4, z:z + 3])

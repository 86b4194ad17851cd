"""Work dirs of leaderboards."""
import numpy as np
import pytest


@pytest.fixture
def work_dir(tmp_path):
    """A work dir with prediction samples of the rows above."""
    (tmp_path / 'cells/a').mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / 'cells/a/samples.npz', names=['x', 'y'],
        classes=['cat', 'sky | sea', 'zebra'],
        palette=rng.integers(0, 256, (3, 3)),
        **{f'{what}_{i}': rng.integers(0, 3, (8, 9)).astype(np.int32)
           for what in ('truth', 'prediction') for i in (0, 1)},
        **{f'image_{i}': rng.integers(0, 256, (8, 9, 3), np.uint8)
           for i in (0, 1)})
    return tmp_path

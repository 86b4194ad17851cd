import pytest
from miniatures import write_miniature


@pytest.fixture
def miniature(tmp_path):
    """Builder of miniatures: ``miniature('voc')``."""
    return lambda name: write_miniature(tmp_path / name, name)

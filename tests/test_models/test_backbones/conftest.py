import pytest
import torch

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.blocks import run_block


@pytest.fixture(scope='module')
def image(seeded_weights):
    """Builder of the golden images, (1, 3, H, W)."""
    seeds = {(224, 224): 1, (224, 320): 2, (200, 232): 3}
    return lambda size: torch.from_numpy(
        seeded_weights.seeded_image(*size, seeds[size]))


@pytest.fixture
def tiny(tiny_vit):
    """A small LoadedClip with GELU."""
    return load_clip(**tiny_vit)


@pytest.fixture(scope='module')
def tiny_quick(tiny_vit):
    """A small LoadedClip with QuickGELU."""
    return load_clip(**tiny_vit, quick_gelu=True)


_KNOWN = {}


@pytest.fixture
def run_once(monkeypatch):
    """Cache the blocks' outputs, most of which all methods share."""
    def remember(block, x):
        key = block, x.shape, x.numpy().tobytes()
        if key not in _KNOWN:
            _KNOWN[key] = run_block(block, x)
        return _KNOWN[key]

    for module in ('last_block', 'gem', 'self_calibration',
                   'residual_attention', 'feature_purifier'):
        monkeypatch.setattr(
            f'mmseg_clipzs.models.backbones.{module}.run_block', remember)

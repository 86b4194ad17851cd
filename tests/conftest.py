"""Fixtures: tiny CLIPs, the numbers of the authors' codes, real photos."""
import os
import sys
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

import mmseg_clipzs  # noqa: F401  (registers everything)
from mmseg_clipzs.clip import load_clip

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / 'shared'

open_clip.add_model_config(ROOT / 'tests' / 'model_configs')


@pytest.fixture(autouse=True, scope='session')
def _quiet(tmp_path_factory):
    """Tests neither read nor fill the user's cache, and stay on 2 cores."""
    os.environ['MMSEG_CLIPZS_CACHE'] = str(tmp_path_factory.mktemp('cache'))
    torch.set_num_threads(2)


@pytest.fixture(scope='session')
def golden():
    """Loader of the authors' numbers: ``golden('scclip.npz')``."""
    folder = SHARED / 'golden'
    if not folder.is_dir():
        pytest.skip(f'the authors\' numbers are not at {folder}')
    sys.path.insert(0, str(folder))
    return lambda name: np.load(folder / name)


@pytest.fixture(scope='session')
def seeded_weights(golden):
    """The generator of weights, images and text vectors beside them."""
    import seeded_weights
    return seeded_weights


@pytest.fixture(scope='session')
def voc_root():
    """100 real pairs of Pascal VOC 2012 in the official layout."""
    folder = SHARED / 'data/voc2012_100/VOCdevkit/VOC2012'
    if not folder.is_dir():
        pytest.skip(f'no real photos at {folder}')
    return folder


def _tiny(name, folder):
    torch.manual_seed(0)
    clip = load_clip(name, pretrained=None)
    for parameter in clip.model.parameters():
        # open_clip's initial values are so small that features hardly differ.
        parameter.data += 0.1 * torch.randn_like(parameter)
    path = folder / f'{name}.pt'
    torch.save(clip.model.state_dict(), path)
    return path


@pytest.fixture(scope='session')
def tiny_vit(tmp_path_factory):
    """``clip=`` arguments of a three-layer Vision Transformer, seeded."""
    path = _tiny('tiny-vit', tmp_path_factory.mktemp('weights'))
    return dict(model='tiny-vit', pretrained=str(path))


@pytest.fixture(scope='session')
def tiny_rn(tmp_path_factory):
    """``clip=`` arguments of a small ResNet, seeded."""
    path = _tiny('tiny-rn', tmp_path_factory.mktemp('weights'))
    return dict(model='tiny-rn', pretrained=str(path))

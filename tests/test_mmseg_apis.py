"""mmseg's own interfaces on a zero-shot model."""
import numpy as np
import pytest
import torch
from mmseg.apis import (
    MMSegInferencer,
    inference_model,
    init_model,
    show_result_pyplot,
)
from PIL import Image

from mmseg_clipzs.toy.scenes import CLASSES
from mmseg_clipzs.visualization import class_palette

pytestmark = pytest.mark.usefixtures('one_thread')

CONFIG = 'configs/maskclip_toy.py'


@pytest.fixture
def photo(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).resize(
        (64, 64)).save(tmp_path / 'photo.png')
    return str(tmp_path / 'photo.png')


@pytest.fixture(autouse=True)
def _in_the_repository(pytestconfig, monkeypatch):
    monkeypatch.chdir(pytestconfig.rootpath)


def test_names_and_colours_of_the_vocabulary(photo):
    """Not Cityscapes', which mmseg sets without a checkpoint."""
    drawn = []
    for classes in (None, [f'class {i}' for i in range(19)]):
        inferencer = MMSegInferencer(model=CONFIG, classes=classes)
        drawn.append(inferencer(photo, return_vis=True)['visualization'])
        meta = inferencer.visualizer.dataset_meta
        assert meta['classes'] == CLASSES
        assert meta['palette'] == class_palette(CLASSES)
    assert np.array_equal(*drawn)


def test_with_and_without_a_checkpoint(photo, tmp_path):
    model = init_model(CONFIG, None, device='cpu')
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        dataset_meta=dict(classes=['x'] * 12, palette=[[0, 0, 0]] * 12))),
        tmp_path / 'c.pth')
    drawn = []
    for checkpoint in (None, str(tmp_path / 'c.pth')):
        model = init_model(CONFIG, checkpoint, device='cpu')
        assert model.dataset_meta['classes'] == CLASSES
        drawn.append(show_result_pyplot(
            model, photo, inference_model(model, photo), show=False))
    assert np.array_equal(*drawn)
    found = set(map(tuple, drawn[0].reshape(-1, 3)))
    assert len(found) > 1

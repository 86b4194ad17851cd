"""Training of the toy DINO, on a few scenes."""
import json
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mmseg_clipzs.proxy import load_proxy
from mmseg_clipzs.recipes.toy_dino import ToyDinoRecipe
from mmseg_clipzs.toy import dino_training
from mmseg_clipzs.toy.dino_training import separation, train_toy_dino
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.toy.training import check_weights_path
from mmseg_clipzs.utils import NotOursError, UserError

SMALL = ToyDinoRecipe(steps=4, batch_size=3, warmup=2, scenes=6, seed=3,
                      precision='fp32')

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(autouse=True)
def _fewer_scenes_for_the_log(monkeypatch):
    monkeypatch.setattr(
        dino_training, 'separation', partial(separation, count=2))


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Weights of an uninterrupted run."""
    out = tmp_path_factory.mktemp('toy') / 'whole.safetensors'
    train_toy_dino(str(out), SMALL, workers=0, save_every=2)
    return out


def test_weights_can_be_loaded(trained):
    proxy = load_proxy('toy-dino-p4', pretrained=str(trained))
    assert all(torch.isfinite(p).all() for p in proxy.parameters())


def test_weights_know_their_recipe(trained):
    with safe_open(trained, 'pt') as file:
        recipe = json.loads(file.metadata()['recipe'])
        assert {file.get_tensor(key).dtype for key in file.keys()} == {
            torch.float16}
    assert recipe['architecture'] == 'toy-dino-p4'
    assert recipe['steps_done'] == 4 and recipe['seed'] == 3


@pytest.mark.slow
def test_a_resumed_run_equals_an_uninterrupted_one(
        trained, tmp_path, monkeypatch):
    out = tmp_path / 'resumed.safetensors'
    step = torch.optim.AdamW.step
    calls = []

    def interrupt(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, 'step', interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_toy_dino(str(out), SMALL, workers=0, save_every=2)
    train_toy_dino(str(out), SMALL, workers=0, save_every=2, resume=True)
    assert len(calls) == 4 + 2  # two of the first three steps were saved
    whole, resumed = load_file(trained), load_file(out)
    assert whole.keys() == resumed.keys()
    for key, value in whole.items():
        assert value.equal(resumed[key]), key


def test_files_of_the_user_are_left_alone(trained, tmp_path):
    theirs = tmp_path / 'e.safetensors'
    for content in ({'a': torch.zeros(3)}, None):
        save_file(content, theirs) if content else theirs.write_bytes(b'text')
        before = theirs.read_bytes()
        with pytest.raises(NotOursError, match=r'e\.safetensors exists and'):
            train_toy_dino(str(theirs), SMALL, workers=0)
        assert theirs.read_bytes() == before
    check_weights_path(trained)
    check_weights_path(tmp_path / 'none.safetensors')


def test_a_checkpoint_of_another_recipe(trained):
    with pytest.raises(UserError, match="'lr': 0.001.*'lr': 0.1.*--resume"):
        train_toy_dino(str(trained), ToyDinoRecipe(lr=.1), resume=True)


def test_separation():
    """Pairs of one class above pairs of two, counted one by one."""
    proxy = load_proxy('toy-dino-p4', pretrained='toy')
    network = proxy.network
    image, mask, _ = make_scene(*_first_scene())
    image = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (proxy.mean,
                                                         proxy.std))
    tokens = F.normalize(proxy((image - mean) / std)[0].flatten(1), dim=0)
    cosines = (tokens.T @ tokens).double()
    classes = mask[2::4, 2::4].ravel()
    same = classes[:, None] == classes
    upper = np.triu(np.ones_like(same), 1)
    of_two = cosines[torch.from_numpy(~same & upper)]
    above = [(of_two < cosine).double().mean()
             for cosine in cosines[torch.from_numpy(same & upper)][::97]]
    assert separation(network, 0, count=1) == pytest.approx(
        float(torch.stack(above).mean()), abs=.02)
    assert separation(network, 0, count=8) > .85


def _first_scene():
    rng = np.random.default_rng([0, 3, 0])
    return rng, 64, int(rng.integers(1, 4))

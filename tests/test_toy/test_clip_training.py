"""Training of the toy CLIP, on a few scenes."""
import json
from functools import partial

import open_clip
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mmseg_clipzs.clip import get_tokenizer, load_clip
from mmseg_clipzs.recipes.toy_clip import ToyClipRecipe
from mmseg_clipzs.toy import clip_training
from mmseg_clipzs.toy.clip_training import (
    CONFIG,
    LateClassToken,
    train_toy_clip,
    zero_shot_accuracy,
)
from mmseg_clipzs.toy.training import check_weights_path
from mmseg_clipzs.utils import NotOursError, UserError

SMALL = ToyClipRecipe(steps=4, batch_size=4, warmup=2, scenes=8, seed=3,
                      precision='fp32')

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(autouse=True)
def _fewer_scenes_for_the_log(monkeypatch):
    monkeypatch.setattr(
        clip_training, 'zero_shot_accuracy',
        partial(zero_shot_accuracy, count=3))


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Weights of an uninterrupted run."""
    out = tmp_path_factory.mktemp('toy') / 'whole.safetensors'
    train_toy_clip(str(out), SMALL, workers=0, save_every=2)
    return out


def test_weights_can_be_loaded(trained):
    clip = load_clip('toy-vit-p8', pretrained=str(trained))
    assert all(torch.isfinite(p).all() for p in clip.model.parameters())


def test_weights_know_their_recipe(trained):
    with safe_open(trained, 'pt') as file:
        recipe = json.loads(file.metadata()['recipe'])
        assert {file.get_tensor(key).dtype for key in file.keys()} == {
            torch.float16}
    assert recipe == dict(
        architecture='toy-vit-p8', steps_done=4, steps=4, batch_size=4,
        lr=1e-3, weight_decay=.1, warmup=2, patch_dropout=.5, late_share=.3,
        scenes=8, seed=3, precision='fp32')


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
        train_toy_clip(str(out), SMALL, workers=0, save_every=2)
    train_toy_clip(str(out), SMALL, workers=1, save_every=2, resume=True)
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
            train_toy_clip(str(theirs), SMALL, workers=0)
        assert theirs.read_bytes() == before
    check_weights_path(trained)
    check_weights_path(tmp_path / 'none.safetensors')


def test_a_checkpoint_of_another_recipe(trained):
    with pytest.raises(UserError, match="'lr': 0.001.*'lr': 0.1.*--resume"):
        train_toy_clip(str(trained), ToyClipRecipe(lr=.1), resume=True)


def test_zero_shot_accuracy():
    """High for the shipped weights; the model is in training mode again."""
    model = load_clip('toy-vit-p8', pretrained='toy').model.train()
    tokenizer = get_tokenizer('toy-vit-p8')
    assert zero_shot_accuracy(model, tokenizer, 0, count=20) >= .9
    assert model.training
    model.visual.proj.data.neg_()
    assert zero_shot_accuracy(model, tokenizer, 0, count=20) < .3


def test_late_class_token():
    """If active, all blocks but the last separate class token and patches."""
    torch.manual_seed(0)
    open_clip.add_model_config(CONFIG)
    model = open_clip.create_model('toy-vit-p8', load_weights=False).eval()
    late = LateClassToken(model)
    outputs = []
    model.visual.transformer.resblocks[-2].register_forward_hook(
        lambda block, args, output: outputs.append(output))
    size = model.visual.image_size[0]
    images = torch.randn(2, 3, size, size)
    features = {}
    for late.active in (False, True):
        with torch.no_grad():
            features[late.active] = model.encode_image(images)
    (free, late_out) = outputs
    assert not torch.allclose(free[0, 0], free[1, 0], atol=1e-3)
    # The class token has not seen the image before the last block.
    torch.testing.assert_close(late_out[0, 0], late_out[1, 0])
    assert not torch.allclose(late_out[0, 1:], late_out[1, 1:], atol=1e-3)
    assert not torch.allclose(
        features[True][0], features[True][1], atol=1e-4)

"""GroupViT weights from the authors, Hugging Face, the hub and ourselves."""
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file
from small_groupvit import small_groupvit

from mmseg_clipzs.models.groupvit_weights import (
    from_hugging_face,
    from_official,
    load_groupvit,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def in_hugging_faces_layout(seeded):
    spec = seeded.SPECS['tiny_two_stage']
    weights = seeded.to_hf(seeded.official_weights(1, spec), spec)
    return {key: torch.from_numpy(np.array(value))
            for key, value in weights.items()}


def test_renaming_of_the_official_names_is_complete(groupvit):
    spec = groupvit.seeded.SPECS['tiny_two_stage']
    renamed = from_official({
        key: torch.zeros(shape) for key, shape in
        groupvit.seeded.official_shapes(spec).items()})
    own = groupvit('tiny_two_stage').state_dict()
    assert {key: value.shape for key, value in renamed.items()} == {
        key: value.shape for key, value in own.items()}


def test_hugging_face_layout_without_the_second_temperature(groupvit):
    state = in_hugging_faces_layout(groupvit.seeded)
    with_it = groupvit('tiny_two_stage', state)
    assert with_it.multi_label_logit_scale == with_it.logit_scale
    without = groupvit('tiny_two_stage', state, num_nouns=0)
    assert 'multi_label_logit_scale' not in without.state_dict()


@pytest.mark.parametrize('change, message', [
    (lambda s: s.pop('img_encoder.norm.weight'), '1 of .* missing'),
    (lambda s: s.update({'img_encoder.head.weight': torch.zeros(3)}),
     "1 are unexpected, e.g. 'backbone.head.weight'"),
    (lambda s: s.update({'logit_scale': torch.zeros(2)}),
     'another shape.*logit_scale'),
    (lambda s: s.pop('multi_label_logit_scale'),
     'multi_label_logit_scale.*num_nouns'),
])
def test_no_key_is_left_over(groupvit, change, message):
    state = groupvit.seeded.checkpoint(
        1, groupvit.seeded.SPECS['tiny_two_stage'])['model']
    change(state)
    with pytest.raises(UserError, match=message):
        groupvit('tiny_two_stage', dict(model=state))


def test_arguments_are_not_edited(groupvit):
    for state, convert in (
            (in_hugging_faces_layout(groupvit.seeded), from_hugging_face),
            (groupvit.seeded.checkpoint(1, groupvit.seeded.SPECS[
                'tiny_two_stage'])['model'], from_official)):
        before = {key: (value, value.shape) for key, value in state.items()}
        convert(state)
        assert {key: (value, value.shape)
                for key, value in state.items()} == before


def test_own_checkpoint(tmp_path):
    model = small_groupvit()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'iter_1.pth')
    want = {key: value.clone() for key, value in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.data.zero_()
    load_groupvit(model, tmp_path / 'iter_1.pth')
    for key, value in model.state_dict().items():
        assert torch.equal(value, want[key])


def test_hub_name(monkeypatch, groupvit, tmp_path):
    """A file in Hugging Face's layout, with its new or old name."""
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    folder = tmp_path / 'models--nvidia--groupvit-gcc-yfcc'
    (folder / 'refs').mkdir(parents=True)
    (folder / 'refs/main').write_text('abc')
    (folder / 'snapshots/abc').mkdir(parents=True)
    state = in_hugging_faces_layout(groupvit.seeded)
    want = groupvit('tiny_two_stage', state).state_dict()
    for save, name in ((torch.save, 'pytorch_model.bin'),
                       (save_file, 'model.safetensors')):
        save(state, folder / 'snapshots/abc' / name)
        model = groupvit('tiny_two_stage')
        load_groupvit(model, 'nvidia/groupvit-gcc-yfcc')
        assert all(torch.equal(value, want[key])
                   for key, value in model.state_dict().items())


@pytest.mark.parametrize('weights, message', [
    ('nowhere.pth', 'No GroupViT weights at .nowhere.pth'),
    ('a/b/c', "one of .'toy'.")])
def test_unknown_weights(weights, message):
    with pytest.raises(UserError, match=message):
        small_groupvit(weights=weights)


def test_random_weights_are_announced(log):
    small_groupvit()
    assert any('WARNING' in line and 'RANDOM' in line for line in log)


def test_download_without_a_network(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    with pytest.raises(UserError, match='could not be downloaded .*pass its '
                       'path: model.weights=FILE .*weights=FILE'):
        small_groupvit(weights='nvidia/groupvit-gcc-yfcc')

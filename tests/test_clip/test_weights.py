import urllib.error
from pathlib import Path

import open_clip
import pytest
import torch

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.weights import SHIPPED, find_weights, list_tags
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('name, tag', SHIPPED)
def test_shipped_weights(name, tag):
    assert list_tags(name)[0] == tag
    path, preset = find_weights(name, tag)
    assert path.is_file() and preset == {}


def test_tag(preset, tiny_vit):
    path, found = find_weights('tiny-vit', 'my-tag')
    assert path == Path(tiny_vit['pretrained']) and found == preset
    assert list_tags('tiny-vit') == ['my-tag']


def test_path_is_not_a_tag(preset):
    with pytest.raises(UserError, match='no weights called .my-tag'):
        load_clip('tiny-vit', pretrained=Path('my-tag'))


@pytest.mark.parametrize('error', [
    urllib.error.URLError('Name or service not known'),
    ConnectionResetError('reset'), TimeoutError('timed out'),
    RuntimeError('Model has been downloaded but the SHA256 checksum does')])
def test_failed_download(monkeypatch, error):
    def download(preset):
        raise error

    monkeypatch.setattr(open_clip, 'download_pretrained', download)
    preset = open_clip.get_pretrained_cfg('ViT-B-16', 'openai')
    with pytest.raises(UserError) as caught:
        load_clip('ViT-B/16', pretrained='openai')
    message = str(caught.value)
    assert '\'openai\' of CLIP ViT-B-16 could not be downloaded' in message
    assert str(error) in message
    assert (preset['url'] or preset['hf_hub']) in message
    assert 'pass its path: --clip MODEL:FILE' in message
    assert caught.value.__cause__ is error


def test_folder(tmp_path):
    with pytest.raises(UserError, match='No weights file at'):
        load_clip('tiny-vit', pretrained=str(tmp_path))


@pytest.mark.parametrize('name, pretrained, message', [
    ('ViT-B-16', 'opanai',
     'CLIP ViT-B-16 has no weights called .opanai.*tags .*openai'),
    ('ViT-B-16', '', 'no weights called'),
    ('tiny-vit', 'openai',
     'no weights called .openai.*none for this architecture'),
    ('ViT-B-16', '/no/where/clip.pt',
     'No weights file at ./no/where/clip.pt.*tags .*openai'),
    ('ViT-B-16', 'clip.safetensors',
     'No weights file at .clip.safetensors'),
])
def test_unknown_weights(name, pretrained, message):
    with pytest.raises(UserError, match=message):
        find_weights(name, pretrained)


# ------------------------------------------------------------ filling a model
def test_harmless_differences(tmp_path, tiny_state):
    """Attention masks and a logit scale of another shape."""
    torch.save({**tiny_state, 'attn_mask': torch.zeros(77, 77),
                'logit_scale': tiny_state['logit_scale'].reshape(1)},
               tmp_path / 'x.pt')
    clip = load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
    for key, value in clip.model.state_dict().items():
        assert torch.equal(value, tiny_state[key]), key


def test_custom_text_clip(add_config, tiny_vit, tiny_state):
    """open_clip's CustomTextCLIP with weights in OpenAI's layout."""
    clip = load_clip(add_config('tiny-custom', custom_text=True),
                     pretrained=tiny_vit['pretrained'])
    assert isinstance(clip.model, open_clip.CustomTextCLIP)
    got = clip.model.state_dict()
    for key, value in tiny_state.items():
        key = key if key.startswith(('visual.', 'logit_')) else f'text.{key}'
        assert torch.equal(got[key], value), key


@pytest.mark.parametrize('change, message', [
    (lambda state: state.pop('visual.proj'),
     '1 of .* are missing .* 0 are unexpected, e.g. .visual.proj'),
    (lambda state: state.update(more=torch.zeros(1)),
     '0 of .* are missing .* 1 are unexpected, e.g. .more'),
    (lambda state: state.update(text_projection=torch.zeros(5, 5)),
     '1 of .* another shape .*e.g. .text_projection'),
    (lambda state: [state.pop(key) for key in list(state)
                    if not key.startswith('visual.')],
     r'\d\d of .* are missing .*looks like tiny-vit'),
    (lambda state: (state.clear(), state.update({'fc.weight': torch.ones(1)})),
     r'looks like no CLIP at all \(first keys: fc.weight\)'),
])
def test_wrong_entries(tmp_path, tiny_state, change, message):
    state = dict(tiny_state)
    change(state)
    torch.save(state, tmp_path / 'x.pt')
    with pytest.raises(UserError, match=message):
        load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')

import os
import socket
from pathlib import Path

import open_clip
import pytest
import torch
from huggingface_hub import constants

from mmseg_clipzs.checkpoints import cached_file, downloads
from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.clip.weights import SHIPPED, list_tags, read_weights
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('name, tag', SHIPPED)
def test_shipped_weights(name, tag):
    assert list_tags(name)[0] == tag
    path, state, is_archive, preset = read_weights(name, tag)
    assert path.is_file() and 'visual.proj' in state
    assert (is_archive, preset) == (False, {})


# ---------------------------------------------------------------- downloads
def test_tag_is_downloaded_once(preset, web, tiny_state):
    for _ in range(2):
        url, state, _, found = read_weights('tiny-vit', 'my-tag')
        assert (url, found) == (preset['url'], preset)
        assert all(torch.equal(state[key], value)
                   for key, value in tiny_state.items())
    assert web.asked == ['/tiny.pt']
    assert list_tags('tiny-vit') == ['my-tag']


def test_damaged_download_is_replaced(preset, web):
    want = read_weights('tiny-vit', 'my-tag')[1]
    path = cached_file(preset['url'])
    path.write_bytes(path.read_bytes()[:1000])
    got = read_weights('tiny-vit', 'my-tag')[1]
    assert all(torch.equal(got[key], value) for key, value in want.items())
    assert len(web.asked) == 2


def test_path_is_not_a_tag(preset):
    with pytest.raises(UserError, match='no weights called .my-tag'):
        load_clip('tiny-vit', pretrained=Path('my-tag'))


def test_no_answer_from_the_web(preset, web):
    web.files.clear()
    with pytest.raises(UserError) as caught:
        load_clip('tiny-vit', pretrained='my-tag')
    for part in (preset['url'], 'the server says 404', str(cached_file(
            preset['url'])), '--clip tiny-vit:FILE', 'pretrained=FILE'):
        assert part in str(caught.value)


@pytest.fixture
def hub(monkeypatch, tmp_path, web):
    """Hugging Face's hub on this machine, without any file."""
    monkeypatch.setattr(constants, 'ENDPOINT', web.address)
    monkeypatch.setattr(
        constants, 'HUGGINGFACE_CO_URL_TEMPLATE',
        f'{web.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}')
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(downloads, 'SECONDS', 1)
    return web


def test_hub_without_a_network(hub):
    """Refused before huggingface_hub, which would try for a minute."""
    hub.silent = True
    preset = open_clip.get_pretrained_cfg('ViT-B-16', 'openai')
    if not preset['hf_hub']:
        pytest.skip('an older open_clip, which does not use the hub')
    with pytest.raises(UserError) as caught:
        load_clip('ViT-B/16', pretrained='openai')
    message = str(caught.value)
    assert '\'openai\' of CLIP ViT-B-16 could not be downloaded (' in message
    assert preset['url'] in message and 'no answer within' in message
    assert 'pass its path: --clip ViT-B-16:FILE' in message


# --------------------------------------------------------------- no weights
def test_folder(tmp_path):
    with pytest.raises(UserError, match='is a folder; expected weights of a'):
        load_clip('tiny-vit', pretrained=str(tmp_path))


def test_pipe_and_socket(tmp_path):
    """They are refused without being opened, which would wait for ever."""
    os.mkfifo(tmp_path / 'pipe.pt')
    with pytest.raises(UserError, match='is a named pipe; expected weights'):
        load_clip('tiny-vit', pretrained=str(tmp_path / 'pipe.pt'))
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(tmp_path / 'socket.pt'))
        with pytest.raises(UserError, match='is a socket; expected weights'):
            load_clip('tiny-vit', pretrained=tmp_path / 'socket.pt')


@pytest.mark.parametrize('name, pretrained, message', [
    ('ViT-B-16', 'opanai',
     'CLIP ViT-B-16 has no weights called .opanai.*tags .*openai'),
    ('ViT-B-16', '', 'must be a tag of ViT-B-16 .*openai.*but got'),
    ('tiny-vit', b'x.pt', 'must be a tag of tiny-vit .it has none.*got b'),
    ('tiny-vit', True, 'but got True'),
    ('tiny-vit', 'openai',
     'no weights called .openai.*none for this architecture'),
    ('ViT-B-16', '/no/where/clip.pt',
     'No weights file at ./no/where/clip.pt.*tags .*openai'),
    ('ViT-B-16', 'clip.safetensors',
     'No weights file at .clip.safetensors'),
    ('ViT-B-16', f'{"x" * 300}.pt', 'No weights file at .xxx'),
    ('ViT-B-16', 'a\0b.pt', 'No weights file at .a'),
])
def test_unknown_weights(name, pretrained, message):
    with pytest.raises(UserError, match=message):
        read_weights(name, pretrained)


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


# -------------------------------------------------- numbers to compute with
@pytest.mark.parametrize('key', [
    'visual.conv1.weight', 'text_projection', 'logit_scale'])
@pytest.mark.parametrize('change, message', [
    (lambda value: value * torch.nan, 'NaN, infinite'),
    (lambda value: value.sign() / 0., 'NaN, infinite'),
    (lambda value: value.double().sign() * 1e300, 'too large for float32'),
    (lambda value: value.to(torch.int8), 'holds int8 in'),
    (lambda value: value > 0, 'holds bool in'),
    (lambda value: value.to(torch.complex64), 'holds complex64 in'),
], ids=['nan', 'inf', 'large', 'int8', 'bool', 'complex'])
def test_no_numbers_to_compute_with(tmp_path, tiny_state, key, change,
                                    message):
    torch.save({**tiny_state, key: change(tiny_state[key])},
               tmp_path / 'x.pt')
    with pytest.raises(UserError, match=f'x.pt .*{message}') as caught:
        load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
    assert repr(key) in str(caught.value)


def test_too_large_for_float16(tmp_path, tiny_state):
    key = 'visual.ln_post.bias'
    torch.save({**tiny_state, key: tiny_state[key] + 7e4}, tmp_path / 'x.pt')
    for precision in ('fp32', 'bf16'):
        load_clip('tiny-vit', pretrained=tmp_path / 'x.pt',
                  precision=precision)
    with pytest.raises(UserError, match='x.pt as float16 .*ln_post.bias'):
        load_clip('tiny-vit', pretrained=tmp_path / 'x.pt', precision='fp16')


def test_every_floating_dtype_loads(tmp_path, tiny_state):
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        torch.save({key: value.to(dtype) for key, value in tiny_state.items()},
                   tmp_path / 'x.pt')
        clip = load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
        for key, value in clip.model.state_dict().items():
            assert torch.equal(value, tiny_state[key].to(dtype).float())


def test_without_the_patch_embedding(tmp_path, tiny_state):
    """The message guesses the architecture from what is there."""
    state = dict(tiny_state)
    for key in ('visual.conv1.weight', 'visual.positional_embedding'):
        del state[key]
        torch.save(state, tmp_path / 'x.pt')
        with pytest.raises(UserError, match='missing.*e.g. .visual.*looks '
                           'like a damaged CLIP'):
            load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')

import copy
import dataclasses
import os

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmseg_clipzs.clip import LoadedClip, load_clip, weights
from mmseg_clipzs.clip.weights import list_tags
from mmseg_clipzs.recipes.clip_weights import CLIP_WEIGHTS
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.filterwarnings(
    'ignore::torch.jit.TracerWarning')


def _is_quick(clip):
    kinds = {type(module.gelu).__name__ for module in clip.model.modules()
             if hasattr(module, 'gelu')}
    assert len(kinds) == 1 and kinds <= {'QuickGELU', 'GELU'}
    return kinds == {'QuickGELU'}


def _assert_same_weights(clip, state):
    got = clip.model.state_dict()
    assert set(got) <= set(state)
    for key, value in got.items():
        assert torch.equal(value, state[key].to(value)), key
        assert value.dtype in (torch.float32, torch.int64)


# ------------------------------------------------------------------ weights
def test_openai_archive_vit(vit_b16, vit_b16_state):
    _assert_same_weights(vit_b16, vit_b16_state)
    assert _is_quick(vit_b16)
    assert not vit_b16.model.training
    assert vit_b16.logit_scale == pytest.approx(100, rel=1e-3)


def test_openai_archive_resnet(rn50, seeded_weights):
    _assert_same_weights(rn50, seeded_weights.state_dict('RN50', 0))


def test_image_features(vit_b16, rn50, golden, seeded_weights):
    """open_clip's forward with our weights against OpenAI's code."""
    want = golden('clip_features.npz')
    image = torch.from_numpy(seeded_weights.seeded_image(224, 224, 1))
    for clip in (vit_b16, rn50):
        with torch.no_grad():
            got = clip.model.encode_image(image)[0]
        torch.testing.assert_close(
            got, torch.from_numpy(want[f'{clip.name}.image.224x224']),
            rtol=0, atol=1e-4)


def _save_archive(state, path):
    """Save a TorchScript archive."""
    model = load_clip('tiny-vit', pretrained=None).model
    model.load_state_dict(state)
    model.output_dict = False
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    torch.jit.trace(
        model, (torch.zeros(1, 3, 64, 64), open_clip.tokenize(['a cat'])),
        check_trace=False).save(str(path))


FORMATS = {
    'plain.pt': torch.save,
    'legacy.pt': lambda state, path: torch.save(
        state, path, _use_new_zipfile_serialization=False),
    'weights.safetensors': lambda state, path: save_file(
        {key: value.contiguous() for key, value in state.items()}, path),
    'distributed.pt': lambda state, path: torch.save(dict(
        epoch=3, state_dict={f'module.{key}': value
                             for key, value in state.items()}), path),
    'archive.pt': _save_archive,
}


@pytest.mark.parametrize('name', FORMATS)
@pytest.mark.parametrize('model, quick_gelu, is_quick', [
    ('tiny-vit', None, False), ('tiny-vit', True, True),
    ('tiny-vit', False, False)])
def test_formats(tmp_path, tiny_state, name, model, quick_gelu, is_quick):
    FORMATS[name](tiny_state, tmp_path / name)
    clip = load_clip(model, pretrained=str(tmp_path / name),
                     quick_gelu=quick_gelu)
    _assert_same_weights(clip, tiny_state)
    assert clip.model.state_dict().keys() == tiny_state.keys()
    # TorchScript archives are OpenAI's and use QuickGELU.
    assert _is_quick(clip) == (
        is_quick or (quick_gelu is None and name == 'archive.pt'))


def test_quick_gelu_by_name(add_config, tiny_vit):
    name = add_config('tiny-vit-quickgelu', quick_gelu=True)
    path = tiny_vit['pretrained']
    assert _is_quick(load_clip(name, pretrained=path))
    assert not _is_quick(load_clip(name, pretrained=path, quick_gelu=False))


def test_half_precision_file(tmp_path, tiny_state):
    half = {key: value.half() if value.is_floating_point() else value
            for key, value in tiny_state.items()}
    torch.save(half, tmp_path / 'half.pt')
    clip = load_clip('tiny-vit', pretrained=tmp_path / 'half.pt')
    _assert_same_weights(clip, half)
    assert clip.model.visual.conv1.weight.dtype == torch.float32


def test_both_towers(tiny):
    assert isinstance(tiny, LoadedClip)
    assert not tiny.model.training
    assert tiny.name == 'tiny-vit'
    tokens = tiny.tokenizer(['a cat'])
    assert tokens.shape == (1, 77)
    with torch.no_grad():
        image = tiny.model.encode_image(torch.zeros(1, 3, 64, 64))
        text = tiny.model.encode_text(tokens)
    assert image.shape == text.shape == (1, 24)


def test_slash_in_the_name(tiny_vit):
    clip = load_clip('tiny/vit', pretrained=tiny_vit['pretrained'])
    assert clip.name == 'tiny-vit'


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_layout_of_resnets(tiny_rn, precision):
    """Convolutions are faster with channels last."""
    visual = load_clip(**tiny_rn, precision=precision).model.visual
    for module in visual.modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.is_contiguous(
                memory_format=torch.channels_last)


def test_random_weights_are_announced(log):
    clip = load_clip('tiny-vit', pretrained=None)
    assert clip.pretrained is None
    assert any(line.startswith('WARNING') and 'RANDOM weights' in line
               for line in log)


def test_weights_are_announced(log, tiny_vit):
    load_clip(**tiny_vit)
    assert [tiny_vit['pretrained'] in line and 'GELU' in line
            for line in log] == [True]


def test_tag_settings(preset, tiny_state):
    preset.update(mean=(.1, .2, .3), std=(.4, .5, .6), quick_gelu=True)
    clip = load_clip('tiny-vit', pretrained='my-tag')
    _assert_same_weights(clip, tiny_state)
    assert (clip.mean, clip.std) == ((.1, .2, .3), (.4, .5, .6))
    assert _is_quick(clip)
    assert not _is_quick(
        load_clip('tiny-vit', pretrained='my-tag', quick_gelu=False))


def test_tag_without_settings(preset, tiny):
    clip = load_clip('tiny-vit', pretrained='my-tag')
    assert not _is_quick(clip)
    assert clip.mean == tiny.mean == (0.48145466, 0.4578275, 0.40821073)
    assert clip.std == tiny.std == (0.26862954, 0.26130258, 0.27577711)


# ----------------------------------------------------- weights of protocol B
@pytest.mark.parametrize('name, tag', CLIP_WEIGHTS)
def test_weights_of_the_documentation(name, tag, add_config, tiny_vit,
                                      tiny_state, monkeypatch):
    """Tags exist, and decide activation and statistics.

    Only the file is another: a small one, of a small model by that name.
    """
    if tag not in list_tags(name):
        pytest.skip('an older open_clip')
    add_config(name, quick_gelu=name.endswith('-quickgelu'))
    state = tiny_state, tag == 'openai'
    monkeypatch.setattr(weights, 'read_hub', lambda *_: ('file', state))
    monkeypatch.setattr(weights, 'read_download', lambda *_, **__: state)
    clip = load_clip(name, pretrained=tag)
    _, activation, licence, _ = CLIP_WEIGHTS[name, tag]
    assert _is_quick(clip) == (activation == 'QuickGELU') and licence
    half = (name, tag) == ('ViT-L-14', 'laion2b_s32b_b82k')
    assert (clip.mean, clip.std) == (((.5, ) * 3, ) * 2 if half else (
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711)))


@pytest.mark.parametrize('tag', ['metaclip_fullcc', 'dfn2b', 'openai'])
def test_the_tag_decides_whatever_the_name(tag, add_config, tiny_state,
                                           monkeypatch):
    """QuickGELU without "-quickgelu" in the name of the architecture."""
    facts = open_clip.get_pretrained_cfg('ViT-B-16', tag)
    if not facts.get('quick_gelu'):
        pytest.skip('an older open_clip')
    add_config('ViT-B-16', quick_gelu=False)
    monkeypatch.setattr(
        weights, 'read_hub', lambda *_: ('file', (tiny_state, False)))
    assert _is_quick(load_clip('ViT-B-16', pretrained=tag))


# -------------------------------------------------------------- fingerprint
def test_fingerprint(tiny, tiny_vit, tiny_state, tmp_path):
    """It depends on the text tower's weights, not on their source."""
    assert load_clip(**tiny_vit).text_fingerprint == tiny.text_fingerprint
    prints = {tiny.text_fingerprint}
    for key in ('text_projection', 'token_embedding.weight',
                'transformer.resblocks.1.ln_2.bias'):
        state = copy.deepcopy(tiny_state)
        state[key].view(-1)[-1] += 1e-3
        torch.save(state, tmp_path / 'x.pt')
        prints.add(load_clip('tiny-vit', pretrained=tmp_path / 'x.pt'
                             ).text_fingerprint)
    assert len(prints) == 4
    state = {**tiny_state, 'visual.proj': tiny_state['visual.proj'] + 1}
    torch.save(state, tmp_path / 'x.pt')
    clip = load_clip('tiny-vit', pretrained=tmp_path / 'x.pt')
    assert clip.text_fingerprint == tiny.text_fingerprint


def test_fingerprint_has_all_text_weights(tiny_vit, one_thread):
    clip = load_clip(**tiny_vit)
    prints = {clip.text_fingerprint}
    state = clip.model.state_dict()
    for key, value in state.items():
        old = value.clone()
        value.flatten()[0].add_(1)
        new = dataclasses.replace(clip).text_fingerprint
        assert (new in prints) == key.startswith('visual.'), key
        prints.add(new)
        value.copy_(old)
    norms = [state[f'transformer.resblocks.{i}.ln_1.bias'] for i in (0, 1)]
    for norm, other in zip(norms, [norm.clone() for norm in norms[::-1]]):
        norm.copy_(other)  # swapped
    assert dataclasses.replace(clip).text_fingerprint not in prints
    torch.set_num_threads(2)
    clip = load_clip(**tiny_vit)
    assert clip.text_fingerprint in prints


# ------------------------------------------------------------------- errors
@pytest.mark.parametrize('arguments, message', [
    (dict(model='ViT-B-16'),
     r'CLIP .ViT-B-16. needs weights: .*openai.*pretrained=None'),
    (dict(model='ViT-B/16'), 'pretrained= to a tag .*openai'),
    (dict(model='VIT-B16'), 'Unknown CLIP architecture'),
    (dict(model='tiny-vit', pretrained=None, precision='int8'),
     "precision='int8' is unknown; choose one of .*fp32.*bf16"),
    (dict(model='tiny-vit', pretrained=None, jit=True, device='cpu'),
     r"takes model, pretrained, quick_gelu and precision, .*"
     r"\['device', 'jit'\]"),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        load_clip(**arguments)


@pytest.mark.parametrize('name', FORMATS)
def test_truncated_file(tmp_path, tiny_state, name):
    path = tmp_path / name
    FORMATS[name](tiny_state, path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UserError, match='cannot be read.*Is the download com'):
        load_clip('tiny-vit', pretrained=path)


def test_other_architecture(tmp_path, tiny_vit, tiny_rn):
    for model, other in (('tiny-vit', tiny_rn), ('tiny-rn', tiny_vit)):
        with pytest.raises(UserError, match=(
                rf'holds weights of another architecture than CLIP {model}: '
                rf'\d+ of \d+ entries .* looks like ([\w-]+ or )*'
                rf'{other["model"]}( or .*)?; set model= to match it')):
            load_clip(model, pretrained=other['pretrained'])

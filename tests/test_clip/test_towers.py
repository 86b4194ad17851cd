"""Our CLIP against open_clip's."""
import dataclasses

import open_clip
import pytest
import torch
from torch import nn

from mmseg_clipzs.clip import library, load_clip
from mmseg_clipzs.clip.library import get_config
from mmseg_clipzs.clip.towers import CLIP, QuickGELU, Transformer, is_plain

CONFIGS = {name: get_config(name)
           for name in library.open_clip().list_models()}
PLAIN = [name for name, config in CONFIGS.items() if is_plain(config)]


def _outline(model):
    """Names, kinds, shapes and settings of all that a model consists of."""
    return (
        [(name, type(module).__name__, getattr(module, 'num_heads', None),
          getattr(module, 'eps', None))
         for name, module in model.named_modules()],
        [(name, value.shape, value.dtype)
         for name, value in model.state_dict().items()],
        [(name, value.requires_grad)
         for name, value in model.named_parameters()])


def test_which_are_plain():
    assert {'ViT-B-16', 'ViT-B-32-quickgelu', 'ViT-L-14-336', 'ViT-H-14',
            'ViT-bigG-14', 'toy-vit-p8', 'tiny-vit'} <= set(PLAIN)
    assert not {'RN50', 'ViT-H-14-CLIPA', 'ViT-L-14-worldwide', 'tiny-rn',
                'ViT-B-16-SigLIP', 'coca_ViT-B-32', 'roberta-ViT-B-32',
                'convnext_base'} & set(PLAIN)


@pytest.mark.parametrize('changes', [
    dict(init_logit_bias=1.), dict(custom_text=True),
    dict(vision_cfg=dict(ls_init_value=.1)),
    dict(vision_cfg=dict(image_size=[64, 32])),
    dict(text_cfg=dict(pool_type='last'))])
def test_other_settings_are_not_plain(changes):
    assert not is_plain({**CONFIGS['tiny-vit'], **changes})


@pytest.mark.parametrize('name', PLAIN)
def test_same_modules(name):
    """Also the order, on which checkpoints of optimizers depend."""
    with torch.device('meta'):
        got, want = CLIP(**CONFIGS[name]), open_clip.CLIP(**CONFIGS[name])
    assert _outline(got) == _outline(want)
    for tower, keys in (('', ['context_length', 'vocab_size']), (
            'visual', ['output_dim', 'image_size', 'patch_size',
                       'grid_size'])):
        got_tower, want_tower = map(
            lambda model: model.get_submodule(tower), (got, want))
        assert [getattr(got_tower, key) for key in keys] == [
            getattr(want_tower, key) for key in keys]


@pytest.mark.parametrize('quick_gelu', [False, True])
@torch.no_grad()
def test_same_features(tiny_vit, tiny_state, quick_gelu):
    got = load_clip(**tiny_vit, quick_gelu=quick_gelu).model
    assert isinstance(got, CLIP)
    want = open_clip.CLIP(
        **CONFIGS['tiny-vit'], quick_gelu=quick_gelu).eval()
    want.load_state_dict(tiny_state)
    inputs = torch.randn(2, 3, 64, 64), open_clip.tokenize(['a cat', 'sky'])
    for ours, theirs in zip(got(*inputs), want(*inputs)):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    for name, value in zip(('encode_image', 'encode_text'), inputs):
        torch.testing.assert_close(
            getattr(got, name)(value), getattr(want, name)(value),
            rtol=0, atol=1e-5)


def test_same_fingerprint(tiny, theirs):
    """Cached text embeddings of earlier releases are found again."""
    assert tiny.text_fingerprint == dataclasses.replace(
        tiny, model=theirs).text_fingerprint


@pytest.mark.parametrize('activation', [QuickGELU, nn.GELU])
def test_same_random_blocks(activation):
    torch.manual_seed(3)
    got = Transformer(64, 2, 4, activation=activation).state_dict()
    torch.manual_seed(3)
    want = open_clip.transformer.Transformer(
        64, 2, 4, act_layer=activation).state_dict()
    assert got.keys() == want.keys()
    assert all(torch.equal(value, want[key]) for key, value in got.items())


@pytest.mark.parametrize('kind', ['tiny_vit', 'tiny_rn'])
def test_nothing_is_left_on_meta(request, kind):
    clip = request.getfixturevalue(kind)
    loaded = load_clip(**clip).model
    want = open_clip.CLIP(**CONFIGS[clip['model']])
    buffers, wanted = dict(loaded.named_buffers()), dict(want.named_buffers())
    assert {value.device.type for value in (
        *buffers.values(), *loaded.parameters())} == {'cpu'}
    if 'attn_mask' in buffers:
        assert torch.equal(buffers['attn_mask'], wanted['attn_mask'])
    assert all(value.requires_grad for value in loaded.parameters())

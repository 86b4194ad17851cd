"""Loading of second networks: files, tags, mistakes."""
import socket

import pytest
import timm
import torch
from safetensors.torch import save_file
from tiny_proxy import tiny_dino

from mmseg_clipzs.checkpoints import cached_file
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.proxy import check_proxy, load_proxy, weights
from mmseg_clipzs.proxy.architectures import list_tags
from mmseg_clipzs.run.segmentor import check_segmentor
from mmseg_clipzs.utils import UserError

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture(scope='module')
def state(tiny_proxy):
    return torch.load(tiny_proxy['pretrained'])


def _save_plain(state, path):
    torch.save(state, path)


def _save_wrapped(state, path):
    torch.save(dict(model={f'module.{key}': value.half()
                           for key, value in state.items()}), path)


def _save_with_head(state, path):
    torch.save({**state, 'head.weight': torch.zeros(10, 48),
                'head.bias': torch.zeros(10)}, path)


@pytest.mark.parametrize('save', [
    _save_plain, _save_wrapped, _save_with_head, save_file])
def test_files(state, tmp_path, save, log):
    path = tmp_path / 'weights'
    save(state, path)
    proxy = load_proxy('tiny_dino', pretrained=path)
    atol = 1e-3 if save is _save_wrapped else 0
    for key, value in proxy.network.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=atol)
        assert value.dtype == torch.float32
    assert f'Loaded tiny_dino from {str(path)!r}.' in log[-1]
    assert (proxy.mean, proxy.std) == IMAGENET


def test_files_of_dinov2s_authors(tmp_path):
    """Their names, which timm converts."""
    torch.manual_seed(0)
    network = timm.create_model(
        'vit_small_patch14_reg4_dinov2', num_classes=0, depth=12)
    want = network.state_dict()
    state = {key.replace('reg_token', 'register_tokens'): value
             for key, value in want.items()}
    state['mask_token'] = torch.zeros(1, 384)
    state['pos_embed'] = torch.cat(
        [torch.zeros(1, 1, 384), want['pos_embed']], 1)
    torch.save(state, tmp_path / 'dinov2.pth')
    proxy = load_proxy('vit_small_patch14_reg4_dinov2.lvd142m',
                       pretrained=tmp_path / 'dinov2.pth')
    for key, value in proxy.network.state_dict().items():
        assert torch.equal(value, want[key])


def test_random_weights(log):
    proxy = load_proxy('tiny_dino', pretrained=None)
    assert 'WARNING: tiny_dino has RANDOM weights' in log[-1]
    assert (proxy.mean, proxy.std) == IMAGENET


def test_statistics(tiny_proxy):
    """Of the tag, unless they are given."""
    half = (0.5, ) * 3
    proxy = load_proxy(**tiny_proxy, mean=[0.5] * 3, std=[0.5] * 3)
    assert (proxy.mean, proxy.std) == (half, half)
    for model in ('vit_base_patch8_224.augreg_in21k',
                  'vit_base_patch16_224.mae'):
        _, preset = check_proxy(model, pretrained=None)
        wanted = half if 'augreg' in model else IMAGENET[0]
        assert tuple(preset['mean']) == wanted


def test_tags_of_timm():
    assert 'dino' in list_tags('vit_base_patch8_224')
    _, preset = check_proxy('vit_base_patch8_224', pretrained='dino')
    assert preset['hf_hub_id'] == 'timm/vit_base_patch8_224.dino'
    assert tuple(preset['mean']) == IMAGENET[0]


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_precision(tiny_proxy, dtype):
    proxy = load_proxy(**tiny_proxy, dtype=dtype)
    assert {p.dtype for p in proxy.parameters()} == {dtype}
    images = torch.randn(1, 3, 40, 32)
    with torch.no_grad():
        got, want = proxy(images), load_proxy(**tiny_proxy)(images)
    assert got.dtype == dtype
    assert torch.cosine_similarity(got.float(), want).min() > 0.99


def test_too_large_for_half_precision(state, tmp_path):
    torch.save({**state, 'norm.bias': torch.full((48, ), 1e6)},
               tmp_path / 'large.pt')
    with pytest.raises(UserError, match="as float16 holds .*'network.norm"):
        load_proxy('tiny_dino', pretrained=tmp_path / 'large.pt',
                   dtype=torch.float16)


# ------------------------------------------------------------------ downloads
def test_from_an_address(state, web, tmp_path):
    torch.save(state, tmp_path / 'tiny.pth')
    web.files['/tiny.pth'] = (tmp_path / 'tiny.pth').read_bytes()
    preset = dict(url=f'{web.address}/tiny.pth', hf_hub_id=None)
    path, got = weights.read_weights(
        'tiny_dino', 'mine', preset, 'pretrained')
    assert path == preset['url'] and cached_file(path).is_file()
    assert all(torch.equal(got[key], value) for key, value in state.items())


def test_no_network(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise socket.gaierror('no such host')

    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE',
                        str(tmp_path))
    monkeypatch.setattr(
        'huggingface_hub.try_to_load_from_cache', lambda *args: None)
    with pytest.raises(UserError, match=(
            "The weights 'dino' of vit_base_patch8_224 could not be "
            'downloaded .* from huggingface.co/timm/vit_base_patch8_224.dino '
            r'or https://dl.fbaipublicfiles.com/.*/dino_vitbase8_pretrain.pth'
            r'. .*--cfg-options model.mine.pretrained=FILE')):
        load_proxy('vit_base_patch8_224', pretrained='dino',
                   setting='model.mine.pretrained')


def test_tags_of_shipped_weights():
    """As with timm's, the tag may stand in the name."""
    state = load_proxy('toy-dino-p4', pretrained='toy').state_dict()
    again = load_proxy('toy-dino-p4.toy', pretrained='toy').state_dict()
    assert all(torch.equal(again[key], state[key]) for key in state)
    assert load_proxy('toy-dino-p4.toy', pretrained=None).patch_size == (4, 4)


# ------------------------------------------------------------------- mistakes
@pytest.mark.parametrize('settings, message', [
    (dict(model='vit_base_patch8_22', pretrained='dino'),
     "Unknown network 'vit_base_patch8_22'. Did you mean .*patch8_224"),
    (dict(model=7, pretrained=None), 'Unknown network 7'),
    (dict(model='resnet50', pretrained=None),
     r'resnet50 \(resnet\) cannot be a proxy: .*DINOv3'),
    (dict(model='convnext_base', pretrained=None), 'cannot be a proxy'),
    (dict(model='vit_base_patch8_224'),
     r"'vit_base_patch8_224' needs weights: .*tag \(.*dino.*\)"),
    (dict(model='vit_base_patch8_224', pretrained='dinov9'),
     "vit_base_patch8_224 has no weights called 'dinov9'. .*dino"),
    (dict(model='vit_base_patch8_224.dinov9', pretrained=None),
     "vit_base_patch8_224 has no weights called 'dinov9'; choose a tag"),
    (dict(model='toy-dino-p4.toi', pretrained=None),
     r"toy-dino-p4 has no weights called 'toi'; choose a tag \(toy\)"),
    (dict(model='vit_base_patch8_224', pretrained='/no/such.pth'),
     "No weights file at '/no/such.pth'"),
    (dict(model='tiny_dino', pretrained=''), 'it has none.*but got .*'),
    (dict(model='tiny_dino', pretrained=None, tag='dino'),
     r"takes model, pretrained, mean and std, but got \['tag'\]"),
    (dict(model='tiny_dino', pretrained=None, mean=IMAGENET[0]),
     'mean and std of proxy= normalise together'),
    (dict(model='tiny_dino', pretrained=None, mean=(1, 2), std=(1, 2)),
     'mean of proxy='),
    (dict(model='tiny_dino', pretrained=None, mean=(0, 0, 0), std=(1, 0, 1)),
     'std of proxy=')])
def test_mistakes_are_found_before_clip_is_loaded(settings, message):
    """By the checks of a run, too."""
    with pytest.raises(UserError, match=message):
        load_proxy(**settings)
    with pytest.raises(UserError, match=message):
        check_segmentor(ClipViT, dict(last_block=dict(
            type='proxyclip', proxy=settings)))


def test_a_directory_as_weights(tmp_path):
    with pytest.raises(UserError, match='weights of tiny_dino'):
        load_proxy('tiny_dino', pretrained=tmp_path)


def test_weights_of_another_network(state, tmp_path):
    other = tiny_dino(num_classes=0, embed_dim=24).state_dict()
    torch.save(other, tmp_path / 'other.pt')
    with pytest.raises(UserError, match=(
            'other.pt holds weights of another architecture than tiny_dino: '
            r".*Set model=")):
        load_proxy('tiny_dino', pretrained=tmp_path / 'other.pt')
    torch.save(state, tmp_path / 'small.pt')
    with pytest.raises(UserError, match='than vit_small_patch16_224: .*Set'):
        load_proxy('vit_small_patch16_224', pretrained=tmp_path / 'small.pt')
    torch.save({**state, 'pos_embed': torch.zeros(7)}, tmp_path / 'odd.pt')
    with pytest.raises(UserError, match='timm cannot convert|another shape'):
        load_proxy('tiny_dino', pretrained=tmp_path / 'odd.pt')


def test_positions_are_resized_by_timm(state, tmp_path):
    """Weights for larger images."""
    larger = tiny_dino(num_classes=0, img_size=48).state_dict()
    torch.save(larger, tmp_path / 'larger.pt')
    proxy = load_proxy('tiny_dino', pretrained=tmp_path / 'larger.pt')
    assert proxy.network.pos_embed.shape == (1, 17, 48)


def test_damaged_file(tmp_path):
    (tmp_path / 'x.pt').write_bytes(b'PK\3\4' + b'x' * 50)
    with pytest.raises(UserError, match='cannot be read as a checkpoint'):
        load_proxy('tiny_dino', pretrained=tmp_path / 'x.pt')

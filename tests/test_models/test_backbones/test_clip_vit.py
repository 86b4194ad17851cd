"""ClipViT against plain equations, other implementations and goldens."""
import copy
from dataclasses import dataclass

import open_clip
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from plain_proxy import METHODS as PROXIED
from plain_vit import METHODS as PLAIN
from plain_vit import PlainViT, fit
from tiny_proxy import OF_IMAGES
from torch import nn

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.clip_vit import METHODS
from mmseg_clipzs.models.backbones.last_block import LastBlock
from mmseg_clipzs.models.backbones.method import PADDING, SecondPass
from mmseg_clipzs.utils import UserError

TOLERANCE = dict(rtol=0, atol=1e-4)


# --------------------------------------------------- equations of the papers
@torch.no_grad()
def _compare(clip, plain, image, method, off_grid='pad', pos_embed='exact'):
    """Compare with PlainViT on an image (1, 3, H, W); returns the grid."""
    got, *_ = ClipViT(
        clip, method, off_grid=off_grid, pos_embed=pos_embed)(image)
    fitted = fit(image[0], off_grid)
    grid = tuple(n // 16 for n in fitted.shape[1:])
    want = plain.dense(plain.layers(fitted, pos_embed), grid, method)
    torch.testing.assert_close(got[0], want, **TOLERANCE)
    return grid


@pytest.mark.parametrize('size', [(64, 64), (64, 96), (50, 81), (23, 129)])
@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
@pytest.mark.parametrize('pos_embed', ['exact', 'antialias', 'sclip'])
@pytest.mark.parametrize('method', PLAIN)
def test_plain_equations(tiny_quick, method, off_grid, pos_embed, size):
    plain = PlainViT(tiny_quick.model.state_dict(), 4, 16, 4)
    _compare(tiny_quick, plain, torch.randn(1, 3, *size), method, off_grid,
             pos_embed)


@pytest.fixture(scope='module')
def plain_layers(vit_b16_state, image):
    """Plain blocks at 224 x 320 and 200 x 232, run once for all methods."""
    known, plain = {}, PlainViT(vit_b16_state, 12, 16, 14)

    def layers(size, pos_embed):
        if (size, pos_embed) not in known:
            known[size, pos_embed] = plain.layers(
                fit(image(size)[0], 'drop'), pos_embed)
        return plain, known[size, pos_embed]

    return layers


@pytest.mark.parametrize('size, grid', [
    ((224, 320), (14, 20)), ((200, 232), (12, 14))])
@pytest.mark.parametrize('pos_embed', ['exact', 'sclip'])
@pytest.mark.parametrize('method', PLAIN)
def test_plain_equations_b16(vit_b16, plain_layers, image, run_once, method,
                             pos_embed, size, grid):
    """Both resizings of positions, on and off the patch grid."""
    plain, layers = plain_layers(size, pos_embed)
    want = plain.dense(layers, grid, method)
    with torch.no_grad():
        got, *_ = ClipViT(
            vit_b16, method, off_grid='drop', pos_embed=pos_embed)(
            image(size))
    torch.testing.assert_close(got[0], want, **TOLERANCE)


def test_plain_equations_b16_padded(vit_b16, vit_b16_state, image):
    plain = PlainViT(vit_b16_state, 12, 16, 14)
    assert _compare(vit_b16, plain, image((200, 232)), 'maskclip') == (13, 15)


# ----------------------------------------------------- the authors' numbers
REDUCED = dict(residual=False, ffn=False)
GOLDEN = {
    'vanilla': 'clip',
    'vanilla_reduced': dict(attend=('qk', ), **REDUCED),
    'maskclip': 'maskclip',
    'maskclip_reduced': REDUCED,
    'sclip': 'sclip',
    'sclip_reduced': dict(attend=('qq', 'kk'), **REDUCED),
    'clearclip': 'clearclip',
    'clearclip_keep_residual': dict(attend=('qq', )),
    'kk': dict(attend=('kk', )),
    'kk_reduced': dict(attend=('kk', ), **REDUCED),
    'naclip': 'naclip',
    'naclip_vanilla_arch': dict(attend=('kk', ), neighbour_std=5.),
    'naclip_nonly': 'naclip_nonly',
    'gem': 'gem',
    'cliptrase': 'cliptrase',
}


@pytest.mark.parametrize('key', GOLDEN)
def test_golden(vit_b16, golden, image, seeded_weights, run_once, key):
    _compare_golden(vit_b16, golden, image, seeded_weights, key)


@pytest.mark.parametrize('key', ['sclip', 'gem'])
def test_golden_of_each_library(
        vit_b16, golden, image, seeded_weights, library, key):
    _compare_golden(vit_b16, golden, image, seeded_weights, key)


def _compare_golden(vit_b16, golden, image, seeded_weights, key):
    want = golden('vit_dense_224x224.npz')
    with torch.no_grad():
        got, = ClipViT(vit_b16, last_block=GOLDEN[key])(image((224, 224)))
    got = got[0].flatten(1).T  # (D, h, w) -> (h * w, D)
    torch.testing.assert_close(got, torch.from_numpy(want[key]), **TOLERANCE)
    text = torch.from_numpy(seeded_weights.seeded_unit_vectors(6, 512, 2011))
    torch.testing.assert_close(
        F.normalize(got, dim=1) @ text.T,
        torch.from_numpy(want[f'{key}.cosine']), rtol=0, atol=1e-5)


def test_every_method_is_tested():
    """CorrCLIP, which needs regions, in test_corr_clip.py."""
    assert set(METHODS) - {'corrclip'} == set(PLAIN) | set(PROXIED)


# ----------------------------------------- equality with other implementations
def _hugging_face_patches(model, image, **settings):
    vision = model.vision_model
    with torch.no_grad():
        x = vision(image, **settings)[0][:, 1:]  # without class token
        return model.visual_projection(vision.post_layernorm(x)).transpose(
            1, 2)  # (1, D, h * w)


@pytest.mark.parametrize('size', [(224, 224), (224, 320)])
def test_hugging_face(vit_b16, hugging_face_b16, image, run_once, size):
    settings = {}
    if size != (224, 224):
        embeddings = hugging_face_b16.vision_model.embeddings
        if not hasattr(embeddings, 'interpolate_pos_encoding'):
            pytest.skip('this transformers does not interpolate positions')
        settings = dict(interpolate_pos_encoding=True)
    with torch.no_grad():
        got, = ClipViT(vit_b16, last_block='clip')(image(size))
    torch.testing.assert_close(got.flatten(2), _hugging_face_patches(
        hugging_face_b16, image(size), **settings), **TOLERANCE)


def _shrunk(name, **vision):
    """LoadedClip of an architecture with fewer layers and random weights."""
    config = open_clip.get_model_config(name)
    config['vision_cfg'].update(layers=2, **vision)
    config['text_cfg'].update(layers=1, width=32, heads=1)
    torch.manual_seed(0)
    model = open_clip.CLIP(**config, quick_gelu=True).eval()
    for parameter in model.visual.parameters():
        parameter.data += 0.03 * torch.randn_like(parameter)
    return LoadedClip(name, None, model, None, (), ()), config


@pytest.mark.parametrize('name, heads', [
    ('ViT-L-14', 16), ('ViT-B-32', 12), ('tiny-vit', 4)])
def test_heads_follow_the_width(to_hugging_face, name, heads):
    """Some implementations use 12 heads for every model."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
    clip, config = _shrunk(name, image_size=56)
    vision = config['vision_cfg']
    want = CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=vision['width'], intermediate_size=4 * vision['width'],
        num_hidden_layers=2, num_attention_heads=heads, image_size=56,
        patch_size=vision['patch_size'], projection_dim=config['embed_dim'])
    ).eval()
    state = to_hugging_face({
        key: value for key, value in clip.model.state_dict().items()
        if key.startswith('visual.')})
    missing, unexpected = want.load_state_dict(state, strict=False)
    assert not unexpected and all('position_ids' in key for key in missing)
    image = torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        got, = ClipViT(clip, 'clip', off_grid='drop')(image)
    assert got.shape[2:] == (56 // vision['patch_size'], ) * 2
    torch.testing.assert_close(
        got.flatten(2), _hugging_face_patches(want, image), **TOLERANCE)


@pytest.mark.parametrize('name', ['ViT-B-32', 'ViT-L-14', 'ViT-H-14'])
def test_methods_of_several_blocks(name):
    """GEM and SC-CLIP with other widths, heads and patches."""
    clip, config = _shrunk(name, image_size=224)
    vision = config['vision_cfg']
    heads = vision['width'] // vision.get('head_width', 64)
    patch = vision['patch_size']
    plain = PlainViT(clip.model.state_dict(), heads, patch, 224 // patch)
    x = torch.randn(1, 3, 224, 224)
    grid, layers = (224 // patch, ) * 2, plain.layers(x[0], 'exact')
    for method in ('gem', 'scclip'):
        with torch.no_grad():
            got, = ClipViT(clip, method)(x)
            want = plain.dense(layers, grid, method)
        torch.testing.assert_close(got[0], want, **TOLERANCE)


def test_multihead_attention(tiny_vit):
    """Unmodified CLIP against PyTorch's own attention."""
    clip = load_clip(**tiny_vit)
    visual, x = clip.model.visual, torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        got, = ClipViT(clip, 'clip')(x)
        x = visual.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.expand(2, 1, -1), x], 1)
        x = visual.ln_pre(x + visual.positional_embedding)
        for block in visual.transformer.resblocks:
            attention = nn.MultiheadAttention(64, 4, batch_first=True)
            attention.load_state_dict(block.attn.state_dict())
            h = block.ln_1(x)
            x = x + attention(h, h, h)[0]
            x = x + block.mlp(block.ln_2(x))
        want = visual.ln_post(x)[:, 1:] @ visual.proj
    torch.testing.assert_close(
        got.flatten(2).transpose(1, 2), want, rtol=0, atol=1e-5)


@pytest.mark.parametrize('changes', [
    dict(ls_init_value=0.5), dict(mlp_ratio=2.), dict(no_ln_pre=True),
    dict(pool_type='avg', final_ln_after_pool=True)],
    ids=lambda changes: next(iter(changes)))
def test_other_vision_towers(changes):
    """Options of open_clip's other architectures."""
    clip, _ = _shrunk('tiny-vit', **changes)
    visual, x = clip.model.visual, torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        got, = ClipViT(clip, 'clip')(x)
        x = visual.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.expand(2, 1, -1), x], 1)
        x = visual.ln_pre(x + visual.positional_embedding)
        attends_first = not getattr(
            visual.transformer.resblocks[0].attn, 'batch_first', False)
        x = x.transpose(0, 1) if attends_first else x
        for block in visual.transformer.resblocks:
            x = block(x)
        x = x.transpose(0, 1) if attends_first else x
        want = visual.ln_post(x)[:, 1:] @ visual.proj
    torch.testing.assert_close(
        got.flatten(2).transpose(1, 2), want, rtol=0, atol=1e-5)


# --------------------------------------------------------------- invariants
def _features(backbone, x):
    with torch.no_grad():
        return backbone(x)[0]


def _tensors(outputs, images):
    """Outputs; of a second pass those for labels that images have."""
    *outputs, last = outputs
    if isinstance(last, SecondPass):
        last = last.run(torch.stack([torch.randint(
            3, outputs[0].shape[2:],
            generator=torch.Generator().manual_seed(i)) for i in images]))
    return *outputs, last


@pytest.mark.parametrize('method', OF_IMAGES)
def test_batch_of_two(tiny, last_block, method):
    backbone = ClipViT(tiny, last_block(method), out_keys='raw')
    x = torch.randn(2, 3, 70, 50)
    with torch.no_grad():
        both, each = _tensors(backbone(x), (0, 1)), [
            _tensors(backbone(one[None]), (i, )) for i, one in enumerate(x)]
    for i, out in enumerate(both):
        torch.testing.assert_close(
            out, torch.cat([one[i] for one in each]), rtol=0, atol=1e-5)


@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
@pytest.mark.parametrize('pos_embed', ['exact', 'sclip'])
@pytest.mark.parametrize('size, padded, dropped', [
    ((1, 1), (1, 1), (1, 1)),
    ((15, 15), (1, 1), (1, 1)),
    ((16, 16), (1, 1), (1, 1)),
    ((17, 300), (2, 19), (1, 18)),
    ((400, 3), (25, 1), (25, 1)),
    ((64, 64), (4, 4), (4, 4)),
    ((65, 63), (5, 4), (4, 3)),
    ((4000, 30), (250, 2), (250, 1)),
])
def test_any_size(tiny, off_grid, pos_embed, size, padded, dropped):
    backbone = ClipViT(tiny, 'naclip' if max(size) < 999 else 'maskclip',
                       off_grid=off_grid, pos_embed=pos_embed)
    got = _features(backbone, torch.randn(1, 3, *size))
    grid = dropped if off_grid == 'drop' else padded
    assert got.shape == (1, 24, *grid)
    assert got.isfinite().all()


def test_padding_is_zero_below_and_right(tiny):
    x = torch.randn(1, 3, 50, 60)
    padded = torch.zeros(1, 3, 64, 64)
    padded[:, :, :50, :60] = x
    assert torch.equal(_features(ClipViT(tiny), x),
                       _features(ClipViT(tiny), padded))
    padded = torch.zeros(1, 3, 64, 64)
    padded[:, :, 7:57, 2:62] = x
    even = ClipViT(tiny, off_grid='pad_even')
    assert torch.equal(_features(even, x), _features(even, padded))
    drop = ClipViT(tiny, off_grid='drop')
    assert torch.equal(_features(drop, x), _features(drop, x[..., :48, :48]))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float64])
def test_other_dtypes(tiny_vit, dtype):
    x = torch.randn(1, 3, 80, 48)
    want = _features(ClipViT(load_clip(**tiny_vit)), x)
    got, keys = ClipViT(load_clip(**tiny_vit), out_keys='raw').to(dtype)(
        x.to(dtype))
    assert got.dtype == keys.dtype == dtype
    cosine = F.cosine_similarity(got.float(), want)
    assert cosine.min() > 0.98


# ------------------------------------------------------------------ options
def test_activation_and_eps(tiny_vit):
    """Equal to a CLIP loaded with the activation."""
    x = torch.randn(1, 3, 64, 64)
    plain = _features(ClipViT(load_clip(**tiny_vit)), x)
    quick = ClipViT(load_clip(**tiny_vit), quick_gelu=True)
    want = ClipViT(load_clip(**tiny_vit, quick_gelu=True))
    assert torch.equal(_features(quick, x), _features(want, x))
    assert not torch.equal(_features(quick, x), plain)
    coarse = ClipViT(load_clip(**tiny_vit), norm_eps=0.1)
    assert not torch.equal(_features(coarse, x), plain)
    assert {module.eps for module in coarse.visual.modules()
            if isinstance(module, nn.LayerNorm)} == {0.1}


def test_backbones_of_one_clip(tiny_vit):
    """Overrides do not affect other backbones or the CLIP itself."""
    x, settings = torch.randn(1, 3, 64, 64), [
        {}, dict(quick_gelu=True), dict(norm_eps=0.1),
        dict(quick_gelu=True, norm_eps=0.1), dict(quick_gelu=False)]
    clip = load_clip(**tiny_vit)
    with torch.no_grad():
        image = clip.model.encode_image(x)
        backbones = [ClipViT(clip, **one) for one in settings]
        for backbone, one in zip(backbones, settings):
            want = ClipViT(load_clip(**tiny_vit), **one)
            assert torch.equal(_features(backbone, x), _features(want, x))
        assert torch.equal(clip.model.encode_image(x), image)
    assert {parameter.data_ptr() for backbone in backbones
            for parameter in backbone.parameters()} == {
        parameter.data_ptr() for parameter in clip.model.visual.parameters()}


def test_registered(tiny_vit):
    backbone = MODELS.build(dict(type='ClipViT', clip=tiny_vit))
    state = copy.deepcopy(backbone.state_dict())
    backbone.init_weights()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, state[key])
    assert backbone.embed_dims == 24 and backbone.patch_size == (16, 16)


def test_arguments_of_last_block(tiny):
    """Also with lists, as in JSON and YAML configs."""
    x = torch.randn(1, 3, 64, 64)
    want = _features(ClipViT(tiny, 'sclip'), x)
    row = ClipViT(tiny, dict(attend=['qq', 'kk']))
    assert torch.equal(_features(row, x), want)
    assert ClipViT(tiny, {}).last_block == LastBlock()


def test_method_with_changes(tiny):
    wider = ClipViT(tiny, dict(type='naclip', neighbour_std=9.))
    assert wider.last_block == LastBlock(
        ('kk', ), residual=False, ffn=False, neighbour_std=9.)


@pytest.mark.parametrize('settings, message', [
    (dict(last_block='maskclip+'), "Unknown last block 'maskclip[+]'; choose "
     'one of .*clearclip.* or pass the arguments of LastBlock'),
    (dict(last_block=dict(attend='qk')), "attend='qk'"),
    (dict(last_block=dict(atend=('qk', ))), 'atend is unknown; LastBlock '
     'takes attend, residual, ffn, neighbour_std, similarity'),
    (dict(last_block=dict(type='gem', depth=0)), 'depth of GEM must'),
    (dict(last_block=dict(type='gem', layers=3)),
     'layers is unknown; gem takes depth, iterations'),
    (dict(last_block=dict(type='gem', depth=4.5)),
     'depth of gem must be int, but got 4.5'),
    (dict(last_block=dict(type='naclip', neighbour_std='wide')),
     "neighbour_std of naclip must be float, but got 'wide'"),
    (dict(last_block=dict(type='naclip', ffn='yes')),
     "ffn of naclip must be bool, but got 'yes'"),
    (dict(last_block=dict(type=['gem'])), "Unknown last block .'gem'."),
    (dict(last_block=dict(type='jem')), "Unknown last block 'jem'; .*gem"),
    (dict(last_block=None), 'Invalid last_block=None'),
    (dict(out_keys='both'), "out_keys='both' is unknown; choose one of .*raw"),
    (dict(off_grid='crop'), "off_grid='crop' is unknown; .*pad_even"),
    (dict(pos_embed='nearest'), "pos_embed='nearest' is unknown; .*sclip"),
])
def test_wrong_options(tiny, settings, message):
    with pytest.raises(UserError, match=message):
        ClipViT(tiny, **settings)


def test_resnet(tiny_rn):
    with pytest.raises(UserError, match=(
            'ClipViT needs a Vision Transformer .* CLIP tiny-rn has a '
            'ModifiedResNet; .*type="ClipResNet"')):
        ClipViT(tiny_rn)


def test_weights_must_be_named():
    with pytest.raises(UserError, match='needs weights'):
        ClipViT(dict(model='tiny-vit'))


def test_a_method_sees_the_regions_as_the_images(tiny):
    """Padded like them; padding is a region of its own."""
    seen = []

    @dataclass(frozen=True)
    class Method(LastBlock):
        needs_regions = True

        def __call__(self, visual, x, grid, keys=None, view=None):
            seen.append(view)
            return super().__call__(visual, x, grid, keys)

    x, regions = torch.randn(2, 3, 40, 50), torch.randint(5, (2, 40, 50))
    for off_grid in ('pad_even', 'drop'):
        backbone = ClipViT(tiny, off_grid=off_grid)
        backbone.last_block = Method()
        with torch.no_grad():
            backbone(x, regions=regions)
    padded, dropped = seen
    assert padded.images.shape[2:] == padded.regions.shape[1:] == (48, 64)
    assert torch.equal(padded.regions[:, 4:44, 7:57], regions)
    assert (padded.regions[:, :4] == PADDING).all()
    assert torch.equal(dropped.regions, regions)
    assert not ClipViT(tiny).needs_regions

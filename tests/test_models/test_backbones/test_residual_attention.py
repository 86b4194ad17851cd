"""ResCLIP against goldens and plain equations."""
from functools import partial

import plain_feedback
import pytest
import torch
import torch.nn.functional as F
from plain_vit import PlainViT, fit

from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones import residual_attention as module
from mmseg_clipzs.models.backbones.residual_attention import ResidualAttention
from mmseg_clipzs.models.backbones.semantic_feedback import (
    same_label,
    smooth_rows,
)
from mmseg_clipzs.models.segmentors.pamr import refine
from mmseg_clipzs.models.segmentors.second_pass import label_patches
from mmseg_clipzs.utils import UserError

CASES = dict(
    voc21=dict(label_threshold=.5, rcs_weight=.3, sfr_gain=2.2),
    coco_stuff=dict(label_threshold=.11, rcs_weight=.4, sfr_gain=1.8))


@torch.no_grad()
@pytest.mark.parametrize('case', CASES)
def test_golden(vit_b16, golden, seeded_weights, run_once, monkeypatch, case):
    """Both passes, the labels between them, and their parts."""
    stored = golden('resclip_224x224.npz')
    want = {key.removeprefix(f'{case}.'): torch.from_numpy(stored[key])
            for key in stored if key.startswith(f'{case}.')}
    image = torch.from_numpy(seeded_weights.seeded_image(
        224, 224, int(stored['image_seed'])))
    text = torch.from_numpy(seeded_weights.seeded_unit_vectors(6, 512, 2011))
    near = partial(torch.testing.assert_close, rtol=0)
    maps = []
    run_block = module.run_block_with_attention
    monkeypatch.setattr(
        module, 'run_block_with_attention', lambda block, x: maps.append(
            run_block(block, x)) or maps[-1])
    first, second = ClipViT(vit_b16, dict(type='resclip', **CASES[case]),
                            off_grid='drop', pos_embed='sclip')(image)
    assert len(maps) == 4
    if case == 'voc21':
        mean = sum(attention for _, attention in maps)[0] / 4
        near(mean[[0, 6], ::8], want['rcs.heads0_6.rows_every8'], atol=1e-5)

    def cosines(features):
        return torch.einsum('ndhw,qd->nqhw', F.normalize(features, dim=1),
                            text)

    near(first[0].flatten(1).T[:, ::8], want['first.every8'], atol=1e-4)
    near(cosines(first)[0].flatten(1).T, want['first.cosine'], atol=1e-5)
    pixels = F.interpolate(cosines(first), (224, 224), mode='bilinear')
    near((40 * refine(image, pixels, 10, (8, 16))).softmax(1)[
        0, :, ::8, ::8], want['probs.every8'], atol=1e-5)
    labels = label_patches(second, cosines(first), False,
                           lambda scores: (40 * scores).log_softmax(1))
    assert torch.equal(labels[0], want['labels'].long())
    before = same_label(labels)
    after = smooth_rows(before, 5.)
    near(before[0, ::8], want['sfr_before.rows_every8'], atol=1e-6)
    near(after[0, ::8], want['sfr_after.rows_every8'], atol=1e-6)
    near(after.max().double(), want['sfr_after.max'], atol=1e-6)
    features = second.run(labels)
    near(cosines(features)[0].flatten(1).T, want['cosine'], atol=1e-5)
    patches = features[0].flatten(1).T
    if case == 'voc21':
        near(patches, want['feat'], atol=1e-4)
    else:
        near(patches[:, ::8], want['feat.every8'], atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize('base', [
    'naclip', 'sclip', 'clearclip', 'clip', 'vanilla'])
@pytest.mark.parametrize('size, off_grid, path_check', [
    ((64, 64), 'pad', True), ((50, 81), 'drop', True),
    ((66, 50), 'pad_even', False)])
def test_plain_equations(tiny_quick, base, size, off_grid, path_check):
    """Both passes of three images, with labels of their own."""
    backbone = ClipViT(tiny_quick, dict(
        type='resclip', base=base, path_check=path_check, rcs_gain=1.5,
        rcs_weight=.4, sfr_gain=2.1, sfr_weight=.6), off_grid=off_grid)
    plain = PlainViT(tiny_quick.model.state_dict(), 4, 16, 4)
    images = torch.randn(3, 3, *size)
    first, second = backbone(images)
    labels = torch.randint(3, (3, *first.shape[2:]))
    refined = second.run(labels)
    for image, one, *got in zip(images, labels, first, refined):
        matrix = plain_feedback.smoothed(
            plain_feedback.same_label(one, path_check))
        layers = plain.layers(fit(image, off_grid), 'exact')
        for features, feedback in zip(got, (None, matrix / matrix.max())):
            x = plain.resclip(layers, tuple(one.shape), feedback, base,
                              rcs=(1.5, .4), sfr=(2.1, .6))
            x = plain.norm(x, 'visual.ln_post')[1:] @ plain.state[
                'visual.proj']
            torch.testing.assert_close(
                features, x.T.unflatten(1, one.shape), rtol=0, atol=1e-4)


@torch.no_grad()
def test_switches(tiny):
    """Without both parts the base is left."""
    x = torch.randn(2, 3, 60, 90)
    for base in ('naclip', 'sclip', 'clearclip', 'cliptrase'):
        want, = ClipViT(tiny, base)(x)
        got, = ClipViT(tiny, dict(
            type='resclip', base=base, rcs=False, sfr=False))(x)
        torch.testing.assert_close(got, want, rtol=0, atol=1e-5)
        first, second = ClipViT(tiny, dict(
            type='resclip', base=base, rcs=False))(x)
        torch.testing.assert_close(first, want, rtol=0, atol=1e-5)
        assert not torch.allclose(
            second.run(torch.zeros(2, 4, 6, dtype=torch.int64)), want)


@torch.no_grad()
def test_rounded_matrix(tiny):
    """A little different; the matrix has eleven bits."""
    x, labels = torch.randn(1, 3, 96, 96), torch.randint(3, (1, 6, 6))
    exact, rounded = (
        ClipViT(tiny, dict(type='resclip', half=half))(x)[1].run(labels)
        for half in (False, True))
    assert 0 < (exact - rounded).abs().max() < 1e-2


@pytest.mark.parametrize('settings', [
    dict(base='maskclip'), dict(base='naclip_nonly'), dict(base=None),
    dict(rcs_weight=1.1), dict(rcs_gain=0.), dict(sfr_weight=-.1),
    dict(sfr_gain=float('inf')), dict(sfr_std=0.), dict(label_threshold=1.),
    dict(rcs_layers=(9, 6)), dict(rcs_layers=(6, )), dict(rcs=1),
    dict(path_check='no'), dict(pamr=None), dict(half=2)])
def test_wrong_arguments(settings):
    with pytest.raises(UserError, match=next(iter(settings))):
        ResidualAttention(**settings)

"""Parts of SC-CLIP against goldens and plain loops."""
import pytest
import torch
from plain_vit import local_outliers, replaced

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.self_calibration import (
    SelfCalibration,
    outlier_factor,
    replace_outliers,
)
from mmseg_clipzs.utils import UserError


@pytest.fixture(scope='module')
def authors(vit_b16, golden, seeded_weights):
    """Our features, the patches tested for outliers, and the goldens."""
    want = golden('scclip.npz')
    image = torch.from_numpy(seeded_weights.seeded_image(224, 224, 18))
    block, entering = vit_b16.model.visual.transformer.resblocks[-1], []
    backbone = ClipViT(vit_b16, 'scclip', pos_embed='sclip',
                       out_keys='raw')
    handle = block.ln_1.register_forward_pre_hook(
        lambda module, inputs: entering.append(inputs[0]))
    with torch.no_grad():
        features, _ = backbone(image)
    handle.remove()
    # The last call is for the keys, (1, h * w, C).
    return features[0].flatten(1).T, entering[-1], {
        key.split('.')[1]: torch.from_numpy(want[key])
        for key in want}


def test_golden_features(authors):
    got, _, want = authors
    torch.testing.assert_close(got, want['feat'], rtol=0, atol=1e-4)


def test_golden_outliers(authors):
    _, patches, want = authors
    scores = outlier_factor(patches, 30)[0]
    torch.testing.assert_close(scores, want['lof'], rtol=0, atol=1e-4)
    limit = scores.quantile(1 - SelfCalibration().outliers)
    assert (scores > limit).nonzero()[:, 0].tolist() == want[
        'outliers'].tolist()


@pytest.mark.parametrize('count', [1, 2, 31, 32, 60])
def test_outlier_factor_of_a_batch(count):
    patches = torch.randn(3, count, 5)
    got = outlier_factor(patches, 30)
    for one, scores in zip(patches, got):
        want, _ = local_outliers(one)
        torch.testing.assert_close(
            scores, torch.tensor(want), rtol=1e-4, atol=1e-4)


def test_outlier_factor_of_equal_patches():
    """Identical patches have no outliers."""
    scores = outlier_factor(torch.ones(1, 40, 3), 30)
    torch.testing.assert_close(scores, torch.ones(1, 40))


@pytest.mark.parametrize('grid', [(5, 6), (1, 30), (30, 1)])
@pytest.mark.parametrize('share', [0, 0.3, 0.8, 1])
def test_replace_outliers(grid, share):
    patches, outliers = torch.randn(3, 30, 4), torch.rand(3, 30) < share
    got = replace_outliers(patches, outliers, grid)
    for one, bad, result in zip(patches, outliers, got):
        torch.testing.assert_close(result, replaced(
            one, bad.nonzero()[:, 0].tolist(), grid))


def test_flat_image(tiny_vit):
    """Identical patches attend to each other."""
    backbone = ClipViT(load_clip(**tiny_vit), 'scclip')
    for size in ((64, 64), (16, 16), (16, 200), (96, 128)):
        features, = backbone(torch.zeros(2, 3, *size))
        assert features.isfinite().all()


@pytest.mark.parametrize('settings', [
    dict(outliers=1), dict(outliers=-.1), dict(neighbours=0),
    dict(summed_layers=(7, 4)), dict(summed_layers=(0, 4))])
def test_wrong_arguments(settings):
    with pytest.raises(UserError, match=(
            'SC-CLIP needs summed_layers in ascending|of SC-CLIP.* must be')):
        SelfCalibration(**settings)

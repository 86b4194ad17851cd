"""SFP against goldens and plain loops."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.models.backbones.feature_purifier import FeaturePurifier
from mmseg_clipzs.models.backbones.self_calibration import replace_outliers
from mmseg_clipzs.utils import UserError

# The authors' code takes both from one number, .3 by default.
CASES = {'som': {}, 'som_res_cls_0.07': dict(cls_weight=.07, cls_gain=.35)}


@torch.no_grad()
@pytest.mark.parametrize('case', CASES)
def test_golden(vit_b16, golden, seeded_weights, run_once, monkeypatch, case):
    want = golden('sfp_224x224.npz')
    want = {key.removeprefix(f'{case}.'): torch.from_numpy(want[key])
            for key in want if key.startswith(f'{case}.')}
    image = torch.from_numpy(seeded_weights.seeded_image(224, 224, 18))
    seen, block = [], vit_b16.model.visual.transformer.resblocks[-1]

    def keep(self, attention):
        seen.append(attention)
        seen.append(find(self, attention))
        return seen[-1]

    find = FeaturePurifier.find_outliers
    monkeypatch.setattr(FeaturePurifier, 'find_outliers', keep)
    handle = block.ln_1.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]))
    got, = ClipViT(vit_b16, dict(type='sfp', **CASES[case]),
                   off_grid='drop', pos_embed='sclip')(image)
    handle.remove()
    (attention, ), (outliers, ), (entering, ), _ = seen
    gain = CASES[case].get('cls_gain', 1.5)
    torch.testing.assert_close(
        gain * attention[0, 1:], want['class_attention'], rtol=0, atol=1e-5)
    assert outliers.nonzero()[:, 0].tolist() == want['outliers'].tolist()
    got = got[0].flatten(1).T
    torch.testing.assert_close(
        F.normalize(got, dim=1) @ torch.from_numpy(
            seeded_weights.seeded_unit_vectors(6, 512, 2011)).T,
        want['cosine'], rtol=0, atol=1e-5)
    features = got if case == 'som' else got[:, ::8]
    torch.testing.assert_close(
        features, want['feat' if case == 'som' else 'feat.every8'],
        rtol=0, atol=1e-4)
    if case == 'som':
        torch.testing.assert_close(attention.diagonal()[1:],
                                   want['self_attention'], rtol=0, atol=1e-5)
        torch.testing.assert_close(
            entering[:, ::16], want['input.every16'], rtol=0, atol=1e-4)


@pytest.mark.parametrize('outliers', [0, 3, 10])
@pytest.mark.parametrize('patches', [1, 5, 40])
def test_outliers(outliers, patches):
    """Those of most attention among the candidates, image by image."""
    attention = torch.rand(3, patches + 1, patches + 1)
    got = FeaturePurifier(outliers=outliers).find_outliers(attention)
    for one, marked in zip(attention, got):
        candidates = [i for i in range(patches)
                      if 1.5 * one[0, i + 1] > one[i + 1, i + 1]]
        candidates.sort(key=lambda i: one[0, i + 1].item())
        want = candidates[::-1][:outliers]
        assert set(marked.nonzero()[:, 0].tolist()) == set(want)


def test_mending_off_the_square():
    """Row and column follow from the width of the grid."""
    patches = torch.arange(15.)[None, :, None]
    outliers = torch.zeros(1, 15, dtype=torch.bool)
    outliers[0, 6] = True  # row 1, column 1 of (3, 5)
    mended = replace_outliers(patches, outliers, (3, 5))
    assert mended[0, 6] == sum((0, 1, 2, 5, 7, 10, 11, 12)) / 8


@torch.no_grad()
def test_flat_image(tiny_vit):
    """Identical patches attend to each other."""
    backbone = ClipViT(load_clip(**tiny_vit), 'sfp')
    for size in ((64, 64), (16, 16), (16, 200)):
        features, = backbone(torch.zeros(2, 3, *size))
        assert features.isfinite().all()


@pytest.mark.parametrize('settings', [
    dict(outliers=-1), dict(outliers=.5), dict(cls_gain=-.1),
    dict(threshold=2), dict(summed_layers=(7, 4)), dict(output_layer=0)])
def test_wrong_arguments(settings):
    with pytest.raises(UserError, match='SFP'):
        FeaturePurifier(**settings)

"""The seeded weights are those of the stored arrays."""
import numpy as np
import pytest
from golden import seeded_clip, seeded_groupvit, seeded_proxies

OTHER = ('NumPy drew other numbers than those the arrays in tests/golden '
         'were made with: no comparison with them means anything.')


@pytest.mark.slow
@pytest.mark.parametrize('model, index', [('ViT-B-16', 0), ('RN50', 1)])
def test_clip_weights(golden, model, index):
    want = golden('clip_features.npz')['fingerprints'][index]
    assert seeded_clip.fingerprint(
        seeded_clip.arrays(model, 0)) == want, OTHER


def test_dino_weights(golden):
    want = golden('proxyclip_224x224_small_patch16.npz')
    prints = dict(zip(want['fingerprints.names'], want['fingerprints']))
    name = 'vit_small_patch16_224.dino'
    assert seeded_proxies.fingerprint(name, 0) == prints[name], OTHER


@pytest.mark.parametrize('name', ['tiny_one_stage', 'tiny_two_stage'])
def test_groupvit_weights(golden, name):
    want = golden(f'groupvit_{name}_weights_check.npz')
    weights = seeded_groupvit.official_weights(
        seeded_groupvit.SEEDS[name], seeded_groupvit.SPECS[name])
    assert sorted(weights) == list(want['names'])
    np.testing.assert_allclose(
        seeded_groupvit.fingerprint(weights), want['fingerprint'], rtol=1e-9,
        err_msg=OTHER)
    image = seeded_groupvit.seeded_image(224, 224, 11)[0, :, 0, :8]
    np.testing.assert_array_equal(image, want['first_image'], OTHER)

"""Copies and pickles of an inferencer with an image."""
import copy
import pickle

import numpy as np
import pytest
import torch

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.toy.scenes import make_scene

pytestmark = pytest.mark.usefixtures('one_thread')
CLASSES = 'zebra; grass, lawn; sea'


def _pickled(inferencer):
    return pickle.loads(pickle.dumps(inferencer))


@pytest.mark.parametrize('config', [
    'maskclip_toy', 'resclip_toy', 'sfp_toy', 'proxyclip_toy', 'corrclip_toy',
    'lposs_toy', 'naclip_regions_toy', 'groupvit_toy'])
def test_copies_keep_the_image(config):
    if config in ('corrclip_toy', 'naclip_regions_toy'):
        pytest.importorskip('skimage')
    inferencer = ZeroShotInferencer(config, device='cpu')
    inferencer.set_image(make_scene(np.random.default_rng(0), 64)[0])
    want = inferencer.predict(CLASSES).scores
    copies = [copy_of(inferencer) for copy_of in (copy.deepcopy, _pickled)]
    # They share no weights, as by a reference to the original's network.
    with torch.no_grad():
        for parameter in inferencer.model.parameters():
            parameter.fill_(torch.nan)
    for each in copies:
        np.testing.assert_array_equal(each.predict(CLASSES).scores, want)

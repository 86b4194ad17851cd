"""Image towers in bfloat16 and float16."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_proxy import OF_IMAGES

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
DTYPES = dict(bf16=torch.bfloat16, fp16=torch.float16)
WORDS = 'cat; dog; grass; sky; a red car'


@pytest.mark.parametrize('precision', DTYPES)
def test_the_image_tower_alone_is_converted(tiny_vit, precision):
    clip, plain = (load_clip(**tiny_vit, precision=p)
                   for p in (precision, 'fp32'))
    dtypes = {name: p.dtype for name, p in clip.model.named_parameters()}
    for name, dtype in dtypes.items():
        wanted = name.startswith('visual.')
        assert dtype == (DTYPES[precision] if wanted else torch.float32)
    assert clip.text_fingerprint == plain.text_fingerprint
    assert clip.logit_scale == plain.logit_scale


def test_unknown_precision(tiny_vit):
    with pytest.raises(UserError, match="precision='bf8' is unknown"):
        load_clip(**tiny_vit, precision='bf8')


@pytest.mark.parametrize('precision, atol', [('bf16', 3e-2), ('fp16', 4e-3)])
@pytest.mark.parametrize('method', OF_IMAGES)
def test_features_are_nearly_those_of_float32(
        zero_shot, tiny_vit, last_block, method, precision, atol):
    """Directions, which determine the cosines; outputs are float32."""
    x = F.interpolate(torch.randn(
        2, 3, 6, 8, generator=torch.Generator().manual_seed(0)),
        size=(80, 112), mode='bicubic')
    features = []
    for p in ('fp32', precision):
        model = zero_shot(
            clip=dict(tiny_vit, precision=p), vocabulary=WORDS,
            backbone=dict(type='ClipViT', last_block=last_block(method),
                          out_keys='raw'))
        with torch.no_grad():
            outs = model.final_features(model.extract_feat(x))
            result = model.predict(x)
        assert {out.dtype for out in outs} == {torch.float32}
        assert result[0].seg_logits.data.dtype == torch.float32
        features.append(F.normalize(outs[0], dim=1))
    plain, half = features
    worst = 1 - (plain * half).sum(1).min()
    assert 0 < worst < atol


@pytest.mark.parametrize('precision', DTYPES)
def test_resnets(zero_shot, tiny_rn, precision):
    x = torch.randn(1, 3, 64, 96)
    plain, half = (
        zero_shot(clip=dict(tiny_rn, precision=p), vocabulary=WORDS,
                  backbone=dict(type='ClipResNet', out_keys='raw'))
        for p in ('fp32', precision))
    with torch.no_grad():
        wanted, got = (model.extract_feat(x) for model in (plain, half))
    for a, b in zip(wanted, got):
        assert b.dtype == torch.float32
        assert F.cosine_similarity(a, b, dim=1).min() > 0.98


def test_toy_labels_hardly_change(zero_shot):
    """The toy CLIP on toy scenes."""
    scenes = [make_scene(np.random.default_rng(i), 128, 3)[0]
              for i in range(4)]
    x = torch.stack([torch.from_numpy(s).permute(2, 0, 1) for s in scenes])
    labels = []
    for precision in ('fp32', 'bf16'):
        model = zero_shot(
            clip=dict(model='toy-vit-p8', pretrained='toy',
                      precision=precision), vocabulary='toy')
        x = x.float()
        with torch.no_grad():
            results = model.predict(
                (x - model.data_preprocessor.mean)
                / model.data_preprocessor.std)
        labels.append(torch.stack([r.pred_sem_seg.data for r in results]))
    assert (labels[0] == labels[1]).float().mean() > 0.98
    assert len(labels[0].unique()) > 4

"""TIPSv2 with MaskCLIP's value trick, against transformers' own layers."""
import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from foreign_models import write_tipsv2

from mmseg_clipzs.clip import TextEncoder, get_templates, load_clip
from mmseg_clipzs.models.backbones import ClipViT, Tipsv2ViT
from mmseg_clipzs.models.segmentors import ZeroShotSegmentor
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

transformers = pytest.importorskip('transformers', minversion='5.20')
pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('tipsv2')
    write_tipsv2(path)
    return path


@pytest.fixture(scope='module')
def plain(folder):
    return transformers.Tipsv2Model.from_pretrained(folder).eval()


@pytest.fixture(scope='module')
def clip(folder):
    return load_clip(model='tipsv2', pretrained=folder)


def restated(plain, images):
    """(N, D, h, w), with the last block written out."""
    height, width = images.shape[2:]
    rows, columns = -(-height // 14), -(-width // 14)
    if (height, width) != (14 * rows, 14 * columns):
        images = F.interpolate(
            images, (14 * rows, 14 * columns), mode='bicubic')
    vision = plain.vision_model
    states = vision(images, output_hidden_states=True).hidden_states
    x, layer = states[-2], vision.encoder.layer[-1]  # before the last block
    attention = layer.attention
    h = F.layer_norm(x, (32, ), layer.norm1.weight, layer.norm1.bias, 1e-6)
    h = F.linear(h, attention.v_proj.weight, attention.v_proj.bias)
    h = F.linear(h, attention.o_proj.weight, attention.o_proj.bias)
    x = x + layer.layer_scale1.lambda1 * h
    h = F.layer_norm(x, (32, ), layer.norm2.weight, layer.norm2.bias, 1e-6)
    h = F.gelu(F.linear(h, layer.mlp.fc1.weight, layer.mlp.fc1.bias))
    h = F.linear(h, layer.mlp.fc2.weight, layer.mlp.fc2.bias)
    x = x + layer.layer_scale2.lambda1 * h
    x = F.layer_norm(
        x, (32, ), vision.layernorm.weight, vision.layernorm.bias, 1e-6)
    return x[:, 2:].reshape(len(x), rows, columns, 32).permute(0, 3, 1, 2)


@torch.no_grad()
@pytest.mark.parametrize('size', [(56, 56), (42, 84), (50, 71)])
def test_features(plain, clip, size):
    """On the native grid, off the square and off the grid."""
    images = torch.rand(3, 3, *size)
    backbone = Tipsv2ViT(clip)
    got, = backbone(images)
    torch.testing.assert_close(got, restated(plain, images), rtol=0,
                               atol=1e-5)
    one, = backbone(images[1:2])
    torch.testing.assert_close(one, got[1:2], rtol=0, atol=1e-5)


@torch.no_grad()
def test_texts(plain, folder, clip):
    """As its processor reads them; normalised, averaged, normalised."""
    templates = get_templates('tcl9')
    assert len(templates) == 9
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows = []
    for word in ('cat', 'grass'):
        inputs = tokenizer([each.format(word) for each in templates],
                           padding='max_length', max_length=64,
                           return_tensors='pt')
        features = plain.get_text_features(
            input_ids=inputs.input_ids,
            attention_mask=inputs.attention_mask).pooler_output
        rows.append(F.normalize(F.normalize(features, dim=1).mean(0), dim=0))
    encoder = TextEncoder(clip)
    for _ in range(2):  # computed, then cached
        torch.testing.assert_close(
            encoder(['cat', 'grass'], 'tcl9'), torch.stack(rows), rtol=0,
            atol=1e-5)
    assert clip.logit_scale == pytest.approx(1 / plain.temperature.item())


@torch.no_grad()
def test_segmentor(plain, folder):
    """Images in [0, 1]; scores are cosines times the inverse temperature."""
    model = ZeroShotSegmentor(
        clip=dict(model='tipsv2', pretrained=str(folder)),
        backbone=dict(type='Tipsv2ViT'),
        decode_head=dict(type='MaskClipHead'), prompts='tcl9',
        vocabulary='cat; grass; sky', test_cfg=dict(
            mode='slide', crop_size=(56, 56), stride=(42, 42))).eval()
    assert not any(each.requires_grad for each in model.parameters())
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (3, 56, 80), np.uint8))
    data = model.data_preprocessor(dict(inputs=[image]))
    torch.testing.assert_close(data['inputs'][0], image.flip(0) / 255)
    result, = model.predict(**data)
    scores = torch.zeros(3, 56, 80)
    count = torch.zeros(80)
    for start in (0, 24):
        features = F.normalize(restated(
            plain, data['inputs'][..., start:start + 56]), dim=1)
        cosines = torch.einsum('qd,dhw->qhw', model.current_embeddings(),
                               features[0])
        scores[..., start:start + 56] += F.interpolate(
            cosines[None], (56, 56), mode='bilinear')[0]
        count[start:start + 56] += 1
    want = (scores / count / plain.temperature).log_softmax(0)
    torch.testing.assert_close(result.seg_logits.data, want, rtol=0,
                               atol=2e-3)
    assert torch.equal(result.seg_logits.data.argmax(0),
                       result.pred_sem_seg.data[0])


@torch.no_grad()
def test_reduced_precision(folder, plain):
    clip = load_clip(model='tipsv2', pretrained=folder, precision='bf16')
    images = torch.rand(1, 3, 50, 71)
    got, = Tipsv2ViT(clip)(images)
    assert got.dtype == torch.float32
    assert F.cosine_similarity(got, restated(plain, images)).min() > .99


def test_config():
    job = Job('tipsv2_ade20k')
    job.require_weights()
    about = job.describe()
    assert (about['method'], about['clip'], about['weights']) == (
        'TIPSv2', 'tipsv2', 'google/tipsv2-b14')
    model = job.load().model
    assert model.prompts == 'tcl9'
    assert model.test_cfg == dict(
        mode='slide', crop_size=(448, 448), stride=(336, 336))


def test_refusals(folder, clip, tmp_path):
    with pytest.raises(UserError, match='Tipsv2ViT runs TIPSv2, but got CLIP'):
        Tipsv2ViT(dict(model='toy-vit-p8', pretrained='toy'))
    with pytest.raises(UserError, match='needs a Vision Transformer with a'):
        ClipViT(clip)
    with pytest.raises(UserError, match=r'\(google/tipsv2-b14\)'):
        load_clip(model='tipsv2')
    with pytest.raises(UserError, match='leave quick_gelu= out'):
        load_clip(model='tipsv2', pretrained=folder, quick_gelu=True)
    with pytest.raises(UserError, match='precision='):
        load_clip(model='tipsv2', pretrained=folder, precision='int8')
    with pytest.raises(UserError, match='TIPSv2 .*: no folder at'):
        load_clip(model='tipsv2', pretrained='no/such/folder')
    copy = shutil.copytree(folder, tmp_path / 'copy')
    for path in copy.glob('tokenizer*'):
        path.unlink()
    with pytest.raises(UserError, match='TIPSv2.*(tokens|cannot be read)'):
        load_clip(model='tipsv2', pretrained=copy)

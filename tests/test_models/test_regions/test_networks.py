"""Networks of transformers with random weights: shapes, errors, interfaces."""
import json
import sys

import numpy as np
import pytest
import torch

from mmseg_clipzs.models.regions import (
    PROVIDERS,
    build_regions,
    sam2_regions,
)
from mmseg_clipzs.models.regions.networks import to_network
from mmseg_clipzs.models.regions.sam2_regions import paint
from mmseg_clipzs.utils import UserError

transformers = pytest.importorskip('transformers')
pytestmark = pytest.mark.usefixtures('one_thread')

SAM2 = dict(
    type='Sam2Regions', weights=None, points_per_side=4, points_per_batch=5,
    pred_iou=0., stability=.01, box_iou=1., config=dict(
        vision_config=dict(
            backbone_config=dict(
                model_type='sam2_hiera_det_model', hidden_size=8,
                image_size=[64, 64], blocks_per_stage=[1, 1, 2, 1],
                embed_dim_per_stage=[8, 16, 32, 64],
                num_attention_heads_per_stage=[1, 1, 2, 2],
                window_size_per_stage=[4, 2, 2, 2],
                global_attention_blocks=[3],
                window_positional_embedding_background_size=[2, 2]),
            backbone_channel_list=[64, 32, 16, 8], fpn_hidden_size=32,
            backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]]),
        prompt_encoder_config=dict(
            hidden_size=32, image_size=64, patch_size=16),
        mask_decoder_config=dict(
            hidden_size=32, mlp_dim=32, num_attention_heads=2,
            iou_head_hidden_dim=16)))
MASK2FORMER = dict(
    type='Mask2FormerRegions', weights=None, threshold=0., overlap=0.,
    short_side=64, config=dict(
        backbone_config=dict(
            model_type='swin', embed_dim=8, depths=[1] * 4,
            num_heads=[1, 1, 2, 2], window_size=2,
            out_features=[f'stage{i}' for i in range(1, 5)]),
        feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=16, dim_feedforward=16, encoder_layers=1,
        decoder_layers=2, num_attention_heads=2, num_queries=7))
EOMT = dict(
    type='EomtRegions', weights=None, threshold=0., overlap=0., config=dict(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        image_size=64, patch_size=8, num_blocks=1, num_queries=6,
        num_upscale_blocks=1))
CONFIGS = {each['type']: each for each in (SAM2, MASK2FORMER, EOMT)}


def photo(size):
    coarse = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    image = torch.nn.functional.interpolate(coarse, size=size, mode='bicubic')
    return (255 * image[0].clamp(0, 1)).byte().permute(1, 2, 0).numpy()


@pytest.fixture(scope='module')
def providers():
    """One of each, with weights that make different masks."""
    torch.manual_seed(0)  # position embeddings are no parameters
    built = {name: build_regions(each) for name, each in CONFIGS.items()}
    generator = torch.Generator().manual_seed(0)
    for name, value in built['Sam2Regions'].network.named_parameters():
        mean = 'norm' in name and name.endswith('weight')
        value.copy_(mean + .35 * torch.randn(value.shape, generator=generator))
    return built


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('size', [(48, 80), (90, 31)])
def test_maps(providers, name, size):
    provider, image = providers[name], photo(size)
    regions = provider(image, {})
    assert regions.shape == size and regions.dtype == np.int32
    assert regions.min() >= 0
    if size == (48, 80):  # others by luck
        assert regions.max() > 0
    np.testing.assert_array_equal(regions, provider(image, {}))
    assert not any(value.requires_grad
                   for value in provider.network.parameters())
    assert not provider.network.training


@pytest.mark.parametrize('name', CONFIGS)
def test_precision_is_the_models(zero_shot, name):
    model = zero_shot(vocabulary='cat; sky', regions=CONFIGS[name])
    model.regions.provider.network.to(torch.bfloat16)
    result, = model.predict(torch.randn(1, 3, 48, 64))
    assert result.regions.data.shape == (1, 48, 64)


def test_sam2_finds_the_masks_of_transformers_own_pipeline(providers):
    """On square photos: its points leave out a part of others."""
    size = 64, 64  # which is not resized, in either of two ways
    if transformers.__version__.startswith('4.'):
        pytest.skip('the pipeline of transformers 4 does not run SAM 2')
    pipelines, processor = (
        transformers.pipelines, transformers.Sam2ImageProcessor)
    provider, image = providers['Sam2Regions'], photo(size)
    provider.multimask, provider.box_iou = True, .95
    try:
        logits, areas = provider._find(image)
    finally:
        provider.multimask, provider.box_iou = False, 1.
    from PIL import Image
    want = pipelines.MaskGenerationPipeline(
        model=provider.network, device='cpu', image_processor=processor(
            size=dict(height=64, width=64)))(
        Image.fromarray(image), points_per_crop=4, points_per_batch=5,
        pred_iou_thresh=0., stability_score_thresh=.01, crops_nms_thresh=.95)
    masks = torch.stack([torch.as_tensor(mask) for mask in want['masks']])
    assert len(masks) == len(logits) > 2
    ours = torch.nn.functional.interpolate(
        logits[None], size=size, mode='bilinear')[0] > 0
    assert torch.equal(areas, ours.sum((1, 2)))
    assert (ours != masks).float().mean() < 1e-3


def test_sam2_upsamples_few_masks_at_a_time(providers, monkeypatch):
    provider, image, size = providers['Sam2Regions'], photo((48, 80)), 48 * 80
    whole, shapes = provider(image, {}), []
    upsample = sam2_regions._upsample

    def record(logits, size):
        shapes.append(len(logits))
        return upsample(logits, size)

    monkeypatch.setattr(sam2_regions, '_upsample', record)
    monkeypatch.setattr(sam2_regions, '_CHUNK', 2 * size)
    np.testing.assert_array_equal(provider(image, {}), whole)
    assert max(shapes) == 2
    monkeypatch.setattr(sam2_regions, '_CHUNK', size - 1)
    np.testing.assert_array_equal(provider(image, {}), whole)
    monkeypatch.setattr(provider, 'pred_iou', 1.)  # none is left
    assert not provider(image, {}).any()


def test_golden_painting(golden):
    numbers = golden('corrclip_regions.npz')
    masks = numbers['paint.masks']
    order = masks.sum((1, 2)).argsort(kind='stable')
    np.testing.assert_array_equal(
        paint((torch.from_numpy(masks[i]) for i in order), masks.shape[1:]),
        numbers['paint.labels'])


@pytest.mark.parametrize('name', ['Mask2FormerRegions', 'EomtRegions'])
def test_panoptic_inference_pixel_by_pixel(providers, name):
    provider, image = providers[name], photo((30, 40))
    classes, masks = provider._predict(image)
    p = torch.nn.functional.interpolate(
        masks[None], size=(30, 40), mode='bilinear')[0].sigmoid()
    score, label = classes.softmax(-1).max(-1)
    alive = [q for q in range(len(p)) if label[q] < classes.size(-1) - 1]
    owner = np.zeros((30, 40), int)
    for y in range(30):
        for x in range(40):
            best = max(alive, key=lambda q: score[q] * p[q, y, x])
            owner[y, x] = alive.index(best) + 1 if p[best, y, x] >= .5 else 0
    np.testing.assert_array_equal(provider(image, {}), owner)
    provider.overlap = 1.
    try:
        assert set(np.unique(provider(image, {}))) <= {0, *np.unique(owner)}
        provider.threshold, provider.overlap = 1., 0.
        assert not provider(image, {}).any()
    finally:
        provider.threshold = provider.overlap = 0.


def test_photos_are_resized_and_normalised():
    image = photo((40, 60))
    got = to_network(image, (40, 60), torch.nn.Linear(1, 1), pad=(2, 3))
    mean, std = (torch.tensor(each)[:, None, None] for each in (
        (.485, .456, .406), (.229, .224, .225)))
    want = (torch.from_numpy(image).permute(2, 0, 1) / 255 - mean) / std
    torch.testing.assert_close(got[0, :, :40, :60], want)
    torch.testing.assert_close(got[0, :, 40:, 60:],
                               (-mean / std).expand(3, 2, 3))


@pytest.mark.parametrize('name', CONFIGS)
def test_weights_from_a_folder(providers, name, tmp_path):
    provider = providers[name]
    provider.network.save_pretrained(tmp_path)
    options = {key: value for key, value in CONFIGS[name].items()
               if key not in ('config', 'weights')}
    again = build_regions(dict(options, weights=str(tmp_path)))
    for got, want in zip(again.network.state_dict().values(),
                         provider.network.state_dict().values(), strict=True):
        assert torch.equal(got, want)
    image = photo((48, 64))
    np.testing.assert_array_equal(again(image, {}), provider(image, {}))
    with pytest.raises(UserError, match='leave out config='):
        build_regions(dict(CONFIGS[name], weights=str(tmp_path)))


def test_bad_folders(providers, tmp_path):
    def fails(message, weights=tmp_path, **options):
        with pytest.raises(UserError, match=message):
            build_regions(dict(type='EomtRegions', weights=str(weights),
                               **options))

    fails('lacks config.json and model.safetensors')
    fails('No folder at .*/none', tmp_path / 'none')
    fails('No folder at', 'a/b/c')
    providers['EomtRegions'].network.save_pretrained(tmp_path)
    weights, config = (tmp_path / name for name in (
        'model.safetensors', 'config.json'))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    fails('holds no EomtForUniversalSegmentation that can be read')
    weights.write_bytes(whole)
    settings = json.loads(config.read_text())
    config.write_text(json.dumps(dict(settings, num_hidden_layers=4)))
    fails('weights of another network .* missing, e.g. layers')
    config.write_text('{')
    fails('holds no EomtForUniversalSegmentation that can be read')


@pytest.mark.parametrize('name', CONFIGS)
def test_weights_that_cannot_be_had(name, monkeypatch):
    monkeypatch.setattr(
        'mmseg_clipzs.models.regions.networks.hub_file',
        lambda *args: (_ for _ in ()).throw(OSError('no answer')))
    with pytest.raises(UserError, match=r'could not be downloaded \(no answer'
                       r'.*config.json and model.safetensors.*'
                       '--cfg-options model.regions.weights=FOLDER'):
        build_regions(dict(type=name))


@pytest.mark.parametrize('name', CONFIGS)
def test_without_transformers_or_with_an_old_one(name, monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(UserError, match=r'needs transformers, which is not '
                       r'installed: pip install "mmseg_clipzs\[masks\]"'):
        build_regions(dict(type=name))
    old = type(sys)('transformers')
    old.__version__ = '4.46.0'
    monkeypatch.setitem(sys.modules, 'transformers', old)
    with pytest.raises(UserError, match='transformers 4.46.0 has no .*: pip '
                       'install --upgrade'):
        build_regions(dict(type=name))


@pytest.mark.parametrize('config, message', [
    (dict(SAM2, points_per_side=0), 'regions.points_per_side'),
    (dict(SAM2, points_per_side=10**40), 'regions.points_per_side'),
    *((dict(type=kind, weights=wrong), 'regions.weights must be a folder')
      for kind in CONFIGS for wrong in (5, True, [], {}, float('nan'))),
    (dict(SAM2, pred_iou=1.5), r'regions.pred_iou .* \[0, 1\]'),
    (dict(SAM2, multimask=1), 'regions.multimask must be True'),
    (dict(MASK2FORMER, short_side=8), 'regions.short_side'),
    (dict(EOMT, overlap=-1), 'regions.overlap'),
    (dict(EOMT, config=dict(hidden_size='a')), 'config= is unusable'),
    (dict(EOMT, config=dict(vision_config='x')), 'EomtConfig has no vision_c'),
    (dict(SAM2, config=dict(visionconfig={})), 'Did you mean vision_config'),
    (dict(EOMT, config=5), 'config= is unusable'),
    (dict(EOMT, short_side=8), "no option 'short_side'")])
def test_bad_options(config, message):
    with pytest.raises(UserError, match=message):
        build_regions(config)


def test_all_providers_are_named():
    assert set(CONFIGS) < set(PROVIDERS)

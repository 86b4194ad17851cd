"""Configs of GroupViT's protocol: GroupViT and grouping without parameters."""
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.vocabularies import get_vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')

CONFIGS = Path(__file__).parent.parent / 'configs'
# config -> background threshold, published mIoU
PROTOCOL = {
    'groupvit_voc21': (.95, 52.3),
    'groupvit_context60': (.35, 22.4),
    'groupvit_coco_object': (.95, 24.3),
    'kmeans_voc21': (.95, 25.0),
    'mean_shift_voc21': (.95, 20.7),
    'spectral_voc21': (.95, 19.7),
}
GROUPING = ('kmeans', 'mean_shift', 'spectral')


def load(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


@pytest.mark.parametrize('name', PROTOCOL)
def test_settings(name):
    cfg, (threshold, published) = load(name), PROTOCOL[name]
    method, data = name.split('_')[0], cfg.dataset_name
    assert name.endswith(f'_{data}') and cfg.protocol == 'A (GroupViT)'
    assert tuple(cfg.test_pipeline[1].scale) == (2048, 448)
    assert cfg.test_pipeline[1].keep_ratio
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline
    assert cfg.model.test_cfg == dict(
        mode='slide', crop_size=(448, 448), stride=(224, 224))
    assert cfg.model.prompts == 'single'
    assert cfg.model.background_threshold == threshold
    assert f'{published}' in (CONFIGS / f'{name}.py').read_text()
    if method == 'groupvit':
        assert cfg.model.weights == 'nvidia/groupvit-gcc-yfcc'
        assert list(cfg.model.data_preprocessor.mean) == [
            123.675, 116.28, 103.53]
    classes = DATASETS.get(cfg.test_dataloader.dataset.type).METAINFO[
        'classes']
    vocabulary = get_vocabulary(cfg.model.vocabulary).with_background()
    assert vocabulary.classes == tuple(classes)
    assert vocabulary.synonyms[0] == ()


@pytest.mark.parametrize('name', [
    f'{method}_{data}' for method in GROUPING for data in ('toy', 'voc21')])
def test_grouping_is_of_unmodified_clip(name):
    model = load(name).model
    assert model.backbone.last_block == 'clip'
    assert model.decode_head.type == 'ClusterHead'
    assert name.startswith(model.decode_head.method)
    assert model.clip.model == (
        'toy-vit-p8' if name.endswith('toy') else 'ViT-B-16')


@pytest.mark.parametrize('name', [
    f'{method}_{data}' for method in GROUPING for data in ('toy', 'voc21')])
def test_grouping_builds_and_predicts(name, tiny_config, tmp_path):
    cfg = tiny_config(name)
    if 'voc21' in name:  # a quarter of the size, to be quick
        cfg.test_pipeline[1].scale = (512, 112)
        cfg.model.test_cfg.update(crop_size=(112, 112), stride=(56, 56))
    photo = np.random.default_rng(0).integers(
        0, 256, (75, 101, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / 'photo.png')
    result = inference_model(init_model(cfg, None, device='cpu'),
                             str(tmp_path / 'photo.png'))
    logits = result.seg_logits.data
    assert logits.shape == (21 if 'voc21' in name else 12, 75, 101)
    assert (result.pred_sem_seg.data[0] == logits.argmax(0)).all()

"""Fixtures: tiny and seeded models, stored arrays, generated and real data."""
import importlib
import json
import logging
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from golden import seeded_clip, seeded_groupvit
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from PIL import Image
from processes import do_not_wait
from tiny_proxy import save as save_proxy
from web_server import serve

import mmseg_clipzs  # noqa: F401  (registers everything)
from mmseg_clipzs import products
from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.shard_files import write_shards
from mmseg_clipzs.models.backbones.clip_vit import METHODS

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / 'tests/golden'
SHARED = ROOT.parent / 'shared'

# Tests run commands in this process, which keeps its own handlers.
sys.path.append(str(ROOT / 'tools'))
importlib.import_module('clipzs')
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
open_clip.add_model_config(ROOT / 'tests' / 'model_configs')


@pytest.fixture(autouse=True, scope='session')
def _quiet(tmp_path_factory):
    """Use a temporary cache and two threads, or one beside other workers."""
    do_not_wait()
    os.environ['MMSEG_CLIPZS_CACHE'] = str(tmp_path_factory.mktemp('cache'))
    torch.set_num_threads(1 if 'PYTEST_XDIST_WORKER' in os.environ else 2)
    init_default_scope('mmseg')  # as a runner does


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A web server on this machine, and an empty cache of downloads."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    for name in ('http_proxy', 'https_proxy', 'all_proxy'):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    # urllib keeps the proxies of the first request of a process.
    monkeypatch.setattr('urllib.request._opener', None)
    with serve() as server:
        yield server


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(params=products.LIBRARIES)
def library(request):
    """Each library for linear layers that this machine has."""
    if request.param not in products.libraries():
        pytest.skip(f'this PyTorch has no {request.param}')
    products.use(request.param)
    yield request.param
    products.use()


@pytest.fixture(scope='session')
def golden():
    """Loader of the stored arrays: ``golden('scclip.npz')``."""
    return lambda name: np.load(GOLDEN / name)


@pytest.fixture(scope='session')
def seeded_weights():
    """The generator of CLIP weights, images and text vectors."""
    return seeded_clip


@pytest.fixture(scope='session')
def voc_root():
    """100 photos of Pascal VOC 2012 with masks, in the official layout."""
    folder = SHARED / 'data/voc2012_100/VOCdevkit/VOC2012'
    if not folder.is_dir():
        pytest.skip(f'no real photos at {folder}')
    return folder


@pytest.fixture(scope='session')
def real_embeddings():
    """Folder of text embeddings made with OpenAI's weights."""
    folder = SHARED / 'data/clip_text_embeddings'
    if not folder.is_dir():
        pytest.skip(f'no real text embeddings at {folder}')
    return folder


@pytest.fixture(scope='session')
def groupvit(tmp_path_factory):
    """Builder of seeded GroupViTs: ``groupvit('tiny_two_stage')``.

    Loads a checkpoint in the authors' layout, or ``state``. The attribute
    ``seeded`` is the generator of weights, images and text vectors.
    """
    from mmseg.registry import MODELS

    def build(name, state=None, **settings):
        spec = seeded_groupvit.SPECS[name]
        path = tmp_path_factory.mktemp('groupvit') / 'weights.pth'
        torch.save(state or seeded_groupvit.checkpoint(
            seeded_groupvit.SEEDS[name], spec), path)
        model = MODELS.build({**dict(
            type='ImageTextContrastive',
            weights=str(path),
            backbone=dict(
                type='GroupViT', embed_dims=spec.embed_dim,
                num_heads=spec.num_heads, depths=spec.depths,
                num_group_tokens=spec.num_group_tokens,
                num_output_groups=spec.num_output_groups),
            text_backbone=dict(
                type='TextTransformer', embed_dims=spec.text_width,
                depth=spec.text_layers),
            decode_head=dict(type='GroupViTHead'),
            embed_dims=spec.output_dim,
            num_nouns=3 if spec.multi_label else 0), **settings}).eval()
        path.unlink()  # hundreds of MB
        return model

    build.seeded = seeded_groupvit
    return build


@pytest.fixture(scope='session')
def small_sam3(tmp_path_factory):
    """Folder of a small SAM 3 with random weights."""
    pytest.importorskip('transformers', minversion='5.20')
    from foreign_models import write_sam3
    folder = tmp_path_factory.mktemp('sam3')
    write_sam3(folder)
    return folder


@pytest.fixture(scope='session')
def coco_captions():
    """120 real photos with their captions."""
    folder = SHARED / 'data/coco_captions_120'
    if not folder.is_dir():
        pytest.skip(f'no real captions at {folder}')
    return folder


def _tiny(name, folder):
    torch.manual_seed(0)
    clip = load_clip(name, pretrained=None)
    for parameter in clip.model.parameters():
        # open_clip's small initial values make all features similar.
        parameter.data += 0.1 * torch.randn(parameter.shape)
    path = folder / f'{name}.pt'
    torch.save(clip.model.state_dict(), path)
    return path


@pytest.fixture(scope='session')
def tiny_vit(tmp_path_factory):
    """``clip=`` arguments of a three-layer Vision Transformer, seeded."""
    path = _tiny('tiny-vit', tmp_path_factory.mktemp('weights'))
    return dict(model='tiny-vit', pretrained=str(path))


@pytest.fixture(scope='session')
def tiny_rn(tmp_path_factory):
    """``clip=`` arguments of a small ResNet, seeded."""
    path = _tiny('tiny-rn', tmp_path_factory.mktemp('weights'))
    return dict(model='tiny-rn', pretrained=str(path))


@pytest.fixture(scope='session')
def tiny_proxy(tmp_path_factory):
    """``proxy=`` arguments of a three-layer Vision Transformer, seeded."""
    path = tmp_path_factory.mktemp('weights') / 'tiny-dino.pt'
    return dict(model='tiny_dino', pretrained=str(save_proxy(path)))


@pytest.fixture(scope='session')
def last_block(tiny_proxy):
    """``last_block=`` of a method, with a small second network."""
    def choose(method):
        needs_proxy = hasattr(METHODS.get(method), 'proxy')
        return dict(type=method, proxy=tiny_proxy) if needs_proxy else method

    return choose


@pytest.fixture(scope='session')
def vit_b16_state(seeded_weights):
    """Seeded weights of ViT-B/16 under OpenAI's names."""
    return seeded_weights.state_dict('ViT-B-16', 0)


def _seeded(name, seeded_weights, folder):
    path = folder / f'{name}.pt'
    seeded_weights.save_openai_archive(path, name, 0)
    clip = load_clip(name, pretrained=path)
    path.unlink()  # hundreds of MB
    return clip


@pytest.fixture(scope='session')
def vit_b16(seeded_weights, tmp_path_factory):
    """Seeded ViT-B/16, loaded from an archive in OpenAI's format."""
    return _seeded('ViT-B-16', seeded_weights, tmp_path_factory.mktemp('w'))


@pytest.fixture(scope='session')
def rn50(seeded_weights, tmp_path_factory):
    """Seeded RN50, loaded from an archive in OpenAI's format."""
    return _seeded('RN50', seeded_weights, tmp_path_factory.mktemp('w'))


_HUGGING_FACE = (  # OpenAI's names of a ViT -> CLIPModel's
    (r'^(?!visual)', 'text_model.'),
    (r'^visual\.', 'vision_model.'),
    (r'transformer\.resblocks', 'encoder.layers'),
    (r'attn\.(in|out)_proj', r'self_attn.\1_proj'),
    (r'ln_([12])', r'layer_norm\1'),
    (r'mlp\.c_fc', 'mlp.fc1'),
    (r'mlp\.c_proj', 'mlp.fc2'),
    (r'ln_pre', 'pre_layrnorm'),
    (r'ln_post', 'post_layernorm'),
    (r'ln_final', 'final_layer_norm'),
    (r'conv1', 'embeddings.patch_embedding'),
    (r'(class|token)_embedding', r'embeddings.\1_embedding'),
    (r'positional_embedding', 'embeddings.position_embedding.weight'),
    (r'^vision_model\.proj$', 'visual_projection.weight'),
    (r'^text_model\.text_projection$', 'text_projection.weight'),
    (r'^text_model\.logit_scale$', 'logit_scale'),
)


@pytest.fixture(scope='session')
def to_hugging_face():
    """Renames a ViT's state dict from OpenAI's names to ``CLIPModel``'s."""
    def rename(state):
        renamed = {}
        for key, value in state.items():
            for pattern, new in _HUGGING_FACE:
                key = re.sub(pattern, new, key)
            if 'in_proj_' in key:
                for part, third in zip('qkv', value.chunk(3)):
                    renamed[key.replace('in_proj_', f'{part}_proj.')] = third
            else:
                renamed[key] = value.T if '_projection' in key else value
        return renamed

    return rename


@pytest.fixture(scope='session')
def hugging_face_b16(vit_b16_state, to_hugging_face):
    """Hugging Face's ``CLIPModel`` with the same seeded weights."""
    from transformers import CLIPConfig, CLIPModel
    model = CLIPModel(CLIPConfig(
        text_config=dict(eos_token_id=49407),
        vision_config=dict(patch_size=16))).eval()  # default: ViT-B/32
    state = to_hugging_face(vit_b16_state)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all('position_ids' in key for key in missing)
    return model


@pytest.fixture
def log():
    """Lines that mmengine's logger writes during the test."""
    lines, handler = [], logging.Handler()
    handler.emit = lambda record: lines.append(
        f'{record.levelname}: {record.getMessage()}')
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture(scope='session')
def zero_shot(tiny_vit):
    """Builder of a small segmentor: ``zero_shot(vocabulary='cat; sky')``."""
    from mmseg.registry import MODELS

    def build(**settings):
        return MODELS.build({**dict(
            type='ZeroShotSegmentor',
            clip=tiny_vit,
            data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
            backbone=dict(type='ClipViT', last_block='maskclip'),
            decode_head=dict(type='MaskClipHead'),
            prompts='single'), **settings}).eval()

    return build


@pytest.fixture(scope='session')
def small_voc(tmp_path_factory):
    """Seven generated images of different sizes in VOC layout."""
    root = tmp_path_factory.mktemp('data') / 'VOC2012'
    lists = root / 'ImageSets/Segmentation'
    for folder in (root / 'JPEGImages', root / 'SegmentationClass', lists):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(7):
        h, w = 60 + 13 * i, 130 - 9 * i
        coarse = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((w, h)).save(
            root / f'JPEGImages/{i}.jpg')
        labels = rng.choice([0, 1, 7, 12, 15, 20, 255], (4, 5))
        mask = Image.fromarray(labels.astype(np.uint8)).resize(
            (w, h), Image.NEAREST)
        mask.save(root / f'SegmentationClass/{i}.png')
    (lists / 'val.txt').write_text('\n'.join(map(str, range(7))) + '\n')
    return root


@pytest.fixture(scope='session')
def pairs(tmp_path_factory):
    """Folder of 72 small images and ``captions.json``, two for each."""
    root = tmp_path_factory.mktemp('pairs')
    rng = np.random.default_rng(0)
    rows = []
    for i in range(72):
        pixels = rng.integers(0, 256, (20 + i % 5, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f'{i:02d}.png')
        rows.append(dict(image=f'{i:02d}.png', captions=[
            f'a cat and {i} dogs', f'the sun over {i} cats']))
    (root / 'captions.json').write_text(json.dumps(rows))
    return root


@pytest.fixture(scope='session')
def shards(pairs, tmp_path_factory):
    """Folder with these 72 pairs in eight shards of nine."""
    out = tmp_path_factory.mktemp('shards') / 'shards'
    write_shards(read_list(pairs / 'captions.json'), pairs, out, 9)
    return out


@pytest.fixture(scope='session')
def image_text_pipeline():
    """Random crop and flip, captions and nouns."""
    return [
        dict(type='LoadPhoto'), dict(type='RandomResizedCrop', size=16),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackImageText', words='cat; dog; sun', num_nouns=2)]


@pytest.fixture(scope='session')
def tiny_config(tiny_vit, tiny_rn, tiny_proxy):
    """Loader of ``configs/NAME.py`` with tiny networks of the same kind."""
    def load(name):
        cfg = Config.fromfile(ROOT / 'configs' / f'{name}.py')
        is_resnet = cfg.model.backbone.type == 'ClipResNet'
        cfg.model.clip = tiny_rn if is_resnet else tiny_vit
        last_block = cfg.model.backbone.get('last_block')
        if isinstance(last_block, dict) and 'proxy' in last_block:
            last_block.proxy = tiny_proxy
        if 'propagation' in cfg.model:
            cfg.model.propagation.proxy = tiny_proxy
        if cfg.model.get('regions', {}).get('type') == 'Sam2Regions':
            cfg.model.regions = dict(type='Felzenszwalb')
        cfg.model.prompts = 'single'
        cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.log_level = 'ERROR'
        return cfg

    return load


@pytest.fixture(scope='session')
def exported(tiny_config, tmp_path_factory):
    """An exported ``sclip_voc21`` with a tiny CLIP, and its config."""
    from mmseg_clipzs.apis import export_model
    from mmseg_clipzs.export.onnx_export import can_export
    from mmseg_clipzs.run.job import Job
    if not can_export():
        pytest.skip('the export needs a newer torch')
    cfg = tiny_config('sclip_voc21')
    cfg.model.update(vocabulary='background; cat, kitten; grass; sky; dog',
                     background_threshold=0.3, logit_scale=40.)
    path = tmp_path_factory.mktemp('exported') / 'cat.onnx'
    photo = np.tile(np.arange(60, dtype=np.uint8)[:, None, None], (1, 70, 3))
    export_model(Job(cfg), path, photos=[4 * photo])
    return path, cfg


@pytest.fixture(scope='module')
def one_thread():
    """Tiny models are faster with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

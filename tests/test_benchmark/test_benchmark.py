"""The benchmark: what it counts, and what it puts together."""
import itertools
import json
from statistics import median

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from PIL import Image
from torch import nn

from mmseg_clipzs.apis import ZeroShotInferencer, find_config
from mmseg_clipzs.benchmark import meters
from mmseg_clipzs.benchmark.benchmark import make_pictures, run_benchmark
from mmseg_clipzs.benchmark.side import STAGES
from mmseg_clipzs.run import memory
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

WIDTH, LAYERS, PATCH, EMBED = 64, 3, 16, 24  # of tiny-vit.json
SIDE = {'config': str, 'changes': dict, 'weights': str, 'method': str,
        'dataset': str, 'protocol': str, 'clip': str, 'classes': int,
        'words': int, 'batch_size': int, 'num_workers': int, 'images': int,
        'images_per_second': float, 'images_per_second_with_metric': float,
        'stages': dict, 'gflop': dict, 'gflop_per_second': dict,
        'ratio': dict, 'product': dict, 'steps': list}


def vit_flop(patches):
    """Operations of the tiny ViT with the last block 'clip', by hand."""
    tokens, w = 1 + patches, WIDTH
    conv = 2 * patches * w * 3 * PATCH**2
    qkv = 2 * tokens * w * 3 * w
    block = (qkv + 4 * tokens * tokens * w  # q k and its product with v
             + 2 * tokens * w * w  # out_proj
             + 2 * 2 * tokens * w * 4 * w)  # mlp
    # The last block goes on with the patches alone.
    last = qkv + 4 * patches * tokens * w + (2 + 16) * patches * w * w
    return conv + (LAYERS - 1) * block + last + 2 * patches * w * EMBED


@pytest.fixture
def options(tiny_vit):
    """A tiny CLIP and photos whose short side is 64 pixels."""
    return {'model.clip.model': tiny_vit['model'],
            'model.clip.pretrained': tiny_vit['pretrained'],
            'model.prompts': 'single',
            'test_dataloader.num_workers': 0,
            'test_dataloader.persistent_workers': False,
            'test_dataloader.dataset.pipeline.1.scale': (256, 64)}


@pytest.fixture
def bench(options, small_voc):
    """``run_benchmark`` of a tiny maskclip_voc, on generated photos."""
    def run(config='maskclip_voc', changes=None, **settings):
        if not settings.keys() & {'size', 'photos', 'data_root'}:
            settings['data_root'] = str(small_voc)
        return run_benchmark(config, **{**dict(
            options={**options, **(changes or {})}, images=3, warmup=1),
            **settings})

    return run


# ------------------------------------------------------------- meters
@pytest.mark.parametrize('test_cfg, windows, patches', [
    (dict(mode='whole'), 1, 4 * 6),
    (dict(mode='slide', crop_size=(32, 48), stride=(32, 24)), 6, 2 * 3)])
def test_operations_of_a_vision_transformer(
        zero_shot, test_cfg, windows, patches):
    model = zero_shot(vocabulary='cat; dog; sun, moon', test_cfg=test_cfg,
                      backbone=dict(type='ClipViT', last_block='clip'))
    parts = dict(backbone=model.backbone, head=model.decode_head)
    with torch.no_grad(), meters.flop_counter() as counter, (
            meters.watch(parts, counter.get_total_flops)) as spent:
        model.predict(torch.randn(1, 3, 64, 96))
    assert spent['backbone'] == windows * vit_flop(patches)
    assert spent['head'] == windows * 2 * patches * EMBED * 4


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('masked', [False, True])
def test_operations_of_attention_and_a_layer(dtype, masked):
    q, k = torch.randn(2, 3, 10, 16), torch.randn(2, 3, 7, 16)
    mask = torch.zeros(10, 7, dtype=dtype) if masked else None
    with torch.no_grad(), meters.flop_counter() as counter:
        F.scaled_dot_product_attention(
            q.to(dtype), k.to(dtype), k.to(dtype), attn_mask=mask)
        assert counter.get_total_flops() == 4 * 2 * 3 * 10 * 7 * 16
        nn.Linear(16, 5, dtype=dtype)(q.to(dtype))
    assert counter.get_total_flops() == (
        4 * 2 * 3 * 10 * 7 * 16 + 2 * 2 * 3 * 10 * 16 * 5)


def test_watch_sums_up_calls_and_leaves_nothing():
    first, second, unused = nn.Identity(), nn.Linear(2, 2), nn.Identity()
    parts = dict(first=first, second=second, unused=unused)
    meter = itertools.count().__next__  # one on at each look
    with meters.watch(parts, meter) as spent:
        first(first(torch.ones(1)))
        second.forward(torch.ones(2))  # as mmseg's heads do
    assert spent == dict(first=2, second=1)
    with pytest.raises(RuntimeError), meters.watch(parts, meter):
        second(torch.ones(3))
    assert not any('forward' in vars(module) for module in parts.values())


def test_product_of_a_vision_transformer(zero_shot):
    model = zero_shot(vocabulary='cat; dog', test_cfg=dict(
        mode='slide', crop_size=(32, 48), stride=(32, 24), window_batch=4))
    with torch.no_grad(), meters.find_product(
            model.backbone) as product:
        model.predict(torch.randn(1, 3, 64, 96))  # 4 + 2 windows
    assert product()[:4] == (4 * (1 + 6), WIDTH, 4 * WIDTH, torch.float32)
    assert product().of == 'linear'
    assert product().gflop == 2 * 28 * 64 * 256 / 1e9
    assert len(product().time()) == 3
    backbone = model.backbone.bfloat16()
    with torch.no_grad(), meters.find_product(backbone) as product:
        backbone(torch.randn(1, 3, 32, 32, dtype=torch.bfloat16))
    assert product().dtype == torch.bfloat16


def test_product_without_a_linear_layer():
    backbone = nn.Conv2d(3, 4, 3)
    with meters.find_product(backbone) as product:
        backbone(torch.ones(1, 3, 8, 8))
    assert product()[:3] == (2048, 2048, 2048)
    assert product().of == 'square'


def test_peak_memory_begins_anew():
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    if not memory.reset_peak_memory():
        pytest.skip('only Linux can reset the mark')
    before = memory.peak_memory()
    block = torch.ones(2**24, device=device)  # 64 MB
    del block
    peak = memory.peak_memory()
    assert peak - before > 50 * 2**20
    memory.reset_peak_memory()
    assert memory.peak_memory() < peak - 40 * 2**20


# ------------------------------------------------------------------ reports
def test_report_of_a_data_set(bench):
    report = bench()
    assert json.loads(json.dumps(report)) == json.loads(json.dumps(report))
    assert report.keys() == {
        'versions', 'device', 'threads', 'settings', 'memory', 'sides',
        'comparison'}
    assert report['comparison'] is None
    side, = report['sides']
    assert {key: type(value) for key, value in side.items()} == SIDE
    assert [step['photos'] for step in side['steps']] == [
        ['1.jpg'], ['2.jpg'], ['3.jpg']]  # the first one warmed up
    for step in side['steps']:
        assert tuple(step['seconds']) == STAGES
        assert min(step['seconds'].values()) >= 0
        gflop = dict(step['gflop'])
        assert gflop.pop('total') == pytest.approx(sum(gflop.values()))
        assert min(gflop.values()) >= 0
    assert len(side['product']['seconds']) == 3 * 3
    memory = report['memory']
    assert memory['growth_mb'] == pytest.approx(
        memory['peak_mb'] - memory['after_loading_mb'])


def test_stages_add_up(bench):
    side, = bench(changes={'test_dataloader.batch_size': 2},
                  images=4)['sides']
    steps, images = side['steps'], side['images']
    assert images == sum(len(step['photos']) for step in steps) == 4
    total = sum(sum(step['seconds'].values()) for step in steps)
    metric = sum(step['seconds']['metric'] for step in steps)
    assert images / side['images_per_second_with_metric'] == pytest.approx(
        total)
    assert images / side['images_per_second'] == pytest.approx(total - metric)
    stages = side['stages'].values()
    assert sum(stage['share'] for stage in stages) == pytest.approx(1)
    assert images * sum(stage['mean'] for stage in stages) == pytest.approx(
        total)
    assert side['stages']['head']['median'] == pytest.approx(median(
        step['seconds']['head'] / 2 for step in steps))


def test_operations_in_the_report(bench):
    """Pictures of 96 x 64 keep their size."""
    side, = bench(size='96x64', changes={
        'model.backbone.last_block': 'clip'})['sides']
    flop = vit_flop(4 * 6)
    head = 2 * 24 * EMBED * side['words']
    assert side['gflop']['backbone'] == pytest.approx(flop / 1e9)
    assert side['gflop']['head'] == pytest.approx(head / 1e9)
    product = side['product']
    rate = 2 * np.prod(product['shape']) / 1e9 / median(product['seconds'])
    assert product['shape'] == [25, WIDTH, 4 * WIDTH]
    assert side['gflop_per_second']['product'] == pytest.approx(rate)
    backbone = median(flop / 1e9 / step['seconds']['backbone']
                      for step in side['steps'])
    assert side['ratio']['backbone'] == pytest.approx(backbone / rate)
    whole = median((flop + head) / 1e9 / sum(step['seconds'].values())
                   for step in side['steps'])
    assert side['ratio']['whole'] == pytest.approx(whole / rate)


def test_photos_without_labels_are_repeated(bench, small_voc):
    side, = bench(photos=str(small_voc / 'JPEGImages'), images=8)['sides']
    assert [step['photos'] for step in side['steps']] == [
        [f'{i % 7}.jpg'] for i in range(1, 9)]
    assert 'metric' not in side['stages']
    assert side['images_per_second_with_metric'] is None


def test_a_loader_in_a_process_of_its_own(bench):
    changes = {'test_dataloader.num_workers': 1}
    side, = bench(changes=changes)['sides']
    assert side['num_workers'] == 1
    assert [step['photos'] for step in side['steps']] == [
        ['1.jpg'], ['2.jpg'], ['3.jpg']]


def test_the_toy_config():
    """With weights that come along."""
    side, = run_benchmark('maskclip_toy', size='64x48', images=1,
                          warmup=1)['sides']
    assert (side['weights'], side['classes']) == ('toy', 12)


@pytest.mark.parametrize('config, count', [
    ('maskclip_voc', 30), ('maskclip_voc21', 31)])  # and background
def test_made_up_words(bench, config, count):
    side, = bench(config, size='64x64', classes=30, images=1, changes={
        # The text tower would stumble over these.
        'model.prompts': 'no such set'})['sides']
    assert (side['classes'], side['words']) == (count, 30)


def test_random_weights(bench):
    """The vocabulary stays, the text tower does not run."""
    side, = bench(random=True, changes={
        'model.clip.pretrained': '/no/such/file',
        'model.prompts': 'no such set'})['sides']
    assert (side['weights'], side['classes']) == ('random', 20)
    assert 'metric' in side['stages']


def test_random_groups():
    """GroupViT brings its weights another way."""
    side, = run_benchmark('groupvit_toy', size='64x64', images=1, warmup=1,
                          random=True)['sides']
    assert side['weights'] == 'random'
    assert side['gflop']['head'] > 0


# -------------------------------------------------------------- comparisons
@pytest.mark.parametrize('random', [False, True])
def test_against_itself(bench, random):
    report = bench(against='maskclip_voc', random=random)
    first, second = report['sides']
    comparison = report['comparison']
    assert comparison['agreement'] == 1
    assert comparison['pixels'] == comparison['equal_pixels'] == sum(
        (60 + 13 * i) * (130 - 9 * i) for i in (1, 2, 3))
    assert first['gflop'] == second['gflop']
    assert report['memory'] is None
    taken = [[sum(step['seconds'].values()) - step['seconds']['metric']
              for step in side['steps']] for side in (first, second)]
    assert comparison['images_per_second_ratio'] == pytest.approx(
        median(b / a for a, b in zip(*taken)))
    assert comparison['total_ratio'] == pytest.approx(
        sum(taken[1]) / sum(taken[0]))
    assert comparison['total_ratio'] == pytest.approx(
        first['images_per_second'] / second['images_per_second'])


def test_agreement_is_that_of_the_label_maps(bench, options, tmp_path):
    make_pictures(tmp_path, '90x64', 4)
    change = {'model.backbone.last_block': 'naclip'}
    report = bench(photos=str(tmp_path), against_options=change)
    assert [side['changes'] for side in report['sides']] == [{}, change]
    maps = []
    for changes in ({}, change):
        cfg = Config.fromfile(find_config('maskclip_voc'))
        cfg.merge_from_dict({**options, **changes})
        cfg.test_pipeline = cfg.test_dataloader.dataset.pipeline
        maps.append([result.mask for result in ZeroShotInferencer(
            cfg, device='cpu')(sorted(tmp_path.iterdir())[1:])])
    equal = np.equal(*maps).mean()
    assert 0 < equal < 1
    assert report['comparison']['agreement'] == pytest.approx(equal)


def test_other_classes_do_not_agree(bench):
    report = bench(size='64x64', against_options={
        'model.background_threshold': 0.5})
    assert report['comparison']['agreement'] is None
    assert [side['classes'] for side in report['sides']] == [20, 21]


def test_no_loader_works_during_a_comparison(bench):
    report = bench(against='maskclip_voc', images=1,
                   changes={'test_dataloader.num_workers': 2})
    assert [side['num_workers'] for side in report['sides']] == [0, 0]


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize('settings, message', [
    (dict(images=0), 'images is 1 or more, but got 0'),
    (dict(warmup=0), 'warmup is 1 or more, but got 0'),
    (dict(size='9x9', classes=0), 'classes is 1 or more, but got 0'),
    (dict(classes=9), 'do not fit the labels'),
    (dict(size='large'), "500x375, but got 'large'"),
    (dict(size='0x9'), "but got '0x9'"),
    (dict(photos='/no/such/folder'), 'No photos below /no/such/folder'),
    (dict(data_root='/no/such/folder'), 'does not exist.*--size 500x375'),
    (dict(config='maskclip_vox'), "No config 'maskclip_vox'"),
    (dict(config='maskclip_plus_toy', size='9x9', changes={}),
     'maskclip_plus_toy:CHECKPOINT'),
    (dict(changes={'modle.logit_scale': 1}), "has no 'modle'"),
    (dict(changes={'model.speed': 1}), "unexpected keyword argument 'speed'"),
    (dict(changes={'model.clip.pretrained': None}), '--random'),
    (dict(config='maskclip_voc:a.pth', random=True), 'exclude each other'),
    (dict(against_options={'test_dataloader.batch_size': 2}),
     'the same test_dataloader.batch_size'),
    (dict(against_options={'test_dataloader.dataset.indices': [3, 2, 1]}),
     'different photos, 1.jpg and 2.jpg')])
def test_bad_input(bench, settings, message):
    if settings.get('config') == 'maskclip_plus_toy':
        with pytest.raises(UserError, match=message):
            run_benchmark(settings['config'], size='9x9')
        return
    with pytest.raises(UserError, match=message):
        bench(**settings)


def test_made_up_words_need_a_vocabulary(bench, tmp_path):
    path = tmp_path / 'stock.py'
    path.write_text(
        f"_base_ = {str(find_config('maskclip_voc'))!r}\n"
        "model = dict(_delete_=True, type='EncoderDecoder')\n")
    with pytest.raises(UserError, match='EncoderDecoder has no vocabulary'):
        run_benchmark(str(path), size='9x9', classes=3, random=True)


def test_pictures_are_seeded_and_have_texture(tmp_path):
    for folder in 'ab':
        (tmp_path / folder).mkdir()
        make_pictures(tmp_path / folder, '50x30', 2)
    pictures = []
    for name in ('a/0000.jpg', 'b/0000.jpg', 'a/0001.jpg'):
        with Image.open(tmp_path / name) as picture:
            pictures.append(np.asarray(picture).astype(int))
    assert pictures[0].shape == (30, 50, 3)
    assert np.array_equal(pictures[0], pictures[1])
    assert abs(pictures[0] - pictures[2]).mean() > 5
    assert abs(np.diff(pictures[0], axis=1)).mean() > 2

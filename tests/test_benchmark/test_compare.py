"""The benchmark's report and its comparison of two jobs."""
import json
from statistics import median

import numpy as np
import pytest
from tiny_vit_flop import EMBED, WIDTH, vit_flop

from mmseg_clipzs import products
from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.benchmark.compare import run_benchmark
from mmseg_clipzs.benchmark.images import make_images
from mmseg_clipzs.benchmark.side import STAGES
from mmseg_clipzs.models.backbones.clip_vit import ClipViT
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

SIDE = {'config': str, 'changes': dict, 'weights': str, 'method': str,
        'dataset': str, 'protocol': str, 'clip': str,
        'checkpoint': type(None), 'classes': int,
        'words': int, 'batch_size': int, 'num_workers': int, 'images': int,
        'images_per_second': float, 'images_per_second_with_metric': float,
        'stages': dict, 'gflop': dict, 'gflop_per_second': dict,
        'ratio': dict, 'product': dict, 'steps': list}


@pytest.fixture
def options(tiny_vit):
    """A tiny CLIP and images whose short side is 64 pixels."""
    return {'model.clip.model': tiny_vit['model'],
            'model.clip.pretrained': tiny_vit['pretrained'],
            'model.prompts': 'single',
            'test_dataloader.num_workers': 0,
            'test_dataloader.persistent_workers': False,
            'test_dataloader.dataset.pipeline.1.scale': (256, 64)}


@pytest.fixture
def bench(options, small_voc):
    """``run_benchmark`` of a tiny maskclip_voc, on generated images."""
    def run(config='maskclip_voc', changes=None, against=None,
            against_options=None, data_root=None, **settings):
        if not settings.keys() & {'size', 'photos'}:
            data_root = data_root or small_voc
        job = Job.parse(config, options={**options, **(changes or {})},
                        data_root=data_root)
        other = None
        if against or against_options:
            other = job.replace(
                config=against or config,
                options={**job.options, **(against_options or {})})
        return run_benchmark(job, other, **{
            'images': 3, 'warmup': 1, **settings})

    return run


@pytest.mark.skipif('onednn' not in products.libraries(),
                    reason='this PyTorch has no oneDNN')
def test_each_side_has_its_library(bench, monkeypatch):
    """The library is a setting of the process, which two sides share."""
    used, forward = [], ClipViT.forward

    def run(*args):
        used.append(products.chosen())
        return forward(*args)

    monkeypatch.setattr(ClipViT, 'forward', run)
    bench(changes={'env_cfg.products': 'torch'}, images=2, size='96x64',
          against_options={'env_cfg.products': 'onednn'})
    products.use()
    assert used == [  # warm-up, turns and counts
        'torch', 'onednn', 'torch', 'onednn', 'onednn', 'torch', 'torch',
        'onednn']


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
        ['1.jpg'], ['2.jpg'], ['3.jpg']]  # the first one is the warm-up
    for step in side['steps']:
        assert tuple(step['seconds']) == STAGES
        assert min(step['seconds'].values()) >= 0
        gflop = dict(step['gflop'])
        assert gflop.pop('total') == pytest.approx(sum(gflop.values()))
        assert min(gflop.values()) >= 0
    assert {len(each) for each in side['product']['seconds'].values()} == {9}
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
    """Images of 96 x 64 keep their size."""
    side, = bench(size='96x64', changes={
        'model.backbone.last_block': 'clip'})['sides']
    flop = vit_flop(4 * 6)
    head = 2 * 24 * EMBED * side['words']
    assert side['gflop']['backbone'] == pytest.approx(flop / 1e9)
    assert side['gflop']['head'] == pytest.approx(head / 1e9)
    product = side['product']
    rate = max(2 * np.prod(product['shape']) / 1e9 / median(each)
               for each in product['seconds'].values())
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
    """With the weights shipped with the package."""
    side, = run_benchmark(Job('maskclip_toy'), size='64x48', images=1,
                          warmup=1)['sides']
    assert (side['weights'], side['classes']) == ('toy', 12)


@pytest.fixture
def no_text_tower(monkeypatch):
    """Embedding any word fails."""
    from mmseg_clipzs.clip import TextEncoder

    def refuse(*args):
        raise AssertionError('words were embedded')

    monkeypatch.setattr(TextEncoder, '__call__', refuse)


@pytest.mark.parametrize('config, count', [
    ('maskclip_voc', 30), ('maskclip_voc21', 31)])  # and background
def test_made_up_words(bench, no_text_tower, config, count):
    side, = bench(config, size='64x64', num_classes=30, images=1)['sides']
    assert (side['classes'], side['words']) == (count, 30)


def test_random_weights(bench, no_text_tower):
    """The vocabulary is kept and the text tower does not run."""
    side, = bench(random=True, changes={
        'model.clip.pretrained': '/no/such/file'})['sides']
    assert (side['weights'], side['classes']) == ('random', 20)
    assert 'metric' in side['stages']


def test_random_groups():
    """GroupViT has ``weights=`` instead of ``clip=``."""
    side, = run_benchmark(Job('groupvit_toy'), size='64x64', images=1,
                          warmup=1, random=True)['sides']
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
    make_images(tmp_path, '90x64', 4)
    change = {'model.backbone.last_block': 'naclip'}
    report = bench(photos=str(tmp_path), against_options=change)
    assert [side['changes'] for side in report['sides']] == [{}, change]
    maps = []
    for changes in ({}, change):
        cfg = Job('maskclip_voc', options={**options, **changes}).load()
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


def test_no_worker_processes_during_a_comparison(bench):
    report = bench(against='maskclip_voc', images=1,
                   changes={'test_dataloader.num_workers': 2})
    assert [side['num_workers'] for side in report['sides']] == [0, 0]


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize('settings, message', [
    (dict(images=0), 'images must be a whole number .*, but got 0'),
    (dict(warmup=0), 'warmup must be a whole number .*, but got 0'),
    (dict(size='9x9', num_classes=0),
     'num_classes must be a whole number .*, but got 0'),
    (dict(num_classes=9), 'do not fit the labels'),
    (dict(size='large'), "500x375, but got 'large'"),
    (dict(size='0x9'), "but got '0x9'"),
    (dict(photos='/no/such/folder'), 'No images in /no/such/folder'),
    (dict(data_root='/no/such/folder'), 'does not exist.*--size 500x375'),
    (dict(config='maskclip_vox'), "No config 'maskclip_vox'"),
    (dict(changes={'modle.logit_scale': 1}), "has no 'modle'"),
    (dict(changes={'model.speed': 1}), "ZeroShotSegmentor has no 'speed'"),
    (dict(changes={'model.clip.pretrained': None}), '--random'),
    (dict(config=f'maskclip_voc:{__file__}', random=True),
     'exclude each other'),
    (dict(against_options={'test_dataloader.batch_size': 2}),
     'the same test_dataloader.batch_size'),
    (dict(against_options={'test_dataloader.dataset.indices': [3, 2, 1]}),
     'different images, 1.jpg and 2.jpg')])
def test_bad_input(bench, settings, message):
    with pytest.raises(UserError, match=message):
        bench(**settings)


def test_a_student_without_its_checkpoint():
    with pytest.raises(UserError, match='maskclip_plus_toy:CHECKPOINT'):
        run_benchmark(Job('maskclip_plus_toy'), size='9x9')


def test_nothing_to_test_on(tmp_path):
    with pytest.raises(UserError, match='with a test_dataloader'):
        run_benchmark(Job('maskclip_plus_photos'), size='9x9')


def test_made_up_words_need_a_vocabulary(tmp_path):
    path = tmp_path / 'stock.py'
    path.write_text(
        f"_base_ = {str(find_config('maskclip_voc'))!r}\n"
        "model = dict(_delete_=True, type='EncoderDecoder')\n")
    with pytest.raises(UserError, match='EncoderDecoder has no vocabulary'):
        run_benchmark(Job(path), size='9x9', num_classes=3, random=True)

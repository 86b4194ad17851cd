"""The jobs of a matrix, and the files of a cell."""
import io
import json
import shutil

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.engine import PredictionSamplesHook, read_samples
from mmseg_clipzs.leaderboard import matrix
from mmseg_clipzs.leaderboard.matrix import cell_name, evaluate, plan, run
from mmseg_clipzs.leaderboard.standings import compare
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.device import gpu_name
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def test_matrix():
    jobs = plan(['clip', 'groupvit'], ['toy'], ['maskclip_ks_pd_toy'],
                ['toy-vit-p8:toy', 'toy-vit-p8:a:b.pt', 'RN50'],
                {'log_level': 'ERROR'})
    assert [(job.config, job.clip) for job in jobs] == [
        ('clip_toy', 'toy-vit-p8:toy'), ('clip_toy', 'toy-vit-p8:a:b.pt'),
        ('clip_toy', 'RN50'), ('groupvit_toy', None),
        ('maskclip_ks_pd_toy', None)]
    assert jobs[1].load().model.clip.pretrained == 'a:b.pt'
    assert {job.load().log_level for job in jobs} == {'ERROR'}


def test_order_without_duplicates():
    jobs = plan(['clip', 'maskclip', 'clip'], ['voc', 'context'])
    assert [job.name for job in jobs] == [
        'clip_voc', 'maskclip_voc', 'clip_context', 'maskclip_context']


def test_data_root(tmp_path):
    jobs = plan(['clip', 'maskclip'], ['toy'], data_root=tmp_path)
    assert [job.load().test_dataloader.dataset.data_root
            for job in jobs] == [str(tmp_path)] * 2


@pytest.mark.parametrize('arguments, message', [
    ((['nope'], ['toy']), 'No config nope_toy. Configs for the dataset toy: '
     r'.*clip_toy, .*maskclip_toy.*; of the method nope: none\.'),
    ((['maskclip'], ['moon']), 'maskclip_moon. Configs for the dataset moon: '
     'none; of the method maskclip: .*maskclip_voc21'),
    ((), 'Nothing to run'),
    ((['clip'], ['toy'], (), ['ViT-L-14:']), 'MODEL or MODEL:WEIGHTS'),
    (([], [], ['maskclip_plus_toy']), 'must be trained first. Pass its '
     'checkpoint, maskclip_plus_toy:CHECKPOINT'),
    ((['text_mapped_zero_shot'], ['toy']), 'must be trained first'),
    (([], [], ['maskclip_plus_toy:gone.pth']), 'No checkpoint file at gone'),
    (([], [], ['gone.py']), "No config 'gone.py'"),
    ((['clip'], ['toy', 'voc'], (), (), {}, 'x'), '--data-root is for one'),
])
def test_what_cannot_be_run(arguments, message):
    with pytest.raises(UserError, match=message):
        plan(*arguments)


@pytest.fixture(scope='module')
def job(tiny_vit, tmp_path_factory):
    """A tiny CLIP on five toy scenes."""
    scenes = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(scenes), train=0, val=5, size=64, seed=3)
    return Job('maskclip_toy', data_root=scenes, clip=(
        f'{tiny_vit["model"]}:{tiny_vit["pretrained"]}'), options={
        'model.prompts': 'single',
        'test_evaluator.output_dir': str(scenes.parent / 'masks'),
        'test_evaluator.keep_results': True})


def test_row_log_and_samples(job, tmp_path):
    row = evaluate(job, tmp_path)
    assert row['prompts'] == 'single' and row['vocabulary'] == 'toy'
    assert row['versions']['torch'] == torch.__version__
    count = torch.get_num_threads()
    assert row['device'] == (gpu_name() or (
        'CPU, 1 thread' if count == 1 else f'CPU, {count} threads'))
    assert json.loads(json.dumps(row)) == row
    assert 'per class results' in (tmp_path / 'log.txt').read_text()

    truth_root, masks = job.data_root, job.options['test_evaluator.output_dir']
    samples = read_samples(tmp_path / 'samples.npz')
    assert samples['names'] == [
        f'toy_val_{i:05d}' for i in (0, 1, 3, 4)]  # of five, evenly
    assert samples['classes'] == list(row['class_iou'])
    assert samples['palette'].shape == (len(samples['classes']), 3)
    for name, photo, truth, prediction in zip(
            *(samples[key] for key in ('names', 'image', 'truth',
                                       'prediction'))):
        for array, path in ((photo, f'{truth_root}/JPEGImages/{name}.jpg'),
                            (truth, f'{truth_root}/SegmentationClass/{name}'
                             '.png'), (prediction, f'{masks}/{name}.png')):
            with Image.open(path) as image:
                assert np.array_equal(array, np.asarray(image))


def test_a_stock_model_with_its_checkpoint(job, tmp_path):
    config = tmp_path / 'fcn.py'
    config.write_text(f'''
_base_ = '{find_config('maskclip_toy')}'
method = 'FCN'
model = dict(
    _delete_=True,
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', std=[255.] * 3),
    backbone=dict(
        type='ResNetV1c', depth=18, num_stages=1, out_indices=(0, ),
        strides=(1, ), dilations=(1, ), base_channels=8),
    decode_head=dict(
        type='FCNHead', in_channels=8, channels=8, num_classes=12,
        num_convs=0, in_index=0, concat_input=False),
    test_cfg=dict(mode='whole'))
test_dataloader = dict(dataset=dict(data_root='{job.data_root}'))
''')
    with pytest.raises(UserError, match='must be trained first'):
        plan(configs=[str(config)])
    init_default_scope('mmseg')
    torch.manual_seed(0)
    rows = []
    for name in ('one', 'two'):
        model = MODELS.build(Config.fromfile(config).model)
        torch.nn.init.normal_(model.decode_head.conv_seg.weight)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / name)
        stock, = plan(configs=[f'{config}:{tmp_path / name}'])
        rows.append(evaluate(stock, tmp_path / cell_name(stock)))
    assert rows[0]['method'] == 'FCN' and rows[0]['clip'] is None
    assert rows[0]['class_iou'] != rows[1]['class_iou']
    table, = compare(rows, [])
    assert {(entry.method, entry.clip, entry.needs): entry.here['toy']
            for entry in table.entries} == {
        (f'FCN (fcn, {name})', 'own weights', 'trained'): row['mIoU']
        for name, row in zip(('one', 'two'), rows)}


def test_large_samples_are_resized(job, tmp_path):
    cfg = job.load()
    cfg.custom_hooks.append(dict(
        type='PredictionSamplesHook', path=str(tmp_path / 's.npz'), count=9,
        side=32))
    run_test(Job(cfg), tmp_path)
    samples = read_samples(tmp_path / 's.npz')
    assert len(samples['names']) == 5  # all of them
    for what in ('image', 'truth', 'prediction'):
        assert all(array.shape[:2] == (32, 32) for array in samples[what])
    assert set(np.unique(samples['truth'])) <= set(range(12))


@pytest.mark.parametrize('arguments', [dict(count=0), dict(side=0)])
def test_no_pictures(arguments):
    with pytest.raises(UserError, match='must be a whole number'):
        PredictionSamplesHook('s.npz', **arguments)


def test_a_failure_is_in_the_log(tmp_path):
    broken = Job('maskclip_toy', data_root='/no/such/folder')
    with pytest.raises(UserError, match='/no/such/folder does not exist'):
        evaluate(broken, tmp_path)
    log = (tmp_path / 'log.txt').read_text()
    assert 'Traceback' in log and '/no/such/folder does not exist' in log


@pytest.fixture
def alone(monkeypatch):
    """Run cells in this process; list those that ran."""
    ran = []

    def run_alone(function, job, folder):
        ran.append(folder.name)
        return function(job, folder)

    monkeypatch.setattr(matrix, 'run_alone', run_alone)
    return ran


@pytest.fixture(scope='module')
def done(job, tmp_path_factory):
    """``done(folder)``: as ``run([job], folder)``, which runs once."""
    folder = tmp_path_factory.mktemp('done')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix, 'run_alone', lambda function, *args: function(
            *args))
        rows = run([job], folder)

    def copy(target):
        shutil.copytree(folder, target, dirs_exist_ok=True)
        return rows

    return copy


@pytest.mark.parametrize('name, content', [
    ('row.json', b'{"mIoU": 1'), ('row.json', b'\xff\xfe'),
    ('row.json', b'[]'), ('row.json', b'{}'), ('row.json', b''),
    ('row.json', b'{"mIoU": NaN}'), ('samples.npz', b'PK\x03\x04'),
    ('samples.npz', b''), ('samples.npz', None)])
def test_a_damaged_cell_runs_again(name, content, job, done, tmp_path, alone,
                                   capsys):
    rows = done(tmp_path)
    assert run([job], tmp_path) == rows and not alone
    path = tmp_path / 'cells' / cell_name(job) / name
    path.unlink() if content is None else path.write_bytes(content)
    capsys.readouterr()
    again = run([job], tmp_path)
    assert len(alone) == 1
    assert f'{path} is damaged' in capsys.readouterr().err
    assert again[0]['mIoU'] == rows[0]['mIoU']
    assert run([job], tmp_path) == again and len(alone) == 1


def test_half_a_samples_file_is_damaged(job, done, tmp_path, alone, capsys):
    done(tmp_path)
    path = tmp_path / 'cells' / cell_name(job) / 'samples.npz'
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    for i in range(middle, middle + 200):  # more than a header
        content[i] ^= 255
    path.write_bytes(content)
    run([job], tmp_path)
    assert len(alone) == 1
    assert f'{path} is damaged' in capsys.readouterr().err


def samples_of(**changes):
    file = io.BytesIO()
    np.savez(file, **{**dict(
        names=['a'], classes=['x', 'y'], palette=np.zeros((2, 3), int),
        image_0=np.zeros((4, 5, 3), np.uint8), truth_0=np.full((4, 5), 255),
        prediction_0=np.ones((4, 5), int)), **changes})
    return file.getvalue()


@pytest.mark.parametrize('changes', [
    dict(palette=np.zeros((3, 3), int)), dict(palette=np.zeros((2, 3))),
    dict(palette=np.full((2, 3), 256)), dict(names=[1]),
    dict(names=['a', 'b']), dict(classes=[1, 2]),
    dict(image_0=np.zeros((4, 5), np.uint8)),
    dict(image_0=np.zeros((4, 5, 3))), dict(truth_0=np.zeros((5, 4), int)),
    dict(prediction_0=np.full((4, 5), 2)), dict(truth_0=-np.ones((4, 5), int)),
    dict(truth_0=np.array([None]))])
def test_samples_that_do_not_fit(changes, tmp_path):
    path = tmp_path / 's.npz'
    path.write_bytes(samples_of())
    assert read_samples(path)['names'] == ['a']
    path.write_bytes(samples_of(**changes))
    with pytest.raises(UserError, match='s.npz does not have prediction sam'):
        read_samples(path)


def test_a_row_is_of_its_job(job, done, tmp_path, alone):
    """The file has the figures; what was run is known."""
    row, = done(tmp_path)
    path = tmp_path / 'cells' / cell_name(job) / 'row.json'
    changed = {**row, 'folder': '../..', 'method': 'another'}
    path.write_text(json.dumps(changed))
    again, = run([job], tmp_path)
    assert not alone
    assert again['method'] == row['method'] and again['folder'] == (
        row['folder'])


def test_a_cell_without_a_figure_fails(job, tmp_path, alone, monkeypatch):
    monkeypatch.setattr(matrix, 'run_test', lambda *args, **kwargs: dict(
        mIoU=float('nan')))
    row, = run([job], tmp_path)
    assert 'mIoU must be a number from 0 to 100, but is nan' in row['error']


def test_the_error_of_a_cell_is_whole(job, tmp_path, alone, monkeypatch):
    message = 'Cannot download w from u: HTTPError: 404. Put it at f.'

    def fail(*args, **kwargs):
        raise UserError(message)

    monkeypatch.setattr(matrix, 'run_test', fail)
    row, = run([job], tmp_path)
    assert row['error'] == f'UserError: {message}'
    assert message in (tmp_path / 'leaderboard.md').read_text()

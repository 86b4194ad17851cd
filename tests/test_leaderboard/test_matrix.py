"""Which cells there are, and what makes one another cell."""
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.engine import PredictionSamplesHook, read_samples
from mmseg_clipzs.leaderboard.matrix import Cell, evaluate, plan
from mmseg_clipzs.leaderboard.report import compare
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def test_matrix():
    cells = plan(['clip', 'groupvit'], ['toy'], ['maskclip_ks_pd_toy'],
                 ['toy-vit-p8:toy', 'toy-vit-p8:a:b.pt'])
    assert [(cell.config, cell.clip) for cell in cells] == [
        ('clip_toy', dict(model='toy-vit-p8', pretrained='toy')),
        ('clip_toy', dict(model='toy-vit-p8', pretrained='a:b.pt')),
        ('groupvit_toy', None), ('maskclip_ks_pd_toy', None)]
    assert cells[1].load().model.clip.pretrained == 'a:b.pt'
    assert cells[1].describe() == dict(
        method='CLIP', dataset='toy', protocol='toy', clip='toy-vit-p8',
        weights='a:b.pt', config='clip_toy', checkpoint=None,
        folder=f'cells/{cells[1].name}')


def test_data_set_after_data_set_and_no_cell_twice():
    cells = plan(['clip', 'maskclip', 'clip'], ['voc', 'context'])
    assert [cell.config for cell in cells] == [
        'clip_voc', 'maskclip_voc', 'clip_context', 'maskclip_context']


@pytest.mark.parametrize('arguments, message', [
    ((['nope'], ['toy']), 'There is no config nope_toy. For the data set toy '
     r'there are: .*clip_toy, .*maskclip_toy.*; for the method nope: none\.'),
    ((['maskclip'], ['moon']), 'maskclip_moon. For the data set moon there '
     'are: none; for the method maskclip: .*maskclip_voc21'),
    ((), 'Nothing to run'),
    ((['clip'], ['toy'], (), ['ViT-L-14']), '--clip takes MODEL:WEIGHTS'),
    (([], [], ['maskclip_plus_toy']), 'has to be trained before; give it '
     'with its checkpoint: --configs maskclip_plus_toy:CHECKPOINT'),
    ((['text_mapped_zero_shot'], ['toy']), 'has to be trained before'),
    (([], [], ['maskclip_plus_toy:gone.pth']), 'No checkpoint file at gone'),
    (([], [], ['gone.py']), "No config 'gone.py'"),
])
def test_what_cannot_be_run(arguments, message):
    with pytest.raises(UserError, match=message):
        plan(*arguments)


def test_a_changed_setting_is_another_cell(tmp_path):
    words, weights, checkpoint = (
        tmp_path / name for name in ('words.txt', 'w.pt', 'c.pth'))
    config = tmp_path / 'mine.py'

    def write(words_text='cat\nsky\n', weights_text='1', checkpoint_text='2',
              config_text=''):
        words.write_text(words_text)
        weights.write_text(weights_text)
        checkpoint.write_text(checkpoint_text)
        base = Cell('maskclip_toy').load().filename
        config.write_text(f"_base_ = '{base}'\n{config_text}")

    def name(**options):
        return Cell(str(config), str(checkpoint), dict(
            model='toy-vit-p8', pretrained=str(weights)), {
                'model.vocabulary': str(words), **options}).name

    write()
    names = [name(), name(**{'model.prompts': 'single'})]
    for change in ('words_text', 'weights_text', 'checkpoint_text'):
        write(**{change: 'dog\nsea\n'})
        names.append(name())
    write(config_text='model = dict(logit_scale=50)')
    names.append(name())
    assert len(set(names)) == 6 and all(n.startswith('mine-') for n in names)
    write()
    assert name() == names[0]


@pytest.fixture(scope='module')
def cell(tiny_vit, tmp_path_factory):
    """A tiny CLIP on five toy scenes."""
    scenes = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(scenes), train=0, val=5, size=64, seed=3)
    return Cell('maskclip_toy', clip=tiny_vit, options={
        'model.prompts': 'single',
        'test_dataloader.dataset.data_root': str(scenes),
        'test_evaluator.output_dir': str(scenes.parent / 'masks'),
        'test_evaluator.keep_results': True})


def test_row_log_and_pictures(cell, tmp_path):
    row = evaluate(cell, tmp_path)
    assert row['prompts'] == 'single' and row['vocabulary'] == 'toy'
    assert row['versions']['torch'] == torch.__version__
    assert row['device'].startswith('1 x ')
    assert json.loads(json.dumps(row)) == row
    assert 'per class results' in (tmp_path / 'log.txt').read_text()

    options = cell.options
    truth_root, masks = (options[key] for key in (
        'test_dataloader.dataset.data_root', 'test_evaluator.output_dir'))
    samples = read_samples(tmp_path / 'samples.npz')
    assert samples['names'] == [
        f'toy_val_{i:05d}' for i in (0, 1, 3, 4)]  # of five, evenly
    assert samples['classes'] == list(row['class_iou'])
    assert samples['palette'].shape == (len(samples['classes']), 3)
    for name, photo, truth, prediction in zip(
            *(samples[key] for key in ('names', 'photo', 'truth',
                                       'prediction'))):
        for array, path in ((photo, f'{truth_root}/JPEGImages/{name}.jpg'),
                            (truth, f'{truth_root}/SegmentationClass/{name}'
                             '.png'), (prediction, f'{masks}/{name}.png')):
            with Image.open(path) as image:
                assert np.array_equal(array, np.asarray(image))


def test_a_stock_model_with_its_checkpoint(cell, tmp_path):
    scenes = cell.options['test_dataloader.dataset.data_root']
    config = tmp_path / 'fcn.py'
    config.write_text(f'''
_base_ = '{Cell('maskclip_toy').load().filename}'
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
test_dataloader = dict(dataset=dict(data_root='{scenes}'))
''')
    with pytest.raises(UserError, match='has to be trained before'):
        Cell(str(config))
    init_default_scope('mmseg')
    torch.manual_seed(0)
    rows = []
    for name in ('one', 'two'):
        model = MODELS.build(Config.fromfile(config).model)
        torch.nn.init.normal_(model.decode_head.conv_seg.weight)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / name)
        stock, = plan(configs=[f'{config}:{tmp_path / name}'])
        rows.append(evaluate(stock, tmp_path / stock.name))
    assert rows[0]['method'] == 'FCN' and rows[0]['clip'] is None
    assert rows[0]['class_iou'] != rows[1]['class_iou']
    table, = compare([{**row, **stock.describe()} for row in rows], [])
    assert table.columns == [('toy', 'own weights')]
    assert table.rows == [('FCN', [f'{rows[0]["mIoU"]} / {rows[1]["mIoU"]}'])]


def test_large_pictures_become_small(cell, tmp_path):
    cfg = cell.load()
    cfg.custom_hooks.append(dict(
        type='PredictionSamplesHook', path=str(tmp_path / 's.npz'), count=9, side=32))
    run_test(cfg, work_dir=str(tmp_path))
    samples = read_samples(tmp_path / 's.npz')
    assert len(samples['names']) == 5  # there are no more
    for what in ('photo', 'truth', 'prediction'):
        assert all(array.shape[:2] == (32, 32) for array in samples[what])
    assert set(np.unique(samples['truth'])) <= set(range(12))


@pytest.mark.parametrize('arguments', [dict(count=0), dict(side=0)])
def test_no_pictures(arguments):
    with pytest.raises(UserError, match='1 or more'):
        PredictionSamplesHook('s.npz', **arguments)


def test_a_failure_is_in_the_log(cell, tmp_path):
    broken = Cell('maskclip_toy', options={
        'test_dataloader.dataset.data_root': '/no/such/folder'})
    with pytest.raises(UserError, match='/no/such/folder does not exist'):
        evaluate(broken, tmp_path)
    log = (tmp_path / 'log.txt').read_text()
    assert 'Traceback' in log and '/no/such/folder does not exist' in log

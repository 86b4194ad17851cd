"""Training end to end: resume, processes, export, photos."""
import json
import runpy
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from processes import run_python

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.toy.voc_layout import write_voc

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs'
SMALL = dict(
    [('train_dataloader.batch_size', 2), ('log_level', 'ERROR'),
     ('model.student.backbone.base_channels', 8),
     ('model.student.decode_head.in_channels', 64),
     ('model.teacher.prompts', 'single'),
     ('train_cfg.max_iters', 6), ('train_cfg.val_interval', 100),
     ('default_hooks.checkpoint.interval', 2),
     ('default_hooks.checkpoint.max_keep_ckpts', 9)])


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=12, val=6, size=96, seed=3)
    return str(root)


def config(name='maskclip_plus_toy', **options):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict({**SMALL, **options})
    return cfg


def weights(folder, iteration=6):
    return load_checkpoint_file(
        Path(folder) / f'iter_{iteration}.pth')['state_dict']


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted(scenes, tmp_path):
    """Bitwise, with dropout and augmentation; SIGKILL in iteration 5."""
    options = {
        'model.student.decode_head.dropout_ratio': 0.3,
        'custom_hooks': [dict(type='VocabularyHook'),
                         dict(type='RandomStateHook'),
                         dict(type='SelfTrainingHook', begin=3)]}
    name = str(CONFIGS / 'maskclip_plus_zero_shot_toy.py')
    code = textwrap.dedent(f'''
        import json, os, signal, sys, torch
        from mmengine.config import Config
        import mmseg_clipzs
        from mmengine.hooks import Hook
        from mmengine.registry import HOOKS
        from mmseg_clipzs.run.job import Job
        from mmseg_clipzs.run.train import run_train

        @HOOKS.register_module()
        class Kill(Hook):
            def after_train_iter(self, runner, batch_idx, **kwargs):
                if runner.iter == 4:
                    os.kill(os.getpid(), signal.SIGKILL)

        torch.set_num_threads(1)
        cfg = Config.fromfile({name!r})
        cfg.merge_from_dict(json.loads({json.dumps({**SMALL, **options})!r}))
        if sys.argv[2:] == ['kill']:
            cfg.custom_hooks.append(dict(type='Kill'))
        run_train(Job(cfg, data_root={scenes!r}), sys.argv[1], resume=True)
    ''')
    script = tmp_path / 'train.py'
    script.write_text(code)
    whole = run_python(script, tmp_path / 'whole')
    assert whole.returncode == 0, whole.stderr[-2000:]
    killed = run_python(script, tmp_path / 'cut', 'kill')
    assert killed.returncode == -9, killed.stderr[-2000:]
    assert not (tmp_path / 'cut' / 'iter_6.pth').exists()
    resumed = run_python(script, tmp_path / 'cut')
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    want, got = weights(tmp_path / 'whole'), weights(tmp_path / 'cut')
    for key, value in want.items():
        assert torch.equal(got[key], value), key


TWO = '''
import json, sys, torch
from mmengine.config import Config
import mmseg_clipzs
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.train import run_train
torch.set_num_threads(1)
name, work_dir, root, launcher, options = sys.argv[1:6]
cfg = Config.fromfile(name)
cfg.merge_from_dict(json.loads(options))
cfg.train_pipeline = [step for step in cfg.train_pipeline
                      if not step.type.startswith(('Random', 'Photo'))]
cfg.train_dataloader.dataset.pipeline = cfg.train_pipeline
run_train(Job(cfg, data_root=root), work_dir, launcher=launcher)
'''


@pytest.mark.slow
def test_two_processes_are_one_with_the_doubled_batch(scenes, tmp_path):
    """Same weights after four iterations, within float tolerance."""
    group_norm = dict(type='GN', num_groups=2, requires_grad=True)
    options = {
        **SMALL, 'train_cfg.max_iters': 4, 'randomness.seed': 5,
        'model.student.backbone.norm_cfg': group_norm,
        'model.student.decode_head.norm_cfg': group_norm,
        'optim_wrapper.optimizer': dict(type='SGD', lr=0.05, momentum=0.9)}
    script = tmp_path / 'train.py'
    script.write_text(TWO)
    name = CONFIGS / 'maskclip_plus_toy.py'
    one = run_python(
        script, name, tmp_path / 'one', scenes, 'none', json.dumps(
            {**options, 'train_dataloader.batch_size': 4}))
    assert one.returncode == 0, one.stderr[-2000:]
    two = run_python(script, name, tmp_path / 'two', scenes, 'pytorch',
                     json.dumps(options), processes=2)
    assert two.returncode == 0, two.stderr[:6000]
    want, got = (weights(tmp_path / run, 4) for run in ('one', 'two'))
    for key, value in want.items():
        torch.testing.assert_close(got[key], value, atol=2e-5, rtol=1e-3,
                                   msg=key)


STOCK = '''
import sys, types
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "mmseg_clipzs":
            raise ImportError("this package is not installed here")
sys.meta_path.insert(0, Block())
ops = types.ModuleType("mmcv.ops")  # a full mmcv has the real ones
ops.point_sample = ops.sigmoid_focal_loss = None
def missing(name):
    raise (AttributeError if name[:2] == "__" else ModuleNotFoundError)(name)
ops.__getattr__ = missing
import mmcv
try:
    import mmcv.ops
except ImportError:
    sys.modules["mmcv.ops"] = mmcv.ops = ops
from mmengine.config import Config
from mmengine.runner import Runner
config, checkpoint, work_dir, root = sys.argv[1:5]
cfg = Config.fromfile(config)
assert "clipzs" not in cfg.pretty_text
cfg.test_dataloader.dataset.data_root = root
cfg.work_dir, cfg.load_from, cfg.log_level = work_dir, checkpoint, "ERROR"
print("mIoU", Runner.from_cfg(cfg).test()["mIoU"])
'''


@pytest.mark.slow
@pytest.mark.parametrize('background', [False, True])
def test_exported_student_needs_no_package(scenes, tmp_path, background):
    """Train, export, and test where this package cannot be imported."""
    cfg = config(**{'model.learn_background': background})
    if background:
        # 11 classes and the learnt background match the dataset's 12.
        cfg.model.teacher.vocabulary = (
            'zebra; leaf; watermelon; chessboard; cloud; sun; football; '
            'grass; sea; brick; sand')
    job = Job(cfg, data_root=scenes)
    run_train(job, tmp_path / 'train')
    checkpoint = str(tmp_path / 'train' / 'iter_6.pth')
    row = run_test(job.replace(checkpoint=checkpoint), tmp_path / 'test')
    cfg.dump(tmp_path / 'config.py')
    done = run_python(ROOT / 'tools' / 'export_student.py',
                  tmp_path / 'config.py', checkpoint, '--out', tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    script = tmp_path / 'stock.py'
    script.write_text(STOCK)
    stock = run_python(
        script, tmp_path / 'student.py', tmp_path / 'student.pth',
        tmp_path / 'stock', scenes)
    assert stock.returncode == 0, stock.stderr[-2000:]
    assert f'mIoU {row["mIoU"]}' in stock.stdout


def test_a_folder_of_photos_and_words(scenes, tmp_path):
    """No masks, lists or dataset; --classes sets the classes."""
    cfg = config('maskclip_plus_photos', **{
        'model.student.data_preprocessor.size': (96, 96),
        'model.student.backbone.depth': 18,
        'model.student.decode_head.channels': 128,
        'model.teacher.clip': dict(model='toy-vit-p8', pretrained='toy'),
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_dataloader.dataset.pipeline': [
            dict(type='LoadImageFromFile'), dict(type='PackSegInputs')],
        'train_cfg.max_iters': 2})
    runner = run_train(Job(cfg, classes='zebra; sun; sea, ocean'), tmp_path,
                       photos=f'{scenes}/JPEGImages', student_weights='none')
    assert runner.model.dataset_meta['classes'] == ('zebra', 'sun', 'sea')
    assert (tmp_path / 'iter_2.pth').is_file()


def test_photos_on_a_laptop(voc_root, tmp_path, monkeypatch):
    """The tool on real photos, without a network; then pictures."""
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')
    photos = tmp_path / 'photos'
    photos.mkdir()
    for path in sorted((voc_root / 'JPEGImages').iterdir())[:3]:
        (photos / path.name).write_bytes(path.read_bytes())
    out = tmp_path / 'out'
    monkeypatch.setattr(sys, 'argv', [
        'train.py', str(CONFIGS / 'maskclip_plus_photos_toy.py'), '--photos',
        str(photos), '--classes', 'cloud; grass; sea', '--work-dir', str(out),
        '--cfg-options', 'train_dataloader.batch_size=2',
        'train_cfg.max_iters=2', 'log_level=ERROR'])
    runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
    inferencer = ZeroShotInferencer(
        out / 'maskclip_plus_photos_toy.py', str(out / 'iter_2.pth'), 'cpu')
    results = inferencer(str(photos), out_dir=tmp_path / 'pictures')
    assert len(results) == 3
    for result in results:
        assert result.classes == ('cloud', 'grass', 'sea')
        assert result.mask.shape == result.photo.shape[:2]
        assert (tmp_path / f'pictures/{result.name}_overlay.png').is_file()


@pytest.mark.slow
def test_zero_shot_training_on_real_photos(voc_root, tmp_path):
    """20 iterations on Pascal VOC with a random teacher."""
    cfg = Config.fromfile(CONFIGS / 'maskclip_plus_zero_shot_voc.py')
    voc = cfg.voc
    cfg.train_dataloader.dataset = dict(voc)
    cfg.merge_from_dict({
        **{key: value for key, value in SMALL.items()
           if 'checkpoint' not in key and 'val_interval' not in key},
        'model.student.backbone.depth': 18,
        'model.student.backbone.init_cfg': None,
        'model.student.decode_head.channels': 128,
        'model.teacher.clip': dict(model='toy-vit-p8', pretrained=None),
        'model.student.data_preprocessor.size': (96, 96),
        'train_dataloader.num_workers': 0, 'val_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'val_dataloader.persistent_workers': False,
        'train_cfg.max_iters': 20, 'train_cfg.val_interval': 20,
        'default_hooks.logger.interval': 5, 'log_level': 'INFO',
        'custom_hooks': [dict(type='VocabularyHook'),
                         dict(type='SelfTrainingHook', begin=10)]})
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == 'RandomResize':
            step.scale = (384, 96)
        if step.type == 'RandomCrop':
            step.crop_size = (96, 96)
    for step in cfg.val_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.scale = (384, 96)
    run_train(Job(cfg, data_root=voc_root), tmp_path)
    scalars = [json.loads(line) for line in next(
        tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()]
    losses = [row['decode.loss_ce'] for row in scalars
              if 'decode.loss_ce' in row]
    assert len(losses) == 4 and np.isfinite(losses).all()
    figures = scalars[-1]
    assert {'mIoU', 'seen', 'unseen', 'harmonic'} <= set(figures)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'Iteration 10: self-training begins' in log

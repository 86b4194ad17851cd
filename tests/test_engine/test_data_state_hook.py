"""A run resumed after SIGKILL equals an uninterrupted one."""
import json
import shutil
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from processes import run_python

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.shard_files import write_shards
from mmseg_clipzs.engine import DataStateHook
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.utils import UserError

ROOT = Path(__file__).parents[2]
# Draws from the generators of NumPy, Python and torch.
PIPELINE = [dict(type='LoadPhoto'),
            dict(type='TimmAugment', size=16, re_prob=0.5, re_mode='pixel',
                 auto_augment='rand-m9-mstd0.5-inc1'),
            dict(type='PackImageText', words='cat; dog; sun', num_nouns=2)]
ITERATIONS = 9

# A small model whose loss depends on all parts of a sample and that logs its
# samples. It is killed in iteration 6; the last checkpoint is of iteration 4.
SCRIPT = '''
import json, os, signal, sys
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import HOOKS, MODELS
from mmseg_clipzs.run.cpu import fit_to_cpu

@MODELS.register_module()
class TinyModel(BaseModel):
    def __init__(self, seen, **kwargs):
        super().__init__(**kwargs)
        self.image, self.text = (torch.nn.Linear(n, 4) for n in (768, 231))
        self.seen = open(f"{seen}.{os.environ.get('RANK', 0)}", "a")

    def forward(self, inputs, data_samples, mode="loss"):
        tokens = torch.stack([s.tokens for s in data_samples])  # (N, 3, 77)
        for x, s in zip(inputs, data_samples):
            print(s.img_path, s.caption, x.sum().item(),
                  s.tokens.sum().item(), file=self.seen, flush=True)
        image = self.image(inputs.flatten(1) / 255)
        text = self.text(tokens.flatten(1) / 49408)
        noise = torch.rand(()) * (image - text).square().mean()
        return dict(loss=noise + image.mean().square())

@HOOKS.register_module()
class Kill(Hook):
    def after_train_iter(self, runner, batch_idx, **kwargs):
        if runner.iter == 5 and os.environ.get("RANK", "0") == "0":
            os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    torch.set_num_threads(1)
    cfg = Config.fromfile(sys.argv[1])
    fit_to_cpu(cfg)
    if sys.argv[2:] == ["kill"]:
        cfg.custom_hooks.append(dict(type="Kill"))
    Runner.from_cfg(cfg).train()
'''


def config(folder, dataset, workers=0, launcher='none', **options):
    folder.mkdir(exist_ok=True)
    return ConfigDict({**dict(
        default_scope='mmseg', work_dir=str(folder), resume=True,
        launcher=launcher, env_cfg=dict(dist_cfg=dict(backend='gloo')),
        model=dict(
            type='TinyModel', seen=str(folder / 'seen'),
            data_preprocessor=dict(type='SegDataPreProcessor', size=(16, 16))),
        train_dataloader=dict(
            batch_size=3, num_workers=workers, dataset=dataset,
            **({'sampler': None} if dataset['type'] == 'ImageTextShards'
               else {'sampler': dict(type='InfiniteSampler')})),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
        param_scheduler=dict(type='PolyLR', by_epoch=False, end=ITERATIONS),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=ITERATIONS),
        default_hooks=dict(
            logger=dict(type='LoggerHook', log_metric_by_epoch=False),
            checkpoint=dict(type='CheckpointHook', by_epoch=False,
                            interval=2)),
        custom_hooks=[dict(type='RandomStateHook'),
                      dict(type='DataStateHook', interval=4)],
        log_processor=dict(by_epoch=False), randomness=dict(seed=0)),
        **options})


def shards_config(root, urls='{000000..000007}.tar'):
    return dict(type='ImageTextShards', data_root=str(root), urls=urls,
                shuffle=4, pipeline=PIPELINE)


@pytest.fixture(scope='module')
def damaged(shards, tmp_path_factory):
    """The eight shards with a damaged image in each and a damaged header."""
    root = tmp_path_factory.mktemp('damaged') / 'shards'
    shutil.copytree(shards, root)
    for i, path in enumerate(sorted(root.iterdir())):
        raw = bytearray(path.read_bytes())
        image = raw.index(b'\x89PNG')  # the first
        raw[image:image + 28] = b'\xff' * 28
        if i == 2:
            header = raw.index(b'00000020.json')
            raw[header:header + 50] = b'\xff' * 50
        path.write_bytes(raw)
    return root


def run(folder, cfg, *arguments, processes=1):
    (folder / 'script.py').write_text(SCRIPT)
    path = Path(cfg.work_dir) / 'config.py'
    path.write_text('\n'.join(f'{k} = {v!r}' for k, v in dict(
        cfg.to_dict()).items()))
    return run_python(folder / 'script.py', path, *arguments,
                      processes=processes)


def seen(folder, rank):
    return (folder / f'seen.{rank}').read_text().splitlines()


def total(folder):
    """The last report of a run."""
    log = sorted(folder.glob('*/*.log'))[-1].read_text()
    return [line.partition('so far: ')[2] for line in log.splitlines()
            if 'Skipped so far' in line][-1]


@pytest.mark.slow
@pytest.mark.parametrize('processes, workers', [(1, 0), (2, 2)])
def test_killed_and_resumed_is_uninterrupted(
        processes, workers, damaged, tmp_path):
    """Samples, captions, crops, noun prompts and weights are the same."""
    def each(name):
        return config(tmp_path / name, shards_config(damaged), workers,
                      'none' if processes == 1 else 'pytorch')

    whole = run(tmp_path, each('whole'), processes=processes)
    assert whole.returncode == 0, whole.stderr[-3000:]
    killed = run(tmp_path, each('cut'), 'kill', processes=processes)
    assert killed.returncode == (-9 if processes == 1 else 1)
    assert (tmp_path / 'cut/last_checkpoint').read_text().endswith(
        'iter_4.pth')
    cut = [len(seen(tmp_path / 'cut', rank)) for rank in range(processes)]
    resumed = run(tmp_path, each('cut'), processes=processes)
    assert resumed.returncode == 0, resumed.stderr[-3000:]

    for rank in range(processes):
        want = seen(tmp_path / 'whole', rank)
        got = seen(tmp_path / 'cut', rank)
        assert len(want) == 3 * ITERATIONS
        assert got[:cut[rank]] == want[:cut[rank]]
        assert got[cut[rank]:] == want[3 * 4:]
    want, got = (load_checkpoint_file(
        tmp_path / name / f'iter_{ITERATIONS}.pth')
        for name in ('whole', 'cut'))
    for key, value in want['state_dict'].items():
        assert torch.equal(got['state_dict'][key], value), key
    assert want['data_state'] == got['data_state']
    assert total(tmp_path / 'whole') == total(tmp_path / 'cut')
    assert 'unreadable image' in total(tmp_path / 'whole')


@pytest.fixture(scope='module')
def tiny_model(tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'tiny_model.py'
    path.write_text(SCRIPT)
    sys.path.insert(0, str(path.parent))
    yield __import__('tiny_model')
    sys.path.remove(str(path.parent))


def train(cfg):
    cfg.experiment_name = str(uuid.uuid4())  # mmengine caches loggers by name
    Runner.from_cfg(cfg).train()
    return load_checkpoint_file(
        Path(cfg.work_dir) / f'iter_{cfg.train_cfg.max_iters}.pth')


def test_position_is_of_what_was_trained_on(damaged, tiny_model, tmp_path):
    """Samples loaded ahead by the workers are not counted."""
    cfg = config(tmp_path / 'run', shards_config(damaged), workers=2)
    cfg.train_cfg.max_iters = 4
    state = train(cfg)['data_state']
    lines = seen(tmp_path / 'run', 0)
    assert len(set(lines)) == 12
    assert state['settings'] == dict(
        shards=8, shuffle=4, seed=0, processes=1, workers=2)
    assert state['next'] == 0
    (one, two), = state['positions']
    # Six samples of each stream, and the damaged ones before them.
    for visit, done in (one, two):
        assert visit == 0 and 6 <= done <= 9


def test_report(damaged, tiny_model, tmp_path):
    """A line per file, and totals at intervals and at the end."""
    cfg = config(tmp_path / 'run', shards_config(damaged))
    cfg.train_cfg.max_iters = 20  # nearly all 63 intact ones
    state = train(cfg)['data_state']
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    named = [line for line in log.splitlines() if ' Skipped, ' in line]
    assert len(named) == sum(state['skipped'].values())
    assert any('000004.tar' in line and '00000036.png is not an image' in line
               for line in named)
    assert any('header is damaged' in line for line in named)
    assert log.count('Skipped so far') == 20 // 4
    assert log.count(' samples were skipped (') == 1
    assert state['skipped'].keys() >= {'unreadable image', 'damaged sample'}


def test_lists_are_replayed_and_counted(pairs, tiny_model, tmp_path):
    rows = [dict(image=f'{pairs}/{i:02d}.png', caption=str(i))
            for i in range(9)] + [dict(image='gone.png', caption='x')]
    (tmp_path / 'list.json').write_text(json.dumps(rows))
    dataset = dict(type='ImageTextDataset', data_root=str(tmp_path),
                   ann_file='list.json', pipeline=PIPELINE)
    cfg = config(tmp_path / 'run', dataset)
    whole = train(cfg)
    state = whole['data_state']
    assert state['settings'] == {}
    assert state['skipped'] == {'unreadable image': state['skipped'][
        'unreadable image']} and state['skipped']['unreadable image'] > 0
    lines = seen(tmp_path / 'run', 0)
    for name in ('6', '8', '9'):
        (tmp_path / f'run/iter_{name}.pth').unlink()
    (tmp_path / 'run/last_checkpoint').write_text(
        str(tmp_path / 'run/iter_4.pth'))
    resumed = train(cfg)
    assert seen(tmp_path / 'run', 0) == lines + lines[3 * 4:]
    assert resumed['data_state'] == state
    for key, value in whole['state_dict'].items():
        assert torch.equal(resumed['state_dict'][key], value), key


@pytest.mark.parametrize('change, message', [
    (dict(workers=2), "'workers': 1}, but this run has .*'workers': 2}"),
    (dict(urls='{000000..000006}.tar'), "'shards': 8.*'shards': 7"),
])
def test_resume_with_other_streams(
        change, message, shards, tiny_model, tmp_path):
    cfg = config(tmp_path / 'run', shards_config(shards))
    cfg.train_cfg.max_iters = 2
    train(cfg)
    dataset = shards_config(shards, *[
        change[key] for key in change if key == 'urls'])
    cfg = config(tmp_path / 'run', dataset, change.get('workers', 0))
    with pytest.raises(UserError, match=message):
        train(cfg)


def test_twenty_steps_on_real_captions(coco_captions, tiny_model, tmp_path):
    """The base config of shards with 120 photos of COCO."""
    write_shards(read_list(coco_captions / 'captions.json'), coco_captions,
                 tmp_path / 'coco', 30)
    data = Config.fromfile(
        ROOT / 'configs/_base_/datasets/image_text_shards.py')
    cfg = Config(config(tmp_path / 'run', data.train_dataloader.dataset))
    cfg.train_dataloader.dataset.urls = '{000000..000003}.tar'
    crop, pack = cfg.train_dataloader.dataset.pipeline[1:]
    crop.size, pack.num_nouns, pack.words = 16, 2, 'man; woman; dog; train'
    cfg.train_cfg.max_iters = 20
    run_train(Job(cfg, data_root=tmp_path / 'coco'), tmp_path / 'run')
    lines = seen(tmp_path / 'run', 0)
    assert len(set(lines)) == 60
    assert all(line.startswith(f'{tmp_path}/coco/') for line in lines)


def test_load_from_starts_the_streams_again(shards, tiny_model, tmp_path):
    """``load_from`` does not resume."""
    cfg = config(tmp_path / 'one', shards_config(shards))
    cfg.train_cfg.max_iters = 2
    train(cfg)
    cfg = config(tmp_path / 'two', shards_config(shards), resume=False,
                 load_from=str(tmp_path / 'one/iter_2.pth'))
    cfg.train_cfg.max_iters = 2
    train(cfg)
    assert seen(tmp_path / 'one', 0) == seen(tmp_path / 'two', 0)


def test_persistent_workers_are_refused(shards, tiny_model, tmp_path):
    cfg = config(tmp_path / 'run', shards_config(shards), workers=1)
    cfg.train_dataloader.persistent_workers = True
    with pytest.raises(UserError, match='persistent_workers=False'):
        train(cfg)


def test_only_the_first_hundred_are_named(log):
    hook = HOOKS.build(dict(type='DataStateHook'))
    loader = SimpleNamespace(num_workers=0, dataset=None)
    runner = SimpleNamespace(train_dataloader=loader, iter=1,
                             logger=MMLogger.get_current_instance())
    hook.before_train(runner)
    for start in (0, 0, 60, 120):
        sample = SimpleNamespace(metainfo=dict(skipped=[
            ('kind', f'file {i}.') for i in range(start, start + 60)]))
        hook.after_train_iter(runner, 0, dict(data_samples=[sample]))
    hook.after_train(runner)
    assert sum('Skipped, kind: file' in line for line in log) == 100
    assert log[-1] == (
        'WARNING: 240 samples were skipped (kind: 240). ' + ' '.join(
            f'file {i}.' for i in range(10)) + ' ... and 90 more.')


@pytest.mark.parametrize('interval', [0, '5', 1.5])
def test_bad_interval(interval):
    with pytest.raises(UserError, match='interval must be a whole'):
        DataStateHook(interval=interval)


@pytest.mark.parametrize('state', [
    'text', {}, dict(settings={}, positions=[], next='0', skipped={}),
    dict(settings={}, positions=[], next=0, skipped=dict(image='many'))])
def test_damaged_state(state):
    hook = HOOKS.build(dict(type='DataStateHook'))
    with pytest.raises(UserError, match='data_state is damaged'):
        hook.after_load_checkpoint(SimpleNamespace(_resume=True),
                                   dict(data_state=state))

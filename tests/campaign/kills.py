"""Programs that are killed at random moments, and started again.

Whatever a killed run leaves complete is what an uninterrupted one makes, the
next start keeps it and makes the rest, and nothing else remains.
"""
import json
import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from processes import run_python, start_python
from safetensors.torch import load_file

from mmseg_clipzs.checkpoints import load_checkpoint_file, weights_of

from .runner import TEMPORARY

SECONDS = ('seconds', 'images_per_second', 'peak_memory_mb')
PACKAGE = ['mmseg_clipzs.apis', 'mmseg_clipzs.export',
           'mmseg_clipzs.run.train', 'mmseg_clipzs.leaderboard.corruptions',
           'mmseg_clipzs.leaderboard.matrix',
           'mmseg_clipzs.toy.clip_training',
           'mmseg_clipzs.datasets.image_text.shard_files']


@dataclass(frozen=True)
class Program:
    """A program to kill.

    Attributes:
        arguments (Callable): Inputs -> arguments of Python; runs in an empty
            folder.
        results (Callable): Folder -> what is complete in it, by name.
        again (tuple[str]): Arguments that the next start has in addition.
        kept (str): Glob of files that the next start does not write again.
        refused (str): What the next start says if everything was complete.
    """
    arguments: Callable
    results: Callable
    again: tuple = ()
    kept: str = ''
    refused: str = ''


def _weights(path):
    return {key: value.numpy().tobytes() for key, value in weights_of(
        load_checkpoint_file(path)).items()}


def _checkpoints(folder):
    return {path.name: _weights(path) for path in folder.rglob('iter_*.pth')}


def _exported(folder):
    # Not the bytes: torch.save writes the file's first name into it.
    return {path.name: path.read_bytes() if path.suffix == '.py'
            else _weights(path) for path in folder.glob('exported/[!.]*')}


def _toy_clip(folder):
    """Not the weights before the last: only the checkpoint counts."""
    path = folder / 'toy.safetensors.checkpoint'
    state = load_checkpoint_file(path) if path.exists() else dict(step=0)
    if state['step'] < 2:
        return {}
    return {key: value.numpy().tobytes() for key, value in load_file(
        folder / 'toy.safetensors').items()}


def _cells(pattern):
    def read(folder):
        rows = {path: json.loads(path.read_text())
                for path in folder.glob(pattern)}
        return {str(path.relative_to(folder)): {
            key: value for key, value in row.items() if key not in SECONDS}
            for path, row in rows.items()}
    return read


def _files(pattern):
    return lambda folder: {str(path.relative_to(folder)): path.read_bytes()
                           for path in folder.glob(pattern)
                           if path.is_file()}


def _embeddings(folder):
    found = {}
    for path in folder.glob('cache/text/[!.]*.npz'):
        with np.load(path) as file:
            found.update(zip(json.loads(file['words'].tobytes()),
                             map(bytes, file['embeddings'])))
    return found


TRAIN = [
    'train_dataloader.num_workers=0', 'log_level=ERROR',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False',
    'model.student.backbone.base_channels=8',
    'model.student.decode_head.in_channels=64',
    'model.student.decode_head.dropout_ratio=0.3',
    'model.teacher.prompts=single', 'train_dataloader.batch_size=2',
    'train_cfg.max_iters=4', 'train_cfg.val_interval=100',
    'default_hooks.checkpoint.interval=1',
    'default_hooks.checkpoint.max_keep_ckpts=9']
TEST = ['test_dataloader.num_workers=0', 'log_level=ERROR',
        'test_dataloader.persistent_workers=False', 'model.prompts=single']
EMBED = '''
import sys
sys.path.insert(0, 'tests')
from mmseg_clipzs.clip import TextEncoder, load_clip
import mmseg_clipzs.clip.text as text
text._PART = 160  # writes of the cache: one for every two words
TextEncoder(load_clip('toy-vit-p8', pretrained='toy'))(
    [f'word {i}' for i in range(16)])
'''
PROGRAMS = {
    'text cache': Program(
        lambda inputs: ['-c', EMBED], _embeddings),
    'segment': Program(
        lambda inputs: [
            'tools/segment.py', inputs.get('many_photos'), '--config',
            'maskclip_toy', '--classes', 'cat; grass, lawn; sky',
            '--heatmaps', '--format', 'index', 'coco', 'yolo', '--device',
            'cpu'], _files('out/**/[!.]*')),
    'train': Program(
        lambda inputs: [
            'tools/train.py', 'maskclip_plus_toy', '--student-weights',
            'none', '--data-root', inputs.get('scenes'), '--cfg-options',
            *TRAIN], _checkpoints, ('--resume', ), '**/iter_*.pth'),
    'leaderboard': Program(
        lambda inputs: [
            'tools/leaderboard.py', '--methods', 'maskclip', 'clip_b',
            '--datasets', 'toy', '--data-root', inputs.get('scenes'),
            '--work-dir', 'board', '--cfg-options', *TEST],
        _cells('board/cells/*/row.json'), (), 'board/cells/*/row.json'),
    'corruptions': Program(
        lambda inputs: [
            'tools/corruptions.py', 'maskclip_toy', '--kinds', 'spatter',
            '--levels', '1', '5', '--data-root', inputs.get('scenes'),
            '--out', 'robust', '--cfg-options', *TEST],
        _cells('robust/cells/*.json'), (), 'robust/cells/*.json'),
    'shards': Program(
        lambda inputs: [
            'tools/make_shards.py', inputs.get('scenes') / 'captions.json',
            '--images', inputs.get('scenes') / 'JPEGImages', '--out',
            'shards', '--size', '3'], _files('shards/*.tar'),
        refused='already exists'),
    'toy scenes': Program(
        lambda inputs: ['tools/make_toy_scenes.py', '--out', 'toy',
                        '--train', '20', '--val', '5', '--size', '32'],
        _files('toy/**/*')),
    'export': Program(
        lambda inputs: [
            'tools/export_student.py', *inputs.get('student'), '--out',
            'exported'], _exported),
    'toy CLIP': Program(
        lambda inputs: [
            'tools/train_toy_clip.py', '--steps', '2', '--batch-size', '4',
            '--scenes', '8', '--workers', '0', '--save-every', '1',
            '--precision', 'fp32', '--resume', '--out', 'toy.safetensors'],
        _toy_clip),
}


class Kills:
    """Kills programs; knows what they make if nobody does.

    Args:
        inputs (Inputs): Their inputs.
        folder (Path): For the uninterrupted runs, and a cache of texts.
    """

    def __init__(self, inputs, folder):
        self.inputs, self.folder = inputs, folder
        self.references = {}

    def environment(self, folder, name):
        cache = folder if name == 'text cache' else self.folder
        return dict(MMSEG_CLIPZS_CACHE=str(cache / 'cache'))

    def reference(self, name):
        """tuple: Results, paths and seconds of the uninterrupted run."""
        if name not in self.references:
            folder = self.folder / name.replace(' ', '_')
            folder.mkdir()
            arguments = self.arguments(name)
            run_python('-c', 'pass')  # starts the server of processes
            for attempt in range(2):  # the second finds texts in the cache
                home = folder / str(attempt)
                home.mkdir()
                start = time.monotonic()
                done = run_python(*arguments, cwd=home,
                                  env=self.environment(home, name))
                assert done.returncode == 0, done.stderr
                seconds = time.monotonic() - start
            results = PROGRAMS[name].results(home)
            assert results
            self.references[name] = results, paths(home), seconds
        return self.references[name]

    def arguments(self, name):
        words = PROGRAMS[name].arguments(self.inputs)
        root = Path(__file__).parents[2]
        return [root / words[0] if str(words[0]).startswith('tools/')
                else words[0], *words[1:]]

    def kill(self, name, seed, folder):
        """Kill a program, start it again, and compare.

        Args:
            name (str): One of :data:`PROGRAMS`.
            seed (int): Of the moment and the signal.
            folder (Path): Empty.

        Returns:
            dict: What happened: signal; moment, in seconds; died, or ended
            before; made, the number of complete results.
        """
        program = PROGRAMS[name]
        results, expected_paths, seconds = self.reference(name)
        rng = random.Random(f'{name} {seed}')
        number = rng.choice([signal.SIGKILL, signal.SIGTERM])
        moment = rng.uniform(0, 0.95 * seconds)
        arguments = self.arguments(name)
        for attempt in range(9):  # earlier, if the program has ended before
            home = folder / str(attempt)
            home.mkdir()
            env = self.environment(home, name)
            with start_python(*arguments, cwd=home, env=env) as running:
                time.sleep(moment)
                child, = running.children
                with suppress(ProcessLookupError):  # it has ended
                    os.kill(child.pid, number)
                done = running.wait()
            if done.returncode:
                break
            moment *= 0.7
        assert 'Traceback' not in done.stderr, done.stderr
        found = program.results(home)
        for key, value in found.items():
            assert value == results[key], f'{key} is incomplete'
        kept = {path: path.stat().st_mtime_ns
                for path in home.glob(program.kept or '*/nothing')}
        second = run_python(*arguments[:2], *program.again, *arguments[2:],
                            cwd=home, env=env)
        if found == results and program.refused:
            assert program.refused in second.stderr
        else:
            assert second.returncode == 0, second.stderr
        assert program.results(home) == results
        assert kept == {path: path.stat().st_mtime_ns for path in kept}
        more = paths(home) - expected_paths
        assert not more, f'files remain: {more}'
        return dict(signal=number.name, moment=round(moment, 3),
                    died=done.returncode != 0, made=len(found))


def paths(folder):
    """set[str]: Paths below a folder but logs, which are named by time."""
    found = {str(path.relative_to(folder)) for path in folder.rglob('*')}
    left = [path for path in found if TEMPORARY.search(Path(path).name)]
    assert not left, f'temporary files remain: {left}'
    return {path for path in found if not re.search(r'\d{8}_\d{6}', path)}

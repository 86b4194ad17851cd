"""The commands that ``make leaderboard`` would run."""
import os
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from mmseg_clipzs.leaderboard.matrix import plan

MAKEFILE = Path(__file__).parents[2] / 'Makefile'

pytestmark = pytest.mark.skipif(
    not shutil.which('make'), reason='make is not installed')


def commands(folder):
    """list[list[str]]: Commands of ``make leaderboard`` in a folder."""
    # "make test" passes its own settings on to nested makes.
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(('MAKE', 'MFLAGS'))}
    text = subprocess.run(
        ['make', '--dry-run', '--old-file=.venv/ready', '--file', MAKEFILE,
         'leaderboard'], cwd=folder, check=True, capture_output=True,
        text=True, env=env).stdout
    return [shlex.split(line)
            for line in text.replace('\\\n', ' ').splitlines()]


def values(command, option):
    """list[str]: Values of an option."""
    words = command[command.index(option) + 1:]
    end = next((i for i, word in enumerate(words) if word[:2] == '--'), None)
    return words[:end]


def test_missing_clips_are_trained(tmp_path):
    """Training writes to another name first, and resumes."""
    (tmp_path / 'work_dirs').mkdir()
    clips = [f'work_dirs/toy-vit-p8-seed{seed}.safetensors' for seed in (1, 2)]
    (tmp_path / clips[0]).touch()
    (tmp_path / f'{clips[1]}.part').touch()
    train, move, *_ = commands(tmp_path)
    assert train[1] == 'tools/train_toy_clip.py' and '--resume' in train
    assert values(train, '--seed') == ['2']
    assert values(train, '--out') == [f'{clips[1]}.part']
    assert move == ['mv', f'{clips[1]}.part', clips[1]]

    (tmp_path / clips[1]).touch()
    scenes, leaderboard = commands(tmp_path)
    assert scenes[1] == 'tools/make_toy_scenes.py'
    assert values(leaderboard, '--clip') == [
        f'toy-vit-p8:{weights}' for weights in ('toy', *clips)]


def test_every_training_free_method_with_three_clips(tmp_path):
    leaderboard = commands(tmp_path)[-1]
    assert leaderboard[1] == 'tools/leaderboard.py'
    rows = [job.describe() for job in plan(
        values(leaderboard, '--methods'), values(leaderboard, '--datasets'),
        clips=values(leaderboard, '--clip'))]
    assert Counter((row['protocol'], row['method']) for row in rows) == {
        **{('toy, B (windows of 64)', method): 3 for method in (
            'CLIP', 'MaskCLIP', 'SCLIP', 'ClearCLIP', 'NACLIP',
            'NACLIP + PAMR', 'GEM', 'CLIPtrase (attention)', 'SC-CLIP',
            'ResCLIP (NACLIP)', 'ResCLIP (SCLIP)', 'ResCLIP (ClearCLIP)',
            'SFP', 'ProxyCLIP', 'LPOSS', 'NACLIP + regions', 'CorrCLIP')},
        **{('toy', method): 3 for method in (
            'CLIP', 'MaskCLIP', 'MaskCLIP + KS + PD')},
        ('toy', 'GroupViT'): 1}

"""tools/slurm_test.sh and slurm_train.sh: the command that they run."""
import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def srun(tmp_path):
    """``srun(script, *arguments, VARIABLE=...)``: srun's arguments."""
    stub = tmp_path / 'srun'
    stub.write_text('#!/bin/sh\nfor a in "$@"; do echo "$a"; done\n')
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)

    def run(script, *arguments, **variables):
        return subprocess.run(
            ['bash', ROOT / 'tools' / script, *arguments],
            capture_output=True, text=True, env=dict(
                os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}',
                PYTHON='python3', **variables))

    return run


@pytest.mark.parametrize('script, tool', [
    ('slurm_test.sh', 'test.py'), ('slurm_train.sh', 'train.py')])
def test_arguments(script, tool, srun):
    lines = srun(script, 'part', 'job', 'c.py', '--work-dir', 'a b', GPUS='4',
                 SRUN_ARGS='--nodes=2 --time=5').stdout.splitlines()
    assert lines[:3] == ['--partition=part', '--job-name=job', '--ntasks=4']
    assert {'--gres=gpu:4', '--ntasks-per-node=4', '--kill-on-bad-exit=1',
            '--nodes=2', '--time=5', 'python3'} <= set(lines)
    assert lines[-6].endswith(f'tools/{tool}')
    assert lines[-5:] == ['c.py', '--work-dir', 'a b', '--launcher', 'slurm']


def test_machines_without_gpus(srun):
    lines = srun('slurm_test.sh', 'part', 'job', 'c.py', GPUS='2',
                 GPUS_PER_NODE='0').stdout.splitlines()
    assert '--ntasks=2' in lines
    assert not any('gres' in line for line in lines)


def test_usage(srun):
    result = srun('slurm_train.sh', 'part', 'job')
    assert result.returncode == 2
    assert 'PARTITION JOB_NAME CONFIG' in result.stderr

"""tools/dist_test.sh: the command that it runs."""
import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('arguments, expected', [
    (['c.py', '2'], ['c.py', '--launcher', 'pytorch']),
    (['c.py', 'x.pth', '4', '--tta'],
     ['c.py', 'x.pth', '--launcher', 'pytorch', '--tta']),
    (['c.py', '2', '--out', 'a b'],
     ['c.py', '--launcher', 'pytorch', '--out', 'a b']),
])
def test_starts_processes(arguments, expected, tmp_path):
    stub = tmp_path / 'python'
    stub.write_text('#!/bin/sh\nfor a in "$@"; do echo "$a"; done\n')
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    result = subprocess.run(
        ['bash', ROOT / 'tools/dist_test.sh', *arguments],
        capture_output=True, text=True, check=True,
        env=dict(os.environ, PYTHON=str(stub), PORT='123'))
    lines = result.stdout.splitlines()
    assert lines[0].endswith('tools/launch.py')
    processes = next(a for a in arguments if a.isdigit())
    assert f'--nproc_per_node={processes}' in lines
    assert '--master_port=123' in lines
    tool = next(i for i, line in enumerate(lines)
                if line.endswith('tools/test.py'))
    assert lines[tool + 1:] == expected


def test_usage():
    result = subprocess.run(
        ['bash', ROOT / 'tools/dist_test.sh', 'c.py'],
        capture_output=True, text=True)
    assert result.returncode == 2
    assert 'CONFIG [CHECKPOINT] PROCESSES' in result.stderr

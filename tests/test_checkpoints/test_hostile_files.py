"""Files that must not be loaded are refused, and nothing else happens."""
import json
import re
from pathlib import Path

import pytest
import torch
from hostile_files import WRITERS
from processes import run_python

TESTS = Path(__file__).parents[1]
CHILD = '''
import json, resource, signal, sys, warnings
signal.alarm(200)  # ends a process that hangs
import torch
import mmseg_clipzs
from hostile_files import loaded_attributes
from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.checkpoints import read_state_dict
from mmseg_clipzs.utils import UserError

warnings.simplefilter('ignore')
good, *files = json.loads(sys.argv[1])
want = load_checkpoint_file(good)
before = loaded_attributes()
for file in files:
    for read in (load_checkpoint_file, read_state_dict):
        print(json.dumps(['reads', file]), flush=True)
        said = ''
        try:
            read(file)
        except UserError as e:
            said = str(e)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert loaded_attributes() == before, file
        got = read(good)
        got = got[0] if isinstance(got, tuple) else got
        assert torch.equal(got['a'], want['a'])
        print(json.dumps([read.__name__, file, said, memory]), flush=True)
'''


@pytest.fixture(scope='module')
def said(tmp_path_factory):
    """What is said of each file by each reader, in a process of its own."""
    folder = tmp_path_factory.mktemp('hostile')
    files = {name: write(folder) for name, (write, _) in WRITERS.items()}
    good = folder / 'good.pth'
    torch.save(dict(a=torch.arange(5.)), good)
    before = _content(folder)
    child = run_python(
        '-c', CHILD, json.dumps([str(good), *map(str, files.values())]),
        cwd=folder, env=dict(PYTHONPATH=str(TESTS)))
    lines = [json.loads(line) for line in child.stdout.splitlines()
             if line.startswith('[')]
    assert child.returncode == 0, (lines[-1:], child.stderr[-2000:])
    assert _content(folder) == before
    lines = [line for line in lines if line[0] != 'reads']
    memory = [line[3] for line in lines]
    assert memory[-1] - memory[0] < 300_000  # kB
    return {(read, Path(file).stem): sentence
            for read, file, sentence, _ in lines}


def _content(folder):
    return {path.name: path.lstat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.parametrize('read', ['load_checkpoint_file', 'read_state_dict'])
@pytest.mark.parametrize('name', WRITERS)
def test_refused(said, name, read):
    assert re.search(WRITERS[name][1], said[read, name]), said[read, name]
    assert f'{name}.pth' in said[read, name]
    assert len(said[read, name]) < 600 and '\n' not in said[read, name]

"""Windows, macOS, and what Linux allows that they do not."""
import ast
import re
from pathlib import Path

import pytest
from processes import run_python

ROOT = Path(__file__).parent.parent
MODULES = [path for folder in ('mmseg_clipzs', 'tools', 'configs')
           for path in sorted((ROOT / folder).rglob('*.py'))]
SCRIPTS = [*ROOT.glob('tools/*.sh'), ROOT / '.ci/run']

# A process in which what Windows lacks is missing.
WITHOUT_POSIX = '''
import os, platform, runpy, signal, sys
platform.system = lambda: 'Windows'
for name in ('resource', 'fcntl', 'grp', 'pwd', 'termios', 'syslog'):
    sys.modules[name] = None
for module, names in (
        (os, 'fork forkpty register_at_fork getuid geteuid mkfifo uname '
             'statvfs sysconf sched_getaffinity setsid killpg O_NONBLOCK'),
        (signal, 'SIGCHLD SIGHUP SIGKILL SIGUSR1 SIGALRM alarm '
                 'pthread_sigmask sigwait')):
    for name in names.split():
        delattr(module, name)
sys.argv[:] = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
'''


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    from mmseg_clipzs.toy.voc_layout import write_voc
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=2, val=2, size=64, seed=3)
    return root


@pytest.mark.slow
@pytest.mark.parametrize('command', [
    'segment.py {scenes}/JPEGImages/toy_val_00000.jpg --config maskclip_toy '
    '--classes sun;grass --out {out}/masks',
    'test.py maskclip_toy --data-root {scenes} --work-dir {out} --out '
    '{out}/masks --cfg-options model.prompts=single '
    'test_dataloader.num_workers=0 test_dataloader.persistent_workers=False',
    'train.py maskclip_plus_toy --data-root {scenes} --work-dir {out} '
    '--cfg-options train_cfg.max_iters=1 train_cfg.val_interval=9 '
    'train_dataloader.batch_size=2 model.student.backbone.base_channels=8 '
    'model.student.decode_head.in_channels=64 model.teacher.prompts=single '
    'default_hooks.checkpoint.interval=1'])
def test_without_posix(command, scenes, tmp_path):
    tool, *arguments = command.format(scenes=scenes, out=tmp_path).split(' ')
    done = run_python('-c', WITHOUT_POSIX, ROOT / 'tools' / tool, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [*tmp_path.glob('masks/*.png'), *tmp_path.glob('iter_1.pth')]


@pytest.mark.slow
def test_every_module_without_posix():
    names = [
        '.'.join(path.relative_to(ROOT).with_suffix('').parts)
        for path in MODULES if 'configs' not in path.parts]
    code = ('import importlib, sys\n'
            f'for name in {names}: importlib.import_module(name)')
    # Gradio, which asks for the system by os.name, is imported before.
    done = run_python('-c', 'import gradio' + WITHOUT_POSIX.replace(
        'runpy.run_path(sys.argv[0], run_name=\'__main__\')', code), '-')
    assert done.returncode == 0, done.stderr[-3000:]


def text_files_without_encoding(path):
    """Yields: Lines that open a text file in the system's encoding."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
        mode = next((value.value for value in [*node.args, *(
            k.value for k in node.keywords if k.arg == 'mode')]
            if isinstance(value, ast.Constant)
            and re.fullmatch('[rwxa]b?[+t]?', str(value.value))), None)
        text = name in ('read_text', 'write_text') or name == 'open' and (
            'b' not in mode if mode else isinstance(node.func, ast.Name))
        if text and 'encoding' not in [k.arg for k in node.keywords]:
            yield f'{path.relative_to(ROOT)}:{node.lineno}'


def test_text_is_utf8():
    """Windows reads and writes in another encoding unless one is named."""
    assert len(MODULES) > 100
    assert not [line for path in MODULES
                if path.name != 'interruption.py'  # reads mmengine's files
                for line in text_files_without_encoding(path)]


NEW_IN_BASH_4 = {
    'case': r'\$\{\w+(\[.\])?[,^]', 'arrays': r'\b(mapfile|readarray)\b',
    'declare': r'\b(declare|local|typeset) -\w*[Angl]',
    'coproc': r'\bcoproc\b',
    'redirect': r'&>>|\|&', 'set': r'\[\[? -v ', 'last': r'\[-\d+\]',
    # "${name[@]}" of an empty array is an error under set -u.
    'empty': r'(?<!\+)"\$\{(?!@)\w+\[@\]\}"'}


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize('new', NEW_IN_BASH_4)
def test_scripts_run_under_bash_3(path, new):
    """As macOS has it."""
    lines = path.read_text(encoding='utf-8').splitlines()
    assert not [line for line in lines if re.search(NEW_IN_BASH_4[new], line)]


@pytest.mark.parametrize('line', [
    'x=${x,,}', 'mapfile -t x < y', 'declare -A x', 'a &>> b',
    '[[ -v x ]]', 'echo "${x[@]}"', 'echo "${x[-1]}"'])
def test_what_is_new_is_found(line):
    assert any(re.search(pattern, line)
               for pattern in NEW_IN_BASH_4.values())

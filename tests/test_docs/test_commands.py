"""Every command of the pages fits the parser of the command.

Those that need what does not come along say so before their block: a line
"*Needs: Pascal VOC.*", which holds until the next heading of its level. What
the others do is tested where the commands are; those of start.md are run here,
those of own_student.md by the examples' tests.
"""
import re
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import run_python

from mmseg_clipzs.cli import COMMANDS
from mmseg_clipzs.cli.arguments import make_parser
from mmseg_clipzs.recipes.method_pages import PAGES
from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.utils import UserError

from .needs import WORDS, configs_of, needs
from .pages import NAMES, ROOT, code_and_text, read, sections

_COMMAND = re.compile(r'(?<![\w/.-])clipzs (' + '|'.join(
    sorted(COMMANDS, key=len, reverse=True)) + r')(?= |$)(.*)', re.S)


def commands(name):
    """list[tuple[str, list[str]]]: Commands of a page and their arguments."""
    blocks, text = code_and_text(read(name))
    return _in_blocks(blocks) + _in_lines(re.findall('`(clipzs [^`]+)`', text))


def _in_blocks(blocks):
    return [found for block in blocks for found in _in_lines(
        block.replace('\\\n', ' ').splitlines())]


def _in_lines(lines):
    found = []
    for i, line in enumerate(lines):
        match = _COMMAND.search(line)
        if match:
            rest = re.split(r'\s[#|&>]|\s\.\.\.$', match[2])[0]
            try:
                found.append((match[1], shlex.split(rest)))
            except ValueError:  # goes on in the next lines
                after = _COMMAND.search('\n'.join(lines[i:]))[2]
                end = next(i for i in range(len(rest) + 1, len(after) + 1)
                           if after[:i].count('"') % 2 == 0)
                found.append((match[1], shlex.split(after[:end])))
    return found


class _Required(Exception):
    """Not all arguments were given, as in a sentence about an option."""


def parse(command, arguments, part=False):
    """Fit arguments.

    Args:
        command (str): Its name.
        arguments (list[str]): Its command line.
        part (bool): Required arguments may be missing.

    Returns:
        Namespace | None: None if some are missing.
    """
    module = import_module(f'mmseg_clipzs.cli.{command.replace("-", "_")}')
    parser = make_parser(module.__doc__, f'clipzs {command}')
    module.add_options(parser)

    def error(message):
        if part and ('required' in message or 'expected at' in message):
            raise _Required
        pytest.fail(f'clipzs {command} {shlex.join(arguments)}: {message}')

    parser.error = error
    try:
        return parser.parse_args(arguments)
    except _Required:
        return None
    except UserError as e:
        error(e)


# What stands for a name in the pages.
STANDS_FOR = dict(METHOD_DATASET='maskclip_voc', CONFIG='maskclip_toy',
                  METHOD='maskclip', METHOD_='maskclip_', DATASET='voc',
                  NAME='maskclip_toy')
# Set where torchrun, srun and mpirun start a command.
LAUNCHED = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT',
            'SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID', 'SLURM_NODELIST')
# Made by commands before, or by the reader.
FILES = re.compile(
    r'(student|my_\w+)\.py|.*\.(pth?|txt|json|onnx|safetensors)')
WITH_COMMANDS = [name for name in NAMES if commands(name)]


def test_commands_are_found():
    assert len(WITH_COMMANDS) > 20
    assert len(commands('docs/start.md')) >= 7


# Where commands are tested that need nothing.
RUN_BY = {
    'benchmark': 'test_tools/test_benchmark.py',
    'corruptions': 'test_leaderboard/test_corruptions.py',
    'doctor': 'test_tools/test_doctor.py',
    'export-onnx': 'test_onnx_inferencer.py',
    'export-student': 'test_examples/test_examples.py',
    'export-weights': 'test_tools/test_export_weights.py',
    'leaderboard': 'test_tools/test_leaderboard.py',
    'make-toy-scenes': 'test_docs/test_commands.py',
    'segment': 'test_docs/test_commands.py',
    'test': 'test_docs/test_commands.py',
    'train': 'test_examples/test_examples.py',
    'train-toy-dino': 'test_toy/test_dino_training.py',
    'vocabularies': 'test_cli/test_vocabularies.py',
    'web': 'test_web/test_serve.py'}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with what the commands of pages find."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'examples').symlink_to(ROOT / 'examples')
    for variable in LAUNCHED:
        monkeypatch.setenv(variable, '0')


def parsed(command, arguments, part=False):
    """Namespace | None: A command as the page has it, names filled in."""
    part = part or '...' in arguments
    arguments = [
        re.sub('[A-Z][A-Z_]+', lambda match: STANDS_FOR.get(
            match[0], match[0]), each).replace('$n', '5')
        for each in arguments if each != '...']
    if not arguments or '--help' in arguments:
        return None
    for each in arguments:
        for path in map(Path, each.split(':')):
            if FILES.fullmatch(path.name) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text('cat\ngrass\n')
    return parse(command, arguments, part)


@pytest.mark.parametrize('name', WITH_COMMANDS)
def test_they_fit(name, folder):
    for command, arguments in commands(name):
        args = parsed(command, arguments, name == 'CHANGELOG.md')
        if args:
            check_configs(args)


@pytest.mark.parametrize('name', WITH_COMMANDS)
def test_what_they_need_is_said(name, folder):
    """Or else a test runs the command."""
    if name == 'CHANGELOG.md':
        return
    for said, text in sections(read(name)):
        for command, arguments in _in_blocks(code_and_text(text)[0]):
            args = parsed(command, arguments)
            needed = needs(command, args) if args else ()
            for need in needed:
                assert re.search(WORDS[need], said), (
                    f'clipzs {command} {shlex.join(arguments)} needs {need}: '
                    'put a line "*Needs: ...*" before it')
            if not said:
                assert command in RUN_BY, command


def test_they_are_run():
    for command, name in RUN_BY.items():
        text = read(f'tests/{name}')
        assert command in text or command.replace('-', '_') in text, name


def check_configs(args):
    """Configs that a command names exist."""
    for each in configs_of(args):
        stem = re.fullmatch(r'(?:configs/)?([a-z][a-z0-9_]*)(?:\.py)?',
                            each.partition(':')[0])
        # Not the reader's own files, such as my_fcn_voc21.
        if stem and not stem[1].startswith(('my_', 'none')):
            assert stem[1] in list_configs(), each


def test_the_readme_is_short_and_starts_as_the_start():
    """Its commands that need no data are those of start.md, run below."""
    assert len(read('README.md').splitlines()) <= 150
    offline = [each for each in commands('README.md')
               if each[0] != 'doctor' and (
                   each[0] == 'make-toy-scenes' or 'maskclip_toy' in each[1])]
    assert len(offline) == 3
    for each in offline:
        assert each in commands('docs/start.md')


def test_methods_of_the_readme():
    assert all(f'(docs/methods/{page}.md)' in read('README.md')
               for page in PAGES)


@pytest.mark.slow
def test_the_start_works(tmp_path):
    """In the order of the page, until its first download."""
    Image.fromarray(np.random.default_rng(0).integers(
        0, 256, (48, 64, 3), dtype=np.uint8)).save(tmp_path / 'photo.jpg')
    ran = []
    for command, arguments in commands('docs/start.md'):
        if command == 'doctor' or not arguments and (
                command != 'make-toy-scenes'):
            continue
        if 'my_photo.jpg' in arguments:
            break
        if command == 'make-toy-scenes':
            arguments = ['--train', '0', '--val', '2']
        if command == 'leaderboard':
            continue
        tool = ROOT / f'tools/{command.replace("-", "_")}.py'
        done = run_python(tool, *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        ran.append(command)
    assert ran == ['make-toy-scenes', 'segment', 'test', 'test', 'segment']
    assert (tmp_path / 'first/toy_val_00000_overlay.png').is_file()
    assert (tmp_path / 'first/results.jsonl').is_file()
    assert (tmp_path / 'more/toy_val_00001_mask.png').is_file()

"""How commands start: names, help, and what is imported before they run."""
import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from light import run_light
from processes import run_python

from mmseg_clipzs.cli import COMMANDS
from mmseg_clipzs.recipes.cells import base_model, cells
from mmseg_clipzs.run.segmentor import embeds_config_words
from mmseg_clipzs.version import __version__

ROOT = Path(__file__).parents[2]
CLI = ROOT / 'mmseg_clipzs/cli'
# No commands.
SHARED = {'__init__', 'arguments', 'actions', 'config_options', 'pictures',
          'toy_training'}


@pytest.fixture(scope='module')
def helps():
    """dict: Command -> the result of its ``--help``; '' is of all."""
    lines = [['--help'], *([name, '--help'] for name in COMMANDS)]
    return dict(zip(['', *COMMANDS], run_light(lines)))


def test_the_table_of_commands(helps):
    code, out, err, heavy = helps['']
    assert (code, err, heavy) == (0, '', [])
    listed = re.findall(r'^    ([a-z-]+)  +\S', out, re.MULTILINE)
    assert listed == list(COMMANDS)
    assert all(len(line) < 80 for line in out.splitlines())


@pytest.mark.parametrize('name', COMMANDS)
def test_help(name, helps):
    """Says ``clipzs NAME`` and nothing of tools, with an example."""
    code, out, err, heavy = helps[name]
    assert (code, err, heavy) == (0, '', [])
    assert out.startswith(f'usage: clipzs {name} [-h]')
    assert re.search(rf'^    (\w.* )?clipzs {name}\b', out, re.MULTILINE)
    assert 'python tools/' not in out


@pytest.mark.parametrize('name', COMMANDS)
def test_defaults_are_shown(name, helps):
    """Each default that says something, beside its option."""
    from mmseg_clipzs.cli.arguments import make_parser
    parser = make_parser('')
    module = import_module(f'mmseg_clipzs.cli.{name.replace("-", "_")}')
    module.add_options(parser)
    out = ' '.join(helps[name][1].split())
    for action in parser._actions:
        if action.default in (None, False, [], {}, '==SUPPRESS=='):
            continue
        values = action.default if isinstance(
            action.default, (list, tuple)) else [action.default]
        assert f'(default: {" ".join(map(str, values))})' in out, action.dest


def test_every_module_is_a_command():
    names = {path.stem for path in CLI.glob('*.py')} - SHARED
    assert names == {name.replace('-', '_') for name in COMMANDS}


def test_tools_are_doors():
    """Each opens the command of its name, or is needed in a checkout only."""
    opened = set()
    for path in (ROOT / 'tools').glob('*.py'):
        if path.stem in (
                '_start', 'launch', 'make_configs', 'make_method_pictures',
                'compare_figures', 'check_release'):
            continue
        called, = (node for node in ast.walk(ast.parse(path.read_text()))
                   if isinstance(node, ast.Call))
        assert called.func.id == 'main' and called.args[0].value == path.stem
        opened.add(path.stem.replace('_', '-'))
    assert opened == set(COMMANDS)


def test_engines():
    """Named twice, as the module that runs them is not imported for help."""
    from mmseg_clipzs.cli import segment
    from mmseg_clipzs.export import onnx_model
    assert segment.ENGINES == onnx_model.ENGINES


@pytest.mark.parametrize('method', sorted(
    {cell.method for cell in cells()}))
def test_configs_that_need_classes(method):
    """Known without their config, to say so before it is loaded."""
    assert embeds_config_words(base_model(method))


def test_all_are_in_the_documentation():
    text = (ROOT / 'docs/commands.md').read_text(encoding='utf-8')
    listed = re.findall(r'^\| (`[^|]+) \|', text.partition(
        '## With mim')[0], re.MULTILINE)
    assert {name for cell in listed for name in re.findall(
        '`([a-z-]+)`', cell)} == set(COMMANDS)


@pytest.mark.parametrize('arguments, code, out, err', [
    (['--version'], 0, f'mmseg_clipzs {__version__}', ''),
    (['check_data', '--help'], 0, 'usage: clipzs check-data', ''),
    ([], 2, '', 'Name a command'),
    (['segmant', 'x.jpg'], 2, '', "No command 'segmant'. Did you mean"),
    (['export'], 2, '', 'export is one of export-onnx, export-student, '),
    (['--verison'], 2, '', 'unrecognized arguments: --verison'),
    (['README.md'], 2, '', 'is no command: clipzs segment README.md')])
def test_first_words(arguments, code, out, err):
    (found, said, errors, heavy), = run_light([arguments])
    assert found == code and not heavy
    assert out in said and err in errors


@pytest.mark.parametrize('call', [
    ['-c', 'import clipzs; clipzs.main("segment")'], ['clipzs.py', 'segment'],
    ['tools/segment.py']])
def test_ways_to_call_it(call):
    done = run_python(*call)
    assert done.returncode == 2
    assert done.stderr.startswith('usage: clipzs segment [-h]')


def run_fresh(code):
    """Where no test has had the package imported before."""
    return subprocess.run([sys.executable, '-c', code], cwd=ROOT, text=True,
                          capture_output=True)


def test_a_program_registers_after_a_command_that_did_not():
    done = run_fresh('''
import sys
import clipzs
sys.argv = ['clipzs', '--version']
try:
    clipzs.main()
except SystemExit:
    pass
assert 'mmseg_clipzs' not in sys.modules
import mmseg_clipzs
from mmseg.registry import MODELS
assert MODELS.get('ZeroShotSegmentor')
from mmseg_clipzs.utils import UserError, errors
assert UserError is errors.UserError
''')
    assert done.returncode == 0, done.stderr


def test_a_library_that_is_missing():
    done = run_fresh('''
import sys
sys.modules['mmseg'] = None
import clipzs
sys.argv = ['clipzs', 'doctor']
clipzs.main()
''')
    assert done.returncode == 1
    assert re.fullmatch('error: .*mmseg.*pip install "mmseg_clipzs.*\n',
                        done.stderr), done.stderr


def test_without_the_package(tmp_path):
    """tools/*.py in a checkout that nobody has installed."""
    for name in ('segment.py', '_start.py'):
        (tmp_path / name).write_text((ROOT / f'tools/{name}').read_text())
    done = subprocess.run(
        [sys.executable, '-S', tmp_path / 'segment.py'], cwd=tmp_path, env={},
        capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith('error: The package mmseg_clipzs is not '
                                  'installed')
    assert done.stderr.count('\n') == 1

"""House rules: layers of imports and length of files.

``python tests/test_house.py`` updates the diagram in CONTRIBUTING.md.
"""
import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'mmseg_clipzs'
GUIDE = ROOT / 'CONTRIBUTING.md'
MAX_LINES = 300
# Bottom-up. A room may import only rooms of lower layers.
LAYERS = [
    ('utils', 'version'),
    ('labels', 'patch_grid', 'products'),
    ('compat', 'checkpoints', 'visualization', 'vocabularies', 'recipes'),
    ('clip', 'proxy'),
    ('datasets', ),
    ('toy', 'formats'),
    ('models', ),
    ('engine', ),
    ('evaluation', ),
    ('__init__', ),  # registers everything
    ('run', ),
    ('leaderboard', 'benchmark', 'export', 'doctor', 'folders', 'video'),
    ('apis', ),
    ('web', ),
    ('cli', ),
    ('clipzs', ),
    ('tools', )]
LAYER = {room: i for i, rooms in enumerate(LAYERS) for room in rooms}
FILES = {
    '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix(
        '.__init__'): path
    for path in (ROOT / 'clipzs.py', *PACKAGE.rglob('*.py'),
                 *(ROOT / 'tools').rglob('*.py'))}


def room(module):
    first, *rest = module.split('.')
    if first != PACKAGE.name:
        return first
    return rest[0] if rest else '__init__'


def imports(module):
    """Yields (module of this project, whether the import is relative)."""
    path = FILES[module]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parents = module.split('.')
                up = node.level - (path.stem == '__init__')
                base = '.'.join(
                    parents[:len(parents) - up] + base.split('.') * bool(base))
            names = [f'{base}.{alias.name}' if f'{base}.{alias.name}' in FILES
                     else base for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition('.')[0] in (PACKAGE.name, 'clipzs'):
                yield name, isinstance(node, ast.ImportFrom) and node.level > 0


def diagram():
    """The rooms as a Mermaid graph, without arrows implied by others."""
    graph = {room(module): set() for module in FILES}
    for module in FILES:
        graph[room(module)] |= {
            room(name) for name, _ in imports(module)
            if LAYER[room(name)] < LAYER[room(module)]}

    def reach(name):
        return graph[name].union(*map(reach, graph[name]))

    lines = ['flowchart TD']
    for name in sorted(graph, key=lambda name: (-LAYER[name], name)):
        implied = set().union(*map(reach, graph[name]))
        label = '["mmseg_clipzs/__init__.py"]' if name == '__init__' else ''
        below = ' & '.join(
            'root' if other == '__init__' else other
            for other in sorted(graph[name] - implied))
        name = 'root' if name == '__init__' else name
        lines.append(f'    {name}{label}' + (f' --> {below}' if below else ''))
    return '\n'.join(lines)


def guide():
    """CONTRIBUTING.md as (text before, diagram, text after)."""
    before, start, rest = GUIDE.read_text(encoding='utf-8').partition(
        '```mermaid\n')
    found, end, after = rest.partition('\n```')
    return before + start, found, end + after


def test_every_room_has_a_layer():
    assert {room(module) for module in FILES} <= set(LAYER), (
        'add the new room to LAYERS')


@pytest.mark.parametrize('module', FILES)
def test_imports_run_downwards(module):
    upwards = [name for name, _ in imports(module)
               if room(name) != room(module)
               and LAYER[room(name)] >= LAYER[room(module)]]
    assert not upwards


def test_no_circles():
    tuple(TopologicalSorter({
        module: [name for name, _ in imports(module)]
        for module in FILES}).static_order())  # raises CycleError


@pytest.mark.parametrize('module', FILES)
def test_relative_imports_stay_in_the_room(module):
    if FILES[module].parent != PACKAGE:
        assert not [name for name, relative in imports(module)
                    if relative and room(name) != room(module)]


def test_files_are_short():
    paths = [path for folder in (PACKAGE, ROOT / 'tools', ROOT / 'configs')
             for suffix in ('py', 'html', 'js', 'css')
             for path in folder.rglob(f'*.{suffix}')]
    assert len(paths) > 100
    lengths = {str(path.relative_to(ROOT)): len(
        path.read_text(encoding='utf-8').splitlines()) for path in paths}
    assert {name: lines for name, lines in lengths.items()
            if lines > MAX_LINES} == {}


def test_diagram_is_up_to_date():
    assert guide()[1] == diagram(), 'run python tests/test_house.py'


if __name__ == '__main__':
    before, _, after = guide()
    GUIDE.write_text(before + diagram() + after, encoding='utf-8')

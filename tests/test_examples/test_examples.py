"""The examples run, and the pages show them as they are."""
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from processes import run_python

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.models.backbones.clip_vit import METHODS
from mmseg_clipzs.toy.scenes import CLASSES, make_scene

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / 'examples'
pytestmark = pytest.mark.usefixtures('one_thread')


def blocks(page):
    """list[str]: The Python of a page."""
    text = (ROOT / 'docs/howto' / page).read_text(encoding='utf-8')
    return re.findall(r'```python\n(.*?)```', text, re.DOTALL)


def body(name):
    """str: An example without its first lines, which say what it is."""
    text = (EXAMPLES / name).read_text(encoding='utf-8')
    return re.sub(r'\A(?:""".*?"""\n|(?:#.*\n)+)', '', text)


@pytest.fixture
def own_method(monkeypatch):
    """The example's folder on the path; the method is forgotten again."""
    monkeypatch.syspath_prepend(str(EXAMPLES / 'own_method'))
    monkeypatch.setitem(METHODS, 'sharp', None)
    import own_method
    monkeypatch.setitem(METHODS, 'sharp', own_method.Sharp())
    return own_method


def test_own_method(own_method):
    scene = make_scene(np.random.default_rng(3), 64)[0]
    config = EXAMPLES / 'own_method/sharp_toy.py'
    results = {}
    for sharpness in (0., 2.):
        inferencer = ZeroShotInferencer(config, device='cpu', cfg_options={
            'model.backbone.last_block': dict(
                type='sharp', sharpness=sharpness)})
        results[sharpness], = inferencer(scene)
    assert results[2.].classes == CLASSES
    # Every patch of the one window attends to all alike.
    scores = torch.from_numpy(np.asarray(results[0.].scores)).flatten(1)
    assert (scores.amax(1) - scores.amin(1)).max() < 1e-4
    assert len(np.unique(results[2.].mask)) > 1


def test_the_page_shows_the_method():
    method, config = blocks('own_method.md')
    assert method.strip() == body('own_method/own_method.py').strip()
    assert config.strip() == body('own_method/sharp_toy.py').strip()


@pytest.mark.slow
def test_own_data(tmp_path):
    named = ('leaf', 'sun', 'sea', 'sand')
    labels = np.full(256, 255, np.uint8)
    labels[[CLASSES.index(name) for name in named]] = range(4)
    for folder in ('images', 'masks'):
        (tmp_path / 'my_data' / folder).mkdir(parents=True)
    for seed in (5, 17):
        image, mask, _ = make_scene(np.random.default_rng(seed), 64)
        Image.fromarray(image).save(tmp_path / f'my_data/images/{seed}.jpg')
        Image.fromarray(labels[mask]).save(
            tmp_path / f'my_data/masks/{seed}.png')
    common = [EXAMPLES / 'own_data/own_data.py', '--data-root', 'my_data']
    done = run_python(ROOT / 'tools/check_data.py', *common, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_python(
        ROOT / 'tools/test.py', *common, '--clip', 'toy-vit-p8:toy',
        '--show-dir', 'pictures', '--cfg-options',
        'test_dataloader.num_workers=0', 'model.test_cfg.mode=whole',
        cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert all(re.search(rf'\| +{name} +\|', said) for name in named)
    assert 'mIoU' in said


def test_the_page_shows_the_data_set():
    """Line by line, as the page leaves out what stays."""
    example = body('own_data/own_data.py').splitlines()
    block, = blocks('own_dataset.md')
    assert set(block.splitlines()) <= set(example)


@pytest.mark.slow
def test_own_student(tmp_path, monkeypatch, capsys):
    """The offline part of its page, in order, with little of everything."""
    monkeypatch.syspath_prepend(str(EXAMPLES / 'own_student'))
    import toy_photos
    toy_photos.draw(tmp_path / 'my_photos', train=4, test=2, size=64)
    for name in ('examples', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / 'docs/howto/own_student.md').read_text(encoding='utf-8')
    text = text.split('## Offline')[1].split('## With your photos')[0]
    lines = re.findall('^    clipzs (.*)', text.replace('\\\n', ''), re.M)
    said = []
    for line in lines:
        command, *arguments = shlex.split(line.replace('iter_300', 'iter_2'))
        if command == 'export-onnx':
            continue  # tested with other students; takes long
        if command == 'train':
            arguments += [
                '--cfg-options', 'train_cfg.max_iters=2',
                'train_dataloader.batch_size=2',
                'default_hooks.checkpoint.interval=2']
        done = run_python(
            ROOT / f'tools/{command.replace("-", "_")}.py', *arguments,
            cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        said.append((command, done.stdout + done.stderr))
    assert [command for command, _ in said] == [
        'train', 'test', 'segment', 'export-student', 'test']
    figures = [re.findall(r'mIoU: ([\d.]+)', text)[-1]
               for command, text in said if command == 'test']
    assert figures[0] == figures[1]  # of the exported student
    assert (tmp_path / 'mine/000_overlay.png').is_file()

    monkeypatch.chdir(tmp_path)
    exec(compile(blocks('own_student.md')[1], 'page', 'exec'), {})
    assert "'leaf', 'sun'" in capsys.readouterr().out.replace('"', "'")


def test_the_page_shows_the_student():
    config = (EXAMPLES / 'own_student/own_student.py').read_text(
        encoding='utf-8')
    for line in blocks('own_student.md')[0].splitlines():
        assert line in config.splitlines(), line


@pytest.mark.slow
def test_notebook(tmp_path, monkeypatch, capsys):
    """Its cells in order, without a network and without files."""
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((EXAMPLES / 'first_steps.ipynb').read_text(
        encoding='utf-8'))
    assert not any(cell.get('outputs') for cell in notebook['cells'])
    names = {}
    for cell in notebook['cells']:
        if cell['cell_type'] == 'code':
            exec(compile(''.join(cell['source']), 'notebook', 'exec'), names)
    said = capsys.readouterr().out
    assert 'leaf' in said and '% background' in said
    assert not list(tmp_path.iterdir())


def test_the_list_names_all():
    text = (EXAMPLES / 'README.md').read_text(encoding='utf-8')
    for path in EXAMPLES.iterdir():
        if path.name not in ('README.md', '__pycache__', 'space'):
            assert f']({path.name})' in text

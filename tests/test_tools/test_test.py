"""tools/test.py as a user calls it, on generated images."""
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmseg_clipzs.models.backbones.clip_vit import ClipViT

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def tool(tmp_path, monkeypatch, tiny_vit, small_voc):
    """``tools/test.py ARGUMENTS`` on generated images, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, options=(), data_root=small_voc):
        monkeypatch.setattr(sys, 'argv', [
            'test.py', *map(str, arguments), '--data-root', str(data_root),
            '--cfg-options', f'model.clip.model={tiny_vit["model"]}',
            f'model.clip.pretrained={tiny_vit["pretrained"]}',
            'model.prompts=single', 'test_dataloader.num_workers=0',
            'test_dataloader.persistent_workers=False',
            # mmengine names logs by the second: two runs could share one.
            f'experiment_name={time.time_ns()}',
            'test_dataloader.dataset.pipeline.1.scale=(256,64)', *options])
        runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')

    return run


def config(name):
    return ROOT / f'configs/{name}.py'


def test_options(tool, tmp_path):
    """Drawn predictions, masks and logs of one run."""
    tool(config('maskclip_voc'), '--out', 'masks', '--show-dir',
         tmp_path / 'vis')
    log = next((tmp_path / 'work_dirs/maskclip_voc').rglob('*.log'))
    assert re.search(r'\| +aeroplane +\|', log.read_text())
    assert len(list((tmp_path / 'masks').glob('*.png'))) == 7
    assert (tmp_path / 'work_dirs/maskclip_voc').is_dir()
    pictures = [path for path in (tmp_path / 'vis').rglob('*')
                if path.suffix in ('.png', '.jpg')]
    assert len(pictures) == 7
    for path in pictures:
        with Image.open(path) as image:  # ground truth | prediction
            assert np.asarray(image).std() > 0


def test_show_dir_of_a_second_run(tool, tmp_path):
    """mmengine caches visualizers by name."""
    for folder in ('first', 'second'):
        tool(config('maskclip_voc'), '--show-dir', tmp_path / folder)
        assert list((tmp_path / folder).rglob('*_0.jpg*'))


def test_tta(tool, tmp_path):
    tool(config('maskclip_voc21'), '--tta', '--out', 'masks',
         '--work-dir', 'elsewhere')
    assert len(list((tmp_path / 'masks').glob('*.png'))) == 7
    assert (tmp_path / 'elsewhere').is_dir()
    assert not (tmp_path / 'work_dirs').exists()


def test_random_weights_are_the_same_in_every_run(tool, tmp_path):
    """A seed of the config draws others."""
    def labels(out, *options):
        torch.rand(3)  # the state before a run does not matter
        tool(config('maskclip_voc'), '--out', out, options=[
            'model.clip.pretrained=None', *options])
        return [np.asarray(Image.open(path)) for path in sorted(
            (tmp_path / out).iterdir())]

    first, again = labels('a'), labels('b')
    other = labels('c', 'randomness.seed=1')
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


def test_tta_sizes(tool, monkeypatch):
    """The model sees 3/4, 1 and 5/4 of the protocol's size, mirrored, too."""
    seen = []
    forward = ClipViT.forward
    monkeypatch.setattr(ClipViT, 'forward', lambda self, inputs: (
        seen.append(tuple(inputs.shape[2:])), forward(self, inputs))[1])
    tool(config('maskclip_voc'), '--tta')  # 130 x 60 pixels first
    assert seen[:6] == [(48, 104)] * 2 + [(64, 139)] * 2 + [(80, 173)] * 2


def test_other_words(tool, tmp_path):
    words = [f'{c}, {c}{c}' for c in 'abcdefghijklmnopqrst']
    tool(config('maskclip_voc'), '--classes', '; '.join(words), '--out', 'a')
    (tmp_path / 'words.txt').write_text('\n'.join(
        f'{word.split(",")[0]}: {word}' for word in words))
    tool(config('maskclip_voc'), '--classes', 'words.txt', '--out', 'b')
    for i in range(7):
        a, b = (np.asarray(Image.open(tmp_path / kind / f'{i}.png'))
                for kind in 'ab')
        assert np.array_equal(a, b)


def test_names_of_the_dataset(tool, tmp_path, capfd):
    """A config without a vocabulary uses the dataset's names."""
    path = tmp_path / 'plain.py'
    path.write_text(f"_base_ = '{config('maskclip_voc')}'\n"
                    'model = dict(vocabulary=None)\n')
    tool(path)
    assert ('20 classes, 20 words (PascalVOCDataset)'
            in capfd.readouterr().out)


def error_of(tool, *arguments, **kwargs):
    """The tool's error message, one line."""
    with pytest.raises(SystemExit) as info:
        tool(*arguments, **kwargs)
    message = str(info.value.code)
    assert message.startswith('error: ')
    assert len(message.splitlines()) == 1, message
    return message


def test_another_number_of_classes(tool):
    message = error_of(tool, config('maskclip_voc'), '--classes', 'cat; dog')
    assert 'has 2 classes' in message
    assert 'PascalVOCDataset has 20 (aeroplane, bicycle, bird' in message


@pytest.mark.parametrize('classes, message', [
    ('cat; cat', "The class 'cat' occurs more than once"),
    ('cat; 12', "A class needs letters, but got '12'"),
    ('gone.txt', 'No vocabulary file at gone.txt'),
    (';', 'The list of classes is empty'),
])
def test_classes_that_cannot_be(tool, classes, message):
    assert message in error_of(
        tool, config('maskclip_voc'), '--classes', classes)


def test_no_such_config(tool):
    assert 'no_config.py' in error_of(tool, 'no_config.py')


def test_no_such_checkpoint(tool):
    assert 'gone.pth' in error_of(
        tool, config('maskclip_voc'), 'gone.pth')


def test_no_such_weights(tool):
    assert 'gone.pt' in error_of(
        tool, config('maskclip_voc'),
        options=['model.clip.pretrained=gone.pt'])


@pytest.fixture
def damaged(small_voc, tmp_path):
    """A copy with one image cut in half."""
    root = tmp_path / 'damaged'
    for path in small_voc.rglob('*'):
        if path.is_file():
            target = root / path.relative_to(small_voc)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    photo = root / 'JPEGImages/3.jpg'
    content = photo.read_bytes()
    photo.write_bytes(content[:len(content) // 2])
    return root


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('options', [(), ('--tta', )])
def test_a_truncated_photo(tool, damaged, workers, options):
    message = error_of(
        tool, config('maskclip_voc'), *options, data_root=damaged,
        options=[f'test_dataloader.num_workers={workers}'])
    assert '3.jpg' in message


@pytest.mark.parametrize('workers', [0, 1])
def test_a_mask_of_another_size(tool, damaged, workers):
    Image.new('L', (9, 8)).save(damaged / 'SegmentationClass/0.png')
    message = error_of(
        tool, config('maskclip_voc'), data_root=damaged,
        options=[f'test_dataloader.num_workers={workers}'])
    assert '0.png is 9 x 8 pixels' in message and '130 x 60' in message


@pytest.mark.slow
def test_a_wrong_data_root():
    """As a user calls it: one line, no traceback, exit code 1."""
    result = subprocess.run(
        [sys.executable, ROOT / 'tools/test.py', config('maskclip_voc'),
         '--data-root', '/no/such/folder'],
        capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1
    assert 'Traceback' not in result.stderr + result.stdout
    message, = (line for line in result.stderr.splitlines()
                if line.startswith('error:'))
    assert '/no/such/folder does not exist' in message
    assert 'docs/prepare_data.md' in message

"""tools/segment.py on images."""
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer, zero_shot_inferencer
from mmseg_clipzs.run import segmentor
from mmseg_clipzs.visualization import class_palette

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parent.parent.parent
CLASSES = 'cat; grass, lawn; sky'


@pytest.fixture
def tool(tmp_path, monkeypatch, tiny_vit):
    """``tools/segment.py ARGUMENTS``, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('COLUMNS', '80')

    def run(*arguments, options=()):
        monkeypatch.setattr(sys, 'argv', [
            'segment.py', *map(str, arguments), '--device', 'cpu',
            '--clip', f'{tiny_vit["model"]}:{tiny_vit["pretrained"]}',
            '--cfg-options', 'model.prompts=single', *options])
        runpy.run_path(str(ROOT / 'tools/segment.py'), run_name='__main__')

    return run


@pytest.fixture
def photos(small_voc):
    return [small_voc / f'JPEGImages/{i}.jpg' for i in range(3)]


def names(folder):
    """Of the files beside results.jsonl."""
    found = sorted(path.name for path in Path(folder).iterdir())
    found.remove('results.jsonl')
    return found


def test_pictures_and_masks(tool, photos, tiny_config, tmp_path, capsys):
    tool(*photos, '--classes', CLASSES, '--out', 'results')
    assert names(tmp_path / 'results') == [
        f'{i}_{what}.png' for i in range(3) for what in ('mask', 'overlay')]
    said = capsys.readouterr().out
    expected = ZeroShotInferencer(tiny_config('maskclip_voc'), device='cpu')(
        photos, CLASSES)
    for path, result in zip(photos, expected):
        with Image.open(path) as photo, Image.open(
                tmp_path / f'results/{path.stem}_mask.png') as mask:
            assert mask.size == photo.size
            assert mask.mode == 'P'
            assert np.array_equal(np.asarray(mask), result.mask)
            assert mask.getpalette()[:9] == sum(
                class_palette(['cat', 'grass', 'sky']), [])
        with Image.open(
                tmp_path / f'results/{path.stem}_overlay.png') as picture:
            assert np.array_equal(np.asarray(picture), result.picture())
        best = result.classes[np.bincount(result.mask.ravel()).argmax()]
        share = (result.mask == result.classes.index(best)).mean()
        assert (f'results/{path.stem}_overlay.png: {best} {share:.0%}'
                in said)


@pytest.mark.slow
def test_real_photos(tool, voc_root, tmp_path):
    lines = (voc_root / 'ImageSets/Segmentation/val.txt').read_text().split()
    photos = [voc_root / f'JPEGImages/{name}.jpg' for name in lines[:10]]
    tool(*photos, '--classes', 'voc20', '--batch-size', '3')
    for path in photos:
        with Image.open(path) as photo, Image.open(
                tmp_path / f'out/{path.stem}_mask.png') as mask, Image.open(
                tmp_path / f'out/{path.stem}_overlay.png') as picture:
            assert mask.size == photo.size
            assert np.asarray(mask).max() < 20
            assert picture.width == photo.width
            assert picture.height > photo.height


def test_heat_maps(tool, photos, tmp_path):
    tool(photos[0], '--classes', CLASSES, '--heatmaps')
    assert names(tmp_path / 'out') == [
        '0_heat_0_cat.png', '0_heat_1_grass.png', '0_heat_2_sky.png',
        '0_mask.png', '0_overlay.png']
    maps = []
    for name in ('0_cat', '1_grass', '2_sky'):
        with Image.open(tmp_path / f'out/0_heat_{name}.png') as image:
            maps.append(np.asarray(image))
    with Image.open(photos[0]) as photo:
        # Below a title and above a colour bar.
        height, width = np.asarray(photo).shape[:2]
    assert {(m.shape[0] > height, m.shape[1]) for m in maps} == {
        (True, max(width, 240))}
    assert not np.array_equal(maps[0], maps[1])


def test_a_folder_and_a_file_of_classes(tool, small_voc, tmp_path):
    (tmp_path / 'words.txt').write_text('cat\nground: grass, sand\n')
    tool(small_voc / 'JPEGImages', '--classes', 'words.txt')
    assert len(names(tmp_path / 'out')) == 14


@pytest.mark.parametrize('threshold, expected', [
    ('0.999', [0]), ('0.001', [1, 2, 3])])
def test_background(tool, photos, tmp_path, threshold, expected, capsys):
    tool(photos[0], '--classes', CLASSES, '--background', threshold)
    with Image.open(tmp_path / 'out/0_mask.png') as mask:
        assert set(np.unique(np.asarray(mask))) <= set(expected)
        assert mask.getpalette()[:6] == [0, 0, 0, *class_palette(['cat'])[0]]
    assert ('background 100%' in capsys.readouterr().out) == (
        expected == [0])


def test_another_config(tool, photos, tmp_path):
    tool(photos[0], '--classes', CLASSES, '--config',
         str(ROOT / 'configs/maskclip_ks_pd_voc.py'))
    assert names(tmp_path / 'out') == ['0_mask.png', '0_overlay.png']


@pytest.mark.parametrize('arguments, message', [
    (['--classes', 'cat; cat'], "The class 'cat' occurs more than once"),
    (['--classes', ''], 'The list of classes is empty'),
    (['--classes', '; ;'], 'The list of classes is empty'),
    (['--classes', 'cat; ???'], r"A class needs letters, but got '???'"),
    (['--classes', 'gone.txt'], 'No vocabulary file at gone.txt'),
    (['--classes', CLASSES, '--config', 'maskclip_vox'],
     "No config 'maskclip_vox'"),
    (['--classes', CLASSES, '--batch-size', '0'],
     'batch_size must be a whole number in [1, inf), but got 0'),
    (['--classes', CLASSES, '--checkpoint', 'gone.pth'], 'gone.pth'),
])
def test_bad_arguments(tool, photos, arguments, message):
    with pytest.raises(SystemExit) as info:
        tool(photos[0], *arguments)
    said = str(info.value.code)
    assert said.startswith('error: ') and message in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize('name, content, message', [
    ('gone.jpg', None, 'No image at gone.jpg'),
    ('note.jpg', b'no photo', 'note.jpg is not an image'),
    ('.', None, 'No images in'),
])
def test_bad_photos(tool, name, content, message, tmp_path, monkeypatch):
    """Noticed before the model is loaded."""
    monkeypatch.setattr(ZeroShotInferencer, '__init__', None)
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit) as info:
        tool(name, '--classes', CLASSES)
    assert message in str(info.value.code)


def test_the_others_are_done_beside_bad_photos(tool, photos, tmp_path):
    """Named at the end: the first ten and how many more; exit code 1."""
    for i in range(13):
        (tmp_path / f'{i:02d}.jpg').touch()
    with pytest.raises(SystemExit) as info:
        tool('gone.jpg', tmp_path, photos[0], '--classes', CLASSES)
    said = str(info.value.code)
    assert said.startswith('error: 14 of 15 photos were skipped; the others '
                           'are in out. No image at gone.jpg. ')
    assert said.count(' it is empty.') == 9
    assert said.endswith('... and 4 more.')
    assert names(tmp_path / 'out') == ['0_mask.png', '0_overlay.png']


def test_zero_shot_models_need_classes(tool, photos):
    with pytest.raises(SystemExit, match='maskclip_voc segments any classes'):
        tool(photos[0])


def test_what_is_printed(tool, photos, tmp_path, capsys, monkeypatch):
    """Names of results or of photos; hints only where something is done."""
    said = []
    monkeypatch.setattr(segmentor, 'print_log',
                        lambda text, *_: said.append(text))
    arguments = photos[0], '--classes', CLASSES
    for _ in range(2):
        tool(*arguments)
    out = capsys.readouterr().out
    assert out.count('out/0_overlay.png: ') == 1
    assert out.count('1 of 1 photos is in out; results.jsonl describes') == 1
    assert said == [
        'Every pixel gets one of these 3 classes. --background auto adds one '
        'for wall, tree, wood and the like, --background 0.5 one for pixels '
        'whose class is improbable.']
    tool(*arguments, '--format', 'yolo', 'sheet', '--out', 'other')
    out = capsys.readouterr().out
    assert f'{photos[0]}: ' in out and 'thumbnail' not in out
    assert ('in other; results.jsonl, yolo/data.yaml and index.html describe'
            in out)


def test_other_settings_are_noticed_before_the_model(
        tool, photos, monkeypatch):
    tool(photos[0], '--classes', CLASSES)
    monkeypatch.setattr(ZeroShotInferencer, '__init__', None)
    for arguments, what in (
            ((), 'words cat; grass, lawn; sky then, cat; sea now'),
            (('--format', 'voc'), 'formats index; overlay then, voc now')):
        with pytest.raises(SystemExit, match=(
                f'error: out has results of other settings .*{what}')):
            tool(photos[0], '--classes', 'cat; sea', *arguments)


def test_groups_are_refused_before_the_model(tool, photos, monkeypatch):
    monkeypatch.setattr(zero_shot_inferencer, 'build_segmentor', None)
    with pytest.raises(SystemExit, match='ZeroShotSegmentor has no groups'):
        tool(photos[0], '--classes', CLASSES, '--groups')

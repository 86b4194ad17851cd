"""What visitors take away is what the command and the program make."""
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipzs import main
from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.clip.weights import SHIPPED
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import class_palette
from mmseg_clipzs.web.catalogue import Catalogue, Choice
from mmseg_clipzs.web.files import FILES, write_file
from mmseg_clipzs.web.reproduce import (
    OUT,
    Settings,
    command_line,
    file_name,
    given_colours,
    python_lines,
)

ODD = ["dog's ball, \"red ball\"", 'a $HOME of `id`', '-w dash', 'Straße; ',
       'дом, изба', '草地, 芝生', 'naïve #1: lawn, grass & moss']
WORDS = ['ladybug', 'sun, yellow sun', 'grass, lawn', 'brick']
OWN_CLIP = '<a copy of the toy CLIP>'


@pytest.fixture
def photo(tmp_path):
    """A scene with a transparent corner."""
    image, *_ = make_scene(np.random.default_rng(3), 96)
    alpha = np.full(image.shape[:2], 255, np.uint8)
    alpha[:20, :30] = 0
    path = tmp_path / 'sent.png'
    Image.fromarray(np.dstack([image, alpha])).save(path)
    return path


def colours(words, seed):
    """Colours of rows, some of them equal."""
    return np.random.default_rng(seed).integers(0, 3, (len(words), 3)) * 127


@pytest.mark.parametrize('method, clip, name, words, settings', [
    ('maskclip_toy', None, '_mask.jpeg', ['ball'], dict(max_size=None)),
    ('naclip_toy', None, "-été (1) $x's [a]*.png", ODD,
     dict(background=.3, opacity=.25)),
    ('maskclip_b_toy', OWN_CLIP, '@list.txt.png', WORDS,
     dict(background='auto', colours=1)),
    ('naclip_toy', OWN_CLIP, '写真.png', [*ODD, 'background, table'],
     dict(background='auto,0.45', colours=2, opacity=1)),
    ('groupvit_toy', '', 'voc.png', WORDS[:2],
     dict(background=.5, max_size=64, colours=3, opacity=0)),
], ids=range(5))
def test_command_and_program_make_the_same_files(
        method, clip, name, words, settings, photo, tmp_path, monkeypatch):
    pytest.importorskip('pycocotools')
    if clip == OWN_CLIP:
        clip = tmp_path / "the model's.safetensors"
        clip.write_bytes(SHIPPED['toy-vit-p8', 'toy'].read_bytes())
        clip = f'toy-vit-p8:{clip}'
    settings = {**settings}
    seed, background = settings.pop('colours', None), settings.get(
        'background')
    catalogue = Catalogue('maskclip_toy', [clip] if clip else [])
    config, options = catalogue.config_of(catalogue.fit(
        Choice(method, clip or catalogue.default.clip)))
    inferencer = ZeroShotInferencer(
        config, cfg_options=options,
        max_size=settings.get('max_size', 'auto'))
    result = inferencer.predict(words, background, inferencer.encode(photo))
    settings = Settings(
        file_name(name), config, options, words, **settings,
        colours=seed and given_colours(
            words, colours(words, seed), result.classes))
    assert (settings.colours is None) == (seed is None)
    taken = tmp_path / 'taken'
    taken.mkdir()
    taken = {kind: write_file(kind, result, settings, taken)
             for kind in FILES}

    def in_a_folder_of_its_own(folder, run):
        folder.mkdir()
        monkeypatch.chdir(folder)
        shutil.copy(taken['photo'], folder)
        run()
        assert made(folder / OUT, settings.photo) == contents(taken)

    command = command_line(settings)
    assert ' \\\n' in command
    program, *arguments = read_by_shell(command)
    assert program == 'clipzs'
    monkeypatch.setattr(sys, 'argv', ['clipzs', *arguments])
    in_a_folder_of_its_own(tmp_path / 'shell', main)
    in_a_folder_of_its_own(
        tmp_path / 'python', lambda: exec(python_lines(settings), {}))


def read_by_shell(command):
    """list[str]: The words of a command, as a POSIX shell reads them."""
    return subprocess.run(
        ['sh', '-c', f"printf '%s\\0' {command}"], check=True,
        capture_output=True, encoding='utf-8').stdout.split('\0')[:-1]


def contents(taken):
    """dict: Bytes of all downloads, by the paths of ``clipzs segment``."""
    found = {kind: taken[kind].read_bytes()
             for kind in ('index', 'overlay', 'coco')}
    for kind in ('cutout', 'masks'):
        if taken[kind].suffix == '.zip':
            with zipfile.ZipFile(taken[kind]) as archive:
                found.update({name: archive.read(name)
                              for name in archive.namelist()})
        else:
            found['cutout'] = taken[kind].read_bytes()
    return found


def made(out, name):
    """dict: The same of a folder of results."""
    stem = Path(name).stem
    found = dict(
        index=(out / f'{stem}_mask.png').read_bytes(),
        overlay=(out / f'{stem}_overlay.png').read_bytes(),
        coco=(out / 'coco/annotations/instances_default.json').read_bytes())
    cutouts = list((out / 'cutout').rglob('*.png'))
    if len(cutouts) == 1:
        found['cutout'] = cutouts[0].read_bytes()
    for folder in ['binary'] + ['cutout'] * (len(cutouts) > 1):
        found.update({path.relative_to(out).as_posix(): path.read_bytes()
                      for path in (out / folder).rglob('*')
                      if path.is_file()})
    return found


@pytest.mark.parametrize('given, name', [
    ('cat.jpg', 'cat.jpg'), ('C:\\photos\\my cat.jpg', 'my cat.jpg'),
    ('../../etc/passwd', 'passwd'), ('a\n\0b\udc80\u2028.png', 'a__b__.png'),
    ('a\u202egnp.exe\u2069', 'a_gnp.exe_'),
    ('', 'photo'), ('..', 'photo'), ('x/', 'photo'),
    ('é' * 200 + '.jpeg', 'é' * 100 + '.jpeg'),
    ('a.' + 'b' * 300, 'a.bbbbbbbbb')])
def test_names_of_visitors_files(given, name):
    assert file_name(given) == name


def test_chosen_colours_are_not_given():
    words = ['lawn: grass', 'sky, heaven']
    classes = ['background', 'lawn', 'sky']
    _, lawn, sky = class_palette(classes)
    assert given_colours(words, [lawn, sky], classes) is None
    assert given_colours(words, [lawn, (1, 2, 3)], classes) == {
        'lawn': tuple(lawn), 'sky': (1, 2, 3)}


def test_nothing_to_cut_out(photo, tmp_path):
    inferencer = ZeroShotInferencer('maskclip_toy')
    words = ['ball', 'sky']
    result = inferencer.predict(words, .999999, inferencer.encode(photo))
    settings = Settings('a.png', 'maskclip_toy', {}, words, .999999)
    with pytest.raises(UserError, match='Nothing to cut out'):
        write_file('cutout', result, settings, tmp_path)
    assert [*tmp_path.iterdir()] == [photo]
    coco = json.loads(write_file(
        'coco', result, settings, tmp_path).read_text())
    assert not coco['annotations']
    assert [each['file_name'] for each in coco['images']] == ['a.png']


def test_files_are_equal_and_replaced(photo, tmp_path):
    inferencer = ZeroShotInferencer('maskclip_toy')
    result = inferencer.predict(WORDS, None, inferencer.encode(photo))
    settings = Settings('my.photo.png', 'maskclip_toy', {}, WORDS)
    path = write_file('masks', result, settings, tmp_path)
    assert path.name == 'my.photo_masks.zip'
    before = path.read_bytes()
    assert write_file('masks', result, settings, tmp_path) == path
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2

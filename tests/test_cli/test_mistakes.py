"""Mistakes on the command line, each with the sentence that it gets.

Most are noticed before PyTorch is imported: all these run in one process
without it.
"""
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from light import run_light
from PIL import Image

from clipzs import main
from mmseg_clipzs.utils import MARK

pytestmark = pytest.mark.usefixtures('one_thread')

TOY = 'segment cat.jpg --config maskclip_toy'
# Command line -> sentence. Exit code 2: what argparse cannot read.
USAGE = {
    # ------------------------------------------------------- the command
    '': r'Name a command; clipzs --help lists them\.',
    'segmnt cat.jpg': r"No command 'segmnt'\. Did you mean segment\?",
    'cat.jpg': r'cat\.jpg is no command: clipzs segment cat\.jpg \.\.\.',
    'export cat.onnx': 'export is one of export-onnx, export-student, export-',
    '--verion': 'unrecognized arguments: --verion',
    # ----------------------------------------------------------- segment
    'segment': 'the following arguments are required: PHOTO',
    'segment cat.jpg --clases sun': r'unrecognized arguments: --clases sun|'
                                    '--classes',
    'segment cat.jpg --classes': 'argument --classes: expected one argument',
    'segment cat.jpg -w': 'argument -w/--word: expected one argument',
    'segment cat.jpg --classes "sun; sea" -w sky':
        'give either --classes, or -w for each class',
    'segment cat.jpg --batch-size two': "invalid int value: 'two'",
    'segment cat.jpg --background 50%': r'probability in \(0, 1\).*\'50%\'',
    'segment cat.jpg --background 2': r'probability in \(0, 1\).*\'2\'',
    'segment cat.jpg --format png': r"invalid choice: '?png'? \(choose from ",
    'segment --format voc coco cat.jpg':
        r'argument --format: cat\.jpg is no format: name the photos first, or',
    'segment cat.jpg --engine tensorrt': 'choose from .*onnxruntime',
    'segment cat.jpg --max-size huge': '--max-size .*huge',
    'segment cat.jpg --launcher ssh': "invalid choice: '?ssh'?",
    'segment cat.jpg --launcher pytorch':
        'pytorch did not start this process.*leave it out for one process',
    'segment cat.jpg --cfg-options model': 'expected KEY=VALUE',
    'segment cat.jpg --cfg-options model.prompts =single':
        "without blanks around",
    'segment cat.jpg --cfg-options "a.b=[1, (2]"': 'the brackets of .*match',
    # ------------------------------------------------------------- others
    'video': 'the following arguments are required: FILE',
    'video clip.mp4 --every often': "invalid int value: 'often'",
    'test': r'arguments are required: CONFIG\[:CHECKPOINT\]',
    'test maskclip_toy --wait-time long': "invalid float value: 'long'",
    'train maskclip_plus_photos --photos a --data-root b':
        '--data-root: not allowed with argument --photos',
    'check-data': 'name a config, or datasets with --datasets',
    'benchmark maskclip_toy --size 9x9 --photos x': 'not allowed with',
    'corruptions maskclip_toy --levels strong': "invalid int value: 'strong'",
    'export-onnx maskclip_toy': 'arguments are required: --out',
    'make-shards list.csv': 'arguments are required: --out',
    'vocabularies voc20 --templates imagenet80': 'do not go together',
}
# Exit code 1: what names something that does not exist or does not fit.
EARLY = {
    # ------------------------------------------------------------- photos
    'segment gone.jpg --classes "sun; sea"': r'No image at gone\.jpg\.',
    'segment cat.JPG --classes "sun; sea"': r'cat\.jpg exists, whose ending',
    # -------------------------------------------------------------- words
    'segment cat.jpg': 'maskclip_voc segments any classes: name them with '
                       '--classes, for example .*-w cat',
    'video clip.mp4 --config groupvit_voc21': 'groupvit_voc21 segments any',
    'segment cat.jpg --classes ""': 'list of classes is empty',
    'segment cat.jpg --classes "sun; sun"': "class 'sun' occurs more than",
    'segment cat.jpg --classes "sun; ?"': "A class needs letters, but got",
    'segment cat.jpg -w "cat: " -w grass': "Class 'cat' has no words",
    'segment cat.jpg --classes words.txt': r'No vocabulary file at words\.txt',
    'segment cat.jpg --classes voc02': 'voc',
    # ------------------------------------------------------------- models
    'segment cat.jpg --config maskclip_tpy --classes "sun; sea"':
        "No config 'maskclip_tpy'.* Did you mean maskclip_toy",
    'segment cat.jpg --config maskclip_toy: --classes "sun; sea"':
        'Expected CONFIG or CONFIG:CHECKPOINT',
    f'{TOY} --checkpoint gone.pth': r'No checkpoint file at gone\.pth\.',
    f'{TOY} --checkpoint ""': "No checkpoint file at ''",
    f'{TOY} -w sun -w sea --batch-size 0':
        r'batch_size must be a whole number in \[1, inf\), but got 0',
    # ------------------------------------------------------------ results
    f'{TOY} --tolerance 1': '--tolerance is for the formats coco_polygons, ',
    f'{TOY} --tolerance -1': r'--tolerance must be .*\[0, inf\).*-1',
    f'{TOY} --no-photos': '--no-photos is for the formats voc, coco, ',
    f'{TOY} --out cat.jpg': r'--out needs a folder, but cat\.jpg is a file',
    f'{TOY} --out cat.jpg/sub': r'--out cat\.jpg/sub cannot be written',
    f'{TOY} --out ""': '--out is empty; name a folder',
    # ------------------------------------------------------------- others
    'test maskclip_vco': 'Did you mean maskclip_voc',
    'test cat.jpg': r'cat\.jpg is not a config',
    'test maskclip_toy gone.pth': r'No checkpoint file at gone\.pth',
    'test maskclip_toy --out cat.jpg': '--out needs a folder',
    'test model.onnx': r'model\.onnx.*which only clipzs segment',
    'leaderboard --configs gone.py': "No config 'gone.py'",
    'corruptions maskclip_tpy': 'Did you mean maskclip_toy',
    'configs maskclip_tpy': 'Did you mean maskclip_toy',
    'vocabularies voc02': 'voc',
    'export-weights gone.pth --out w.pth': r'must be a \.safetensors file',
    'benchmark maskclip_toy --threads 0': 'threads must be a whole number',
    'benchmark maskclip_toy --against-checkout a --against clip_toy':
        'leave out --against',
}
# Exit code 1: what only the libraries know.
LATE = {
    'segment cat.jpg --config maskclip_toy:note.jpg':
        'maskclip_toy segments any classes',
    'segment note.jpg --config maskclip_toy --classes "sun; sea"':
        r'note\.jpg is not an image',
    'segment empty --config maskclip_toy --classes "sun; sea"': 'empty',
    f'{TOY} --classes "sun; sea" --device gpu0': 'gpu0',
    f'{TOY} --classes "sun; sea" --engine openvino':
        r'clipzs export-onnx maskclip_toy --out maskclip_toy\.onnx',
    f'{TOY} --classes "sun; sea" --clip ViT-B-61:openai': 'ViT-B-16',
    f'{TOY} --classes "sun; sea" --groups': 'groupvit',
    f'{TOY} --classes "sun; sea" --cfg-options modle.prompts=x':
        "'modle'.* Did you mean model",
    'video gone.mp4 --config maskclip_toy --classes "sun; sea"': 'gone.mp4',
    'video "" --config maskclip_toy --classes "sun; sea"':
        'An empty text names no file; expected a video',
    f'{TOY} --classes "sun; sea" --palette ""':
        'An empty text names no file; expected a palette',
    'test maskclip_toy --data-root gone': 'gone does not exist',
    'train maskclip_toy': r'has no train_dataloader.*\(clipzs test\)',
    'check-data --datasets voc12': "No dataset 'voc12'",
    'leaderboard --methods maskclip': '--datasets',
    'export-student maskclip_toy note.jpg': r'note\.jpg',
    'make-shards list.csv --out shards': r'list\.csv',
    'make-coco-object gone.json': r'gone\.json',
    'doctor --clip ViT-B-16': 'MODEL:',
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with a photo, a text that is called like one, and others."""
    folder = tmp_path_factory.mktemp('mistakes')
    Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(folder / 'cat.jpg')
    (folder / 'note.jpg').write_text('no photo')
    (folder / 'model.onnx').write_text(MARK)
    (folder / 'empty').mkdir()
    return folder


@pytest.fixture(scope='module')
def early(folder):
    """dict: Command line -> result of :func:`run_light`."""
    lines = [*USAGE, *EARLY]
    before = sorted(folder.rglob('*'))
    results = dict(zip(lines, run_light(list(map(shlex.split, lines)),
                                        folder)))
    assert sorted(folder.rglob('*')) == before  # nothing was written
    return results


def test_number_of_mistakes():
    assert len({*USAGE, *EARLY, *LATE}) == len(USAGE) + len(EARLY) + len(
        LATE) >= 60


@pytest.mark.parametrize('line', USAGE)
def test_usage(line, early):
    code, out, err, heavy = early[line]
    assert (code, out, heavy) == (2, '', []), err
    *usage, sentence = err.splitlines()
    assert usage[0].startswith('usage: clipzs ')
    assert re.match(r'clipzs( [a-z-]+)?: error: ', sentence)
    assert re.search(USAGE[line], sentence), sentence


@pytest.mark.parametrize('line', EARLY)
def test_noticed_at_once(line, early):
    code, out, err, heavy = early[line]
    assert (out, err, heavy) == ('', '', [])
    assert re.match('error: .+', code) and len(code.splitlines()) == 1
    assert re.search(EARLY[line], code), code


@pytest.mark.parametrize('line', LATE)
def test_noticed_by_the_libraries(line, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, 'argv', ['clipzs', *shlex.split(line)])
    with pytest.raises(SystemExit) as info:
        main()
    said = str(info.value.code)
    assert re.match('error: .+', said) and len(said.splitlines()) == 1
    assert re.search(LATE[line], said), said
    assert not list(Path('out').rglob('*'))

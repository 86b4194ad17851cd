"""tools/doctor.py: weights that are not what they claim, wrong software."""
from unittest.mock import patch

import torch

from mmseg_clipzs.doctor import check_checkpoint, check_clip, software

from .inputs import prepared
from .table import Row, finds, says, usage, works


def _found(verdict, text):
    """Check: the last finding of a list."""
    def check(result):
        last = result.value[-1]
        return last.verdict == verdict and text in last.found

    return check


def _clip(change, verdict, text, model='tiny-vit'):
    """A call that checks changed weights, and what it must find."""
    def call(box):
        path = box.folder / 'weights.pt'
        torch.save(change(torch.load(box.tiny_weights)), path)
        return list(check_clip(f'{model}:{path}'))

    return call, works(_found(verdict, text))


def _file(content, text):
    """A call that checks a file as a checkpoint."""
    def call(box):
        (box.folder / 'x.pth').write_bytes(content)
        return [check_checkpoint(box.folder / 'x.pth')]

    return call, works(_found('WRONG', text))


def _requirement(line, text):
    """A call that checks one requirement of pip."""
    def call(box):
        with patch.object(software, 'requires', lambda name: [line]):
            return [software.check_requirements()]

    return call, works(_found('WRONG', text))


@prepared
def nan_checkpoint(folder):
    """A checkpoint with a NaN, ``nan.pth``."""
    path = folder / 'nan.pth'
    torch.save(dict(state_dict=dict(a=torch.tensor([1., float('nan')]))), path)
    return path


ROWS = [
    Row('no_file', 'doctor --clip ViT-B-16', says('takes MODEL:FILE')),
    Row('no_model', 'doctor --clip :x.pt', says('takes MODEL:FILE')),
    Row('empty_clip', "doctor --clip ''", says('takes MODEL:FILE')),
    Row('nothing_given', 'doctor --clip', usage('--clip')),
    Row('positional', 'doctor ViT-B-16.pt', usage('unrecognized arguments')),
    Row('nan', 'doctor --checkpoint {nan_checkpoint} gone.pth',
        finds("(?s)'a' that are NaN.*No file at")),
    Row('clip_is_a_folder', lambda box: list(check_clip(
        f'tiny-vit:{box.empty_folder}')), works(_found('WRONG', 'folder'))),
    Row('unknown_architecture', *_clip(
        dict, 'WRONG', 'ViT-B-61', 'ViT-B-61')),
    Row('other_architecture', *_clip(
        dict, 'WRONG', 'another architecture', 'toy-vit-p8')),
    Row('missing_entry', *_clip(
        lambda state: {key: value for key, value in state.items()
                       if key != 'ln_final.weight'}, 'WRONG',
        "'ln_final.weight'")),
    Row('infinite', *_clip(
        lambda state: {**state, 'visual.proj': state['visual.proj'] / 0},
        'WRONG', "'visual.proj'")),
    Row('quantized', *_clip(
        lambda state: {key: value.to(torch.int8)
                       for key, value in state.items()}, 'WRONG', 'int8')),
    Row('half_precision', *_clip(
        lambda state: {key: value.half() for key, value in state.items()},
        'ok', 'float16')),
    Row('text_as_checkpoint', *_file(b'cat; sky\n', 'x.pth')),
    Row('empty_checkpoint', *_file(b'', 'x.pth')),
    Row('missing_package', *_requirement(
        'no-such-package>=1', 'no-such-package>=1 is missing')),
    Row('old_package', *_requirement(
        'numpy>=99', 'numpy>=99 is needed, not')),
]

"""Checkpoints, weights and embeddings that are damaged, hostile or none."""
import os
import shutil

import hostile_files
import numpy as np
import torch

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.clip import load_clip, load_text_embeddings
from mmseg_clipzs.models.groupvit_weights import SHIPPED
from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.run.interruption import LastCheckpoint
from mmseg_clipzs.toy.training import load_checkpoint

from .inputs import prepared
from .table import Row, says, works

TEST = 'test maskclip_plus_toy --data-root {toy} --checkpoint '


@prepared
def hostile(folder):
    """dict: Name -> hostile file."""
    return {name: write(folder)
            for name, (write, _) in hostile_files.WRITERS.items()}


@prepared
def toy_weights(folder):
    """dict: Name -> weights of the toy CLIP that no model should compute
    with."""
    state = {key: value.clone() for key, value in load_clip(
        'toy-vit-p8', pretrained='toy').model.state_dict().items()}
    first = next(key for key in state if key.startswith('visual.'))
    changes = dict(
        nan=lambda value: value * torch.nan,
        inf=lambda value: value + torch.inf,
        large=lambda value: value.double() + 1e300,
        int8=lambda value: value.char(), bool=lambda value: value > 0,
        complex=lambda value: value + 0j, scalar=lambda value: value.sum(),
        none=lambda value: value.flatten()[:0], text=lambda value: 'text',
        transposed=lambda value: value[None])
    files = {name: folder / f'{name}.pt' for name in (
        *changes, 'half', 'wrapped', 'missing', 'conv1', 'legacy')}
    for name, change in changes.items():
        torch.save({**state, first: change(state[first])}, files[name])
    torch.save({key: value.half() for key, value in state.items()},
               files['half'])
    torch.save(dict(state_dict={
        f'module.{key}': value for key, value in state.items()}),
        files['wrapped'])
    torch.save(state, files['legacy'], _use_new_zipfile_serialization=False)
    for name, key in (('missing', 'text_projection'),
                      ('conv1', 'visual.conv1.weight')):
        torch.save({each: value for each, value in state.items()
                    if each != key}, files[name])
    return files


@prepared
def embeddings(folder):
    """dict: Name -> file of text embeddings that are none."""
    files = {}

    def save(name, content):
        files[name] = folder / f'{name}.npy'
        if isinstance(content, bytes):
            files[name].write_bytes(content)
        else:
            np.save(files[name], content, allow_pickle=True)

    save('objects', np.array([[None, 'x']], dtype=object))
    save('words', np.array([['cat', 'dog']]))
    save('flat', np.ones(6))
    save('fields', np.ones(3, [('a', 'f4'), ('b', 'f4')]))
    save('empty', b'')
    save('page', b'<html>')
    save('cut', b'\x93NUMPY\1\0v\0{"descr"')
    save('huge', b"\x93NUMPY\1\0\x48\0{'descr': '<f4', 'fortran_order': False,"
         b" 'shape': (9999999999999, 512)}  \n")
    return files


def _hostile(name):
    """A row per hostile file, each through another door."""
    sentence = hostile_files.WRITERS[name][1]
    doors = [
        lambda box: load_clip('toy-vit-p8', pretrained=box.hostile[name]),
        lambda box: load_checkpoint_file(box.hostile[name]),
        lambda box: load_text_embeddings(box.hostile[name]),
        lambda box: load_checkpoint(None, None, box.hostile[name], None)]
    number = list(hostile_files.WRITERS).index(name)
    return Row(f'hostile_{name}', doors[number % len(doors)], says(
        f'{sentence}|named pipe|socket|device|folder'))


def _last(content):
    def call(box):
        marker = box.folder / 'last_checkpoint'
        if content is None:
            os.mkfifo(marker)
        else:
            marker.write_bytes(content)
        return LastCheckpoint(box.folder, True).path

    return call


def _unlike(value):
    """Check a checkpoint whose only weight is of another kind."""
    model = torch.nn.Linear(2, 2, bias=False)
    return lambda box: check_fit(model, dict(weight=value))


ROWS = [
    *map(_hostile, hostile_files.WRITERS),
    # ------------------------------------------------------------- weights
    *(Row(f'weights_{name}', lambda box, name=name: load_clip(
        'toy-vit-p8', pretrained=box.toy_weights[name]), says(sentence))
      for name, sentence in dict(
          nan='nan.pt .*visual.*NaN', inf='inf.pt .*visual.*infinite',
          large='large.pt .*too large for float32', int8='holds int8',
          bool='holds bool', complex='holds complex64',
          scalar='another shape|another architecture',
          none='another shape|another architecture',
          text='is not a state dict', transposed='another architecture',
          missing='text_projection', conv1='visual.conv1.weight').items()),
    *(Row(f'weights_{name}', lambda box, name=name: load_clip(
        'toy-vit-p8', pretrained=box.toy_weights[name]),
          works(lambda r: r.value.model is not None))
      for name in ('half', 'wrapped', 'legacy')),
    Row('clip_of_groupvit', lambda box: load_clip(
        'toy-vit-p8', pretrained=SHIPPED['toy']),
        says('looks like no CLIP at all')),
    Row('segment_int8', 'segment {photo} --config maskclip_toy --classes '
        '"cat; sky" --clip toy-vit-p8:{int8}', says('holds int8')),
    Row('segment_pipe', 'segment {photo} --config maskclip_toy --classes '
        '"cat; sky" --clip toy-vit-p8:{pipe_weights}',
        says('is a named pipe; expected weights of a CLIP')),
    Row('export_pipe', 'export_weights {pipe_weights} --out x.safetensors',
        says('is a named pipe; expected a checkpoint')),
    Row('export_nan', 'export_weights {nan} --out x.safetensors',
        says('NaN')),
    Row('student_weights_page', 'train maskclip_plus_toy --data-root {toy} '
        '--student-weights {page}', says('page.pth.* is a web page')),
    Row('test_page', f'{TEST}{{page}}', says('page.pth.* is a web page')),
    Row('test_list', f'{TEST}{{a_list}}', says('has no weights: .*list')),
    Row('test_texts', f'{TEST}{{texts}}', says('another model|does not name')),
    Row('test_file_as_words', f'{TEST}{{file_as_words}}',
        says('must be the words of each class, but is str')),
    Row('test_lfs', f'{TEST}{{lfs}}', says('git lfs pull')),
    # ------------------------------------------------- kinds of checkpoints
    *(Row(f'kind_{name}', _unlike(value), says(f'holds {name}'))
      for name, value in dict(
          int8=torch.ones(2, 2, dtype=torch.int8),
          bool=torch.ones(2, 2, dtype=torch.bool),
          int64=torch.ones(2, 2, dtype=torch.int64),
          complex64=torch.ones(2, 2, dtype=torch.complex64)).items()),
    Row('kind_bfloat16', _unlike(torch.ones(2, 2, dtype=torch.bfloat16)),
        works(lambda r: True)),
    # ---------------------------------------------------------- embeddings
    *(Row(f'embeddings_{name}', lambda box, name=name: load_text_embeddings(
        box.embeddings[name]), says(sentence))
      for name, sentence in dict(
          objects='cannot be read as .npy', words='cannot be read as .npy',
          flat='must hold an array', fields='cannot be read as .npy',
          empty='cannot be read as .npy', page='cannot be read as .npy',
          cut='cannot be read as .npy',
          huge='cannot be read as .npy').items()),
    # ----------------------------------------------------- last_checkpoint
    *(Row(f'last_{name}', _last(content),
          says(sentence, leaves=['last_checkpoint']))
      for name, content, sentence in (
          ('pipe', None, 'last_checkpoint is a named pipe'),
          ('empty', b'', 'last_checkpoint names none'),
          ('bytes', bytes(range(1, 256)), 'names '),
          ('nul', b'a\0b', 'names a'), ('long', b'x' * 10**6, 'names x'),
          ('folder', b'.', 'names [.]'))),
]


@prepared
def page(folder):
    """A web page in place of a checkpoint, ``page.pth``."""
    return shutil.copy(hostile_files.WRITERS['web_page'][0](folder),
                       folder / 'page.pth')


@prepared
def lfs(folder):
    """A Git LFS pointer in place of a checkpoint."""
    return hostile_files.WRITERS['lfs_pointer'][0](folder)


@prepared
def int8(folder, toy_weights):
    """The toy CLIP with int8 weights."""
    return shutil.copy(toy_weights['int8'], folder / 'int8.pt')


@prepared
def nan(folder, toy_weights):
    """The toy CLIP with NaN."""
    return shutil.copy(toy_weights['nan'], folder / 'nan.pt')


@prepared
def pipe_weights(folder):
    """A named pipe."""
    return hostile_files.WRITERS['pipe'][0](folder)


@prepared
def a_list(folder):
    """A checkpoint that is a list of tensors."""
    torch.save([torch.ones(2)], folder / 'list.pth')
    return folder / 'list.pth'


@prepared
def texts(folder):
    """Texts in place of weights."""
    torch.save(dict(state_dict={'student.backbone.conv1.weight': 'text'}),
               folder / 'texts.pth')
    return folder / 'texts.pth'


@prepared
def file_as_words(folder):
    """A checkpoint whose words are the name of a file."""
    torch.save(dict(state_dict={}, meta=dict(vocabulary='/etc/passwd')),
               folder / 'words.pth')
    return folder / 'words.pth'

"""Damaged files of every format: a value of the right kind, or a sentence."""
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import noise
from mmengine.logging import HistoryBuffer
from PIL import Image
from safetensors.torch import save_file

from mmseg_clipzs.checkpoints import load_checkpoint_file, read_state_dict
from mmseg_clipzs.clip.precomputed import load_text_embeddings
from mmseg_clipzs.clip.text_cache import EmbeddingFile
from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.datasets.image_text.image_text_shards import parse_sample
from mmseg_clipzs.datasets.image_text.lists import read_list, write_list
from mmseg_clipzs.datasets.image_text.shard_files import (
    read_shard,
    write_shards,
)
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.leaderboard.rows import read_row
from mmseg_clipzs.utils import UserError

pytestmark = [pytest.mark.usefixtures('one_thread'),
              pytest.mark.filterwarnings('ignore')]
FEWER = settings(max_examples=settings().max_examples // 4)  # 20 formats
STATE = dict(w=torch.arange(6.).reshape(2, 3), b=torch.ones(2).half())


def save_checkpoint(path, **kwargs):
    history = HistoryBuffer()
    history.update(3.)
    torch.save(dict(
        meta=dict(iter=3, dataset_meta=dict(classes=('cat', 'sky'))),
        state_dict=STATE, message_hub=dict(log_scalars=dict(loss=history)),
        optimizer=dict(state={0: dict(step=torch.tensor(1.))})), path,
        **kwargs)


def save_samples(path):
    np.savez_compressed(
        path, names=['a'], classes=['cat', 'sky'],
        palette=np.zeros((2, 3), int), image_0=noise(4, 5, 3),
        truth_0=np.zeros((4, 5), np.int32),
        prediction_0=np.ones((4, 5), np.int32))


def save_shard(path):
    Image.fromarray(noise(8, 9, 3)).save(path.parent / '0.png')
    write_shards([dict(image='0.png', captions=['a cat'], nouns=['cat'])] * 2,
                 path.parent, path.parent / 'shards', 9)
    (path.parent / 'shards/000000.tar').rename(path)


def read_all_samples(path):
    for key, members in read_shard(path):
        try:
            parse_sample(path, key, members)
        except SampleError:
            pass
    return True


def is_state(found):
    return all(isinstance(key, str) and isinstance(value, torch.Tensor)
               for key, value in found[0].items())


def is_unit(found):
    return found.ndim == 2 and torch.isfinite(found).all()


def is_samples(found):
    return len(found['names']) == len(found['image'])


def save_image(path):
    Image.fromarray(noise(24, 20, 3)).save(path)


def is_image(found):
    return found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3


# name -> writer, reader, check of what was read
FORMATS = {
    'checkpoint.pth': (save_checkpoint, load_checkpoint_file,
                       lambda found: True),
    'legacy.pth': (lambda path: save_checkpoint(
        path, _use_new_zipfile_serialization=False), load_checkpoint_file,
        lambda found: True),
    'weights.pth': (lambda path: torch.save(STATE, path), read_state_dict,
                    is_state),
    'weights.safetensors': (lambda path: save_file(STATE, path),
                            read_state_dict, is_state),
    'program.pt': (lambda path: torch.jit.save(torch.jit.script(
        torch.nn.Linear(2, 3)), path), read_state_dict, is_state),
    'words.npy': (lambda path: np.save(path, np.eye(3, 5)),
                  load_text_embeddings, is_unit),
    'words.pth': (lambda path: torch.save(torch.eye(3, 5), path),
                  load_text_embeddings, is_unit),
    'cache.npz': (lambda path: EmbeddingFile(path, 2).add(
        dict(cat=torch.ones(2) / 2**.5)),
        lambda path: EmbeddingFile(path, 2).read(), lambda found: all(
            value.shape == (2, ) and torch.isfinite(value).all()
            for value in found.values())),
    'row.json': (lambda path: path.write_text(json.dumps(
        dict(method='a', dataset=None, protocol='b', clip=None, weights=None,
             config='c', mIoU=12.5, class_iou=dict(cat=None)))), read_row,
        lambda found: found is None or 'mIoU' in found),
    'samples.npz': (save_samples, read_samples, is_samples),
    'pairs.parquet': (lambda path: write_list(
        [dict(image='0.png', captions=['a cat'])], path), read_list,
        lambda found: all(row['image'] for row in found)),
    'pairs.jsonl': (lambda path: write_list(
        [dict(image='0.png', captions=['a cat'])] * 2, path), read_list,
        lambda found: all(row['image'] for row in found)),
    'shard.tar': (save_shard, read_all_samples, lambda found: True),
    **{f'image.{suffix}': (save_image, read_image, is_image)
       for suffix in ('png', 'jpg', 'webp', 'tiff', 'bmp', 'gif', 'ppm')},
}


@pytest.fixture(scope='module')
def good(tmp_path_factory):
    """The folder of the good files."""
    folder = tmp_path_factory.mktemp('formats')
    for name, (write, *_) in FORMATS.items():
        write(folder / name)
    return folder


@st.composite
def damages(draw):
    """Callable: bytes -> damaged bytes."""
    steps = draw(st.lists(st.tuples(
        st.sampled_from(['flip', 'set', 'cut', 'drop', 'repeat', 'insert']),
        st.floats(0, 1, exclude_max=True), st.integers(0, 255),
        st.binary(min_size=1, max_size=9)), min_size=1, max_size=4))

    def apply(data):
        data = bytearray(data)
        for what, place, value, more in steps:
            at = int(place * len(data))
            if what == 'cut':
                del data[at:]
            elif what == 'drop':
                del data[at:at + value]
            elif what == 'repeat':
                data[at:at] = data[at:at + value]
            elif what == 'insert':
                data[at:at] = more
            elif data:
                data[at] = value if what == 'set' else (
                    data[at] ^ 1 << value % 8)
        return bytes(data)

    return apply


def read(path, reader, check):
    """Whether the reader refused; anything but a sentence is raised."""
    try:
        found = reader(path)
    except (UserError, FileNotFoundError) as e:
        assert str(e).strip()
        return True
    assert check(found)
    return False


@pytest.mark.parametrize('name', FORMATS)
def test_good_files_are_read(good, name):
    _, reader, check = FORMATS[name]
    assert not read(good / name, reader, check)


@pytest.mark.parametrize('name', FORMATS)
@FEWER
@given(damages())
def test_damaged_files(good, name, damage):
    _, reader, check = FORMATS[name]
    path = good / f'damaged_{name}'
    path.write_bytes(damage((good / name).read_bytes()))
    read(path, reader, check)


@pytest.mark.parametrize('name', FORMATS)
@FEWER
@given(st.binary(max_size=200), st.integers(0, 40))
def test_random_bytes(good, name, content, kept):
    """Also behind the beginning of a good file."""
    _, reader, check = FORMATS[name]
    path = good / f'random_{name}'
    path.write_bytes((good / name).read_bytes()[:kept] + content)
    read(path, reader, check)

"""Exported files: what they say, what they take, and what is refused."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_files import external, small
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.export import onnx_model
from mmseg_clipzs.export.int8 import to_int8
from mmseg_clipzs.export.onnx_export import export_onnx
from mmseg_clipzs.export.onnx_model import ENGINES, OnnxModel, OnnxModelError
from mmseg_clipzs.utils import UserError, is_ours

pytestmark = pytest.mark.usefixtures('one_thread')


def photo(h, w, seed=0):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((w, h)))


@pytest.fixture(scope='module')
def inferencer(exported):
    return ZeroShotInferencer(exported[1], device='cpu')


@pytest.fixture(scope='module', params=ENGINES)
def model(exported, request):
    pytest.importorskip(request.param)
    return OnnxModel(exported[0], request.param, threads=1)


@pytest.mark.parametrize('size', [(101, 150), (97, 61), (64, 64)])
def test_labels_of_pytorch(model, inferencer, size):
    """Also of two photos at once."""
    photos = [photo(*size, seed) for seed in range(2)]
    expected = np.stack([inferencer(each)[0].mask for each in photos])
    assert len(np.unique(expected)) > 1
    assert (model.segment(photos[0]) == expected[0]).mean() >= 0.9999
    assert (model.segment_batch(photos) == expected).mean() >= 0.9999


def test_int8(exported, tmp_path):
    """Linear layers alone, close to float32."""
    program = onnx.load(exported[0])
    small = to_int8(program)
    assert program == onnx.load(exported[0]) and not small.metadata_props
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count('MatMulInteger') >= 4 and 'ConvInteger' not in kinds
    small.metadata_props.extend(program.metadata_props)
    onnx.save(small, tmp_path / 'small.onnx')
    labels, expected = (OnnxModel(path).segment(photo(101, 150)) for path in (
        tmp_path / 'small.onnx', exported[0]))
    assert (labels == expected).mean() >= 0.95


def test_int8_of_groupvit(groupvit, tmp_path):
    model = groupvit('tiny_one_stage', vocabulary='cat; sky')
    with pytest.raises(UserError, match='GroupViT is not exported in int8'):
        export_onnx(model, tmp_path / 'model.onnx', None, (), int8=True)


def test_what_the_file_says(exported, model, inferencer):
    about = model.about
    assert about['config'] == 'sclip_voc21'
    assert model.classes == ['background', 'cat', 'grass', 'sky', 'dog']
    assert about['words'][1] == ['cat', 'kitten']
    assert model.palette == inferencer.model.dataset_meta['palette']
    assert np.allclose(
        [about['mean'], about['std']],
        [value.flatten() for value in (
            inferencer.model.data_preprocessor.mean,
            inferencer.model.data_preprocessor.std)])
    assert about['resize'] == dict(scale=[2048, 336], keep_ratio=True)
    assert about['windows']['crop_size'] == [224, 224] == about['least']
    assert about['background_threshold'] == 0.3
    assert about['area_threshold'] == 0.1
    assert is_ours(exported[0])  # and may be replaced
    onnx.checker.check_model(onnx.load(exported[0]))


def test_photos_that_do_not_fit(model):
    with pytest.raises(OnnxModelError, match='uint8 RGB of one size'):
        model.segment(np.zeros((5, 5), np.uint8))
    with pytest.raises(OnnxModelError, match='of one size'):
        model.segment_batch([photo(50, 60), photo(60, 50)])
    with pytest.raises(OnnxModelError, match='224 x 224 pixels or more'):
        model.segment(photo(3, 300))


def test_without_torch(exported, tmp_path):
    """The module alone, as a program elsewhere."""
    Image.fromarray(photo(90, 120)).save(tmp_path / 'photo.png')
    (tmp_path / 'alone.py').write_bytes(Path(onnx_model.__file__).read_bytes())
    code = ('import sys, alone; alone.main(); '
            'assert not {"torch", "mmseg", "mmseg_clipzs"} & set(sys.modules)')
    said = subprocess.run(
        [sys.executable, '-c', code, exported[0], 'photo.png'], check=True,
        cwd=tmp_path, capture_output=True, text=True).stdout
    assert sum(float(line.split('%')[0]) for line in said.splitlines()
               ) == pytest.approx(100, abs=0.3)


# ------------------------------------------------------------ others' files
def test_a_small_file(tmp_path):
    """What the following tests change does run."""
    model = OnnxModel(small(tmp_path / 'a.onnx'))
    assert model.segment(photo(5, 6)).tolist() == [[0] * 6] * 5


@pytest.mark.parametrize('settings, message', [
    (dict(initializers=[external()]), 'keeps weights in other files'),
    (dict(nodes=[helper.make_node(
        'Constant', [], ['labels'], value=external())]),
     'keeps weights in other files'),
    (dict(nodes=[helper.make_node(
        'Evil', ['image'], ['labels'], domain='theirs')]),
     'cannot be run by onnxruntime'),
    (dict(nodes=[helper.make_node(
        'Constant', [], ['labels'], value=TensorProto(
            data_type=2, dims=[2**40, 2**20]))]),
     'cannot be run by onnxruntime'),
    (dict(software='other'), 'was not exported by mmseg_clipzs'),
    (dict(classes='[1, 2]'), 'it has no usable'),
    (dict(palette=[[0, 0, 256], [0, 0, 0]]), 'it has no usable'),
    (dict(least=[0, 1]), 'it has no usable'),
    (dict(resize='{"scale": 3}'), 'it has no usable'),
    (dict(classes='cat'), 'it has no usable'),
    (dict(classes='"ab"'), 'no usable classes'),
    (dict(classes={'cat': 1, 'sky': 2}), 'no usable classes'),
    (dict(classes=['cat', 'a\x1b[2J']), 'no usable classes'),
    (dict(classes='[' * 100_000), 'no usable metadata'),
    (dict(palette=[[0., 0, 0], [0, 0, 0]]), 'no usable palette'),
    (dict(resize=dict(scale=[5., 5], keep_ratio=True)), 'usable resize'),
    (dict(resize=dict(scale=[True, 5], keep_ratio=True)), 'usable resize'),
    (dict(resize=dict(scale=[2**20, 2**20], keep_ratio=False)),
     'usable resize'),
], ids=lambda value: str(value)[:60])
def test_files_of_others(tmp_path, settings, message):
    """Neither run nor able to have other files read."""
    path = small(tmp_path / 'evil.onnx', **settings)
    with pytest.raises(OnnxModelError, match=message):
        OnnxModel(path)


@pytest.mark.parametrize('dims, kind, value', [
    ((1, 5), 'UINT8', 0), ((1, 5, 7), 'UINT8', 0), ((1, 5, 6), 'FLOAT', 0),
    ((1, 5, 6), 'UINT8', 2), ((1, 5, 6), 'INT32', -1)])
def test_labels_of_others(tmp_path, dims, kind, value):
    """Wrong rank, size, dtype, and labels that are no classes."""
    tensor = helper.make_tensor(
        '', getattr(TensorProto, kind), dims, [value] * int(np.prod(dims)))
    path = small(tmp_path / 'a.onnx', kind=kind, nodes=[
        helper.make_node('Constant', [], ['labels'], value=tensor)])
    with pytest.raises(OnnxModelError, match='damaged: its labels are no'):
        OnnxModel(path).segment(photo(5, 6))


def test_no_file_and_no_photos(tmp_path):
    with pytest.raises(OnnxModelError, match='None is no .onnx file'):
        OnnxModel(None)
    model = OnnxModel(small(tmp_path / 'a.onnx'))
    assert model.segment_batch([]) == []
    assert model.segment_batch(
        photo(5, 6) for _ in range(2)).shape == (2, 5, 6)
    with pytest.raises(OnnxModelError, match='Photos must be'):
        model.segment_batch(5)


def test_photos_are_read_as_in_the_package(tmp_path):
    deep = np.random.default_rng(0).integers(
        0, 65536, (5, 6), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / 'deep.png')
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo(5, 6)).save(tmp_path / 'turned.png', exif=exif)
    rgba = np.random.default_rng(0).integers(
        0, 256, (5, 6, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / 'clear.png')
    Image.frombytes('CMYK', (6, 5), rgba.tobytes()).save(
        tmp_path / 'print.jpg')
    for name in ('deep.png', 'turned.png', 'clear.png', 'print.jpg'):
        assert (onnx_model.read_photo(tmp_path / name)
                == read_image(tmp_path / name)).all()


@pytest.mark.parametrize('arguments, message', [
    ([], 'usage: '), (['none.onnx', 'none.png'], 'none.onnx cannot be read'),
    (['a.onnx', 'none.png'], 'none.png cannot be read: No such file')])
def test_mistakes_are_one_line(tmp_path, monkeypatch, arguments, message):
    small(tmp_path / 'a.onnx')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['onnx_model.py', *arguments])
    with pytest.raises(SystemExit, match=message):
        onnx_model.main()


def test_damaged_files(tmp_path, exported):
    path = tmp_path / 'a.onnx'
    with pytest.raises(OnnxModelError, match='cannot be read: No such file'):
        OnnxModel(path)
    path.write_text('text')
    with pytest.raises(OnnxModelError, match='damaged, or no ONNX file'):
        OnnxModel(path)
    path.write_bytes(exported[0].read_bytes()[:-5000])
    with pytest.raises(OnnxModelError, match='damaged'):
        OnnxModel(path)
    with pytest.raises(OnnxModelError, match='choose one of onnxruntime'):
        OnnxModel(exported[0], 'tensorrt')


def test_a_missing_engine(monkeypatch, exported):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(OnnxModelError, match='pip install openvino'):
        OnnxModel(exported[0], 'openvino')

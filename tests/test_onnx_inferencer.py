"""Photos to pictures by exported files, as by the models themselves."""
import signal
import sys

import numpy as np
import onnx
import pytest
from onnx_files import small
from PIL import Image

from clipzs import main
from mmseg_clipzs.apis import OnnxInferencer, ZeroShotInferencer
from mmseg_clipzs.export import onnx_export
from mmseg_clipzs.export.onnx_export import export_onnx
from mmseg_clipzs.export.onnx_graph import SegmentorGraph
from mmseg_clipzs.utils import UserError, run_tool

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def photos(small_voc):
    return [small_voc / f'JPEGImages/{i}.jpg' for i in range(3)]


@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
def test_pictures(exported, photos, tmp_path, monkeypatch, capsys, engine):
    """tools/segment.py with an exported file."""
    pytest.importorskip(engine)
    path, cfg = exported
    monkeypatch.setattr(sys, 'argv', [
        'segment.py', *map(str, photos), '--config', str(path), '--engine',
        engine, '--batch-size', '2', '--out', str(tmp_path / 'out')])
    main('segment')
    expected = ZeroShotInferencer(cfg, device='cpu')(photos)
    said = capsys.readouterr().out
    for result in expected:
        with Image.open(tmp_path / f'out/{result.name}_mask.png') as mask:
            labels = np.asarray(mask)
        assert (labels == result.mask).mean() >= 0.9999
        name = result.classes[np.bincount(result.mask.flatten()).argmax()]
        assert f'{result.name}_overlay.png: {name}' in said


def test_what_it_cannot_do(exported, photos):
    inferencer = OnnxInferencer(exported[0])
    result, = inferencer(photos[0])
    with pytest.raises(UserError, match='label maps only'):
        result.scores  # noqa: B018
    with pytest.raises(UserError, match='classes that it was exported with'):
        inferencer(photos[0], classes='cat; sky')
    with pytest.raises(UserError, match='instead of set_image'):
        inferencer.set_image(photos[0])
    with pytest.raises(UserError, match='instead of predict'):
        inferencer.predict()
    with pytest.raises(UserError, match='None is no .onnx file'):
        OnnxInferencer(None)
    with pytest.raises(UserError, match='exported file'):
        ZeroShotInferencer(exported[0])


@pytest.mark.parametrize('arguments, message', [
    ('--classes cat', '--classes does not apply'),
    ('--background 0.3', '--background does not apply'),
    ('--background auto', '--background does not apply'),
    ('--heatmaps', '--heatmaps does not apply'),
    ('--cfg-options model.prompts=single', '--cfg-options does not apply'),
    ('--device cuda:0', 'run on the CPU')])
def test_arguments_of_other_models(exported, photos, monkeypatch, tmp_path,
                                   capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [
        'segment.py', str(photos[0]), '--config', str(exported[0]),
        *arguments.split()])
    with pytest.raises(SystemExit, match=message):
        main('segment')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('batch_size', [1, 4])
def test_photos_that_it_does_not_take(tmp_path, batch_size):
    """They are skipped, and the others of their batch are not."""
    model = OnnxInferencer(small(tmp_path / 'a.onnx', least=[40, 40]))
    for name, w in (('a', 50), ('b', 30), ('c', 50), ('d', 60)):
        Image.new('RGB', (w, 50)).save(tmp_path / f'{name}.png')
    skipped = []
    results = model(tmp_path, batch_size=batch_size, skipped=skipped)
    assert [result.name for result in results] == ['a', 'c', 'd']
    sentence, = skipped
    assert 'b.png: a.onnx takes images of 40 x 40 pixels or more' in sentence


def test_photos_that_fail_together(tmp_path, monkeypatch):
    """As for want of memory: then one by one."""
    model = OnnxInferencer(small(tmp_path / 'a.onnx'))
    run = model.model._run

    def fail(images, size):
        if len(images) > 1 or images.max() == 9:
            raise RuntimeError('Failed to allocate memory')
        return run(images, size)

    monkeypatch.setattr(model.model, '_run', fail)
    skipped = []
    results = model([np.full((5, 6, 3), i, np.uint8) for i in (8, 9, 7)],
                    batch_size=3, skipped=skipped)
    assert [result.photo.max() for result in results] == [8, 7]
    sentence, = skipped
    assert sentence.startswith('Image 1: onnxruntime failed on')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_interrupts_while_a_graph_is_traced(exported, monkeypatch, number):
    """Whatever torch raises in their place."""
    def trace(*args, **kwargs):
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise RuntimeError('in its place') from None

    monkeypatch.setattr('torch.export.export', trace)
    model = ZeroShotInferencer(exported[1], device='cpu').model
    with pytest.raises(SystemExit) as e:
        run_tool(lambda: onnx_export._to_onnx(SegmentorGraph(model)))
    assert e.value.code == 130


def test_a_failing_export_is_one_sentence(exported, monkeypatch, capfd):
    def branch(self, image, size):
        return image.sum() > 3 and image

    monkeypatch.setattr(SegmentorGraph, '_labels', branch)
    model = ZeroShotInferencer(exported[1], device='cpu').model
    capfd.readouterr()
    with pytest.raises(UserError, match='cannot be exported to ONNX'):
        onnx_export._to_onnx(SegmentorGraph(model))
    assert capfd.readouterr() == ('', '')


def test_a_file_that_disagrees_is_not_kept(exported, tmp_path, monkeypatch):
    path, cfg = exported
    model = ZeroShotInferencer(cfg, device='cpu').model
    file = onnx.load(path)  # again
    del file.metadata_props[:]
    monkeypatch.setattr(onnx_export, '_to_onnx', lambda graph: file)
    with pytest.raises(UserError, match='it was not kept'):
        export_onnx(model, tmp_path / 'a.onnx', lambda photo: np.full(
            photo.shape[:2], 9), photos=[np.zeros((224, 230, 3), np.uint8)])
    assert not list(tmp_path.iterdir())


def test_files_of_the_user_stay(exported, tmp_path):
    mine = tmp_path / 'mine.onnx'
    mine.write_bytes(b'mine')
    for path, message in ((mine, 'was not written by this tool'),
                          (tmp_path / 'a.pt', 'must be an .onnx file')):
        with pytest.raises(UserError, match=message):
            onnx_export.check_path(path)
    onnx_export.check_path(exported[0])


def test_an_old_torch(tmp_path, monkeypatch):
    monkeypatch.setattr('torch.__version__', '2.6.0+cpu')
    with pytest.raises(UserError, match='needs torch 2.10 or newer'):
        onnx_export.check_path(tmp_path / 'a.onnx')

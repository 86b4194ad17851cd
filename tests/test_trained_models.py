"""After training: checkpoints and exported students in all tools.

No CLIP can be loaded in these tests, unless new words are named.
"""
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.registry import MODELS
from PIL import Image
from processes import run_python
from safetensors.torch import save_file

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.benchmark.compare import run_benchmark
from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.export import export_student
from mmseg_clipzs.leaderboard.matrix import evaluate, plan
from mmseg_clipzs.leaderboard.standings import compare
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import class_palette

pytestmark = pytest.mark.usefixtures('one_thread')
ROOT = Path(__file__).parent.parent
SMALL = {
    'model.student.backbone.base_channels': 8,
    'model.student.decode_head.in_channels': 64,
    'model.teacher.prompts': 'single', 'log_level': 'ERROR',
    'train_dataloader.batch_size': 2, 'train_cfg.max_iters': 1,
    'train_cfg.val_interval': 100, 'default_hooks.checkpoint.interval': 1}
CLASSES = 'zebra; sun; sea, ocean'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=2, val=3, size=64, seed=3)
    return root


@pytest.fixture(scope='module')
def photos(scenes):
    return sorted((scenes / 'JPEGImages').glob('toy_val_*.jpg'))


@pytest.fixture(scope='module')
def trained(scenes, tmp_path_factory):
    """A student of the toy scenes, trained for an iteration."""
    folder = tmp_path_factory.mktemp('trained')
    run_train(Job('maskclip_plus_toy', options=SMALL, data_root=scenes),
              folder)
    # A config of the project that its options made small.
    return Job('maskclip_plus_toy', folder / 'iter_1.pth', SMALL, scenes)


@pytest.fixture(scope='module')
def of_photos(scenes, tmp_path_factory):
    """A student with its own classes, from a folder of images."""
    folder = tmp_path_factory.mktemp('photos')
    cfg = Config.fromfile(ROOT / 'configs/maskclip_plus_photos.py')
    toy = Config.fromfile(ROOT / 'configs/maskclip_plus_toy.py')
    cfg.merge_from_dict(dict(model=toy.model))
    del cfg.model.teacher['vocabulary']
    cfg.test_pipeline[1].scale = (256, 64)
    cfg.train_dataloader.dataset.pipeline = [
        dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    cfg.merge_from_dict({**SMALL, 'train_dataloader.num_workers': 0,
                         'train_dataloader.persistent_workers': False})
    path = folder / 'photos.py'
    cfg.dump(path)
    run_train(Job(path, classes=CLASSES), folder / 'run',
              photos=scenes / 'JPEGImages')
    return Job(path, folder / 'run/iter_1.pth')


@pytest.fixture(scope='module')
def exported(trained, tmp_path_factory):
    files = export_student(trained.load(), trained.checkpoint,
                           tmp_path_factory.mktemp('exported'))
    return Job(*files)


@pytest.fixture
def no_clip(monkeypatch):
    """Loading any CLIP fails."""
    from mmseg_clipzs.models.segmentors import zero_shot_segmentor

    def refuse(**kwargs):
        raise AssertionError('a CLIP was loaded')

    monkeypatch.setattr(zero_shot_segmentor, 'load_clip', refuse)


@pytest.fixture
def segment(tmp_path, monkeypatch, capsys):
    """``tools/segment.py ARGUMENTS``: what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [
            'segment.py', *map(str, arguments), '--device', 'cpu'])
        runpy.run_path(str(ROOT / 'tools/segment.py'), run_name='__main__')
        return capsys.readouterr().out

    return run


def inferencer(job, **settings):
    return ZeroShotInferencer(job.load(), job.checkpoint, 'cpu', **settings)


# -------------------------------------------------------------- the checkpoint
def test_checkpoints_have_the_words(trained, of_photos):
    meta = load_checkpoint_file(of_photos.checkpoint)['meta']
    assert meta['vocabulary'] == dict(
        zebra=['zebra'], sun=['sun'], sea=['sea', 'ocean'])
    assert tuple(meta['dataset_meta']['classes']) == ('zebra', 'sun', 'sea')
    assert meta['dataset_meta']['palette'] == class_palette(
        ('zebra', 'sun', 'sea'))
    meta = load_checkpoint_file(trained.checkpoint)['meta']
    assert len(meta['vocabulary']) == 12


def test_another_list_of_classes_is_refused(trained, of_photos, scenes,
                                            tmp_path):
    """Class names and weights are joined by position."""
    reversed_list = {name: [name] for name in reversed(list(
        load_checkpoint_file(trained.checkpoint)['meta']['vocabulary']))}
    with pytest.raises(UserError, match='trained with other classes .12: '):
        run_train(trained.replace(classes=reversed_list), tmp_path)
    with pytest.raises(UserError, match='class 0 of the .* but class 11 of'):
        run_test(trained.replace(classes=reversed_list), tmp_path)
    with pytest.raises(UserError, match='has 3 classes, but the dataset'):
        run_test(trained.replace(checkpoint=of_photos.checkpoint), tmp_path)
    model = MODELS.build(trained.load().model)
    with pytest.raises(UserError, match='another model: it fits .* of .* a '
                       r'MaskClipPlus with 12 classes \('):
        model.load_state_dict(load_checkpoint_file(
            of_photos.checkpoint)['state_dict'])
    with pytest.raises(UserError, match='has 12 classes .* its data 2'):
        model.dataset_meta = dict(classes=['a', 'b'])
    model.dataset_meta = {}  # of a checkpoint without names
    assert len(model.dataset_meta['classes']) == 12


# ---------------------------------------------------------- without a teacher
def test_segment_and_inferencer(trained, photos, segment, no_clip, scenes):
    """The classes of the config; mmseg's interface predicts the same."""
    said = segment(
        photos[0], '--config', 'maskclip_plus_toy', '--checkpoint',
        trained.checkpoint, '--cfg-options', *(
            f'{key}={value}' for key, value in SMALL.items()),
        'model.teacher.clip.pretrained=missing.pt')
    assert f'out/{photos[0].stem}_overlay.png: ' in said
    result, = inferencer(trained)(photos[0])
    with Image.open(f'out/{photos[0].stem}_mask.png') as mask:
        assert np.array_equal(np.asarray(mask), result.mask)
    assert len(result.classes) == 12
    np.testing.assert_allclose(result.scores.sum(0), 1, rtol=1e-4)
    assert np.array_equal(result.scores.argmax(0), result.mask)
    model = init_model(trained.load(), trained.checkpoint, 'cpu')
    sample = inference_model(model, str(photos[0]))
    assert np.array_equal(sample.pred_sem_seg.data[0], result.mask)


def test_classes_of_the_checkpoint(of_photos, photos, no_clip):
    """The config of the project names none."""
    assert not of_photos.load().model.teacher.get('vocabulary')
    result, = inferencer(of_photos)(photos[0])
    assert tuple(result.classes) == ('zebra', 'sun', 'sea')
    assert result.palette == class_palette(('zebra', 'sun', 'sea'))
    assert result.scores.shape == (3, 64, 64)
    in_work_dir = Path(of_photos.checkpoint).parent / 'photos.py'
    model = init_model(str(in_work_dir), of_photos.checkpoint, 'cpu')
    sample = inference_model(model, str(photos[0]))
    assert np.array_equal(sample.pred_sem_seg.data[0], result.mask)
    assert tuple(model.dataset_meta['classes']) == ('zebra', 'sun', 'sea')
    again, = inferencer(of_photos, classes=CLASSES)(photos[0])
    assert np.array_equal(again.scores, result.scores)


def test_new_words(of_photos, photos, log, segment):
    said = segment(photos[0], '--config', of_photos.config, '--checkpoint',
                   of_photos.checkpoint, '--classes', 'sand; grass')
    assert 'sand' in said or 'grass' in said
    line = next(line for line in log if 'new to the student' in line)
    assert line.endswith('CLIP, toy-vit-p8 (toy).')


def test_test_benchmark_and_leaderboard(trained, scenes, tmp_path, no_clip):
    row = run_test(trained, tmp_path / 'test')
    assert row['vocabulary'] == 'toy' and row['mIoU'] >= 0
    assert row['checkpoint'] == trained.checkpoint
    assert evaluate(trained, tmp_path / 'cell')['mIoU'] == row['mIoU']
    side, = run_benchmark(trained, images=1, warmup=1)['sides']
    assert side['classes'] == 12


def test_made_up_classes_of_a_student(photos, no_clip):
    """Random weights of everything, and embeddings of its width."""
    side, = run_benchmark(
        Job('maskclip_plus_toy', options=SMALL), images=1, warmup=1,
        size='64x64', num_classes=5, random=True)['sides']
    assert (side['weights'], side['classes']) == ('random', 5)


# ------------------------------------------------------- the exported student
def test_the_exported_student_is_the_student(exported, trained, photos,
                                             segment, no_clip):
    """The same masks and probabilities; names and colours of its data."""
    want, = inferencer(trained)(photos[0])
    got, = inferencer(exported)(photos[0])
    assert np.array_equal(got.mask, want.mask)
    np.testing.assert_allclose(got.scores, want.scores, atol=1e-5)
    meta = load_checkpoint_file(exported.checkpoint)['meta']['dataset_meta']
    assert list(got.classes) == list(meta['classes'])
    assert got.palette == meta['palette'] and len(got.palette) == 12
    said = segment(photos[0], '--config', exported.config, '--checkpoint',
                   exported.checkpoint)
    assert any(name in said for name in meta['classes'])


def test_rows_have_their_own_names(exported, trained, scenes, tmp_path):
    jobs = plan(configs=[f'{job.config}:{job.checkpoint}'
                         for job in (exported, trained)])
    assert [job.name for job in jobs] == ['student', 'maskclip_plus_toy']
    rows = [evaluate(job.replace(data_root=scenes), tmp_path / job.name)
            for job in (exported, trained)]
    assert rows[0]['mIoU'] == rows[1]['mIoU']
    # One table for the miniature, whose options change the protocol.
    assert [entry.method for table in compare(rows, [])
            for entry in table.entries] == ['MaskCLIP+, exported', 'MaskCLIP+']


def test_photo_trainings_have_no_test_set(of_photos, photos, tmp_path,
                                          monkeypatch, capsys, no_clip):
    monkeypatch.setattr(sys, 'argv', [
        'export_student.py', str(of_photos.config), of_photos.checkpoint,
        '--out', str(tmp_path / 'out')])
    runpy.run_path(str(ROOT / 'tools/export_student.py'),
                   run_name='__main__')
    said = capsys.readouterr().out
    files = tmp_path / 'out/student.py', tmp_path / 'out/student.pth'
    assert 'clipzs test' not in said
    assert (f'clipzs segment PHOTO --config {files[0]} --checkpoint '
            f'{files[1]}') in said
    want, = inferencer(of_photos)(photos[0])
    got, = ZeroShotInferencer(*map(str, files), 'cpu')(photos[0])
    assert tuple(got.classes) == ('zebra', 'sun', 'sea')
    assert got.palette == want.palette
    assert np.array_equal(got.mask, want.mask)
    with pytest.raises(UserError, match='has no test_dataloader'):
        run_test(Job(*files), tmp_path)


STOCK = '''
import sys
import mmseg_clipzs  # installs the stand-in for mmcv.ops
from mmseg.apis import inference_model, init_model
model = init_model(*sys.argv[1:3], device='cpu')
result = inference_model(model, sys.argv[3])
print(type(model).__module__, result.pred_sem_seg.data.sum().item())
'''


def test_mmseg_with_the_import_that_the_docs_name(exported, photos):
    done = run_python(
        '-c', STOCK, exported.config, exported.checkpoint, photos[0])
    assert done.returncode == 0, done.stderr[-2000:]
    want, = inferencer(exported)(photos[0])
    assert done.stdout.splitlines()[-1].split() == [
        'mmseg.models.segmentors.encoder_decoder', str(want.mask.sum())]
    page = (ROOT / 'docs/maskclip_plus.md').read_text()
    assert STOCK.splitlines()[2].split('  ')[0] in page


@pytest.mark.parametrize('batch_size', [2, 4, 9])
@pytest.mark.parametrize('kind', ['trained', 'exported'])
def test_batches_of_photos_of_different_sizes(kind, batch_size, request):
    """The same as one by one, in the order of the photos."""
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in (
        (64, 64), (40, 72), (64, 64), (72, 40), (40, 72))]
    segmentor = inferencer(request.getfixturevalue(kind))
    batched = segmentor(photos, batch_size=batch_size)
    for i, (one, many) in enumerate(zip(
            segmentor(photos), batched, strict=True)):
        assert many.name == str(i) and many.photo is photos[i]
        assert many.mask.shape == photos[i].shape[:2]
        np.testing.assert_allclose(many.scores, one.scores, atol=1e-5)
        assert (many.mask == one.mask).mean() > 0.999


# ------------------------------------------------------------ stock segmentors
def stock(folder, classes=3, out_channels=None, meta=None, **changes):
    """Config and checkpoint of a small FCN of mmseg."""
    cfg = Config(dict(
        model=dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor',
                                   mean=[120.] * 3, std=[60.] * 3),
            backbone=dict(type='ResNetV1c', depth=18, base_channels=8),
            decode_head=dict(
                type='FCNHead', in_channels=64, in_index=3, channels=8,
                num_classes=classes, out_channels=out_channels,
                threshold=0.5 if out_channels == 1 else None, num_convs=1,
                concat_input=False),
            test_cfg=dict(mode='whole')),
        test_pipeline=[dict(type='LoadImageFromFile'),
                       dict(type='PackSegInputs')], **changes))
    torch.manual_seed(0)
    state = MODELS.build(cfg.model).state_dict()
    state['decode_head.conv_seg.weight'].normal_()
    path = folder / 'fcn.pth'
    torch.save(dict(state_dict=state, meta=meta or {}), path)
    return cfg, str(path)


@pytest.mark.parametrize('meta', [
    dict(dataset_meta=dict(classes=('a', 'b', 'c'), palette=[[1, 2, 3]] * 3)),
    dict(CLASSES=('a', 'b', 'c'), PALETTE=[[1, 2, 3]] * 3)])
def test_scores_of_mmsegs_models_are_probabilities(tmp_path, photos, meta):
    cfg, path = stock(tmp_path, meta=meta)
    result, = ZeroShotInferencer(cfg, path, 'cpu')(photos[0])
    logits = inference_model(init_model(cfg, path, 'cpu'), str(photos[0]))
    np.testing.assert_allclose(
        result.scores, logits.seg_logits.data.softmax(0), atol=1e-6)
    assert np.array_equal(result.mask, logits.pred_sem_seg.data[0])
    assert tuple(result.classes) == ('a', 'b', 'c')
    assert list(map(list, result.palette)) == [[1, 2, 3]] * 3
    assert result.picture().shape[2] == 3


def test_binary_models_of_mmseg(tmp_path, photos):
    cfg, path = stock(tmp_path, 2, 1, dict(
        dataset_meta=dict(classes=('no', 'yes'))))
    result, = ZeroShotInferencer(cfg, path, 'cpu')(photos[0])
    assert result.scores.shape == (2, 64, 64)
    np.testing.assert_allclose(result.scores.sum(0), 1, rtol=1e-6)
    assert np.array_equal(result.mask, result.scores[1] > 0.5)
    assert result.mask.dtype == np.int64 and len(result.palette) == 2


def test_names_of_the_test_data(tmp_path, photos):
    """A state dict alone; mmseg would guess Cityscapes."""
    cfg, path = stock(tmp_path, 12, test_dataloader=dict(
        dataset=dict(type='ToyScenesDataset')))
    torch.save(load_checkpoint_file(path)['state_dict'], path)
    result, = ZeroShotInferencer(cfg, path, 'cpu')(photos[0])
    assert 'zebra' in result.classes and len(result.classes) == 12


@pytest.mark.parametrize('kind', ['stock', 'student'])
def test_forms_of_a_checkpoint(kind, tmp_path, photos, trained):
    """mmengine's, a state dict alone, safetensors: one result."""
    if kind == 'stock':
        cfg, path = stock(tmp_path, 12, test_dataloader=dict(
            dataset=dict(type='ToyScenesDataset')))
    else:
        cfg, path = trained.load(), trained.checkpoint
    whole = load_checkpoint_file(path)
    state = {key: value.contiguous()
             for key, value in whole['state_dict'].items()}
    forms = [tmp_path / name for name in (
        'a.pth', 'b.pth', 'c.pt', 'd.safetensors')]
    torch.save(dict(meta={}, state_dict=state, optimizer={}, message_hub={}),
               forms[0])
    torch.save(state, forms[1])
    torch.save(dict(state_dict={f'module.{key}': value
                                for key, value in state.items()}), forms[2])
    save_file(state, forms[3])
    want, = ZeroShotInferencer(cfg, path, 'cpu')(photos[0])
    for form in forms:
        result, = ZeroShotInferencer(cfg, form, 'cpu')(photos[0])
        assert tuple(result.classes) == tuple(want.classes)
        assert np.array_equal(result.scores, want.scores), form


@pytest.mark.parametrize('change, message', [
    (dict(meta={}), 'does not name its classes'),
    (dict(meta=dict(dataset_meta=dict(classes=['a', 'b']))),
     'model has 3 classes, but 2 names'),
])
def test_names_that_do_not_fit(tmp_path, change, message):
    cfg, path = stock(tmp_path, **change)
    with pytest.raises(UserError, match=message):
        ZeroShotInferencer(cfg, path, 'cpu')


def test_checkpoints_of_other_models(tmp_path, exported):
    cfg, _ = stock(tmp_path)
    with pytest.raises(UserError, match='belongs to another model'):
        ZeroShotInferencer(cfg, exported.checkpoint, 'cpu')
    with pytest.raises(UserError, match='must be trained first'):
        ZeroShotInferencer(cfg, device='cpu')


@pytest.mark.parametrize('options, message', [
    (['--classes', 'cat; sky'], 'EncoderDecoder has fixed classes'),
    (['--background', '0.5'], '--background does not apply to student'),
])
def test_options_of_zero_shot_models(exported, photos, segment, options,
                                     message):
    with pytest.raises(SystemExit, match=message):
        segment(photos[0], '--config', exported.config, '--checkpoint',
                exported.checkpoint, *options)


def test_the_background_of_a_student(trained, photos, segment):
    with pytest.raises(SystemExit, match='does not apply.*learn_background'):
        segment(photos[0], '--config', 'maskclip_plus_toy', '--checkpoint',
                trained.checkpoint, '--background', '0.5')


@pytest.mark.parametrize('known', [
    'zebra', 'sea, ocean; zebra', 'sea, ocean; sun; zebra'])
def test_trained_classes_in_any_order_need_no_clip(of_photos, photos, no_clip,
                                                   known):
    student = inferencer(of_photos)
    before = student(photos[0])[0].scores
    names = tuple(part.split(',')[0] for part in known.split('; '))
    order = [student.model.training_classes.index(name) for name in names]
    found = student(photos[0], classes=known)[0]
    assert found.classes == names
    torch.testing.assert_close(
        torch.tensor(found.scores),
        torch.tensor(before[order] / before[order].sum(0)))
    torch.testing.assert_close(  # back to the classes of the training
        student(photos[0], classes=CLASSES)[0].scores, before)


def test_other_models_are_not_tested(trained, exported, tmp_path):
    """mmengine would load what fits and test random weights."""
    with pytest.raises(UserError, match='belongs to another model'):
        run_test(exported.replace(checkpoint=trained.checkpoint,
                                  data_root=trained.data_root), tmp_path)


def test_other_students_are_not_exported(trained, tmp_path):
    with pytest.raises(UserError, match='belongs to another model'):
        export_student(Job('maskclip_plus_toy').load(), trained.checkpoint,
                       tmp_path)
    assert not list(tmp_path.iterdir())

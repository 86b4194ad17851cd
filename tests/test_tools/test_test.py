"""tools/test.py, and the run behind it, on real and on generated photos."""
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parent.parent.parent
ROW = {'method': str, 'dataset': str, 'protocol': str, 'clip': str,
       'vocabulary': str, 'prompts': str, 'mIoU': float, 'seconds': float,
       'images_per_second': float, 'peak_memory_mb': int, 'aAcc': float,
       'mAcc': float, 'class_iou': dict}


@pytest.fixture
def tool(tmp_path, monkeypatch, tiny_vit, small_voc):
    """``tools/test.py ARGUMENTS`` on generated photos, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, options=(), data_root=small_voc):
        monkeypatch.setattr(sys, 'argv', [
            'test.py', *map(str, arguments), '--data-root', str(data_root),
            '--cfg-options', f'model.clip.model={tiny_vit["model"]}',
            f'model.clip.pretrained={tiny_vit["pretrained"]}',
            'model.prompts=single', 'test_dataloader.num_workers=0',
            'test_dataloader.persistent_workers=False',
            # By the second, by default: two runs of one would share a log.
            f'experiment_name={time.time_ns()}',
            'test_dataloader.dataset.pipeline.1.scale=(256,64)', *options])
        runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')

    return run


@pytest.fixture
def small_config(tiny_config):
    """``configs/NAME.py`` with a tiny CLIP and photos of 64 pixels."""
    def load(name):
        cfg = tiny_config(name)
        cfg.test_dataloader.dataset.pipeline[1].scale = (256, 64)
        return cfg

    return load


def config(name):
    return ROOT / f'configs/{name}.py'


def class_iou(predicted, masks, names, classes, first):
    """Percent, from files alone; labels count from ``first``."""
    inter, union = np.zeros(classes), np.zeros(classes)
    for name in names:
        with Image.open(predicted / f'{name}.png') as image:
            label_map = np.asarray(image).astype(int)
        with Image.open(masks / f'{name}.png') as image:
            truth = np.asarray(image).astype(int)
        assert label_map.shape == truth.shape
        valid = (truth != 255) & (truth >= first)
        for c in range(classes):
            p = (label_map == c) & valid
            t = (truth - first == c) & valid
            inter[c] += (p & t).sum()
            union[c] += (p | t).sum()
    return [100 * i / u if u else None for i, u in zip(inter, union)]


# ------------------------------------------------------------- real photos
@pytest.mark.parametrize('name, classes, first, count', [
    ('maskclip_voc', 20, 1, 12),
    ('maskclip_voc21', 21, 0, 5),
    ('clip_rn50_voc', 20, 1, 12),
    pytest.param('maskclip_voc', 20, 1, 54, marks=pytest.mark.slow),
])
def test_miou_is_that_of_the_written_masks(
        name, classes, first, count, tiny_config, voc_root, tmp_path):
    cfg = tiny_config(name)
    if count < 54:
        cfg.test_dataloader.dataset.indices = count
    row = run_test(cfg, data_root=str(voc_root), out=str(tmp_path / 'masks'),
                   work_dir=str(tmp_path / 'work'))
    names = (voc_root / 'ImageSets/Segmentation/val.txt').read_text().split()
    assert len(names) == 54
    assert {path.stem for path in (tmp_path / 'masks').iterdir()} == set(
        names[:count])
    # The written indices begin at the list's first class.
    expected = class_iou(
        tmp_path / 'masks', voc_root / 'SegmentationClass', names[:count],
        classes, first)
    assert len(row['class_iou']) == classes
    assert list(row['class_iou'].values()) == [
        value and pytest.approx(value, abs=0.0051) for value in expected]
    assert row['mIoU'] == pytest.approx(np.mean(
        [value for value in expected if value is not None]), abs=0.0051)
    assert 0 < row['mIoU'] < 100  # zeros would prove little
    assert row['images_per_second'] == pytest.approx(
        count / row['seconds'], rel=0.02)


# -------------------------------------------------------- generated photos
def test_row_of_results(small_config, small_voc, tmp_path, tiny_vit):
    row = run_test(small_config('maskclip_ks_pd_voc'),
                   data_root=str(small_voc), work_dir=str(tmp_path))
    assert {key: type(value) for key, value in row.items()} == ROW
    assert row['method'] == 'MaskCLIP + KS + PD'
    assert row['dataset'] == 'voc' and row['protocol'] == 'A (MaskCLIP)'
    assert row['clip'] == tiny_vit['model']
    assert row['vocabulary'] == 'voc20' and row['prompts'] == 'single'


@pytest.mark.parametrize('batch_size', [2, 3, 7])
def test_batches_of_different_sizes(small_config, small_voc, tmp_path,
                                    batch_size):
    single = run_test(
        small_config('maskclip_voc'), data_root=str(small_voc),
        work_dir=str(tmp_path), out=str(tmp_path / 'single'))
    cfg = small_config('maskclip_voc')
    cfg.test_dataloader.batch_size = batch_size
    batched = run_test(cfg, data_root=str(small_voc), work_dir=str(tmp_path),
                       out=str(tmp_path / 'batched'))
    assert batched['mIoU'] == pytest.approx(single['mIoU'], abs=0.01)
    for i in range(7):
        a, b = (np.asarray(Image.open(tmp_path / kind / f'{i}.png'))
                for kind in ('single', 'batched'))
        assert (a == b).mean() > 0.999


@pytest.mark.parametrize('name', ['maskclip_voc', 'maskclip_voc21'])
def test_tta_without_augmentation_changes_nothing(
        small_config, small_voc, tmp_path, name):
    """Through the runner; thresholds and synonyms survive."""
    masks = []
    for tta in (False, True):
        cfg = small_config(name)
        cfg.tta_pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='TestTimeAug', transforms=[
                [cfg.test_dataloader.dataset.pipeline[1]],
                [dict(type='LoadAnnotations')],
                [dict(type='PackSegInputs')]])]
        out = tmp_path / f'masks_{tta}'
        run_test(cfg, data_root=str(small_voc), work_dir=str(tmp_path),
                 out=str(out), tta=tta)
        masks.append([np.asarray(Image.open(path))
                      for path in sorted(out.iterdir())])
    assert len(masks[0]) == 7
    for a, b in zip(*masks):
        assert np.array_equal(a, b)


def test_models_of_the_toolbox_run_too(small_config, small_voc, tmp_path):
    cfg = small_config('maskclip_voc21')
    cfg.model = Config(dict(model=dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', mean=[0.] * 3,
                               std=[255.] * 3),
        backbone=dict(
            type='ResNetV1c', depth=18, num_stages=4, out_indices=(3, )),
        decode_head=dict(
            type='FCNHead', in_channels=512, channels=8, num_classes=21,
            num_convs=1),
        test_cfg=dict(mode='whole')))).model
    cfg.method = 'FCN'
    row = run_test(cfg, data_root=str(small_voc), work_dir=str(tmp_path))
    assert row['method'] == 'FCN'
    assert row['clip'] is row['vocabulary'] is row['prompts'] is None


def test_a_checkpoint_is_loaded(small_config, zero_shot, small_voc, tmp_path):
    model = zero_shot()
    torch.manual_seed(5)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'other.pth')
    rows = [run_test(small_config('maskclip_voc'), checkpoint=checkpoint,
                     data_root=str(small_voc), work_dir=str(tmp_path))
            for checkpoint in (None, str(tmp_path / 'other.pth'))]
    assert rows[0]['mIoU'] != rows[1]['mIoU']


@pytest.mark.parametrize('tta', [False, True])
def test_a_checkpoint_of_another_model(small_config, small_voc, tmp_path, tta):
    state = {'decode_head.conv_seg.weight': torch.ones(1)}
    torch.save(dict(state_dict=state), tmp_path / 'fcn.pth')
    with pytest.raises(UserError, match='checkpoint is of another model'):
        run_test(small_config('maskclip_voc'), tta=tta,
                 checkpoint=str(tmp_path / 'fcn.pth'),
                 data_root=str(small_voc), work_dir=str(tmp_path))


# ----------------------------------------------------------------- the tool
def test_options(tool, tmp_path):
    """Pictures, masks and logs of one run."""
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
    """mmengine keeps visualizers by their name."""
    for folder in ('first', 'second'):
        tool(config('maskclip_voc'), '--show-dir', tmp_path / folder)
        assert list((tmp_path / folder).rglob('*_0.jpg*'))


def test_tta(tool, tmp_path):
    tool(config('maskclip_voc21'), '--tta', '--out', 'masks',
         '--work-dir', 'elsewhere')
    assert len(list((tmp_path / 'masks').glob('*.png'))) == 7
    assert (tmp_path / 'elsewhere').is_dir()
    assert not (tmp_path / 'work_dirs').exists()


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


def test_names_of_the_data_set(tool, tmp_path, capfd):
    """A config without a vocabulary asks the data set."""
    path = tmp_path / 'plain.py'
    path.write_text(f"_base_ = '{config('maskclip_voc')}'\n"
                    'model = dict(vocabulary=None)\n')
    tool(path)
    assert ('20 classes, 20 words (PascalVOCDataset)'
            in capfd.readouterr().out)


def error_of(tool, *arguments, **kwargs):
    """The one line with which the tool ends."""
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
    (';', 'Unknown vocabulary'),
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
    """The photos again, one cut in half."""
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


def test_out_needs_one_evaluator(small_config, small_voc, tmp_path):
    cfg = small_config('maskclip_voc')
    cfg.test_evaluator = [cfg.test_evaluator]
    with pytest.raises(UserError, match='--out needs a single'):
        run_test(cfg, data_root=str(small_voc), out=str(tmp_path))

"""Each MaskCLIP+ config on a miniature of its dataset: train to export."""
from pathlib import Path

import numpy as np
import pytest
import torch
from miniatures import write_miniature
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.export import export_student
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.train import run_train

pytestmark = [pytest.mark.slow,
              pytest.mark.usefixtures('one_thread', 'unformatted')]
CONFIGS = Path(__file__).parents[2] / 'configs'
# Those of real datasets.
NAMES = sorted(path.stem for path in CONFIGS.glob('maskclip_plus_*')
               if not path.stem.endswith(('toy', 'photos')))


@pytest.fixture
def unformatted(monkeypatch):
    """Write configs without layout, which takes most of a short training."""
    monkeypatch.setattr('mmengine.config.config.FormatCode',
                        lambda text, **kwargs: (text, True))


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """dict[str, Path]: Data root by dataset, written once."""
    folder = tmp_path_factory.mktemp('data')
    written = {}
    for name in {Config.fromfile(CONFIGS / f'{name}.py').dataset_name
                 for name in NAMES}:
        written[name] = write_miniature(folder / name, name, True).root
    return written


def shrink(cfg, clip):
    """A config with a small crop, student and CLIP."""
    head = cfg.model.student.decode_head
    segformer = head.type == 'SegformerHead'
    options = {
        'model.student.decode_head.channels': 24,
        'model.student.data_preprocessor.size': (64, 64),
        'model.teacher.clip': clip, 'model.teacher.prompts': 'single',
        'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'val_dataloader': None, 'val_cfg': None, 'val_evaluator': None,
        'default_hooks.checkpoint.interval': 1,
        'default_hooks.checkpoint.max_keep_ckpts': 9, 'log_level': 'ERROR'}
    if not segformer:
        options.update({
            'model.student.backbone.depth': 18,
            'model.student.backbone.base_channels': 8,
            'model.student.backbone.init_cfg': None,
            'model.student.decode_head.in_channels': 64})
    if 'c1_in_channels' in head:
        options['model.student.decode_head.c1_in_channels'] = 8
    cfg.merge_from_dict(options)
    for dataset in leaf_datasets(cfg.train_dataloader.dataset):
        for step in dataset.pipeline:
            if step.type == 'RandomResize':
                step.scale = (256, 64)
            elif step.type == 'RandomCrop':
                step.crop_size = (64, 64)
    return cfg


@pytest.mark.parametrize('name', NAMES)
def test_trains_resumes_and_exports(name, roots, tiny_vit, tiny_rn, tmp_path):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    resnet = cfg.model.teacher.backbone.type == 'ClipResNet'
    cfg = shrink(cfg, tiny_rn if resnet else tiny_vit)
    root = str(roots[cfg.dataset_name])
    for length in (1, 2):
        cfg.train_cfg.max_iters = length
        runner = run_train(Job(cfg, data_root=root), tmp_path,
                           resume=length == 2)
        assert runner.iter == length
    assert runner.model.self_training == ('zero_shot' in name)
    files = export_student(cfg, tmp_path / 'iter_2.pth', tmp_path / 'out')
    exported = Config.fromfile(files[0])
    assert 'clipzs' not in exported.pretty_text
    assert 'DeepLabV2Head' not in exported.pretty_text
    stock = MODELS.build(exported.model)
    load_checkpoint(stock, str(files[1]), strict=True)
    image = next(Path(root).rglob('*.jpg'), None) or next(
        Path(root).rglob('*leftImg8bit.png'))
    with Image.open(image) as file:
        pixels = np.asarray(file.convert('RGB').resize((64, 64)))[..., ::-1]
    inputs = runner.model.data_preprocessor(dict(inputs=[
        torch.from_numpy(pixels.transpose(2, 0, 1).copy())]), False)['inputs']
    want, = runner.model.eval().predict(inputs)
    got, = stock.eval().predict(inputs)
    torch.testing.assert_close(got.seg_logits.data.log_softmax(0),
                               want.seg_logits.data, atol=1e-4, rtol=1e-4)
    assert (got.pred_sem_seg.data == want.pred_sem_seg.data).float().mean(
        ) > 0.999

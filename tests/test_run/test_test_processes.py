"""``run_test`` in two processes equals one process.

Run as a script, this file is one of the processes.
"""
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import run_python

ROOT = Path(__file__).parents[2]


def evaluate(config, data_root, weights, folder, launcher):
    """One evaluation; the first process writes the row of results."""
    import open_clip
    import torch
    from mmengine.config import Config
    from mmengine.runner import Runner

    from mmseg_clipzs.run.job import Job
    from mmseg_clipzs.run.test import run_test

    torch.set_num_threads(1)
    if 'tiny-vit' not in open_clip.list_models():
        open_clip.add_model_config(ROOT / 'tests/model_configs')
    cfg = Config.fromfile(ROOT / f'configs/{config}.py')
    cfg.model.clip = dict(model='tiny-vit', pretrained=str(weights))
    cfg.model.prompts = 'single'
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.test_dataloader.dataset.pipeline[1].scale = (256, 64)
    cfg.test_dataloader.batch_size = 2
    wrapped = []
    from_cfg = Runner.from_cfg
    Runner.from_cfg = lambda cfg: wrapped.append(from_cfg(cfg)) or wrapped[0]
    row = run_test(Job(cfg, data_root=data_root), folder / 'work',
                   out=folder / 'masks', show_dir=folder / 'vis',
                   launcher=launcher)
    Runner.from_cfg = from_cfg
    if os.environ.get('RANK', '0') == '0':
        row['model'] = type(wrapped[0].model).__name__
        row['processes'] = int(os.environ.get('WORLD_SIZE', 1))
        (folder / 'row.json').write_text(json.dumps(row))


@pytest.mark.slow
@pytest.mark.parametrize('config', ['maskclip_voc'])
def test_two_processes_are_one(config, small_voc, tiny_vit, tmp_path):
    """The sampler repeats one of seven images, which counts once."""
    rows = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        arguments = [__file__, config, str(small_voc),
                     tiny_vit['pretrained'], str(folder)]
        if processes == 1:
            evaluate(config, small_voc, tiny_vit['pretrained'], folder,
                     'none')
        else:
            result = run_python(*arguments, processes=2)
            assert result.returncode == 0, result.stderr[-20000:]
        rows.append(json.loads((folder / 'row.json').read_text()))
    assert [row['processes'] for row in rows] == [1, 2]
    assert rows[1]['model'] == 'MMSeparateDistributedDataParallel'
    assert rows[0]['mIoU'] == rows[1]['mIoU'] > 0
    for i in range(7):
        one, two = (np.asarray(Image.open(tmp_path / f'{n}/masks/{i}.png'))
                    for n in (1, 2))
        assert (one == two).mean() > 0.999
    for n in (1, 2):
        pictures = (tmp_path / f'{n}/vis/vis_data/vis_image').iterdir()
        assert sorted(path.name for path in pictures) == [
            f'test_{i}.jpg_0.png' for i in range(7)]


if __name__ == '__main__':
    evaluate(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]),
             'pytorch')

"""Where a run writes."""
import os

import pytest

from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.prepare import prepare


@pytest.mark.parametrize('own, given, expected', [
    (None, None, 'work_dirs/maskclip_toy'), ('own', None, 'own'),
    ('own', 'given', 'given'), (None, 'given', 'given')])
def test_work_dir(own, given, expected):
    job = Job('maskclip_toy', options={'work_dir': own} if own else {})
    cfg = job.load()
    prepare(cfg, job, given)
    assert cfg.work_dir == expected
    assert cfg.visualizer.name == os.path.abspath(expected)


def test_pictures_in_a_folder_of_their_own():
    job = Job('maskclip_toy')
    cfg = job.load()
    prepare(cfg, job, 'a', visualizer='b')
    assert (cfg.work_dir, cfg.visualizer.name) == ('a', os.path.abspath('b'))


def test_a_config_without_a_visualizer():
    job = Job('maskclip_toy', options={'visualizer': None})
    cfg = job.load()
    prepare(cfg, job)
    assert cfg.visualizer is None

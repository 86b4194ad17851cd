"""Configs by name."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from mmengine.config import Config

from mmseg_clipzs.run.configs import (
    find_config,
    find_dataset_config,
    list_configs,
    load_config,
)
from mmseg_clipzs.utils import UserError


def test_names_and_files():
    known = list_configs()
    path = find_config('maskclip_voc')
    assert path == known['maskclip_voc']
    assert path.name == 'maskclip_voc.py' and path.is_file()
    assert find_config(path) == find_config(str(path)) == path
    assert not any(name.startswith('_') for name in known)


def test_dataset_configs():
    path = find_dataset_config('voc21')
    assert path.parts[-3:] == ('_base_', 'datasets', 'voc21.py')
    with pytest.raises(UserError, match="'moon'; choose one of .*voc21"):
        find_dataset_config('moon')


@pytest.mark.parametrize('name, suggestion', [
    ('maskclip_vox', 'Did you mean .*maskclip_voc'),
    ('configs/maskclip_vco.py', 'Did you mean .*maskclip_voc'),
    ('qqq', r'clipzs configs lists\.$')])
def test_suggestions(name, suggestion):
    with pytest.raises(UserError, match=suggestion):
        find_config(name)


def test_one_thread_parses_at_a_time(monkeypatch):
    parse, running, most = Config.fromfile, [], []

    def counted(path):
        running.append(path)
        most.append(len(running))
        cfg = parse(path)
        running.remove(path)
        return cfg

    monkeypatch.setattr(Config, 'fromfile', counted)
    with ThreadPoolExecutor(4) as threads:
        configs = list(threads.map(load_config, ['maskclip_toy'] * 8))
    assert most == [1] * 8
    assert all(cfg.model == configs[0].model for cfg in configs)

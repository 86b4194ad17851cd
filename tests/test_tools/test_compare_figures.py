"""tools/compare_figures.py: measured again, beside the docs."""
import json

import compare_figures
import pytest
from processes import run_python

from mmseg_clipzs.recipes import measured

TOOL = compare_figures.__file__


def row(config, figure, weights='toy', **more):
    return dict(config=config, mIoU=figure, weights=weights, dataset='toy',
                **more)


def test_compare():
    naclip, maskclip = measured.WINDOWS['naclip'], measured.WHOLE['maskclip']
    seed1 = 'work_dirs/toy-vit-p8-seed1.safetensors'
    lines, same = compare_figures.compare([
        row('naclip_toy', naclip[0] + 0.05),
        row('naclip_toy', naclip[1] - 1, seed1),
        row('maskclip_toy', maskclip[0]),
        row('groupvit_toy', measured.WHOLE['groupvit'][0], None),
        row('groupvit_toy', 30., seed1),
        row('own_toy', 12.),
        dict(config='sclip_toy', weights='toy', error='no weights')], 0.1)
    assert same == 3
    assert lines == [
        f'naclip_toy, seed 1: {naclip[1] - 1:.2f}, in the docs '
        f'{naclip[1]:.2f} (-1.00)',
        'groupvit_toy, seed 1: 30.00, new', 'own_toy, seed 0: 12.00, new',
        'sclip_toy, seed 0: failed']


def test_every_recorded_figure_has_a_config():
    from mmseg_clipzs.run.configs import list_configs
    assert set(compare_figures.recorded()) <= set(list_configs())


def test_what_is_not_measured():
    rows = [row('naclip_toy', 80.), row('naclip_toy', 80., 'x-seed1.pt')]
    lines = compare_figures.not_measured(rows)
    first, second, third = (line for line in lines if line[:4] == 'seed')
    assert 'naclip_toy' not in f'{first}, {second}' and 'naclip_toy' in third
    assert all('sclip_toy' in line for line in (first, second, third))
    assert 'kmeans_toy' in first and 'kmeans_toy' not in second


def test_every_table_is_named():
    tables = {name for name in vars(measured) if name.isupper()}
    assert tables == {'WHOLE', *compare_figures.OTHERS}


@pytest.mark.parametrize('text, code, said', [
    (json.dumps([row('naclip_toy', measured.WINDOWS['naclip'][0])]), 0,
     '1 of 1 figures are those of the docs.\nNot measured:\nseed 0 of '),
    (json.dumps([row('naclip_toy', 1.)]), 1, 'in the docs'),
    ('[]', 1, 'no figures of the toy scenes'),
    ('{"a": 1}', 1, 'is no leaderboard.json'),
    (None, 1, 'cannot be read: No such file')])
def test_run(text, code, said, tmp_path):
    path = tmp_path / 'leaderboard.json'
    if text is not None:
        path.write_text(text)
    done = run_python(TOOL, path)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert 'Traceback' not in done.stderr

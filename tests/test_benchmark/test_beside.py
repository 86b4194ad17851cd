"""Cost of methods beside that of one of them."""
import json
import sys
from contextlib import nullcontext

import pytest

from clipzs import main
from mmseg_clipzs.benchmark import beside
from mmseg_clipzs.benchmark.beside import compare_costs
from mmseg_clipzs.benchmark.tables import COSTS, costs
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError


@pytest.mark.slow
def test_table():
    report = compare_costs(
        Job('maskclip_b_toy'), [Job('naclip_pamr_toy')], images=3, warmup=1,
        size='120x96', random=True)
    first, other = report['rows']
    assert (first['config'], other['config']) == (
        'maskclip_b_toy', 'naclip_pamr_toy')
    assert first['cpu'] == first['wall'] == 1
    # PAMR alone costs more than the toy CLIP.
    assert other['cpu'] > 1 and (
        other['images_per_second'] < first['images_per_second'])
    assert other['images_per_second'] == pytest.approx(
        first['images_per_second'] / other['cpu'])
    lines = costs(report)
    assert [len(line) for line in lines] == [len(COSTS)] * 2
    assert lines[0][3] == '1.00 x' and lines[1][1] == 'NACLIP + PAMR'


@pytest.mark.parametrize('settings, said', [
    ({}, 'a folder of photos'), (dict(size='9x9', images=0), 'images'),
    (dict(size='9x9', photos='x'), 'a folder of photos')])
def test_mistakes(settings, said):
    with pytest.raises(UserError, match=said):
        compare_costs(Job('maskclip_toy'), [Job('sclip_toy')], **settings)


def test_nothing_to_compare_with():
    with pytest.raises(UserError, match='name other configs'):
        compare_costs(Job('maskclip_toy'), [], size='9x9')


def test_interrupted_after_a_pair(monkeypatch, tmp_path, capsys):
    """What is done is printed and written, and how to go on is said."""
    asked = []

    def take_turns(sides, files, images, warmup, progress):
        asked.append(sides)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return [dict(base=dict(cpu=1., wall=1., peak=2**20),
                     other=dict(cpu=2., wall=3., peak=2**21))]

    monkeypatch.setattr(beside, 'take_turns', take_turns)
    monkeypatch.setattr(beside, 'started', lambda settings: nullcontext())
    out = tmp_path / 'costs.json'
    monkeypatch.setattr(sys, 'argv', [
        'clipzs', 'benchmark', 'maskclip_toy', '--size', '9x9', '--out',
        str(out), '--beside', 'sclip_toy', 'naclip_toy', 'gem_toy'])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr()
    assert '1 of 3 methods are done; for the others, use --beside ' \
        'naclip_toy gem_toy with another --out.' in said.err
    assert '2.00 x' in said.out and 'NACLIP' not in said.out
    rows = json.loads(out.read_text())['rows']
    assert [row['config'] for row in rows] == ['maskclip_toy', 'sclip_toy']
    assert rows[1]['images_per_second'] == .5

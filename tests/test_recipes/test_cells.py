"""The matrix of methods and datasets."""
import copy

import pytest
from mmengine.config import Config

from mmseg_clipzs.recipes import PUBLISHED, Cell, cells, get_settings
from mmseg_clipzs.recipes.cells import difference, merge, resolve
from mmseg_clipzs.recipes.datasets import DATASETS
from mmseg_clipzs.recipes.methods import METHODS
from mmseg_clipzs.recipes.protocols import PROTOCOLS

OLD = dict(type='A', size=1, head=dict(type='H', k=(1, 2)), plain=[1, 2])


@pytest.mark.parametrize('new', [
    OLD,
    dict(OLD, size=2),
    dict(OLD, more=dict(x=1)),
    dict(OLD, head=dict(type='H', k=(1, 3))),
    dict(OLD, head=dict(type='G')),
    dict(OLD, plain=[2, 1], head=dict(type='H', k=(1, 2), j=None)),
    dict(OLD, size=dict(height=1)),
    dict(type='B')])
def test_difference_is_what_mmengine_merges(new):
    before = copy.deepcopy(OLD)
    changed = difference(dict(model=new), dict(model=OLD))
    assert Config._merge_a_into_b(changed, dict(model=OLD)) == dict(model=new)
    assert OLD == before
    assert bool(changed) == (new != OLD)


def test_merge_keeps_what_is_not_named():
    merged = merge(OLD, dict(head=dict(k=3), size=None))
    assert merged == dict(OLD, head=dict(type='H', k=3), size=None)
    assert OLD['head']['k'] == (1, 2)


def test_names_are_unique():
    names = [cell.name for cell in cells()]
    assert len(set(names)) == len(names)
    assert {'maskclip_voc', 'maskclip_b_voc', 'maskclip_voc21', 'clip_b_toy',
            'clip_coco_object', 'naclip_pamr_ade20k'} <= set(names)


def test_tables_refer_to_each_other():
    titles = {resolve(key)['title'] for key in PROTOCOLS}
    for cell in cells():
        assert cell.dataset in DATASETS and cell.protocol in PROTOCOLS
    for row in PUBLISHED:
        assert row['protocol'] in titles and row['dataset'] in DATASETS
    assert {'voc', 'context', 'coco_stuff', 'toy'} == {
        cell.dataset for cell in cells()
        if cell.method == 'maskclip_ks_pd'}


def test_like_takes_over_all_but_its_own_settings():
    """SCLIP's own settings differ from the line's by the area threshold."""
    line, own = get_settings('sclip_line', 'voc21'), get_settings(
        'sclip', 'voc21')
    assert own == dict(line, area_threshold=0.1)
    assert get_settings('sclip', 'voc') == get_settings('sclip_line', 'voc')
    assert get_settings('naclip', 'coco_stuff')['resize'] == (2048, 336)
    assert 'background_threshold' not in get_settings('naclip', 'ade20k')


def test_options_of_the_model_per_dataset(monkeypatch):
    """They are merged into the method's model, by ``like`` as well."""
    def options(**given):
        return dict(backbone=dict(last_block=given), pamr=dict(steps=3))

    monkeypatch.setitem(PROTOCOLS, 'base', dict(
        like='sclip_line',
        model=dict(default=options(depth=5), voc21=options(depth=4))))
    monkeypatch.setitem(PROTOCOLS, 'own', dict(like='base', resize=99))
    monkeypatch.setitem(METHODS, 'gem', dict(
        METHODS['gem'], protocol='own',
        model=dict(backbone=dict(last_block=dict(type='gem')))))
    for cell, depth in ((Cell('gem', 'voc21', 'own'), 4),
                        (Cell('gem', 'voc', 'own'), 5),
                        (Cell('gem', 'toy', 'toy_b'), 5)):
        assert cell.model['backbone']['last_block'] == dict(
            type='gem', depth=depth)
        assert cell.model['pamr'] == dict(steps=3)
    assert METHODS['gem']['model'] == dict(
        backbone=dict(last_block=dict(type='gem')))


def test_figures_of_another_protocol_are_not_a_configs():
    figures = {cell.name: cell.published and cell.published['mIoU']
               for cell in cells()}
    assert figures['maskclip_authors_voc'] == '49.5'
    assert figures['maskclip_authors_rn50_context'] == '18.5'
    assert figures['maskclip_authors_rn50x16_coco_stuff'] == '13.6'
    assert figures['clip_authors_context'] == '9.0'
    assert figures['maskclip_voc'] is None  # corrected settings
    assert figures['clip_coco_stuff'] is None
    assert figures['maskclip_ks_pd_context'] is None
    assert figures['maskclip_b_voc'] == '74.9'
    assert figures['groupvit_voc21'] == '52.3'
    assert figures['maskclip_authors_ks_pd_context'] == '25.5'
    assert figures['gem_coco_object'] is None
    assert not any(figure for name, figure in figures.items()
                   if name.endswith('_toy'))


def test_every_paper_of_a_method_is_known():
    from mmseg_clipzs.recipes.published import PAPERS
    assert {method['paper'] for method in METHODS.values()
            if 'paper' in method} <= set(PAPERS)

"""Which figures stand side by side, and in which order."""
import itertools
import statistics

import pytest
from board_rows import AUTHORS, A, B, failed, publish, row

from mmseg_clipzs.leaderboard.standings import annotate, compare
from mmseg_clipzs.recipes import PUBLISHED, RERUNS


def figures(table):
    """(method, CLIP) -> here, published."""
    return {(entry.method, entry.clip): (entry.here, {
        dataset: each['mIoU'] for dataset, each in entry.published.items()})
        for entry in table.entries}


def names(table):
    return [entry.method for entry in table.entries]


# ---------------------------------------------------------------- published
def test_published_only_beside_its_own_protocol():
    """The same method, dataset and CLIP under both protocols."""
    a, b, custom = compare(
        [row(), row(AUTHORS, mIoU=42.), row(protocol=B, mIoU=60.),
         row(protocol='custom', mIoU=50.)], PUBLISHED, RERUNS)
    # ClearCLIP's figures stand beside those of the others.
    assert [table.title for table in (a, b, custom)] == [A, 'B', 'custom']
    assert {entry.settings for entry in a.entries} == {''}
    assert {entry.settings for entry in b.entries if entry.here} == {
        'SCLIP line'}
    # Corrected settings reproduce no published figure.
    assert figures(a)['MaskCLIP', 'ViT-B-16 openai'] == ({'voc': 41.23}, {})
    assert figures(a)[AUTHORS, 'ViT-B-16 openai'] == (
        {'voc': 42.}, {'voc': '49.5'})
    assert figures(b)['MaskCLIP', 'ViT-B-16 openai'] == (
        {'voc': 60.}, {'voc': '74.9'})
    assert figures(b)['SCLIP', 'ViT-B-16 openai'] == ({}, {'voc': '81.5'})
    assert figures(custom) == {
        ('MaskCLIP', 'ViT-B-16 openai'): ({'voc': 50.}, {})}


@pytest.mark.parametrize('protocol', ['C (GroupViT)', A, B, 'B (ClearCLIP)'])
def test_each_published_figure_is_of_the_tables_letter(protocol):
    datasets = ('voc', 'voc21', 'context', 'ade20k')
    table, = compare([row(dataset=dataset, protocol=protocol)
                      for dataset in datasets], PUBLISHED, RERUNS)
    shown = [(each['method'], each['dataset'], each['clip'], each['weights'],
              each['mIoU']) for entry in table.entries
             for each in entry.published.values()]
    assert shown and sorted(shown, key=str) == sorted((
        (p['method'], p['dataset'], p['clip'], p['weights'], p['mIoU'])
        for p in PUBLISHED if p['protocol'][0] == protocol[0]
        and p['dataset'] in datasets), key=str)
    assert all(each['protocol'] == entry.protocol for entry in table.entries
               for each in entry.published.values())


def test_figures_of_other_weights_are_other_lines():
    table, = compare(
        [row('ProxyCLIP', 'voc21', B, mIoU=60.),
         row('ProxyCLIP', 'voc21', B, 'ViT-B-16-quickgelu', 'metaclip_fullcc',
             mIoU=61.),
         row('ProxyCLIP', 'voc21', B, weights='/w/mine.pt', mIoU=62.)],
        PUBLISHED)
    lines = {clip: each for (method, clip), each in figures(table).items()
             if method == 'ProxyCLIP'}
    assert lines == {
        'ViT-B-16 openai': ({'voc21': 60.}, {'voc21': '61.3'}),
        'ViT-B-16 metaclip_fullcc': ({'voc21': 61.}, {'voc21': '63.3'}),
        # Nobody knows which weights these are.
        'ViT-B-16 mine': ({'voc21': 62.}, {}),
        'ViT-L-14 openai': ({}, {'voc21': '60.6'}),
        'ViT-H-14 laion2b_s32b_b79k': ({}, {'voc21': '65.0'})}


def test_changed_protocols_have_tables_of_their_own():
    changed = f'{B}, changed: model.logit_scale=1'
    tables = compare(
        [row(protocol=changed), row(protocol=B, mIoU=1.),
         row(protocol='B (ClearCLIP)', mIoU=2.), row(protocol='Bx')], [])
    assert [(table.title, [entry.settings for entry in table.entries])
            for table in tables] == [
        (changed, ['']), ('B', ['ClearCLIP', 'SCLIP line']), ('Bx', [''])]


def test_one_method_with_two_settings_is_two_lines():
    rows = [row(protocol=B, mIoU=60.), row(protocol='B (ClearCLIP)')]
    table, = compare(rows, [publish('MaskCLIP', 61, protocol=B),
                            publish('MaskCLIP', 50, protocol=B,
                                    weights=None)])
    assert [(entry.settings, entry.here, entry.differences())
            for entry in table.entries if entry.here] == [
        ('SCLIP line', {'voc': 60.}, {'voc': -1}),
        ('ClearCLIP', {'voc': 41.23}, {})]
    labels, _ = table.labels()
    assert list(labels.values()) == [
        'MaskCLIP, SCLIP line', 'MaskCLIP, ClearCLIP']


def test_what_others_measured_is_told_apart():
    table, = compare([row('SFP', 'voc21', B, mIoU=60.)], PUBLISHED, RERUNS)
    sfp, = [entry for entry in table.entries if entry.method == 'SFP']
    assert sfp.here == {'voc21': 60.}
    assert sfp.published['voc21']['mIoU'] == '63.9'
    assert {by: rows['voc21']['mIoU'] for by, rows in sfp.reruns.items()} == {
        'PEARL\'s authors': '56.8', 'OV-Stitcher\'s authors': '62.9'}
    sam, = [entry for entry in table.entries
            if entry.method == 'SAM 3' and entry.settings == 'SCLIP line']
    assert not sam.here and not sam.published and sam.reruns
    assert (sam.needs, sam.clip) == ('trained', 'own weights')


# ------------------------------------------------------------------- groups
def test_groups_by_what_methods_need():
    table, = compare(
        [row('ProxyCLIP'), row('CorrCLIP'), row('NACLIP'), row('mine'),
         row('mine too', needs='masks'), row('GroupViT', clip=None),
         row('FCN', clip=None, checkpoint='fcn.pth')], [])
    assert [(title, [entry.method for entry in entries])
            for title, entries in table.groups()] == [
        ('CLIP alone', ['NACLIP']),
        ('CLIP and a second network', ['ProxyCLIP']),
        ('CLIP and masks of regions', ['CorrCLIP', 'mine too']),
        ('Trained models', ['FCN', 'GroupViT']),
        ('Other models', ['mine'])]


def test_several_checkpoints_are_told_apart_and_stay_in_their_group():
    table, = compare([row('MaskCLIP+', checkpoint=f'{name}.pth', mIoU=value)
                      for name, value in (('one', 50.), ('two', 51.))], [])
    assert [(entry.method, entry.needs) for entry in table.entries] == [
        ('MaskCLIP+ (a, two)', 'trained'), ('MaskCLIP+ (a, one)', 'trained')]


# -------------------------------------------------------------------- order
def test_the_best_of_a_group_comes_first_whoever_measured_it():
    table, = compare(
        [row('SCLIP', mIoU=30.), row('NACLIP', mIoU=50.)],
        [publish('SCLIP', 60), publish('RF-CLIP', 40),
         publish('PEARL', 20)],
        [publish('PEARL', 99, by='them'), publish('FreeCP', 45, by='them')])
    assert names(table) == ['NACLIP', 'FreeCP', 'RF-CLIP', 'SCLIP', 'PEARL']


def test_without_gaps_the_order_is_that_of_the_means():
    values = {'NACLIP': (50., 10.), 'SCLIP': (20., 41.), 'GEM': (30., 32.)}
    rows = [row(method, dataset, mIoU=value)
            for method, each in values.items()
            for dataset, value in zip(('voc', 'ade20k'), each)]
    for order in itertools.permutations(rows):
        table, = compare(order, [])
        assert names(table) == ['GEM', 'SCLIP', 'NACLIP']


def test_gaps_do_not_count_as_easy_or_hard_datasets():
    """Only on the easy dataset, the mean is high; only on the hard, low."""
    rows = [row('NACLIP', 'voc', mIoU=80.), row('NACLIP', 'ade20k', mIoU=20.),
            row('SCLIP', 'voc', mIoU=70.), row('SCLIP', 'ade20k', mIoU=10.),
            row('GEM', 'voc', mIoU=75.), row('ClearCLIP', 'ade20k', mIoU=30.)]
    table, = compare(rows, [])
    assert names(table) == ['ClearCLIP', 'NACLIP', 'GEM', 'SCLIP']
    assert [statistics.mean(entry.here.values()) for entry in table.entries
            ] == [30, 50, 75, 40]


def test_failed_methods_come_last():
    table, = compare([failed(method='CLIP'), row('NACLIP', mIoU=1.)], [])
    assert names(table) == ['NACLIP', 'CLIP']
    assert not table.entries[1].here
    table, = compare([failed(method='NACLIP'), failed(method='CLIP')], [])
    assert names(table) == ['CLIP', 'NACLIP']


def test_zero_is_a_figure():
    table, = compare([row('SCLIP', mIoU=0.)], [publish('SCLIP', 60)])
    assert table.entries[0].value('voc') == 0
    assert table.entries[0].differences() == {'voc': -60}


# ------------------------------------------------------------------- behind
@pytest.mark.parametrize('here, difference, behind', [
    (49.01, -0.49, False), (49.0, -0.5, False), (48.99, -0.51, True),
    (49.5, 0, False), (70., 20.5, False)])
def test_behind(here, difference, behind):
    annotated = annotate(row(mIoU=here), [publish('MaskCLIP', 49.5)])
    assert annotated['published'] == 49.5
    assert annotated['source'] == 'a paper'
    assert annotated['difference'] == difference
    assert annotated['behind'] is behind
    table, = compare([row(mIoU=here)], [publish('MaskCLIP', 49.5)])
    assert table.entries[0].differences() == {'voc': difference}


@pytest.mark.parametrize('changed', [
    dict(dataset='voc21'), dict(protocol=f'{A}, changed: x=1'),
    dict(clip='ViT-L-14'), dict(weights='w.pt'), dict(method='CLIP'),
    dict(weights='laion2b_s34b_b88k')])
def test_never_behind_figures_of_something_else(changed):
    annotated = annotate(row(**{'mIoU': 1., **changed}),
                         [publish('MaskCLIP', 49.5)])
    assert annotated['published'] is annotated['behind'] is None


def test_never_behind_on_toy_scenes():
    published = [publish('MaskCLIP', 49.5, 'toy')]
    assert annotate(row(dataset='toy', mIoU=1.), published)['behind'] is None
    table, = compare([row(dataset='toy', mIoU=1.)], published)
    assert table.entries[0].differences() == {}


def test_failed_rows_have_no_difference():
    annotated = annotate(failed(), [publish('MaskCLIP', 49.5)],
                         [publish('MaskCLIP', 48.25, by='them')])
    assert annotated['published'] == 49.5 and annotated['behind'] is None
    assert annotated['rerun'] == {'them': 48.25}
    assert annotated['error'].startswith('ValueError')


# --------------------------------------------------------------------- costs
def test_costs_of_several_runs():
    """100 images in 10 s and 300 in 90 s: four images a second."""
    table, = compare([
        row(seconds=10., images_per_second=10., peak_memory_mb=100),
        row(dataset='ade20k', seconds=90., images_per_second=300 / 90,
            peak_memory_mb=700), failed(dataset='context')], [])
    entry, = table.entries
    assert entry.rate == pytest.approx(4) and entry.memory == 700


def test_unknown_costs():
    table, = compare([row(seconds=None, peak_memory_mb=None)], [])
    assert table.entries[0].rate is table.entries[0].memory is None


# ------------------------------------------------------------- several CLIPs
def test_weights_are_named_briefly_but_each_for_itself():
    from mmseg_clipzs.leaderboard.standings import short_names
    table, = compare([row(weights=weights) for weights in (
        'one/seed1.pt', 'two/ViT-B-16-seed1.safetensors',
        'three/ViT-B-16-seed2.safetensors', 'openai')], [])
    tag, files = sorted(table.entries, key=lambda entry: entry.clip)
    assert (tag.clip, files.clip) == ('ViT-B-16 openai', 'ViT-B-16, 3 weights')
    assert short_names(files) == [
        'one/seed1.pt', 'two/ViT-B-16-seed1.safetensors', 'seed2']


def test_shipped_weights_are_one_of_their_recipe():
    table, = compare([row(clip='toy-vit-p8', weights=weights, mIoU=value)
                      for weights, value in (
                          ('toy', 60.), ('/w/toy-vit-p8-seed1.safetensors',
                                         63.))], [])
    entry, = table.entries
    assert (entry.clip, entry.here) == ('toy-vit-p8, 2 weights', {'voc': 61.5})

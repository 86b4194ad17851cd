"""Tables: every figure appears only in the table of its protocol."""
import csv
import html.parser
import io
import json
import re
import statistics

import numpy as np
import pytest

from mmseg_clipzs.leaderboard.report import compare, to_csv, write_report
from mmseg_clipzs.recipes import PUBLISHED

A, B = 'A (MaskCLIP)', 'B (SCLIP line)'
AUTHORS = 'MaskCLIP (authors\' settings)'


def row(method='MaskCLIP', dataset='voc', protocol=A, clip='ViT-B-16',
        weights='openai', **figures):
    return dict(
        method=method, dataset=dataset, protocol=protocol, clip=clip,
        vocabulary='voc20', prompts='imagenet80', **{**dict(
            mIoU=41.23, seconds=1.5, images_per_second=2.5,
            peak_memory_mb=321, aAcc=61.7, mAcc=57.9,
            class_iou={'cat': 40.12, 'sky | sea': 42.34, 'zebra': None},
            device='1 x CPU', versions={'torch': '2.6', 'python': '3.11'}),
            **figures},
        weights=weights, config='a', checkpoint=None, folder='cells/a')


def failed(**values):
    return dict({key: value for key, value in row(**values).items() if key in (
        'method', 'dataset', 'protocol', 'clip', 'weights', 'config',
        'checkpoint', 'folder')}, error='ValueError: <out of luck>')


@pytest.fixture
def work_dir(tmp_path):
    """A work dir with prediction samples of the rows above."""
    (tmp_path / 'cells/a').mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / 'cells/a/samples.npz', names=['x', 'y'],
        classes=['cat', 'sky | sea', 'zebra'],
        palette=rng.integers(0, 256, (3, 3)),
        **{f'{what}_{i}': rng.integers(0, 3, (8, 9)).astype(np.int32)
           for what in ('truth', 'prediction') for i in (0, 1)},
        **{f'image_{i}': rng.integers(0, 256, (8, 9, 3), np.uint8)
           for i in (0, 1)})
    return tmp_path


class Page(html.parser.HTMLParser):
    """Text of all table cells, and links that a browser would load."""
    ALONE = {'meta', 'img'}

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.fetched = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALONE:
            self.open.append(tag)
        if tag in ('td', 'th'):
            self.cells.append('')
        self.fetched += [value for key, value in attrs
                         if key in ('src', 'href', 'data')]
        assert tag not in ('script', 'link', 'iframe')

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {'td', 'th'} & set(self.open):
            self.cells[-1] += data


def cells_of(table):
    """(dataset, column, method) -> text, without empty cells."""
    return {(*column, method): text for method, texts in table.rows
            for column, text in zip(table.columns, texts) if text}


# ---------------------------------------------------------------- published
def test_published_figures():
    keys = [tuple(p[k] for k in ('method', 'dataset', 'protocol', 'clip',
                                 'weights'))
            for p in PUBLISHED]
    assert len(set(keys)) == len(keys)
    figures = dict(zip(keys, (p['mIoU'] for p in PUBLISHED)))
    assert figures[AUTHORS, 'voc', A, 'ViT-B-16', 'openai'] == '49.5'
    assert figures['MaskCLIP', 'voc', B, 'ViT-B-16', 'openai'] == '74.9'
    assert figures['GroupViT', 'voc21', 'C (GroupViT)', None, None] == '52.3'
    assert figures['NACLIP + PAMR', 'ade20k', B, 'ViT-B-16',
                   'openai'] == '19.1'
    for each in PUBLISHED:
        assert 0 < float(each['mIoU']) < 100 and each['source']


def test_published_only_beside_its_own_protocol():
    """The same method, dataset and CLIP under both protocols."""
    tables = compare([row(), row(AUTHORS, mIoU=42.), row(protocol=B, mIoU=60.),
                      row(protocol='custom', mIoU=50.)], PUBLISHED)
    a, b, custom = map(cells_of, tables)
    assert [table.title for table in tables] == [A, B, 'custom']
    assert a['voc', 'ViT-B-16 openai', 'MaskCLIP'] == '41.23'
    # Corrected settings reproduce no published figure.
    assert ('voc', 'ViT-B-16 published', 'MaskCLIP') not in a
    assert a['voc', 'ViT-B-16 openai', AUTHORS] == '42.0'
    assert a['voc', 'ViT-B-16 published', AUTHORS] == '49.5'
    assert b['voc', 'ViT-B-16 openai', 'MaskCLIP'] == '60.0'
    assert b['voc', 'ViT-B-16 published', 'MaskCLIP'] == '74.9'
    assert b['voc', 'ViT-B-16 published', 'SCLIP'] == '81.5'
    assert custom == {('voc', 'ViT-B-16 openai', 'MaskCLIP'): '50.0'}


@pytest.mark.parametrize('protocol', ['C (GroupViT)', A, B, 'B (ClearCLIP)'])
def test_each_published_figure_is_of_the_tables_protocol(protocol):
    rows = [row(dataset=dataset, clip=clip, protocol=protocol)
            for dataset in ('voc', 'voc21', 'context', 'ade20k')
            for clip in ('ViT-B-16', 'RN50', None)]
    table, = compare(rows, PUBLISHED)
    shown = {(method, dataset, what.split()[0], text)
             for (dataset, what, method), text in cells_of(table).items()
             if what.endswith('published')}
    assert shown and shown == {
        (p['method'], p['dataset'], p['clip'] or 'own', p['mIoU'])
        for p in PUBLISHED if p['protocol'] == protocol
        and p['weights'] in ('openai', None)
        and p['dataset'] in ('voc', 'voc21', 'context', 'ade20k')
        and p['clip'] in ('ViT-B-16', 'RN50', None)}


# ------------------------------------------------------------- several CLIPs
def test_mean_and_spread_over_weights():
    rows = [row(weights=f'/w/seed{i}.pt', mIoU=value)
            for i, value in enumerate((60., 62., 67.))]
    rows += [row('CLIP', weights='/w/seed0.pt', mIoU=10.),
             row('CLIP', clip='RN50', mIoU=11.)]
    table, = compare(rows, [])
    assert table.columns == [('voc', f'ViT-B-16 {name}') for name in (
        'seed0', 'seed1', 'seed2', 'mean ± std')
    ] + [('voc', 'RN50 openai')]
    # mean 63; squares 9 + 1 + 16 = 26; 26 / 2 = 13
    assert table.rows == [
        ('MaskCLIP', ['60.0', '62.0', '67.0',
                      f'63.00 ± {13 ** 0.5:.2f} (3)', '']),
        ('CLIP', ['10.0', '', '', '', '11.0'])]


def test_a_failed_seed_is_no_part_of_the_mean():
    table, = compare([row(weights='a', mIoU=60.), failed(weights='b'),
                      row(weights='c', mIoU=62.), row('GEM', weights='a')], [])
    spread = f'61.00 ± {2 ** 0.5:.2f} (2)'
    assert table.rows == [('MaskCLIP', ['60.0', 'failed', '62.0', spread]),
                          ('GEM', ['41.23', '', '', ''])]


def test_two_settings_of_a_method_are_no_spread():
    table, = compare([row(mIoU=60.), row(mIoU=61.), row(weights='b')], [])
    assert table.rows == [('MaskCLIP', ['60.0 / 61.0', '41.23'])]


def test_weights_are_named_briefly_but_each_for_itself():
    table, = compare([row(clip=clip, weights=weights) for clip in (
        'ViT-B-16', 'RN50') for weights in (
            'one/seed1.pt', 'two/ViT-B-16-seed1.safetensors',
            'three/ViT-B-16-seed2.safetensors', 'openai')], [])
    assert [what for _, what in table.columns] == [
        'ViT-B-16 one/seed1.pt', 'ViT-B-16 two/ViT-B-16-seed1.safetensors',
        'ViT-B-16 seed2', 'ViT-B-16 openai', 'ViT-B-16 mean ± std',
        'RN50 seed1', 'RN50 ViT-B-16-seed1', 'RN50 ViT-B-16-seed2',
        'RN50 openai', 'RN50 mean ± std']


def test_weights_of_one_name_and_models_without_clip():
    table, = compare([
        row(weights='one/w.pt'), row(weights='two/w.pt'),
        row('FCN', clip=None, weights=None, mIoU=1.),
        row('FCN', clip=None, weights=None, mIoU=2.)], [])
    assert [what for _, what in table.columns] == [
        'ViT-B-16 one/w.pt', 'ViT-B-16 two/w.pt',
        'ViT-B-16 mean ± std', 'own weights']
    assert dict(table.rows)['FCN'][-1] == '1.0 / 2.0'


# -------------------------------------------------------------------- files
@pytest.fixture
def rows():
    return [row(AUTHORS), row(AUTHORS, weights='laion', mIoU=43.21, class_iou={
        'cat': 44.44, 'sky | sea': None, 'zebra': None}),
        row('A <b> & "c"', protocol=B, mIoU=12.34),
        failed(method='GEM', protocol=B)]


def test_page_has_every_figure_and_nothing_from_elsewhere(rows, work_dir):
    write_report(rows, work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    for each in rows[:3]:
        for key in ('mIoU', 'aAcc', 'mAcc', 'seconds', 'images_per_second',
                    'peak_memory_mb', 'vocabulary', 'prompts', 'device'):
            assert str(each[key]) in page.cells
    cat = f'{statistics.mean((40.12, 44.44)):.2f}'
    assert {cat, '42.34', '40.12', '–', 'A <b> & "c"', 'failed', '49.5',
            '74.9'} <= set(page.cells)
    # Image and ground truth of each sample, and a prediction of each model.
    assert len(page.fetched) == 2 * 3 + 2 * 3
    assert all(link.startswith('data:image/jpeg;base64,')
               for link in page.fetched)
    text = (work_dir / 'leaderboard.html').read_text()
    assert 'ValueError: &lt;out of luck&gt;' in text
    assert 'voc: predictions (the first of several runs)<' in text  # A
    assert 'voc: predictions<' in text  # B
    assert not re.search(r'https?:|url\(', text)


def test_csv_and_json_have_all_of_a_row(rows, work_dir):
    write_report(rows, work_dir)
    assert json.loads((work_dir / 'leaderboard.json').read_text()) == rows
    read = list(csv.DictReader(io.StringIO(to_csv(rows))))
    for line, each in zip(read, rows):
        assert set(line) == set(rows[0]) | {'error'}
        for key in ('method', 'mIoU', 'seconds', 'folder', 'error'):
            assert line[key] == str(each.get(key, ''))
    assert read[0]['class_iou'] == 'cat 40.12, sky | sea 42.34, zebra -'
    assert read[0]['versions'] == 'torch 2.6, python 3.11'


def test_markdown(rows, work_dir):
    rows[2]['prompts'] = ['a {}', 'the {}']
    write_report(rows, work_dir)
    text = (work_dir / 'leaderboard.md').read_text()
    a, b = text.split('## Protocol ')[1:]
    assert f'| {AUTHORS} | 41.23 | 43.21 | 42.22 ± 1.40 (2) | 49.5 |' in a
    assert '74.9' not in a and '49.5' not in b.split('## Failed')[0]
    assert ('- GEM · voc · ViT-B-16 · openai · ValueError: <out of luck> · '
            'log: cells/a/log.txt') in text
    assert '| a {} \\| the {} |' in text
    assert text.endswith('Versions: torch 2.6, python 3.11.\n')

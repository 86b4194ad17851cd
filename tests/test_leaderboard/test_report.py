"""The four files: the same figures, and nothing else."""
import csv
import io
import json
import re
import statistics

import pytest
from board_rows import AUTHORS, B, Page, failed, publish, row

from mmseg_clipzs.leaderboard.blocks import blocks_of
from mmseg_clipzs.leaderboard.report import to_csv, write_report
from mmseg_clipzs.leaderboard.standings import compare


def lines_of(block):
    """Texts of all lines."""
    return [texts for _, lines in block.groups for _, texts in lines]


def overview(*arguments):
    """Heading -> text of the lines of the first table."""
    table, = compare(*arguments)
    block = blocks_of(table)[0]
    return [dict(zip([heading for heading, _ in block.columns], texts))
            for texts in lines_of(block)]


# -------------------------------------------------------------------- texts
def test_mean_and_spread_over_weights():
    rows = [row(weights=f'/w/seed{i}.pt', mIoU=value)
            for i, value in enumerate((60., 62., 67.))]
    rows += [row('CLIP', weights='/w/seed0.pt', mIoU=10.),
             row('CLIP', clip='RN50', mIoU=11.)]
    # mean 63; squares 9 + 1 + 16 = 26; 26 / 2 = 13
    assert [(line['method'], line['CLIP'], line['here'])
            for line in overview(rows, [])] == [
        ('MaskCLIP', 'ViT-B-16, 3 weights', f'63.00 ± {13 ** 0.5:.2f} (3)'),
        ('CLIP', 'RN50 openai', '11.00'), ('CLIP', 'ViT-B-16 seed0', '10.00')]
    table, = compare(rows, [])
    each, = [block for block in blocks_of(table)
             if block.title.endswith('each of several weights')]
    assert [heading for heading, _ in each.columns] == [
        'method', 'CLIP', 'dataset', 'seed0', 'seed1', 'seed2', 'mean ± std']
    assert lines_of(each) == [
        ['MaskCLIP', 'ViT-B-16, 3 weights', 'voc', '60.00', '62.00', '67.00',
         f'63.00 ± {13 ** 0.5:.2f} (3)']]


def test_a_failed_seed_is_no_part_of_the_mean():
    rows = [row(weights='a.pt', mIoU=60.), failed(weights='b.pt'),
            row(weights='c.pt', mIoU=62.), row('GEM', weights='a.pt')]
    assert [line['here'] for line in overview(rows, [])] == [
        f'61.00 ± {2 ** 0.5:.2f} (2)', '41.23']
    table, = compare(rows, [])
    assert lines_of(blocks_of(table)[1])[0][3:6] == [
        '60.00', 'failed', '62.00']


def test_two_settings_of_a_method_are_no_spread():
    assert overview([row(mIoU=60.), row(mIoU=61.)], [])[0]['here'] == (
        '60.00 / 61.00')
    assert overview([failed()], [])[0]['here'] == 'failed'


def test_means_say_how_many_datasets_they_are_of():
    published = [publish('MaskCLIP', 60), publish('MaskCLIP', 41, 'ade20k'),
                 publish('SCLIP', 50)]
    reruns = [publish('MaskCLIP', 58, by='them', remark='seen'),
              publish('MaskCLIP', 55, by='others')]
    lines = overview(
        [row(mIoU=59.8), row(dataset='ade20k', mIoU=40.)],
        published, reruns)
    assert lines[0] == {
        'method': 'MaskCLIP', 'CLIP': 'ViT-B-16 openai', 'here': '49.90',
        'published': '50.5',
        're-run by others': '58.0† (1 of 2) (them); 55.0 (1 of 2) (others)',
        'here − published': '−0.60, behind on ade20k',
        'images/s': '2.50', 'memory, MB': '321'}
    assert lines[1] == {
        'method': 'SCLIP', 'CLIP': 'ViT-B-16 openai', 'here': '',
        'published': '50.0 (1 of 2)', 're-run by others': '',
        'here − published': '', 'images/s': '', 'memory, MB': ''}


def test_each_dataset_has_a_line_for_each_who_measured_it():
    table, = compare(
        [row(mIoU=59.8), row(dataset='ade20k', mIoU=40.)],
        [publish('MaskCLIP', 60), publish('MaskCLIP', 41, 'ade20k')],
        [publish('MaskCLIP', 58, by='them', remark='seen')])
    block = blocks_of(table)[1]
    assert [heading for heading, _ in block.columns] == [
        'method', 'CLIP', 'figures', 'mean', 'voc', 'ade20k']
    assert [(kind, texts[2:]) for _, lines in block.groups
            for kind, texts in lines] == [
        ('here', ['here', '49.90', '59.80', '40.00 (1.00 behind)']),
        ('published', ['published', '50.5', '60', '41']),
        ('rerun', ['re-run by them', '58.0† (1 of 2)', '58†', ''])]
    assert block.notes == ['† seen.']


def test_columns_without_figures_are_left_out():
    line, = overview([row(dataset='toy')], [])
    assert list(line) == ['method', 'CLIP', 'here', 'images/s', 'memory, MB']


def test_sources_and_licences():
    table, = compare([row('ProxyCLIP', 'voc21', B)], [
        publish('ProxyCLIP', 61, 'voc21', B)])
    sources = blocks_of(table)[-1]
    assert lines_of(sources) == [[
        'ProxyCLIP', 'ViT-B-16 openai', 'DINO B/8', 'a paper',
        'mc-lan/ProxyCLIP', 'S-Lab 1.0, non-commercial',
        'not found; the code is MIT, the model card puts deployed use out of '
        'scope']]


# -------------------------------------------------------------------- files
@pytest.fixture
def rows():
    return [row(AUTHORS), row(AUTHORS, weights='laion.pt', mIoU=43.21,
                              class_iou={'cat': 44.44, 'sky | sea': None,
                                         'zebra': None}),
            row('A <b> & "c"', protocol=B, mIoU=12.34),
            failed(method='GEM', protocol=B)]


def test_page_has_every_figure_and_nothing_from_elsewhere(rows, work_dir):
    write_report(rows, work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    for each in rows[:3]:
        for key in ('mIoU', 'aAcc', 'mAcc', 'seconds', 'images_per_second',
                    'peak_memory_mb', 'vocabulary', 'prompts', 'device'):
            assert str(each[key]) in (
                page.text if key in ('vocabulary', 'prompts', 'device')
                else page.cells)
    assert {'★ 44.44', '★ 42.34', '40.12', '–', 'A <b> & "c"', 'failed',
            '49.5', '74.9', '87.0†'} <= set(page.cells)
    # Photo and ground truth of each sample, and each model's prediction.
    assert len(page.fetched) == 2 * 4 + 2 * 3
    assert all(link.startswith('data:image/jpeg;base64,')
               for link in page.fetched)
    text = (work_dir / 'leaderboard.html').read_text()
    assert 'ValueError: &lt;out of luck&gt;' in text
    assert not re.search(r'https?:|url\(|<b>', text)


def test_bars_are_means_over_weights(work_dir):
    rows = [row(weights=f'{name}.pt', class_iou={'cat': value, 'dog': None})
            for name, value in (('a', 40.), ('b', 43.))]
    write_report([*rows, row('GEM', mIoU=40., class_iou={
        'cat': 41.4, 'emu': 3.})], work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    start = page.lines.index(
        ['class', 'MaskCLIP (mean of 2)', 'GEM, ViT-B-16 openai'])
    assert page.lines[start + 1:start + 4] == [
        ['cat', f'★ {statistics.mean((40, 43)):.2f}', '41.40'],
        ['dog', '–', '–'], ['emu', '–', '★ 3.00']]
    assert 'voc: predictions (the first of several runs)' in page.text


def test_pictures_of_the_first_dataset_are_open(work_dir):
    write_report([row(dataset='voc'), row(dataset='ade20k')], work_dir)
    text = (work_dir / 'leaderboard.html').read_text()
    assert '<details open><summary>voc: predictions' in text
    assert '<details><summary>ade20k: predictions' in text


def test_groups_and_marks_are_words(work_dir):
    rows = [row('SCLIP', 'voc', B, mIoU=80.), row('CLIP', 'voc', B, mIoU=41.7),
            row('ProxyCLIP', 'voc', B, mIoU=80.3)]
    write_report(rows, work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    assert ['SCLIP', 'ViT-B-16 openai', 'SCLIP line', '80.00', '81.5', '',
            '−1.50, behind', '2.50', '321'] in page.lines
    assert ['CLIP', 'ViT-B-16 openai', 'SCLIP line', '41.70', '41.8', '',
            '−0.10', '2.50', '321'] in page.lines
    assert page.classes['−1.50, behind'] == {'here', 'behind'}
    assert page.classes['−0.10'] == {'here'}
    assert page.classes['81.5'] == {'published'}
    assert page.classes['79.7 (FLOSS\'s authors)'] == {'rerun'}
    order = [line[0] for line in page.lines]
    assert order.index('CLIP alone') < order.index('SCLIP') < order.index(
        'CLIP and a second network') < order.index('ProxyCLIP')


def test_csv_and_json_have_all_of_a_row(rows, work_dir):
    write_report(rows, work_dir)
    saved = json.loads((work_dir / 'leaderboard.json').read_text())
    for line, each in zip(saved, rows, strict=True):
        assert {key: line[key] for key in each} == each
    assert [line['needs'] for line in saved] == ['clip', 'clip', None, 'clip']
    assert [line['published'] for line in saved] == [49.5, None, None, 79.9]
    assert [line['behind'] for line in saved] == [True, None, None, None]
    assert saved[0]['difference'] == -8.27
    text = (work_dir / 'leaderboard.csv').read_text()
    assert text == to_csv(saved)
    read = list(csv.DictReader(io.StringIO(text)))
    for line, each in zip(read, saved, strict=True):
        assert set(line) == set(saved[0]) | {'error'}
        for key in ('method', 'mIoU', 'seconds', 'folder', 'error',
                    'published', 'behind'):
            value = each.get(key, '')
            assert line[key] == ('' if value is None else str(value))
    assert read[0]['class_iou'] == 'cat 40.12, sky | sea 42.34, zebra -'
    assert read[0]['versions'] == 'torch 2.6, python 3.11'


def test_markdown(rows, work_dir):
    rows[2]['prompts'] = ['a {}', 'the {}']
    write_report(rows, work_dir)
    text = (work_dir / 'leaderboard.md').read_text()
    a, b = text.split('## Protocol ')[1:]
    assert (f'| {AUTHORS} | ViT-B-16 openai | 41.23 | 49.5 | −8.27, behind | '
            '2.50 | 321 |') in a
    assert f'| {AUTHORS} | ViT-B-16 laion | 43.21 | | | 2.50 | 321 |' in (
        a.replace('|  |', '| |').replace('|  |', '| |'))
    assert '| **CLIP alone** |' in a
    assert '74.9' not in a and '49.5' not in b.split('## Failed')[0]
    assert ('- GEM · voc · ViT-B-16 · openai · '
            'ValueError: &lt;out of luck&gt; · log: cells/a/log.txt') in text
    assert '| a {} \\| the {} |' in text
    assert text.endswith('Versions: torch 2.6, python 3.11.\n')


def test_markdown_has_no_html_and_no_broken_lines(work_dir):
    evil = '<script>alert(1)</script>\n<b>'
    write_report(
        [row(evil, dataset=evil, protocol=f'B ({evil})', device=evil),
         row('GEM', dataset=evil, protocol=f'B ({evil})'),
         failed(method=evil)], work_dir)
    text = (work_dir / 'leaderboard.md').read_text()
    assert '<' not in text
    assert '&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt; | ' in text


def test_what_differs_is_never_behind(work_dir):
    """Trident's published figures may be with a decoder that is not here."""
    write_report([row('Trident', 'voc21', B, mIoU=60.)], work_dir)
    saved, = json.loads((work_dir / 'leaderboard.json').read_text())
    assert (saved['published'], saved['difference'], saved['behind']) == (
        67.1, None, None)
    assert 'SAM\'s mask decoder' in saved['source']
    text = (work_dir / 'leaderboard.md').read_text()
    assert '67.1†‡' in text and ', behind' not in text
    assert '‡ may include SAM\'s mask decoder, which is not here.' in text
    page = Page((work_dir / 'leaderboard.html').read_text())
    assert '67.1†‡' in page.cells
    assert '‡ may include SAM\'s mask decoder' in page.text


def test_markdown_and_page_agree(work_dir):
    """Every table of one is in the other, text for text."""
    rows = [row(method, dataset, B, mIoU=value + i)
            for method, value in (('NACLIP', 30.), ('CorrCLIP', 40.))
            for i, dataset in enumerate(('voc', 'voc21'))]
    write_report(rows, work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    lines = [[text.strip().strip('*').replace('\\|', '|')
              for text in re.split(r'(?<!\\)\|', line)[1:-1]]
             for line in (work_dir / 'leaderboard.md').read_text().splitlines()
             if line.startswith('|') and '---' not in line]
    lines = [line[:1] if not any(line[1:]) else line for line in lines]
    of_page = [[text.strip() for text in line] for line in page.lines]
    bars = [line for line in of_page if line[0] in (
        'class', 'cat', 'sky | sea', 'zebra')]
    assert sorted(lines) == sorted(
        line for line in of_page if line not in bars)


def test_same_class_same_colour_whatever_the_order(work_dir):
    """Models may order their classes differently, or have others."""
    import numpy as np
    for name, classes in (('b', ['dog', 'cat']), ('c', ['cat', 'dog', 'emu'])):
        (work_dir / 'cells' / name).mkdir()
        np.savez(
            work_dir / 'cells' / name / 'samples.npz', names=['x'],
            classes=classes, palette=np.zeros((len(classes), 3), np.int64),
            truth_0=np.full((8, 8), classes.index('cat')),
            prediction_0=np.full((8, 8), classes.index('cat')),
            image_0=np.full((8, 8, 3), 90, np.uint8))
    rows = [dict(row(method), folder=f'cells/{name}')
            for method, name in (('NACLIP', 'b'), ('GEM', 'c'))]
    write_report(rows, work_dir)
    page = Page((work_dir / 'leaderboard.html').read_text())
    photo, truth, *predicted = page.fetched
    assert photo != truth == predicted[0] == predicted[1]
    assert 'emu' not in page.text.split('predictions')[1].split('IoU of')[0]

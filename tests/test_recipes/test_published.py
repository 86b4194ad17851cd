"""Published figures and what others measured, against the papers' tables."""
import pytest

from mmseg_clipzs.recipes import (
    NEEDS,
    PUBLISHED,
    RERUNS,
    cells,
    find_published,
    needs_of,
)
from mmseg_clipzs.recipes.cells import source_of
from mmseg_clipzs.recipes.datasets import DATASETS
from mmseg_clipzs.recipes.field import METHODS_OF_THE_FIELD
from mmseg_clipzs.recipes.methods import BENCHMARKS, METHODS
from mmseg_clipzs.recipes.published import legend, marked, mean_figure
from mmseg_clipzs.recipes.tables import TABLES

B = 'B (SCLIP line)'


def find(method, clip='ViT-B-16', weights='openai'):
    return [row and row['mIoU'] for row in (
        find_published(method, 'B (SegEarth-OV3)' if method == 'SAM 3' else B,
                       clip, dataset, weights)
        for dataset in BENCHMARKS)]


def key(row):
    return tuple(row[k] for k in (
        'method', 'dataset', 'protocol', 'clip', 'weights')) + (
            row.get('by'), )


def test_each_figure_has_one_place_and_a_source():
    rows = [*PUBLISHED, *RERUNS]
    assert len(set(map(key, rows))) == len(rows)
    for row in rows:
        assert 0 < float(row['mIoU']) < 100 and row['source']
        assert row['dataset'] in DATASETS and row['dataset'] != 'toy'
    assert all(row['by'] for row in RERUNS)
    assert not any('by' in row for row in PUBLISHED)


def test_means_round_halves_up():
    """As the papers do: SC-CLIP's with L/14 is 45.15, printed as 45.2."""
    assert mean_figure([dict(mIoU='45.1'), dict(mIoU='45.2')]) == '45.2'
    assert mean_figure([row for row in PUBLISHED if (
        row['method'], row['clip']) == ('SC-CLIP', 'ViT-L-14')]) == '45.2'
    assert mean_figure([dict(mIoU='45.0')]) == '45.0'


def mean(figures):
    return sum(map(float, figures)) / len(figures)


@pytest.mark.parametrize('method, clip, weights, stated', [
    ('RF-CLIP', 'ViT-B-16', 'openai', 45.5),
    ('CLIPer', 'ViT-B-16', 'openai', 43.2),
    ('CLIPer + Stable Diffusion', 'ViT-B-16', 'openai', 45.3),
    ('CLIPer + Stable Diffusion', 'ViT-L-14', 'openai', 48.6),
    ('SFP', 'ViT-B-16', 'openai', 44.0),
    ('SC-CLIP', 'ViT-B-16', 'openai', 43.9),
    ('SC-CLIP', 'ViT-L-14', 'openai', 45.2),
    ('DIH-CLIP', 'ViT-B-16', 'openai', 43.6),
    ('PEARL', 'ViT-B-16', 'openai', 43.2),
    ('FreeCP', 'ViT-B-16', 'openai', 42.1),
    ('ResCLIP (NACLIP)', 'ViT-B-16', 'openai', 41.4),
    ('ResCLIP (NACLIP)', 'ViT-L-14', 'openai', 39.1),
    ('NACLIP + PAMR', 'ViT-B-16', 'openai', 42.5),
    ('CLIP-DINOiser', 'ViT-B-16', 'laion2b_s34b_b88k', 40.3),
    ('ProxyCLIP', 'ViT-B-16', 'openai', 42.3),
    ('ProxyCLIP', 'ViT-B-16', 'metaclip_fullcc', 43.9),
    ('ProxyCLIP', 'ViT-L-14', 'openai', 43.0),
    ('ProxyCLIP', 'ViT-H-14', 'laion2b_s32b_b79k', 44.4),
    ('LPOSS', 'ViT-B-16', 'laion2b_s34b_b88k', 41.3),
    ('CASS', 'ViT-B-16', 'openai', 44.4),
    ('Trident', 'ViT-B-16', 'openai', 45.8),
    ('Trident', 'ViT-H-14', None, 48.6),
    ('CorrCLIP', 'ViT-B-16', 'openai', 48.7),
    ('CorrCLIP', 'ViT-B-16', 'metaclip_fullcc', 51.0),
    ('CorrCLIP (Mask2Former)', 'ViT-B-16', 'metaclip_fullcc', 50.3),
    ('CorrCLIP (EoMT)', 'ViT-B-16', 'metaclip_fullcc', 52.3),
    ('CorrCLIP (EntitySeg)', 'ViT-B-16', 'metaclip_fullcc', 52.4),
    ('CorrCLIP (EntitySeg)', 'ViT-L-14', None, 55.4),
    ('CorrCLIPv2', 'ViT-B-16', 'metaclip_fullcc, dfn2b', 58.5),
    ('CorrCLIPv2', 'ViT-L-14', None, 59.5),
    ('OV-Stitcher', 'ViT-B-16', 'openai', 50.7),
    ('ReME', 'ViT-B-16', 'openai', 55.2),
    ('Talk2DINO', None, None, 46.3),
    ('SAM 3', None, None, 63.0),
    ('ConceptBank', None, None, 67.1)])
def test_means_of_the_papers(method, clip, weights, stated):
    """The papers state the mean of the eight, which no row contains.

    Theirs is of figures before rounding.
    """
    assert mean(find(method, clip, weights)) == pytest.approx(
        stated, abs=0.1)


@pytest.mark.parametrize('method, by, stated', [
    ('SFP', 'PEARL\'s authors', 39.6),
    ('CASS', 'PEARL\'s authors, with DINOv3 B/16', 42.2),
    ('SAM 3', 'ConceptBank\'s authors', 57.5),
    ('NACLIP', 'FLOSS\'s authors', 38.2),
    ('CLIP-DINOiser', 'FLOSS\'s authors', 38.5)])
def test_means_of_those_who_ran_a_method_again(method, by, stated):
    assert mean([row['mIoU'] for row in RERUNS if (
        row['method'], row['by']) == (method, by)]) == pytest.approx(
            stated, abs=0.051)


def test_weights_and_activation():
    """The same tag under both names of an architecture."""
    assert find('ProxyCLIP', 'ViT-B-16-quickgelu', 'metaclip_fullcc') == find(
        'ProxyCLIP', weights='metaclip_fullcc') != find('ProxyCLIP')
    assert find('ProxyCLIP', weights='/w/ViT-B-16.pt') == [None] * 8


def test_what_was_read_from_a_picture_says_so():
    row = find_published('ProxyCLIP', B, 'ViT-B-16', 'voc21')
    assert source_of(row) == 'mc-lan/ProxyCLIP, read from a picture of a table'
    row = find_published('SC-CLIP', B, 'ViT-B-16', 'voc21')
    assert source_of(row) == row['source']


def test_signs():
    row = find_published('Trident', B, 'ViT-B-16', 'voc21')
    assert marked('45.8', row) == '45.8†‡' and source_of(row).endswith(
        'table, may include SAM\'s mask decoder, which is not here')
    assert marked('1.0', *PUBLISHED) == '1.0†‡'
    assert marked('1.0', dict(mIoU='2.0')) == '1.0' and legend([]) == ''
    # A sign has one meaning, so that a legend is clear.
    assert legend([*PUBLISHED, *RERUNS]) == (
        '† read from a picture of a table. ‡ may include SAM\'s mask decoder, '
        'which is not here.')


def test_signs_are_in_every_table_of_published_figures():
    for name in ('protocol B, published', 'protocol B, field'):
        text = TABLES[name]()
        assert '| 67.1†‡ |' in text and '| 61.3† |' in text
        assert text.endswith(legend(PUBLISHED))


# -------------------------------------------------------------------- needs
def test_needs():
    assert [needs_of(title) for title in (
        'NACLIP', 'CLIP + K-means', 'PEARL', 'ProxyCLIP', 'Trident',
        'CorrCLIP', 'GroupViT', 'MaskCLIP+', 'SAM 3', 'mine')] == [
            'clip', 'clip', 'clip', 'network', 'network', 'masks', 'trained',
            'trained', 'trained', None]
    assert {entry.get('needs', 'clip') for entry in METHODS.values()} <= set(
        NEEDS)


def test_every_row_has_its_group():
    for row in [*PUBLISHED, *RERUNS]:
        assert needs_of(row['method']) in set(NEEDS) - {None}, row['method']


def test_both_tables_of_needs_agree():
    """Methods that have configs, and the field."""
    for entry in METHODS.values():
        if entry['title'] in METHODS_OF_THE_FIELD:
            assert METHODS_OF_THE_FIELD[entry['title']][0] == entry.get(
                'needs', 'clip'), entry['title']


def test_every_student_is_trained():
    from mmseg_clipzs.recipes.students import students
    assert {needs_of(student.title) for student in students()} == {'trained'}


def test_published_figures_of_configs_have_their_weights():
    for cell in cells():
        if cell.published and cell.clip:
            assert cell.published['weights'] == (
                cell.model['clip']['pretrained'])

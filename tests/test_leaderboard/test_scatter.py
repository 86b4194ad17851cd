"""The plot of quality against time."""
import itertools
import random
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from board_rows import Page, failed, publish, row

from mmseg_clipzs.leaderboard import scatter
from mmseg_clipzs.leaderboard.report import write_report
from mmseg_clipzs.leaderboard.scatter import Point, draw, points_of
from mmseg_clipzs.leaderboard.standings import compare
from mmseg_clipzs.recipes import NEEDS


def test_points_are_means_over_all_datasets():
    table, = compare([
        row('NACLIP', mIoU=60., images_per_second=2.),
        row('NACLIP', 'ade20k', mIoU=20., images_per_second=10.),
        row('ProxyCLIP', mIoU=70.), row('GEM', mIoU=50.),
        failed(method='GEM', dataset='ade20k')],
        [publish('RF-CLIP', 90)])
    (point, ), left = points_of(table)
    assert point[:2] == ('NACLIP', 'clip') and point.memory == 321
    assert (point.seconds, point.miou) == (pytest.approx(0.3), 40)
    assert left == ['GEM', 'ProxyCLIP']


def test_labels_name_unusual_weights():
    table, = compare([row('NACLIP'), row('GEM'), row('GEM', clip='ViT-L-14'),
                      row('GroupViT', clip=None, weights=None)], [])
    assert sorted(point.label for point in points_of(table)[0]) == [
        'GEM', 'GEM, ViT-L-14 openai', 'GroupViT, own weights', 'NACLIP']


def parse(svg):
    return ElementTree.fromstring(svg)


def of_class(root, name):
    return [each for each in root.iter() if each.get('class') == name]


def test_better_is_higher_and_slower_is_further_right():
    root = parse(draw([
        Point('slow', 'clip', 1., 50., None), Point('fast', None, .1, 30., 2),
        Point('good', 'masks', 1., 80., 1)], 'p'))
    place = {}
    for group in root.findall('g'):
        name = group.find('title').text.split(':')[0]
        x, y = re.findall(r'[\d.]+', group.find('g').get('transform'))
        place[name] = float(x), float(y)
        assert 0 < float(x) < 860 and 0 < float(y) < 560
    assert place['fast'][0] < place['slow'][0] == place['good'][0]
    assert place['good'][1] < place['slow'][1] < place['fast'][1]
    # The slow one is neither better nor faster than the good one.
    front, = of_class(root, 'front')
    (x1, y1), (x2, y2) = place['fast'], place['good']
    assert front.get('d') == (f'M{x1:.1f} {y1:.1f}L{x2:.1f} {y1:.1f}'
                              f'L{x2:.1f} {y2:.1f}L840.0 {y2:.1f}')


def test_is_readable_without_seeing_it():
    svg = draw([Point('A <b>', 'clip', .025, 41.234, 1200.),
                Point('C', None, 2.5, 3., None)], 'p')
    root = parse(svg)
    assert root.get('role') == 'img'
    ids = root.get('aria-labelledby').split()
    found = {each.get('id'): each.text for each in root}
    assert 'mIoU against time' in found[ids[0]]
    assert found[ids[1]] == ('A <b>: 41.23 mIoU, 25 ms an image, 1,200 MB; '
                             'C: 3.00 mIoU, 2.5 s an image')


@pytest.mark.parametrize('points', [
    [Point('one', 'clip', 1., 0., None)],
    [Point('one', 'clip', 1., 100., None)] * 3,
    [Point(f'{i}', 'clip', 10. ** i, 100. * (i > 0), None)
     for i in range(-4, 5)]])
def test_extremes(points):
    root = parse(draw(points, 'p'))
    ticks = [each.text for each in of_class(root, 'tick')]
    assert len(ticks) == len(set(ticks)) <= 40
    for each in root.findall('g'):
        numbers = re.findall(r'-?[\d.]+', each.find('g').get('transform'))
        x, y = map(float, numbers)
        assert 58 <= x <= 840 and 19.9 <= y <= 508.1


@pytest.mark.parametrize('seed', range(4))
def test_thirty_labels_do_not_cover_each_other(seed):
    rng = random.Random(seed)
    points = [Point('method' + 'x' * rng.randint(0, 14), rng.choice([*NEEDS]),
                    10 ** rng.uniform(-1.5, .5), rng.gauss(42, 6), None)
              for _ in range(30)]
    places = []
    for group in parse(draw(points, 'p')).findall('g'):
        text = group.find('text')
        places.append((float(text.get('x')), float(text.get('y')),
                       6.7 * len(text.text)))
    for (x1, y1, w1), (x2, y2, w2) in itertools.combinations(places, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or abs(y1 - y2) >= 11
    for x, y, width in places:
        assert 58 <= x and x + width <= 860 and 20 <= y <= 512


def test_far_labels_have_a_line_to_their_point():
    points = [Point(f'the method {i}', 'clip', 1., 50., None)
              for i in range(12)]
    root = parse(draw(points, 'p'))
    assert 6 <= len(of_class(root, 'leader')) <= 12


def test_long_names_are_cut_but_said():
    name = 'MaskCLIP+ (authors\' settings) (config, iter_2000)'
    root = parse(draw([Point(name, 'trained', 1., 5., None)], 'p'))
    label, = of_class(root, 'label')
    assert label.text == name[:33] + '…'
    assert name in root.find('desc').text


def test_every_group_has_a_shape_of_its_own():
    shapes = [re.sub(r'.*<g[^>]*>|</g>.*', '', scatter.shape(needs))
              for needs in NEEDS]
    assert len(set(shapes)) == len(NEEDS)
    style = Path(scatter.__file__).with_name('page.html').read_text()
    for needs in NEEDS:
        assert f'.needs-{needs or "other"} {{' in style


def test_on_the_page_with_its_legend(work_dir):
    rows = [row('NACLIP'), row('ProxyCLIP', images_per_second=1.),
            row('ProxyCLIP', device='1 x GPU', weights='laion2b_s34b_b88k')]
    write_report(rows, work_dir)
    text = Page((work_dir / 'leaderboard.html').read_text()).text
    assert 'mIoU against time of an image' in text
    assert 'CLIP is ViT-B-16 openai unless named.' in text
    assert 'Not all times are of the same device.' in text
    assert 'CLIP aloneCLIP and a second networkUp and to the left' in (
        text.replace('\n', ''))
    write_report(rows[:1], work_dir)
    text = (work_dir / 'leaderboard.html').read_text()
    assert 'mIoU against time' not in text  # of one method

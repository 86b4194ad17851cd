"""A plot of quality against time, as SVG without scripts."""
import math
from html import escape
from typing import NamedTuple

from .entries import mean

_WIDTH, _HEIGHT = 860, 560
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 20, 20, 52  # margins
_LETTER, _LINE = 7.2, 16  # size of a letter of a label
_LONGEST = 34  # letters of a label
_RADIUS = 6
# A shape for each group, as colours alone do not tell them apart.
_SHAPES = {
    'clip': '<circle r="6"/>',
    'network': '<rect x="-5.5" y="-5.5" width="11" height="11"/>',
    'masks': '<path d="M0-7 7 6-7 6z"/>',
    'trained': '<path d="M0-7.5 7.5 0 0 7.5-7.5 0z"/>',
    None: '<path d="M-2-7h4v5h5v4h-5v5h-4v-5h-5v-4h5z"/>',
}


class Point(NamedTuple):
    """A method in the plot.

    Attributes:
        label (str): Its name.
        needs (str | None): Key of ``recipes.NEEDS``.
        seconds (float): Time of an image.
        miou (float): Percent.
        memory (float | None): MB.
    """
    label: str
    needs: str | None
    seconds: float
    miou: float
    memory: float | None


def points_of(table):
    """What can be drawn of a protocol.

    Args:
        table (Table): Of :func:`~.standings.compare`.

    Returns:
        tuple[list[Point], list[str]]: Methods measured on all datasets, as
        times and means of different ones do not compare, and names of the
        others that were measured.
    """
    (labels, _), points, left = table.labels(), [], []
    for entry in table.entries:
        if not entry.here:
            continue
        rates = [mean(row['images_per_second']
                      for row in entry.finished(dataset)
                      if row.get('images_per_second'))
                 for dataset in table.datasets]
        if set(entry.here) < set(table.datasets) or not all(rates):
            left.append(labels[id(entry)])
        else:
            points.append(Point(
                labels[id(entry)], entry.needs,
                mean(1 / rate for rate in rates), mean(entry.here.values()),
                entry.memory))
    return points, left


def draw(points, name):
    """Draw a plot.

    Args:
        points (Sequence[Point]): At least one.
        name (str): Prefix of the ids on the page.

    Returns:
        str: An ``svg`` element, with its data as text. Colours are those of
        the page's style, by class names.
    """
    to_x, x_ticks = _log_axis([each.seconds for each in points])
    to_y, y_ticks = _axis([each.miou for each in points])
    places = [(to_x(each.seconds), to_y(each.miou)) for each in points]
    front = _front(places)
    parts = [
        f'<title id="{name}-title">mIoU against time of an image</title>',
        f'<desc id="{name}-text">{escape("; ".join(map(_say, points)))}'
        '</desc>']
    for value in x_ticks:
        parts.append(_tick(to_x(value), None, _seconds(value)))
    for value in y_ticks:
        parts.append(_tick(None, to_y(value), f'{value:g}'))
    parts += [
        f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" '
        f'y="{_HEIGHT - 10}" text-anchor="middle">time of an image (faster to '
        'the left)</text>',
        f'<text class="axis" x="14" y="{(_TOP + _HEIGHT - _BOTTOM) / 2:.0f}" '
        f'text-anchor="middle" transform="rotate(-90 14 '
        f'{(_TOP + _HEIGHT - _BOTTOM) / 2:.0f})">mIoU, %</text>',
        '<path class="front" d="M' + 'L'.join(
            f'{x:.1f} {y:.1f}' for x, y in front) + '"/>']
    for point, place, label in zip(
            points, places, _labels(points, places, front)):
        parts.append(_mark(point, place, label))
    return (f'<svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'aria-labelledby="{name}-title {name}-text">\n'
            + '\n'.join(parts) + '\n</svg>')


def shape(needs):
    """str: The sign of a group, for legends."""
    return (f'<svg class="sign" viewBox="-9 -9 18 18" aria-hidden="true">'
            f'<g class="{_group(needs)}">{_SHAPES[needs]}</g></svg>')


def _group(needs):
    return f'needs-{needs or "other"}'


def _say(point):
    memory = '' if point.memory is None else f', {point.memory:,.0f} MB'
    return (f'{point.label}: {point.miou:.2f} mIoU, '
            f'{_seconds(point.seconds)} an image{memory}')


def _seconds(value):
    return (f'{value:.3g} s' if value >= 1 else f'{1000 * value:.3g} ms')


def _log_axis(values):
    """A logarithmic axis: place of a value, and ticks at 1, 2, 5 and so on."""
    low, high = min(values) / 1.25, max(values) * 1.25
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ticks = [digit * 10. ** power for power in range(first, last + 1)
             for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log(high / low)
    return lambda value: _LEFT + scale * math.log(value / low), ticks


def _axis(values):
    """A linear axis: place of a value, and ticks at round steps."""
    span = max(max(values) - min(values), 1)
    step = min((digit * 10. ** power for power in (-1, 0, 1)
                for digit in (1, 2, 5)), key=lambda s: abs(span / s - 6))
    low = max(math.floor((min(values) - span / 12) / step) * step, 0)
    high = min(math.ceil((max(values) + span / 12) / step) * step, 100)
    scale = (_HEIGHT - _TOP - _BOTTOM) / (high - low)
    count = round((high - low) / step)
    return (lambda value: _HEIGHT - _BOTTOM - scale * (value - low),
            [low + i * step for i in range(count + 1)])


def _tick(x, y, text):
    if y is None:
        bottom = _HEIGHT - _BOTTOM
        return (f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/><text '
                f'class="tick" x="{x:.1f}" y="{bottom + 18}" '
                f'text-anchor="middle">{text}</text>')
    return (f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" '
            f'text-anchor="end">{text}</text>')


def _front(places):
    """Corners of the line above and left of which no method is."""
    corners = []
    for x, y in sorted(places):
        if not corners:
            corners.append((x, y))
        elif y < corners[-1][1]:
            corners += [(x, corners[-1][1]), (x, y)]
    return [*corners, (_WIDTH - _RIGHT, corners[-1][1])]


def _mark(point, place, label):
    (x, y), (left, top) = place, label
    text = _short(point.label)
    # From the point to the nearest part of its label, if that is far.
    near_x = min(max(x, left), left + _LETTER * len(text))
    near_y = min(max(y, top + 2), top + _LINE - 2)
    leader = '' if math.dist((x, y), (near_x, near_y)) < 16 else (
        f'<path class="leader" d="M{x:.1f} {y:.1f}L{near_x:.1f} '
        f'{near_y:.1f}"/>')
    return (f'<g><title>{escape(_say(point))}</title>{leader}'
            f'<g class="{_group(point.needs)}" transform="translate({x:.1f} '
            f'{y:.1f})">{_SHAPES[point.needs]}</g><text class="label" '
            f'x="{left:.1f}" y="{top + _LINE - 4:.1f}">{escape(text)}</text>'
            '</g>')


def _short(label):
    return label if len(label) <= _LONGEST else f'{label[:_LONGEST - 1]}…'


def _labels(points, places, front):
    """Corners of the labels, each near its point and free of the rest.

    Returns:
        list[tuple[float]]: Left and top of each.
    """
    taken = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS)
             for x, y in places]
    taken += [(x1 - 2, y2 - 2, x2 + 2, y1 + 2)
              for (x1, y1), (x2, y2) in zip(front, front[1:])]
    corners = [None] * len(points)
    for i in sorted(range(len(points)), key=lambda i: places[i][1]):
        width = _LETTER * len(_short(points[i].label))
        box = min(_boxes(*places[i], width), key=lambda box: (
            round(sum(_overlap(box, other) for other in taken)
                  + 3 * _outside(box)),
            math.dist(places[i], ((box[0] + box[2]) / 2,
                                  (box[1] + box[3]) / 2))))
        taken.append(box)
        corners[i] = box[:2]
    return corners


def _boxes(x, y, width):
    """Yield boxes for a label around a point, the nearest first."""
    for far in range(0, 10):
        gap = _RADIUS + 4 + 14 * far
        for dx in (-1, 0, 1):
            for dy in (-1, -.5, 0, .5, 1):
                if not dx and abs(dy) < 1:
                    continue
                left = x + gap * dx - width * (1 - dx) / 2
                top = y + gap * dy - _LINE * (1 - dy) / 2
                yield left, top, left + width, top + _LINE


def _overlap(one, other):
    """float: Common area of two boxes."""
    return max(min(one[2], other[2]) - max(one[0], other[0]), 0) * max(
        min(one[3], other[3]) - max(one[1], other[1]), 0)


def _outside(box):
    """float: Area of a box outside of the plot."""
    inside = _overlap(box, (_LEFT, _TOP, _WIDTH - 4, _HEIGHT - _BOTTOM))
    return (box[2] - box[0]) * (box[3] - box[1]) - inside

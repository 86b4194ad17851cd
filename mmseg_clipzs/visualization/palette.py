"""Colours of classes."""
import hashlib
import itertools
from functools import lru_cache

import numpy as np

from mmseg_clipzs.labels import BACKGROUND

from .colours import differences, seen, to_oklab

# Sixteen colours of which the nearest two are as far apart as a random search
# among _candidates() could make them, see colours.differences.
_FIRST = tuple(tuple(bytes.fromhex(colour)) for colour in (
    '00ffee', '66ccff', '0088bb', '6600ff', 'aa77ff', '9900bb', 'ff00cc',
    'ff99bb', 'bb5577', 'dd0000', 'ee7700', 'eebb00', 'aaff00', 'bbee99',
    '227722', '22bb77'))
_APART = 0.12  # their smallest difference
# Chosen so that frequent words (person, car, cat, dog, grass, tree, sky, road,
# building, water) have different ones of them, sky a blue and grass a green.
_SALT = 716032


def voc_palette(count, background=False):
    """Pascal VOC's palette.

    Args:
        count (int): Number of colours.
        background (bool): Start with VOC's black for a background class;
            otherwise skip black.

    Returns:
        list[list[int]]: RGB in [0, 255].
    """
    palette = []
    for index in range(0 if background else 1, count + (not background)):
        colour = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                colour[channel] |= (index >> 3 * bit + channel & 1) << 7 - bit
        palette.append(colour)
    return palette


def class_palette(classes, given=None):
    """Colours of classes by their names.

    A name has one of sixteen colours, whatever the other names are. Of names
    that share one, the first in an order by names keeps it; the others, and
    names beyond sixteen, get the colours that differ most from all others.

    Args:
        classes (Sequence[str]): C names. "background" is black.
        given (dict[str, Sequence], optional): RGB colours of names in any
            case, which come first; see :func:`read_palette`.

    Returns:
        list[list[int]]: C RGB colours in [0, 255], all different except given
        ones.
    """
    given = {name.casefold(): tuple(map(int, colour))
             for name, colour in (given or {}).items()}
    given = {BACKGROUND: (0, 0, 0), **given}
    colours = [given.get(name.casefold()) for name in classes]
    used = list(dict.fromkeys(filter(None, colours)))
    taken, left = _taken(used), []
    for number, _, position in sorted(
            (_number(name.casefold()), name, i)
            for i, name in enumerate(classes) if colours[i] is None):
        slot = number % len(_FIRST)
        if slot in taken:
            left.append(position)
        else:
            taken.add(slot)
            colours[position] = _FIRST[slot]
            used.append(_FIRST[slot])
    for position, colour in zip(left, _far_colours(
            frozenset(used), len(left))):
        colours[position] = colour
    return [list(colour) for colour in colours]


def group_palette(count, others=()):
    """Colours of things without names, such as groups.

    Args:
        count (int): Number of colours.
        others (Sequence): RGB colours that mean something else.

    Returns:
        list[tuple[int]]: RGB in [0, 255], all different.
    """
    others = [tuple(map(int, colour)) for colour in others]
    taken = _taken(others)
    first = [colour for i, colour in enumerate(_FIRST) if i not in taken]
    return [*first[:count], *_far_colours(
        frozenset((*first, *others)), count - len(first))]


@lru_cache(64)  # of colours: names may be somebody's own
def _far_colours(used, count):
    """tuple[tuple[int]]: All of :func:`_spread`."""
    return tuple(_spread(used, count))


def _taken(colours):
    """set[int]: Indices of the sixteen colours that look like these."""
    return {i for colour in colours for i in np.flatnonzero(
        differences(seen(_FIRST), seen([colour])[:, 0]) < _APART)}


def _number(name):
    """int: A number of 64 bits that only depends on the name."""
    return int.from_bytes(hashlib.blake2b(
        name.encode('utf-8', 'surrogatepass'), digest_size=8,
        salt=_SALT.to_bytes(4, 'big')).digest(), 'big')


def _spread(used, count):
    """Yield colours, each of which differs most from all before.

    Args:
        used (Iterable[tuple[int]]): Colours to keep away from.
        count (int): How many to yield.

    Yields:
        tuple[int]: RGB, none of them used or yielded before.
    """
    if count <= 0:
        return
    used = set(used)
    colours, places = _candidates()
    nearest = np.full(len(colours), np.inf, np.float32)
    for place in seen(sorted(used) or [(0, 0, 0)]).swapaxes(0, 1):
        np.minimum(nearest, differences(places, place), out=nearest)
    for _ in range(min(count, len(colours))):
        best = int(nearest.argmax())
        if not nearest[best]:  # all are used
            break
        np.minimum(nearest, differences(places, places[:, best]), out=nearest)
        used.add(colours[best])
        yield colours[best]
        count -= 1
    # Thousands of classes cannot be told apart, but have different colours.
    more = map(tuple, voc_palette(len(used) + count))
    yield from itertools.islice(
        (colour for colour in more if colour not in used), count)


@lru_cache(1)
def _candidates():
    """Bright colours: (N tuples, (3, N, 3) coordinates)."""
    steps = np.arange(0, 256, 17)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    lightness, *chroma = to_oklab((colours / 255) ** 2.2).T
    bright = (lightness > 0.5) & (lightness < 0.92) & (
        np.hypot(*chroma) > 0.1)
    colours = colours[bright]
    return list(map(tuple, colours.tolist())), seen(colours)

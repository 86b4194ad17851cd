"""Regions of a mask as polygons without holes.

A seam of no width, walked in both directions, joins the outline of each hole
to the outline around it.
"""
from collections import defaultdict

import cv2
import numpy as np

_LARGEST = 1e9  # pixels; OpenCV refuses 1e30
# The pixels around a corner, from the left above to the right below, as bits.
_AROUND = ((-1, -1), (0, -1), (-1, 0), (0, 0))
# Pixels around a corner that are of the region -> corners of outlines: which
# of the pixels is inside of the turn, and, where two outlines meet, which is
# the first from left to right and from top to bottom.
_TURNS = {
    0b0001: [(0, 0, 0)], 0b0010: [(1, 0, 0)],
    0b0100: [(2, 0, 0)], 0b1000: [(3, 0, 0)],
    0b1110: [(3, 0, 0)], 0b1101: [(2, 0, 0)],
    0b1011: [(1, 0, 0)], 0b0111: [(0, 0, 0)],
    0b1001: [(0, 0, 0), (3, 1, 1)], 0b0110: [(2, 0, 1), (1, 1, 0)]}


def outlines(mask, tolerance=0, pixels=False):
    """Trace the 4-connected regions of a mask.

    Tools fill polygons in one of two ways. Filled in its own way, an exact
    outline (``tolerance=0``) gives exactly the region.

    Args:
        mask (ndarray): (H, W) bool.
        tolerance (float): Leave out corners that are at most so many pixels
            from the outline without them (Douglas and Peucker). Regions that
            would be left without area keep theirs.
        pixels (bool): Run through the outermost pixels of the region, where
            x = 1 is the second pixel: for ``cv2.fillPoly``, so Ultralytics
            and supervision. Otherwise along the edges of pixels, where it is
            the edge between the first and the second: for pycocotools and
            geometry.

    Returns:
        list[ndarray]: (N, 2) int64 x and y, N >= 4 if exact, else N >= 3; from
        top to bottom by the regions' first pixels.
    """
    mask = np.asarray(mask, bool)
    corners, inside, down = _corners(mask)
    loops = _loops(down)
    # Each starts at its first corner from the top, where it goes right.
    is_hole = [not mask[tuple(corners[loop[0], ::-1])] for loop in loops]
    seams = _seams(mask, corners, loops, is_hole)
    points, shift = (inside, 1) if pixels else (corners, 0)
    paths = {}
    for i in reversed(range(len(loops))):  # a hole before what is around it
        paths[i] = _path(loops[i], is_hole[i], points, shift, seams, paths)
    return [_simplified(path, tolerance)
            for _, path in sorted(paths.items())]


def _corners(mask):
    """Find the corners of all outlines.

    Returns:
        tuple: (N, 2) corners, from top to bottom; (N, 2) pixels inside of
        them; and for each corner that at the other end of its vertical edge.
        Horizontal edges join corners 2 k and 2 k + 1.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    around = (padded[:-1, :-1] | padded[:-1, 1:] << 1
              | padded[1:, :-1] << 2 | padded[1:, 1:] << 3)
    is_corner = np.zeros(16, bool)
    is_corner[[*_TURNS]] = True
    ys, xs = np.nonzero(is_corner[around])
    around, found = around[ys, xs], []
    for bits, turns in _TURNS.items():
        x, y = xs[around == bits], ys[around == bits]
        for pixel, *order in turns:
            dx, dy = _AROUND[pixel]
            found.append(np.stack([
                x, y, x + dx, y + dy,
                *(np.full_like(x, each) for each in order)], 1))
    x, y, px, py, first, second = np.concatenate(found).T
    order = np.lexsort((first, x, y))
    x, y, px, py, second = (
        each[order] for each in (x, y, px, py, second))
    order, down = np.lexsort((second, y, x)), np.arange(len(x))
    down[order] = order[down ^ 1]
    return np.stack([x, y], 1), np.stack([px, py], 1), down


def _loops(down):
    """list[list[int]]: Corners of each outline, in its order."""
    down = down.tolist()
    seen, loops = bytearray(len(down)), []
    for start in range(len(down)):
        if seen[start]:
            continue
        loop, corner = [], start
        while not seen[corner]:
            seen[corner] = seen[corner ^ 1] = True
            loop += corner, corner ^ 1
            corner = down[corner ^ 1]
        loops.append(loop)
    return loops


def _seams(mask, corners, loops, is_hole):
    """Join each hole, from its first corner upwards, to another outline.

    Returns:
        dict[int, list]: Left corner of a horizontal edge -> x and y at which
        seams meet it, and the loops of their holes.
    """
    seams = defaultdict(list)
    width = mask.shape[1] + 1
    left = corners[::2] @ (1, width)  # ends of horizontal edges, in order
    for i, loop in enumerate(loops):
        if is_hole[i]:
            x, y = corners[loop[0]].tolist()
            column = mask[y - 1::-1, x - 1]  # upwards
            y -= len(column) if column.all() else int(column.argmin())
            edge = np.searchsorted(left, y * width + x - 1, 'right') - 1
            seams[2 * int(edge)].append((x, y, i))
    return seams


def _path(loop, is_hole, points, shift, seams, paths):
    """Walk an outline and those joined to it.

    Returns:
        list[tuple]: x, y and whether the point must stay; closed.
    """
    if is_hole:  # the other way round, for tools that count turns
        loop = loop[:1] + loop[:0:-1]
    path, last = [], max(loop)
    for corner, end in zip(loop, loop[1:] + loop[:1]):
        path.append((*points[corner].tolist(), corner in (loop[0], last)))
        if end == corner ^ 1:
            met = seams.get(min(corner, end), ())
            for x, y, hole in sorted(met, reverse=end < corner):
                seam = (x - shift, y, True)
                path += seam, *paths.pop(hole), seam
    return path + path[:1]


def _simplified(path, tolerance):
    """ndarray: (N, 2), the path with fewer corners, without its end."""
    x, y, fixed = np.array(path).T
    path = np.stack([x, y], 1)
    if not tolerance:
        return path[:-1]
    cuts = np.flatnonzero(fixed)
    parts = [cv2.approxPolyDP(
        path[start:end + 1, None].astype(np.int32),
        min(tolerance, _LARGEST), False)[:-1, 0]
        for start, end in zip(cuts, cuts[1:])]
    short = np.concatenate(parts)
    return short if cv2.contourArea(short) else path[:-1]

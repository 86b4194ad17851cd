"""Procedural objects and ground textures of the toy scenes.

A ground painter fills a square; an object painter fills a :class:`Sprite`, in
local coordinates of about [-1, 1] with ``u`` to the right and ``v`` down.
Colours are RGB in [0, 1]. A scene looks the same at any resolution.
"""
import cv2
import numpy as np

COLOURS = dict(
    red=(.86, .12, .10), orange=(.97, .52, .10), yellow=(.98, .84, .16),
    green=(.30, .62, .16), blue=(.18, .36, .82), brown=(.50, .30, .14),
    pink=(.98, .66, .76), white=(.97, .97, .97), grey=(.58, .60, .64),
    black=(.07, .07, .08))  # yapf: disable


class Sprite:
    """A small image with a silhouette, painted shape by shape.

    Args:
        u (ndarray): (h, w) float32 horizontal coordinates, to the right.
        v (ndarray): (h, w) float32 vertical coordinates, downwards.

    Attributes:
        rgb (ndarray): (h, w, 3) float32 in [0, 1].
        alpha (ndarray): (h, w) bool mask of the object.
    """

    def __init__(self, u, v):
        self.u, self.v = u, v
        self.rgb = np.zeros((*u.shape, 3), np.float32)
        self.alpha = np.zeros(u.shape, bool)

    def ellipse(self, x, y, rx, ry=None):
        """(h, w) float32: 0 at the centre, 1 on the rim, above 1 outside."""
        return np.hypot((self.u - x) / rx, (self.v - y) / (ry or rx))

    def line(self, x0, y0, x1, y1, width):
        """(h, w) bool: a stroke with round ends and radius ``width``."""
        dx, dy = x1 - x0, y1 - y0
        t = ((self.u - x0) * dx + (self.v - y0) * dy) / (dx * dx + dy * dy)
        t = t.clip(0, 1)
        return np.hypot(self.u - x0 - t * dx, self.v - y0 - t * dy) < width

    def fill(self, region, colour):
        """Paint a region and add it to the silhouette."""
        self.alpha |= region
        self.rgb[region] = colour

    def inside(self, region, colour):
        """Paint a region where it overlaps the silhouette."""
        self.rgb[region & self.alpha] = colour

    def shade(self, factor):
        """Multiply the brightness by ``factor``, (h, w) or a scalar."""
        self.rgb *= np.asarray(factor, np.float32)[..., None]


def ladybug(s, rng, colour):
    for side in (-1, 1):
        for y, bend in ((-.35, -.25), (.05, 0.), (.45, .25)):
            s.fill(s.line(.5 * side, y, .95 * side, y + bend, .05),
                   COLOURS['black'])
        s.fill(s.line(.15 * side, -.75, .35 * side, -1., .04),
               COLOURS['black'])
    s.fill(s.ellipse(0, -.62, .42, .3) < 1, COLOURS['black'])
    shell = s.ellipse(0, .08, .78, .82)
    s.fill(shell < 1, COLOURS[colour])
    s.inside((np.abs(s.u) < .035) & (shell < 1), COLOURS['black'])
    for x, y, r in ((.36, -.28, .16), (.46, .2, .17), (.27, .6, .13)):
        for side in (-1, 1):
            s.inside(s.ellipse(side * x, y, r) < 1, COLOURS['black'])
    s.inside((shell < 1) & (s.v < -.48), COLOURS['black'])
    for side in (-1, 1):
        s.inside(s.ellipse(.24 * side, -.62, .1) < 1, COLOURS['white'])
    light = 1.12 - .35 * s.ellipse(-.25, -.2, 1.1).clip(0, 1.2)**2
    s.shade(light)


def zebra(s, rng, colour):
    s.u = s.u * rng.choice((-1, 1))  # faces left or right
    white = np.array(COLOURS['white'])
    legs = np.zeros_like(s.alpha)
    for x, lean in ((-.36, -.04), (-.2, .05), (.34, -.03), (.5, .06)):
        legs |= s.line(x, .2, x + lean, .8, .085)
    neck = s.line(-.38, -.1, -.62, -.55, .19)
    head = s.line(-.62, -.58, -.88, -.34, .14)
    body = s.ellipse(.05, .02, .62, .36) < 1
    mane = s.line(-.26, -.28, -.5, -.76, .1)
    s.fill(s.line(.6, -.12, .8, .25, .045), COLOURS['black'])
    s.fill(s.ellipse(.81, .32, .08, .13) < 1, COLOURS['black'])
    s.fill(mane, COLOURS['black'])
    s.fill(s.line(-.56, -.7, -.54, -.86, .06), white)
    s.fill(legs | neck | head | body, white)
    wave = rng.uniform(-.3, .3)
    bars = (
        (legs, np.sin(s.v * 24)),
        (head, np.sin(17 * (s.u - s.v))),
        (body, np.sin(s.u * 19 + 2.5 * np.sin(3 * s.v + wave))),
        (neck & ~body, np.sin(17 * (.5 * s.u + .85 * s.v))),
    )
    for region, phase in bars:
        s.inside(region & (phase > .05), COLOURS['black'])
    s.inside(s.ellipse(-.9, -.32, .13) < 1, COLOURS['black'])
    s.inside(s.ellipse(-.66, -.58, .05) < 1, COLOURS['black'])
    s.shade(1.04 - .2 * (s.v + .2).clip(0, 1))


def leaf(s, rng, colour):
    # Two arcs from the tip (v = -1) to the stalk (v = .7).
    t = ((s.v + 1) / 1.7).clip(0, 1)
    half = .78 * np.sin(np.pi * t**.85).clip(0)**.9
    half = half * (1 + .06 * np.sin(t * 60))  # toothed edge
    s.fill(s.line(0, .6, .06, 1., .05), np.array(COLOURS[colour]) * .6)
    s.fill((np.abs(s.u) < half) & (s.v > -1) & (s.v < .7), COLOURS[colour])
    pale = np.array(COLOURS[colour]) * .55 + .42
    s.shade(.9 + .16 * np.sin(s.u * 2 + s.v) * np.sign(s.u))
    s.inside(np.abs(s.u) < .035, pale)
    veins = np.abs(((s.v + .75 * np.abs(s.u)) / .27) % 1 - .5) < .09
    s.inside(veins & (s.v < .75), pale)


def watermelon(s, rng, colour):
    # A half-moon slice: rind, pale ring, flesh and seeds.
    r = s.ellipse(0, -.42, 1.)
    below = s.v > -.42
    s.fill((r < 1) & below, COLOURS['green'])
    s.inside((r > .93) & (np.sin(14 * np.arctan2(s.v + .42, s.u)) > 0),
             np.array(COLOURS['green']) * .45)
    s.inside(r < .86, (.90, .95, .78))
    s.inside(r < .78, COLOURS[colour])
    s.shade(1.06 - .12 * r)
    for ring, count in ((.3, 3), (.58, 6)):
        for i in range(count):
            a = np.pi * (i + .5 + rng.uniform(-.15, .15)) / count
            x, y = ring * np.cos(a), ring * np.sin(a) - .4
            s.inside(s.ellipse(x, y, .05, .085) < 1, COLOURS['black'])


def chessboard(s, rng, colour):
    s.fill(np.maximum(np.abs(s.u), np.abs(s.v)) < .82,
           np.array(COLOURS['brown']) * .75)
    board = np.maximum(np.abs(s.u), np.abs(s.v)) < .72
    cells = np.floor(s.u / .18) + np.floor(s.v / .18)
    s.inside(board, (.95, .90, .78))
    s.inside(board & (cells % 2 == 1), np.array(COLOURS[colour]) * .8)


def cloud(s, rng, colour):
    puffs = [(-.6, .15, .34), (-.25, -.12, .44), (.22, -.2, .5),
             (.62, .12, .36), (.05, .2, .45), (-.35, .25, .3)]
    depth = np.full_like(s.u, 9)
    for x, y, r in puffs:
        x, y = x + rng.uniform(-.06, .06), y + rng.uniform(-.06, .06)
        depth = np.minimum(depth, s.ellipse(x, y, r))
    s.fill((depth < 1) & (s.v < .48), COLOURS[colour])
    s.shade(1.05 - .2 * ((s.v + .4) / .9).clip(0, 1) - .1 * depth.clip(0, 1))


def sun(s, rng, colour):
    angle = np.arctan2(s.v, s.u)
    r = np.hypot(s.u, s.v)
    rays = .58 + .4 * np.abs(((angle / np.pi * 6) % 1) * 2 - 1)**1.2
    s.fill(r < rays, np.array(COLOURS[colour]) * .96)
    s.inside(r < .62, np.array(COLOURS[colour]) * .88)
    s.inside(r < .56, np.array(COLOURS[colour]) * .8 + .2)
    s.shade(1.1 - .12 * r.clip(0, 1))
    for side in (-1, 1):
        s.inside(s.ellipse(.2 * side, -.12, .055, .085) < 1, (.35, .18, .05))
    smile = np.abs(np.hypot(s.u, s.v - .02) - .3) < .035
    s.inside(smile & (s.v > .14), (.35, .18, .05))


def football(s, rng, colour):
    r = np.hypot(s.u, s.v) / .9
    ball = np.stack([s.u / .9, s.v / .9, np.sqrt((1 - r * r).clip(0))], -1)
    # A truncated icosahedron: pentagons at the 12 corners of the icosahedron,
    # hexagons at its 20 faces.
    g = (1 + 5**.5) / 2
    corners = [(0, a, b * g) for a in (-1, 1) for b in (-1, 1)]
    corners = np.array([p[i:] + p[:i] for p in corners for i in range(3)])
    near = np.isclose(corners @ corners.T, g)  # neighbours
    faces = np.array([
        corners[i] + corners[j] + corners[k] for i in range(12)
        for j in range(i) for k in range(j)
        if near[i, j] and near[j, k] and near[i, k]])  # yapf: disable
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    centres = np.concatenate([corners, faces]) @ turn  # (32, 3)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    dots = ball @ centres.T.astype(np.float32)  # (h, w, 32)
    dots[..., 12:] += .035  # hexagons are larger
    best = np.partition(dots, -2, axis=-1)[..., -2:]
    s.fill(r < 1, COLOURS['white'])
    s.inside(best[..., 1] - best[..., 0] < .03, COLOURS['grey'])
    s.inside(dots.argmax(-1) < 12, COLOURS[colour])
    s.shade(1.05 - .4 * np.hypot(s.u + .3, s.v + .35)**2 / 2)


def _noise(rng, size, rows, cols):
    """Smooth noise: (size, size) float32 in about [0, 1]."""
    cells = rng.random((int(rows) + 2, int(cols) + 2), np.float32)
    return cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC)


def _mix(t, dark, light):
    """Blend two colours by t: (h, w) -> (h, w, 3) float32."""
    dark, light = np.float32(dark), np.float32(light)
    return dark + t[..., None] * (light - dark)


def grass(rng, size, x, y, scale):
    t = .6 * _noise(rng, size, 5 / scale, 5 / scale)
    t += .4 * _noise(rng, size, 22 / scale, 60 / scale)
    canvas = _mix(t, (.13, .36, .08), (.42, .68, .20))
    blades = int(420 / scale**2)
    feet = rng.random((blades, 2)) * size
    tips = feet + scale * size * np.stack(
        [rng.normal(0, .022, blades), rng.uniform(-.085, -.035, blades)], 1)
    shades = rng.random(blades)
    width = max(1, round(.011 * scale * size))
    for foot, tip, shade in zip(feet.round(), tips.round(), shades):
        colour = _mix(np.array(shade), (.14, .42, .08), (.58, .82, .28))
        cv2.line(canvas, [int(c) for c in foot], [int(c) for c in tip],
                 colour.tolist(), width, cv2.LINE_AA)
    return canvas


def sea(rng, size, x, y, scale):
    warp = _noise(rng, size, 4 / scale, 4 / scale)
    warp = warp + .35 * _noise(rng, size, 12 / scale, 9 / scale)
    phase = 2 * np.pi * (y * 9 / scale + 1.5 * warp)
    crest = ((np.sin(phase) + 1) / 2)**2
    canvas = _mix(crest, (.04, .26, .50), (.14, .56, .76))
    foam = (np.sin(phase) > .88) & (
        _noise(rng, size, 10 / scale, 7 / scale) > .52)
    canvas[foam] = (.86, .95, .98)
    return canvas


def brick(rng, size, x, y, scale):
    row, y = np.divmod(y * 8 / scale, 1)
    col, x = np.divmod(x * 4 / scale + .5 * (row % 2), 1)
    shades = rng.random((64, 64), np.float32)
    t = shades[row.astype(int) % 64, col.astype(int) % 64]
    t = .75 * t + .25 * _noise(rng, size, 50 / scale, 50 / scale)
    canvas = _mix(t, (.50, .18, .12), (.76, .36, .24))
    canvas[(y < .13) | (x < .065)] = (.78, .75, .70)
    return canvas


def sand(rng, size, x, y, scale):
    warp = _noise(rng, size, 4 / scale, 4 / scale)
    ripple = np.sin(2 * np.pi * (y * 6 + x * 2 + 2.2 * scale * warp) / scale)
    grain = _noise(rng, size, 64 / scale, 64 / scale)
    t = .45 + .16 * ripple + .7 * (grain - .5)
    canvas = _mix(t, (.68, .54, .33), (.96, .86, .64))
    canvas[grain > .97] = (.52, .42, .30)
    return canvas


# name -> (painter, colours)
OBJECTS = dict(
    ladybug=(ladybug, ('red', 'orange', 'yellow')),
    zebra=(zebra, ('black', )),
    leaf=(leaf, ('green', 'red', 'yellow', 'orange')),
    watermelon=(watermelon, ('red', 'yellow')),
    chessboard=(chessboard, ('black', 'brown', 'green')),
    cloud=(cloud, ('white', 'grey', 'pink')),
    sun=(sun, ('yellow', 'orange', 'red')),
    football=(football, ('black', 'blue', 'red')))
# name -> painter
GROUNDS = dict(grass=grass, sea=sea, brick=brick, sand=sand)

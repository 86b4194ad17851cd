"""Draw toy scenes: objects on textured grounds, with masks and captions.

Fast to generate, yet varied enough for zero-shot segmentation to be
meaningful: eight objects, four grounds, and a class for every pixel.
"""
import cv2
import numpy as np

from .captions import make_captions
from .painters import GROUNDS, OBJECTS, Sprite

CLASSES = (*OBJECTS, *GROUNDS)
PALETTE = [[220, 20, 60], [90, 90, 110], [60, 180, 75], [255, 105, 140],
           [145, 90, 50], [235, 235, 245], [255, 200, 0], [40, 40, 45],
           [124, 205, 90], [30, 110, 190], [178, 70, 50], [225, 200, 140]]
VERSION = 1  # of the drawings; bump it whenever a pixel or caption changes
OVERSAMPLING = 3
# Probabilities of whole scenes, close-ups of one or two objects, and bare
# grounds in varied scenes.
KINDS = (.5, .4, .1)


def make_scene(rng, size, num_objects=None, zoom=1.):
    """Draw one scene.

    Args:
        rng (np.random.Generator): The only source of randomness.
        size (int): Side of the square image in pixels.
        num_objects (int, optional): 0 to 3; by default random from 1 to 3.
        zoom (float): Magnification of objects and ground: 1 for a whole
            scene, about 2 for a close-up.

    Returns:
        tuple[ndarray, ndarray, list[str]]: Image (size, size, 3) uint8 RGB;
        mask (size, size) uint8, indices into ``CLASSES``; captions, of
        which the first names everything in the image.
    """
    if num_objects is None:
        num_objects = int(rng.integers(1, 4))
    big = size * OVERSAMPLING
    y, x = np.mgrid[:big, :big].astype(np.float32) / big + .5 / big
    ground = str(rng.choice(list(GROUNDS)))
    scale = zoom * rng.uniform(.8, 1.25)
    canvas = GROUNDS[ground](rng, big, x, y, scale)  # (big, big, 3)
    mask = np.full((big, big), CLASSES.index(ground), np.uint8)

    objects = []
    names = rng.choice(list(OBJECTS), num_objects, replace=False)
    for name, (cx, cy, radius) in zip(names,
                                      _place(rng, num_objects, zoom)):
        painter, colours = OBJECTS[str(name)]
        colour = str(rng.choice(colours))
        angle = rng.uniform(-.4, .4)
        cos, sin = np.cos(angle) / radius, np.sin(angle) / radius
        # Draw within the object's bounding box only.
        low, high = np.array([cx, cy]) - 1.3 * radius, 1.3 * radius
        (x0, y0), (x1, y1) = ((low * big).astype(int).clip(0),
                              ((low + 2 * high) * big).astype(int).clip(0))
        box = slice(y0, y1), slice(x0, x1)
        dx, dy = x[box] - np.float32(cx), y[box] - np.float32(cy)
        sprite = Sprite(dx * cos + dy * sin, dy * cos - dx * sin)
        painter(sprite, rng, colour)
        _shadow(canvas[box], sprite.alpha, .05 * radius * big)
        canvas[box][sprite.alpha] = sprite.rgb[sprite.alpha]
        mask[box][sprite.alpha] = CLASSES.index(name)
        objects.append((str(name), colour))

    canvas = canvas.clip(0, 1) * rng.uniform(.85, 1.08)  # exposure
    canvas = canvas * rng.uniform(.96, 1.04, 3)  # tint
    image = canvas.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3)
    image = (image.mean((1, 3)).clip(0, 1) * 255).round().astype(np.uint8)
    middle = OVERSAMPLING // 2
    mask = np.ascontiguousarray(mask[middle::OVERSAMPLING,
                                     middle::OVERSAMPLING])
    return image, mask, make_captions(rng, objects, ground)


def make_varied_scene(rng, size):
    """Draw a whole scene, a close-up or a bare ground.

    Args:
        rng (np.random.Generator): The only source of randomness.
        size (int): Side of the square image in pixels.

    Returns:
        tuple: See :func:`make_scene`.
    """
    kind = rng.choice(3, p=KINDS)
    if kind == 0:
        return make_scene(rng, size)
    if kind == 1:
        return make_scene(
            rng, size, int(rng.integers(1, 3)), zoom=rng.uniform(1.3, 2.2))
    return make_scene(rng, size, 0, zoom=rng.uniform(.8, 2.2))


def _place(rng, count, zoom):
    """Place objects apart: ``count`` rows of (cx, cy, radius) in [0, 1]."""
    if not count:
        return []
    low, high = ((.28, .42), (.21, .29), (.17, .24))[count - 1]
    best, best_gap = None, -np.inf
    for _ in range(60):
        radius = rng.uniform(low, high, count) * zoom
        centre = rng.uniform(0, 1, (count, 2))
        inner = (.85 * radius[:, None]).clip(0, .4)
        centre = inner + centre * (1 - 2 * inner)
        gaps = [
            np.hypot(*(centre[i] - centre[j])) / (radius[i] + radius[j])
            for i in range(count) for j in range(i)
        ]
        gap = min(gaps, default=1)
        if gap > best_gap:
            best, best_gap = np.column_stack([centre, radius]), gap
        if gap >= .95:
            break
    return best


def _shadow(canvas, alpha, offset):
    """Cast a silhouette's shadow to its lower right, in place."""
    shift = np.float32([[1, 0, 1.5 * offset], [0, 1, 2 * offset]])
    soft = cv2.warpAffine(
        alpha.astype(np.float32), shift, alpha.shape[::-1])
    soft = cv2.GaussianBlur(soft, (0, 0), max(offset, .5))
    canvas *= 1 - .45 * soft[..., None]

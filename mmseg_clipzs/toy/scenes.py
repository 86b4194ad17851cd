"""Toy scenes: drawn objects on textured grounds, with masks and captions.

Small enough to be made in seconds and rich enough for zero-shot segmentation
to mean something: eight objects and four grounds, every pixel has a class.
"""
import json
import os
import os.path as osp
import tempfile

import cv2
import numpy as np
from PIL import Image

from mmseg_clipzs.utils import UserError

from .painters import GROUNDS, OBJECTS, Sprite

CLASSES = (*OBJECTS, *GROUNDS)
PALETTE = [[220, 20, 60], [90, 90, 110], [60, 180, 75], [255, 105, 140],
           [145, 90, 50], [235, 235, 245], [255, 200, 0], [40, 40, 45],
           [124, 205, 90], [30, 110, 190], [178, 70, 50], [225, 200, 140]]
VERSION = 1  # of the drawing; written scenes of another version are stale
SETTINGS_FILE = 'toy_scenes.json'
OVERSAMPLING = 3
# Shares of whole scenes, close-ups of one or two objects, and bare grounds.
KINDS = (.5, .4, .1)

# What is said; one of each is drawn for a caption.
_COLOUR_WORDS = dict(
    zebra=dict(black=('striped', 'black and white')),
    football=dict(black=('black and white', 'white')),
    chessboard=dict(black=('black and white', 'checkered')))
_GROUND_WORDS = dict(grass='green', sea='blue', brick='red', sand='yellow')
_MEDIA = ('photo', 'photo', 'photo', 'picture', 'image', 'photograph',
          'drawing', 'painting', 'rendering', 'sketch', 'cartoon', 'rendition',
          'depiction', 'sculpture', 'doodle')
_ADJECTIVES = ('good', 'bad', 'nice', 'bright', 'dark', 'blurry', 'close-up',
               'cropped', 'low resolution', 'black and white',
               'jpeg corrupted', 'pixelated')
_THING_ADJECTIVES = ('large', 'small', 'clean', 'dirty', 'nice', 'weird',
                     'cool', 'one', 'hard to see')
_FRAMES = ('itap of {}', 'art of {}', 'graffiti of {}', 'a tattoo of {}',
           'embroidered: {}', 'origami: {}', 'a toy: {}', 'a plushie of {}',
           '{} in a video game', 'there is {} in the scene', 'this is {}',
           'i see {}', '{}', '{}', '{}')


def make_scene(rng, size, num_objects=None, zoom=1.):
    """Draw one scene.

    Args:
        rng (np.random.Generator): Source of all the randomness.
        size (int): Side of the square picture in pixels.
        num_objects (int, optional): 0 to 3. Drawn from 1 to 3 by default.
        zoom (float): Magnification of objects and ground, 1 for a whole
            scene, about 2 for a close-up.

    Returns:
        tuple: image (size, size, 3) uint8 RGB; mask (size, size) uint8, the
        index in ``CLASSES``; captions, a list of str, the first of which
        names everything in the picture.
    """
    if num_objects is None:
        num_objects = int(rng.integers(1, 4))
    big = size * OVERSAMPLING
    y, x = np.mgrid[:big, :big].astype(np.float32) / big + .5 / big
    ground = str(rng.choice(list(GROUNDS)))
    scale = zoom * rng.uniform(.8, 1.25)
    picture = GROUNDS[ground](rng, big, x, y, scale)  # (big, big, 3)
    mask = np.full((big, big), CLASSES.index(ground), np.uint8)

    things = []
    names = rng.choice(list(OBJECTS), num_objects, replace=False)
    for name, (cx, cy, radius) in zip(names,
                                      _place(rng, num_objects, zoom)):
        painter, colours = OBJECTS[str(name)]
        colour = str(rng.choice(colours))
        angle = rng.uniform(-.4, .4)
        cos, sin = np.cos(angle) / radius, np.sin(angle) / radius
        # Only the object's surroundings are computed.
        low, high = np.array([cx, cy]) - 1.3 * radius, 1.3 * radius
        (x0, y0), (x1, y1) = ((low * big).astype(int).clip(0),
                              ((low + 2 * high) * big).astype(int).clip(0))
        box = slice(y0, y1), slice(x0, x1)
        dx, dy = x[box] - np.float32(cx), y[box] - np.float32(cy)
        sprite = Sprite(dx * cos + dy * sin, dy * cos - dx * sin)
        painter(sprite, rng, colour)
        _shadow(picture[box], sprite.alpha, .05 * radius * big)
        picture[box][sprite.alpha] = sprite.rgb[sprite.alpha]
        mask[box][sprite.alpha] = CLASSES.index(name)
        things.append((str(name), colour))

    picture = picture.clip(0, 1) * rng.uniform(.85, 1.08)  # exposure
    picture = picture * rng.uniform(.96, 1.04, 3)  # tint
    image = picture.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3)
    image = (image.mean((1, 3)).clip(0, 1) * 255).round().astype(np.uint8)
    middle = OVERSAMPLING // 2
    mask = np.ascontiguousarray(mask[middle::OVERSAMPLING,
                                     middle::OVERSAMPLING])
    return image, mask, _captions(rng, things, ground)


def make_varied_scene(rng, size):
    """Draw a whole scene, a close-up or a bare ground, as photos vary.

    Args:
        rng (np.random.Generator): Source of all the randomness.
        size (int): Side of the square picture in pixels.

    Returns:
        tuple: As of :func:`make_scene`.
    """
    kind = rng.choice(3, p=KINDS)
    if kind == 0:
        return make_scene(rng, size)
    if kind == 1:
        return make_scene(
            rng, size, int(rng.integers(1, 3)), zoom=rng.uniform(1.3, 2.2))
    return make_scene(rng, size, 0, zoom=rng.uniform(.8, 2.2))


def _place(rng, count, zoom):
    """Centres and radii: ``count`` rows (cx, cy, radius) in [0, 1]."""
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


def _shadow(picture, alpha, offset):
    """Darken what lies below and right of a silhouette, in place."""
    shift = np.float32([[1, 0, 1.5 * offset], [0, 1, 2 * offset]])
    soft = cv2.warpAffine(
        alpha.astype(np.float32), shift, alpha.shape[::-1])
    soft = cv2.GaussianBlur(soft, (0, 0), max(offset, .5))
    picture *= 1 - .45 * soft[..., None]


def _captions(rng, things, ground, count=6):
    """Different ways of telling what is there, the fullest first."""

    def noun(name, colour=None):
        words = [name]
        if colour and rng.random() < .4:
            special = _COLOUR_WORDS.get(name, {}).get(colour, (colour, ))
            words.insert(0, str(rng.choice(special)))
        elif name in OBJECTS and rng.random() < .12:
            words.insert(0, str(rng.choice(_THING_ADJECTIVES)))
        article = 'the' if rng.random() < .25 else 'a'
        if article == 'a' and words[0][0] in 'aeiou' and words[0] != 'one':
            article = 'an'
        if name in GROUNDS:
            article = 'the' if rng.random() < .5 else ''
        return ' '.join([article, *words]).strip()

    def full(with_ground):
        on = rng.choice(['on', 'on', 'over', 'in front of', 'with'])
        floor = noun(ground, _GROUND_WORDS[ground])
        if not things:
            return floor
        nouns = [noun(*things[i]) for i in rng.permutation(len(things))]
        listed = ' and '.join(filter(None, [', '.join(nouns[:-1]),
                                            nouns[-1]]))
        if not with_ground:
            return listed
        return f'{listed} {on} {floor}'

    def part():
        if things and rng.random() < .8:
            return noun(*things[rng.integers(len(things))])
        return noun(ground, _GROUND_WORDS[ground])

    def framed(text):
        if rng.random() < .45:
            return str(rng.choice(_FRAMES)).format(text)
        words = [str(rng.choice(_MEDIA))]
        if rng.random() < .4:
            words.insert(0, str(rng.choice(_ADJECTIVES)))
        article = 'the' if rng.random() < .2 else 'a'
        if article == 'a' and words[0][0] in 'aeiou':
            article = 'an'
        return f'{article} {" ".join(words)} of {text}'

    texts = [full(True)]
    for i in range(1, count):
        # People seldom mention the ground.
        some = full(rng.random() < .4) if i % 2 else part()
        texts.append(framed(some))
    return [t + '.' if rng.random() < .5 else t for t in texts]


def write_voc(root, train=600, val=100, size=128, seed=1, progress=None,
              varied=False):
    """Write scenes in the layout of Pascal VOC, all or nothing.

    A folder that already holds the same scenes is left alone.

    Args:
        root (str): Folder to create.
        train (int): Number of scenes in ``train.txt``.
        val (int): Number of scenes in ``val.txt``.
        size (int): Side of the square pictures in pixels.
        seed (int): Seed of the first scene; scene ``i`` depends on nothing
            but (seed, split, i).
        progress (callable, optional): Wraps the iterable of scenes, such as
            ``tqdm``.
        varied (bool): Draw close-ups and bare grounds as well.

    Returns:
        bool: Whether anything was written.

    Raises:
        UserError: ``root`` holds other files or other scenes, or a count or
            the size is out of range.
    """
    if train < 0 or val < 0 or size < 16 or seed < 0:
        raise UserError('Toy scenes need train, val, seed >= 0 and size >= '
                         f'16; got {train=}, {val=}, {seed=}, {size=}.')
    root = osp.abspath(root)
    settings = dict(
        version=VERSION, train=train, val=val, size=size, seed=seed)
    if varied:
        settings['varied'] = True
    if osp.exists(root) and (not osp.isdir(root) or os.listdir(root)):
        found = _read_settings(root)
        if found == settings:
            return False
        what = 'no toy scenes' if found is None else f'toy scenes of {found}'
        raise UserError(
            f'{root} is not empty and holds {what}, not {settings}. Remove '
            'it or choose another folder.')
    os.makedirs(osp.dirname(root), exist_ok=True)
    with tempfile.TemporaryDirectory(
            prefix=osp.basename(root) + '.', dir=osp.dirname(root)) as tmp:
        new = osp.join(tmp, 'new')
        _write_all(new, settings, progress or iter)
        if osp.isdir(root):
            os.rmdir(root)  # empty, as checked; Windows cannot replace it
        os.rename(new, root)
    return True


def _read_settings(root):
    try:
        with open(osp.join(root, SETTINGS_FILE), encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _write_all(root, settings, progress):
    folders = ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation')
    images, masks, sets = (osp.join(root, f) for f in folders)
    for folder in (images, masks, sets):
        os.makedirs(folder)
    scenes = [(split, i) for split in ('train', 'val')
              for i in range(settings[split])]
    names = dict(train=[], val=[])
    captions = []
    for split, i in progress(scenes):
        rng = np.random.default_rng(
            [settings['seed'], ('train', 'val').index(split), i])
        draw = make_varied_scene if 'varied' in settings else make_scene
        image, mask, texts = draw(rng, settings['size'])
        name = f'toy_{split}_{i:05d}'
        Image.fromarray(image).save(
            osp.join(images, name + '.jpg'), quality=95, subsampling=0)
        palette_image = Image.fromarray(mask)
        palette_image.putpalette(np.array(PALETTE, np.uint8).tobytes())
        palette_image.save(osp.join(masks, name + '.png'))
        names[split].append(name)
        captions.append(dict(image=name + '.jpg', captions=texts))
    for split, lines in names.items():
        with open(osp.join(sets, split + '.txt'), 'w') as file:
            file.writelines(line + '\n' for line in lines)
    for name, content in (('captions.json', captions),
                          (SETTINGS_FILE, settings)):
        with open(osp.join(root, name), 'w', encoding='utf-8') as file:
            json.dump(content, file, indent=1)

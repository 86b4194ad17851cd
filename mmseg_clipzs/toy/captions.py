"""Random captions of the toy scenes."""
from .painters import GROUNDS, OBJECTS

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
_OBJECT_ADJECTIVES = ('large', 'small', 'clean', 'dirty', 'nice', 'weird',
                      'cool', 'one', 'hard to see')
_FRAMES = ('itap of {}', 'art of {}', 'graffiti of {}', 'a tattoo of {}',
           'embroidered: {}', 'origami: {}', 'a toy: {}', 'a plushie of {}',
           '{} in a video game', 'there is {} in the scene', 'this is {}',
           'i see {}', '{}', '{}', '{}')


def make_captions(rng, objects, ground, count=6):
    """Write captions for a scene.

    Args:
        rng (np.random.Generator): Source of randomness.
        objects (Sequence[tuple[str, str]]): Name and colour of each object.
        ground (str): Name of the ground.
        count (int): Number of captions.

    Returns:
        list[str]: ``count`` captions; the first one names everything in the
        scene, the others name all objects or a single thing.
    """

    def noun(name, colour=None):
        words = [name]
        if colour and rng.random() < .4:
            special = _COLOUR_WORDS.get(name, {}).get(colour, (colour, ))
            words.insert(0, str(rng.choice(special)))
        elif name in OBJECTS and rng.random() < .12:
            words.insert(0, str(rng.choice(_OBJECT_ADJECTIVES)))
        article = 'the' if rng.random() < .25 else 'a'
        if article == 'a' and words[0][0] in 'aeiou' and words[0] != 'one':
            article = 'an'
        if name in GROUNDS:
            article = 'the' if rng.random() < .5 else ''
        return ' '.join([article, *words]).strip()

    def full(with_ground):
        on = rng.choice(['on', 'on', 'over', 'in front of', 'with'])
        floor = noun(ground, _GROUND_WORDS[ground])
        if not objects:
            return floor
        nouns = [noun(*objects[i]) for i in rng.permutation(len(objects))]
        listed = ' and '.join(filter(None, [', '.join(nouns[:-1]),
                                            nouns[-1]]))
        if not with_ground:
            return listed
        return f'{listed} {on} {floor}'

    def part():
        if objects and rng.random() < .8:
            return noun(*objects[rng.integers(len(objects))])
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
        # Captions seldom mention the ground.
        some = full(rng.random() < .4) if i % 2 else part()
        texts.append(framed(some))
    return [t + '.' if rng.random() < .5 else t for t in texts]

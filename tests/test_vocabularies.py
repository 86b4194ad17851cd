import re
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.toy.toy_scenes_dataset import ToyScenesDataset
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary, available, get_vocabulary

ROOT = Path(__file__).parent.parent
DOCS, FOLDER = ROOT / 'docs', ROOT / 'mmseg_clipzs/vocabularies'


def metainfo(dataset):
    return tuple(DATASETS.get(dataset).METAINFO['classes'])


# vocabulary -> count, dataset, whether to skip the dataset's background
LISTS = {
    'voc20': (20, 'PascalVOCDataset', True),
    'voc20_sclip': (20, 'PascalVOCDataset', True),
    'voc20_plain': (20, 'PascalVOCDataset', True),
    'voc20_clearclip': (20, 'PascalVOCDataset', True),
    'voc20_groupvit': (20, 'PascalVOCDataset', True),
    'voc21_clearclip': (21, 'PascalVOCDataset', False),
    'context59_groupvit': (59, 'PascalContextDataset59', False),
    'coco_object81_sclip': (81, 'CocoObjectDataset', False),
    'coco_stuff171_sclip': (171, 'COCOStuffDataset', False),
    'cityscapes19_sclip': (19, 'CityscapesDataset', False),
    'ade20k150_sclip': (150, 'ADE20KDataset', False),
    'voc21': (21, 'PascalVOCDataset', False),
    'voc21_plain': (21, 'PascalVOCDataset', False),
    'context59': (59, 'PascalContextDataset59', False),
    'context59_sclip': (59, 'PascalContextDataset59', False),
    'context60': (60, 'PascalContextDataset', False),
    'coco_object80': (80, 'CocoObjectDataset', True),
    'coco_object81': (81, 'CocoObjectDataset', False),
    'coco_object81_plain': (81, 'CocoObjectDataset', False),
    'coco_stuff171': (171, 'COCOStuffDataset', False),
    'cityscapes19': (19, 'CityscapesDataset', False),
    'ade20k150': (150, 'ADE20KDataset', False),
    'toy': (12, 'ToyScenesDataset', False),
}
SCLIP_VOC = {
    'boat': ('ship', ), 'diningtable': ('table', ),
    'person': ('person', 'person in shirt', 'person in jeans',
               'person in dress', 'person in sweater', 'person in skirt',
               'person in jacket'),
    'tvmonitor': ('television monitor', 'tv monitor', 'monitor',
                  'television', 'screen'),
}
STUFF = ('sky', 'wall', 'tree', 'wood', 'grass', 'road', 'sea', 'river',
         'mountain', 'sands', 'desk', 'bed', 'building', 'cloud', 'lamp',
         'door', 'window', 'wardrobe', 'ceiling', 'shelf', 'curtain', 'stair',
         'floor', 'hill', 'rail', 'fence')
SPACED = {'diningtable': ('dining table', ),
          'pottedplant': ('potted plant', ),
          'tvmonitor': ('tv monitor', )}
SHIP_AND_TABLE = {'boat': ('ship', ), 'diningtable': ('table', )}
# vocabulary -> words of the classes whose only word is not their name
RENAMED = {
    'voc20_plain': SPACED,
    'voc21_plain': SPACED,
    'voc20': {'aeroplane': ('airplane', ), **SPACED},
    'voc20_sclip': SCLIP_VOC,
    'voc21': {'background': STUFF, **SCLIP_VOC},
    'context59': {'aeroplane': ('airplane', ),
                  'pottedplant': ('potted plant', ),
                  'tvmonitor': ('tv monitor', )},
    'voc20_clearclip': SHIP_AND_TABLE,
    'voc21_clearclip': SHIP_AND_TABLE,
    'voc20_groupvit': {'diningtable': ('table', ),
                       'pottedplant': ('plant', ),
                       'tvmonitor': ('monitor', )},
    'context59_groupvit': {'aeroplane': ('airplane', ),
                           'pottedplant': ('plant', ),
                           'tvmonitor': ('monitor', )},
    # "bed" is an object class.
    'coco_object81': {
        'background': tuple(word for word in STUFF if word != 'bed')},
    'coco_object81_sclip': {
        'background': STUFF, 'person': (*SCLIP_VOC['person'], 'body')},
}
JOINED = ('coco_stuff171_sclip', 'cityscapes19_sclip', 'ade20k150_sclip')


def test_every_vocabulary_of_a_dataset_exists():
    assert set(LISTS) <= set(available())


@pytest.mark.parametrize('name', available())
def test_every_vocabulary_is_valid(name):
    vocabulary = get_vocabulary(name)
    assert vocabulary.source == name
    assert len(vocabulary.classes) == len(vocabulary.synonyms)
    assert all(vocabulary.synonyms), 'a class without words'
    for text in vocabulary.classes + vocabulary.words:
        assert text == text.strip() and not set(text) & set(':;,#_')


@pytest.mark.parametrize('name, expected', LISTS.items())
def test_classes_are_those_of_the_dataset(name, expected):
    """In the order of the dataset's labels."""
    count, dataset, without_background = expected
    names = metainfo(dataset)[1 if without_background else 0:]
    vocabulary = get_vocabulary(name)
    assert len(vocabulary.classes) == count
    assert vocabulary.classes == tuple(  # ADE20K's "bed " ends in a space
        label.strip() for label in names)


@pytest.mark.parametrize('name', sorted(
    set(LISTS) - {'coco_stuff171', *JOINED}))
def test_words_are_class_names_with_known_exceptions(name):
    vocabulary = get_vocabulary(name)
    assert {label: words for label, words in zip(
        vocabulary.classes, vocabulary.synonyms)
        if words != (label, )} == RENAMED.get(name, {})


@pytest.mark.parametrize('name', JOINED)
def test_joined_names(name):
    """The SCLIP line's: the dataset's names without spaces."""
    vocabulary = get_vocabulary(name)
    assert vocabulary.synonyms == tuple(
        (label.replace(' ', ''), ) for label in vocabulary.classes)


def test_words_of_two_classes_are_a_fact_of_protocols(tmp_path):
    """In people's own lists they are an error."""
    shared = {}
    for name in available():
        words = sum(get_vocabulary(name).synonyms, ())
        shared[name] = {word for word in words if words.count(word) > 1}
    assert {name: words for name, words in shared.items() if words} == {
        'coco_object81_sclip': {'bed'}, 'coco_object81_lposs': {'bed'}}
    vocabulary = get_vocabulary('coco_object81_sclip')
    assert vocabulary.words.count('bed') == 1
    assert len(vocabulary.words) == len(sum(vocabulary.synonyms, ())) - 1
    for words, indices in zip(vocabulary.synonyms, vocabulary.word_indices):
        assert words == tuple(vocabulary.words[i] for i in indices)
    copy = shutil.copy(FOLDER / 'coco_object81_sclip.txt', tmp_path)
    for given in (copy, [list(words) for words in vocabulary.synonyms]):
        with pytest.raises(UserError, match="'bed' occurs more than once"):
            get_vocabulary(given)


@pytest.mark.parametrize('name, word, of', [
    ('coco_stuff171', 'wood floor', 'floor-wood'),
    ('coco_stuff171', 'sky', 'sky-other'),
])
def test_words_of_the_protocols(name, word, of):
    vocabulary = get_vocabulary(name)
    words = vocabulary.synonyms[vocabulary.classes.index(of)]
    assert word in words


def free_concepts(heading):
    """(name, classes) of a table in docs/free_concepts.md."""
    text = (DOCS / 'free_concepts.md').read_text().split(f'## {heading}\n')[1]
    groups = {name: ' '.join(words.split()) for name, words in re.findall(
        r'\*(\w+)\*\s+is\s+([^.;]+)[.;]', text)}
    return [(name, re.sub(r'\*(\w+)\*', lambda m: groups[m[1]], classes))
            for name, classes in re.findall(
                r'^\| `(\w+)` \| (.+) \|$', text.split('\n## ')[0], re.M)]


@pytest.mark.parametrize('name, classes', free_concepts('Our lists'))
def test_open_vocabulary_examples_are_documented(name, classes):
    vocabulary = get_vocabulary(name)
    assert vocabulary.classes == ('background', *classes.split(', '))
    assert vocabulary.synonyms[0]  # background by words, not threshold


@pytest.mark.parametrize('name, classes', free_concepts('The authors\' lists'))
def test_lists_of_the_maskclip_authors(name, classes):
    """One word per class, "background" where they have it."""
    vocabulary = get_vocabulary(name)
    assert name.startswith('web_')
    assert ', '.join(vocabulary.classes) == classes
    assert vocabulary.words == vocabulary.classes


def test_every_list_is_documented():
    """In the tables of class lists or of free concepts."""
    documented = [name for heading in ('Our lists', 'The authors\' lists')
                  for name, _ in free_concepts(heading)]
    lists = (DOCS / 'recipes.md').read_text().split('## Class lists')[1]
    documented += re.findall(r'`(\w+)`', lists.split('\n## ')[0])
    assert {*available()} - {'toy'} <= {*documented}


def test_toy_vocabulary_is_the_datasets():
    assert get_vocabulary('toy').classes == tuple(
        ToyScenesDataset.METAINFO['classes'])


# ---------------------------------------------------------------- formats
FORMATS = [
    ('cat', ('cat', ), (('cat', ), )),
    ('cat; grass, lawn; sky', ('cat', 'grass', 'sky'),
     (('cat', ), ('grass', 'lawn'), ('sky', ))),
    (' cat ;grass,lawn ; ', ('cat', 'grass'), (('cat', ), ('grass', 'lawn'))),
    ('a red car', ('a red car', ), (('a red car', ), )),
    (['cat', 'grass, lawn'], ('cat', 'grass'),
     (('cat', ), ('grass', 'lawn'))),
    (('cat', 'dog'), ('cat', 'dog'), (('cat', ), ('dog', ))),
    ([['cat', 'kitten'], ('dog', )], ('cat', 'dog'),
     (('cat', 'kitten'), ('dog', ))),
    # Commas do not split nested names; some METAINFO names have them.
    ([['door, screen']], ('door, screen', ), (('door, screen', ), )),
    (['Katze', 'กระต่าย', '木', 'ёлка'], ('Katze', 'กระต่าย', '木', 'ёлка'),
     (('Katze', ), ('กระต่าย', ), ('木', ), ('ёлка', ))),
    (['T-shirt', '4x4 car'], ('T-shirt', '4x4 car'),
     (('T-shirt', ), ('4x4 car', ))),
]


@pytest.mark.parametrize('given, classes, synonyms', FORMATS)
def test_formats(given, classes, synonyms):
    vocabulary = get_vocabulary(given)
    assert vocabulary.classes == classes
    assert vocabulary.synonyms == synonyms
    assert vocabulary.words == sum(synonyms, ())
    assert vocabulary.has_synonyms == (len(vocabulary.words) != len(classes))


@pytest.mark.parametrize('as_path', [True, False])
def test_file(tmp_path, as_path):
    path = tmp_path / 'garden.txt'
    path.write_text(
        '# a note\n\ncat\n  grass : grass, lawn ,\nBäume: Bäume\n'
        'background:\n', encoding='utf-8')
    vocabulary = get_vocabulary(path if as_path else str(path))
    assert vocabulary == Vocabulary(
        ('cat', 'grass', 'Bäume', 'background'),
        (('cat', ), ('grass', 'lawn'), ('Bäume', ), ()), 'garden')
    assert vocabulary.has_synonyms
    assert get_vocabulary(vocabulary) is vocabulary


def test_with_background():
    vocabulary = get_vocabulary('cat; grass, lawn').with_background()
    assert vocabulary.classes == ('background', 'cat', 'grass')
    assert vocabulary.synonyms == ((), ('cat', ), ('grass', 'lawn'))
    assert vocabulary.with_background() is vocabulary
    voc21 = get_vocabulary('voc21')
    assert voc21.with_background() is voc21
    # Moved to the front, with its words.
    sports = get_vocabulary('web_sports')
    assert sports.classes[5] == 'background'
    moved = sports.with_background()
    assert moved.classes == (
        'background', *sports.classes[:5], *sports.classes[6:])
    assert moved.synonyms[0] == ('background', )
    assert moved.source == 'web_sports'


# --------------------------------------------------------------- bad input
@pytest.mark.parametrize('given, message', [
    ([], 'The list of classes is empty; it needs at least one name'),
    ((), 'The list of classes is empty'),
    ([[]], 'The list of classes is empty'),
    ('', 'The list of classes is empty'),
    (' ; ', 'The list of classes is empty'),
    ([''], 'The list of classes is empty'),
    (['cat', ''], "A class needs letters, but got ''"),
    ('cat; ???', r"A class needs letters, but got '\?\?\?'"),
    ('cat; 12', "A class needs letters, but got '12'"),
    ('cat; dog, 12', "A word needs letters, but got '12'"),
    ('cat; dog; cat', "The class 'cat' occurs more than once in the list"),
    ('cat, dog; dog', "The word 'dog' occurs more than once"),
    ('cat, pet; dog, pet', "The word 'pet' occurs more than once"),
    ('cat, cat', "The word 'cat' occurs more than once"),
    ('voc_20', "Unknown vocabulary 'voc_20'. Did you mean voc20 or .*Choose "
     "one of .*'voc20'.* a file"),
    ('missing.txt', 'No vocabulary file at missing.txt'),
    ('folder/voc20.txt', 'No vocabulary file at folder/voc20.txt'),
    ([1, 2], '1'),
    (dict(x=['a'], y=['a']), "The word 'a' occurs more than once"),
    (dict(x=['a'], y=['b', 'x', 'b']), "The word 'b' occurs more than once"),
    (dict(x=1), 'must be a name or a list of synonyms, but got 1'),
])
def test_bad_input(given, message):
    with pytest.raises(UserError, match=message):
        get_vocabulary(given)


@pytest.mark.parametrize('text, message', [
    ('', 'The list of classes is empty'),
    ('# only a note\n', 'The list of classes is empty'),
    ('background:\n', 'The list of classes is empty'),
    ('cat\ndog\ncat\n', "'cat' occurs more than once in the list names"),
    ('cat: pet\ndog: pet\n', "The word 'pet' occurs more than once"),
    ('cat\n34\n', "A class needs letters, but got '34' in the list names"),
    (': cat\n', "A class needs letters, but got ''"),
])
def test_bad_files(tmp_path, text, message):
    path = tmp_path / 'names.txt'
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        get_vocabulary(path)


def test_a_file_in_another_encoding(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_bytes(b'caf\xe9\n')  # Latin-1
    with pytest.raises(UserError, match='names.txt'):
        get_vocabulary(path)


def test_a_dict_of_words_is_a_vocabulary():
    words = get_vocabulary('cat: feline, tiger; sky'.replace(': ', ', '))
    named = get_vocabulary(dict(pet=['cat', 'feline', 'tiger'], sky=['sky']))
    assert named.classes == ('pet', 'sky')
    assert named.synonyms == words.synonyms
    assert get_vocabulary(named.to_dict()) == named
    assert get_vocabulary(dict(pet='cat, feline', sky='sky')) == (
        get_vocabulary(dict(pet=['cat', 'feline'], sky=['sky'])))


def test_checkpoints_have_a_list_to_the_letter():
    """Even one with a word in two classes, also with a learnt background."""
    for name in available():
        for shipped in (get_vocabulary(name),
                        get_vocabulary(name).with_background()):
            again = get_vocabulary(shipped.to_dict())
            assert (again.classes, again.synonyms) == (
                shipped.classes, shipped.synonyms), name
    words = get_vocabulary('coco_object81_sclip').to_dict()
    words['person'].append('walker')
    with pytest.raises(UserError, match="'bed' occurs more than once"):
        get_vocabulary(words)


@pytest.mark.parametrize('names', [
    ['cat', 'Dog', 'TV monitor', 'x'],  # spelled differently
    ['feline', 'dog', 'tvmonitor', 'blue'],
    ['a', 'b', 'c', 'd']])
def test_other_names_in_the_same_order(names):
    get_vocabulary('cat; dog; tv-monitor; sky').check_order(names, 'the data')


@pytest.mark.parametrize('names, name, index, other', [
    (['dog', 'cat', 'tv', 'sky'], 'cat', 0, 1),
    (['cat', 'dog', 'sky', 'tv'], 'sky', 3, 2),
    (['Sky', 'a', 'b', 'c'], 'sky', 3, 0)])
def test_the_same_names_in_another_order(names, name, index, other):
    with pytest.raises(UserError, match=(
            f"'{name}' is class {index} of the vocabulary custom, but class "
            f'{other} of the data')):
        get_vocabulary('cat; dog; tv-monitor; sky').check_order(
            names, 'the data')


def test_every_config_and_its_dataset_have_one_order():
    """Class names of the datasets against the vocabularies of the configs."""
    checked = 0
    for path in list_configs().values():
        cfg = Config.fromfile(path)
        model = cfg.model.get('teacher', cfg.model)
        if not model.get('vocabulary') or not cfg.get('test_dataloader'):
            continue
        words = get_vocabulary(model.vocabulary)
        if model.get('background_threshold') or cfg.model.get(
                'learn_background'):
            words = words.with_background()
        dataset = cfg.test_dataloader.dataset
        names = dataset.get('metainfo', {}).get('classes') or (
            DATASETS.get(dataset.type).METAINFO['classes'])
        assert len(names) == len(words.classes)
        words.check_order(names, path.name)
        checked += 1
    assert checked > 50

"""Vocabularies, word lists and lists of captions, for any text."""
import json
import random
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmseg_clipzs.datasets.image_text.lists import (
    captions_of,
    read_list,
    write_list,
)
from mmseg_clipzs.datasets.image_text.nouns import WordFinder
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary, available, get_vocabulary

LETTERS = string.ascii_letters + 'äñжλ猫'
# Words as people write them; none is the name of a list or of a file.
WORDS = st.text(f"{LETTERS} -'", min_size=1, max_size=12).map(
    lambda text: ' '.join(text.split())).filter(
        lambda text: text and text[0].isalpha() and any(
            map(str.isalpha, text)) and text not in available())
# Anything that can be typed, with much of what has a meaning.
TEXTS = st.text(st.one_of(
    st.sampled_from(LETTERS + '  ;;,,::#\n\r\t\ufeff；，"\'/._0123-'),
    st.characters()), max_size=60)
BYTES = TEXTS.map(lambda text: text.encode('utf-8', 'surrogatepass'))


@st.composite
def vocabularies(draw):
    """list[tuple[str, list[str]]]: Name and words of each class."""
    words = draw(st.lists(WORDS, min_size=2, max_size=14,
                          unique_by=lambda word: word.casefold()))
    named = []
    while words:
        count = draw(st.integers(1, 3))
        named.append((words[0], words[:count]))
        words = words[count:]
    assume(len(named) > 1)
    return named


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """Write a file: ``file('words.txt', bytes)`` -> its path."""
    folder = tmp_path_factory.mktemp('texts')

    def write(name, content):
        (folder / name).write_bytes(content)
        return folder / name

    return write


def entries(vocabulary):
    return list(zip(vocabulary.classes, map(list, vocabulary.synonyms)))


@given(vocabularies())
def test_all_forms_are_equal(file, named):
    lines = '\r\n'.join(f'{name}: {", ".join(words)}'
                        for name, words in named)
    for form in ('; '.join(', '.join(words) for _, words in named),
                 [', '.join(words) for _, words in named],
                 [words for _, words in named], dict(named),
                 file('words.txt', lines.encode()),
                 str(file('words.txt', b'\xef\xbb\xbf' + lines.encode()))):
        found = get_vocabulary(form)
        assert entries(found) == named
    assert found.to_dict() == dict(named)
    assert get_vocabulary(found.to_dict()) == Vocabulary(
        found.classes, found.synonyms)


@given(vocabularies())
def test_words_and_classes(named):
    found = get_vocabulary(dict(named))
    assert list(found.words) == [word for _, words in named for word in words]
    assert [[found.words[i] for i in indices]
            for indices in found.word_indices] == [words for _, words in named]
    assert found.has_synonyms == any(len(words) > 1 for _, words in named)


@given(vocabularies(), st.randoms(use_true_random=False))
def test_subsets_and_order(named, rng):
    found = get_vocabulary(dict(named))
    names = [name for name, _ in named]
    chosen = rng.sample(range(len(names)), rng.randint(1, len(names)))
    assert entries(found.subset(chosen)) == [named[i] for i in chosen]
    assert found.indices([names[i] for i in chosen]) == sorted(chosen)
    found.check_order(names, 'the data')
    found.check_order([name.upper() for name in names], 'the data')
    mixed = rng.sample(names, len(names))
    # Names that differ in their letters, of which some change places.
    letters = [''.join(filter(str.isalnum, name.lower())) for name in names]
    assume(len(set(letters)) == len(letters))
    if mixed == names:
        found.check_order(mixed, 'the data')
    else:
        with pytest.raises(UserError, match='order'):
            found.check_order(mixed, 'the data')


@given(vocabularies(), st.integers(0, 20))
def test_background(named, position):
    position = min(position, len(named))
    named = [*named[:position], ('background', ['wall']), *named[position:]]
    assume(sum('background' in (name, *words) for name, words in named) == 1)
    assume(sum('wall' in words for _, words in named) == 1)
    moved = get_vocabulary(dict(named)).with_background()
    assert entries(moved) == [
        named[position], *named[:position], *named[position + 1:]]
    assert moved.with_background() == moved


@given(vocabularies())
def test_shortened(named):
    count, _, names = get_vocabulary(dict(named)).shortened().partition(': ')
    assert int(count) == len(named)
    listed = names.split(', ')
    assert listed[:3] == [name for name, _ in named][:3]
    assert (listed[-1] == '...') == (len(named) > 3)


def is_sound(vocabulary):
    """Whether a vocabulary can be used: names, words and their places."""
    assert vocabulary.classes and vocabulary.words
    assert len(set(vocabulary.classes)) == len(vocabulary.classes)
    for text in (*vocabulary.classes, *vocabulary.words):
        assert text == ' '.join(text.split()) and text
        assert any(map(str.isalpha, text))
        assert not set(text) & set('\n\r\0\ufeff')
    return True


def answer(function, *arguments):
    """What a function returns, or None after a user's mistake."""
    try:
        return function(*arguments)
    except (UserError, FileNotFoundError) as e:
        assert str(e).strip()
        return None


@given(TEXTS)
def test_any_text_is_a_vocabulary_or_a_mistake(text):
    found = answer(get_vocabulary, text)
    assert found is None or is_sound(found)


@given(st.one_of(BYTES, st.binary(max_size=60)))
def test_any_file_is_a_vocabulary_or_a_mistake(file, content):
    found = answer(get_vocabulary, file('any.txt', content))
    assert found is None or is_sound(found)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.binary(),
                 st.recursive(
                     st.one_of(st.none(), st.integers(), TEXTS),
                     lambda each: st.one_of(
                         st.lists(each, max_size=3), st.dictionaries(
                             st.one_of(TEXTS, st.integers()), each,
                             max_size=3)), max_leaves=6)))
def test_any_object_is_a_vocabulary_or_a_mistake(value):
    found = answer(get_vocabulary, value)
    assert found is None or is_sound(found)


# ------------------------------------------------------------------- captions
# CSV readers take a lone carriage return for the end of a line.
CELLS = st.text(st.characters(exclude_categories=['Cs'],
                              exclude_characters='\r\0'), max_size=12)
FILLED = CELLS.filter(str.strip)


@pytest.mark.parametrize('suffix', ['csv', 'json', 'jsonl', 'parquet'])
@given(st.lists(st.fixed_dictionaries(
    dict(image=FILLED, caption=CELLS),
    optional=dict(nouns=st.lists(WORDS, min_size=1, max_size=3))),
    min_size=1, max_size=4))
def test_written_lists_are_read(file, suffix, rows):
    path = file(f'list.{suffix}', b'')
    has_nouns = all('nouns' in row for row in rows)
    rows = [row if has_nouns else dict(
        image=row['image'], caption=row['caption']) for row in rows]
    write_list(rows, path)
    assert read_list(path) == rows


@pytest.mark.parametrize('suffix', ['csv', 'json', 'jsonl', 'parquet'])
@given(st.one_of(st.binary(max_size=80), BYTES, st.recursive(
        st.one_of(st.none(), st.floats(), st.integers(), TEXTS), lambda each:
        st.one_of(st.lists(each, max_size=3), st.dictionaries(
            st.one_of(st.sampled_from(['image', 'caption', 'captions',
                                       'nouns']), TEXTS), each, max_size=4)),
        max_leaves=8).map(lambda value: json.dumps(value).encode())))
def test_any_file_is_a_list_or_a_mistake(file, suffix, content):
    rows = answer(read_list, file(f'any.{suffix}', content))
    for row in rows or []:
        assert row['image']
        assert all(isinstance(text, str) and text.strip()
                   for text in captions_of(row))


@given(st.lists(WORDS, min_size=1, max_size=6, unique_by=str.lower),
       st.lists(st.integers(0, 5), max_size=6), st.integers(0, 2**32))
def test_words_are_found_in_captions(words, order, seed):
    """Names between full stops, in any case; each is found once."""
    assume(len(set(map(str.casefold, words))) == len(words))
    order = [i % len(words) for i in order]
    rng = random.Random(seed)
    change = [str.lower, str.upper, str]
    caption = '. '.join(rng.choice(change)(words[i]) for i in order)
    # A word within another one, or with a plural, is a match of its own.
    parts = [word.lower().split() for word in words]
    assume(all(len(part) == 1 for part in parts))
    flat = [part[0] for part in parts]
    assume(not any(one != other and one in other
                   for one in flat for other in flat))
    assume(all(len(each(word)) == len(word) for word in words
               for each in change))
    assert WordFinder(words)(caption) == list(
        dict.fromkeys(words[i] for i in order))

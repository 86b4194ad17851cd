"""Classes and words in texts: one grammar for strings, lists and files."""
import re
import unicodedata

from mmseg_clipzs.utils import UserError

# Punctuation of other scripts that separates as ours does.
_SEPARATORS = str.maketrans(
    {'；': ';', '﹔': ';', '؛': ';', '，': ',', '﹐': ',', '、': ',', '،': ',',
     '：': ':', '﹕': ':'})
# Zero-width space and joiner, marks of order, direction and hyphenation.
_INVISIBLE = dict.fromkeys([
    0xad, 0x200b, 0x200e, 0x200f, *range(0x202a, 0x202f),
    *range(0x2060, 0x2065), *range(0x2066, 0x206a), 0xfeff])
_JOINERS = '\u200c\u200d'  # part of words in Persian, Hindi and emoji
# Line breaks, control characters, and what was not decoded; a tab is a blank.
NO_TEXT = re.compile(
    '[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]')
_PATH = re.compile(r'(\.{0,2}|~\w*|[a-z]:|\w+:/)[\\/]', re.IGNORECASE)
_FILE_NAME = re.compile(
    r'\S\.(bmp|cfg|classes|conf|csv|docx?|gif|gz|html?|ini|ipynb|jpe?g|jsonl?|'
    r'labels|list|log|lst|md|names|npy|npz|ods|odt|pdf|pkl|png|pth?|py|rst|'
    r'rtf|tar|te?xt|tiff?|toml|tsv|vocab|webp|words|xlsx?|xml|ya?ml|zip)$',
    re.IGNORECASE)


def split_classes(text):
    """list[str]: Texts of the classes, which ";" separates."""
    text = unicodedata.normalize('NFC', text).translate(_INVISIBLE)
    return [part for part in text.translate(_SEPARATORS).split(';')
            if part.strip()]


def read_class(text):
    """Read 'name', 'name, word, word' or 'name: word, word'.

    Args:
        text (str): One class.

    Returns:
        tuple[str, tuple[str]]: The name and the words of the class. Without a
        colon, the first word is the name.

    Raises:
        UserError: More than one class, or what :func:`read_word` refuses.
    """
    parts = split_classes(text)
    if len(parts) > 1:
        raise UserError(f'{text!r} is one class, but ";" separates classes: '
                        'list each of them on its own.')
    text = parts[0] if parts else ''
    if looks_like_path(text.strip()):  # before a drive's colon is read
        read_word(text)
    name, colon, rest = text.partition(':')
    words = tuple(filter(None, map(
        read_word, (rest if colon else text).split(','))))
    if colon:
        return read_word(name), words
    return words[0] if words else '', words


def read_words(entry):
    """Read the words of a class, of which the name is known.

    Args:
        entry (str | Sequence[str]): "," separates the words of a text; those
            of a list are taken to the letter.

    Returns:
        tuple[str]: The words.

    Raises:
        UserError: Another type, or what :func:`read_word` refuses.
    """
    if isinstance(entry, str):
        parts = split_classes(entry)
        if len(parts) > 1:
            return read_class(entry)[1]  # raises
        return tuple(filter(None, map(
            read_word, parts[0].split(',') if parts else [])))
    if hasattr(entry, 'tolist'):
        entry = entry.tolist()
    if not isinstance(entry, (list, tuple)) or not all(
            isinstance(word, str) for word in entry):
        raise UserError('A class must be a name or a list of synonyms, but '
                        f'got {entry!r}.')
    return tuple(map(read_word, entry))


def read_word(text):
    """Clean a name or a word.

    Characters are composed (Unicode's NFC), those without width dropped, and
    spaces of any kind and number become one.

    Args:
        text (str): The word.

    Returns:
        str: The word; '' if nothing is left.

    Raises:
        UserError: A line break or control character within the word, a
            character that was not decoded, or the name of a file.
    """
    word = unicodedata.normalize('NFC', text).translate(_INVISIBLE).strip()
    found = NO_TEXT.search(word)
    if found:
        raise UserError(
            f'{word[:80]!r} contains {_name(found[0])}. ";" or a new line of '
            'a file separates classes, "," separates words of a class.')
    word = ' '.join(word.split()).strip(_JOINERS)
    if word[:1] == '"':
        word, quoted = word[1:-1].strip(), word
        if len(quoted) < 2 or quoted[-1] != '"' or '"' in word:
            raise UserError(f'{quoted!r} begins with a quotation mark that '
                            'does not end it; leave it out.')
    if looks_like_path(word):
        raise UserError(
            f'{word!r} looks like a file, but no file is there. Pass an '
            'existing file alone, or the classes as in '
            '"cat; grass, lawn; sky".')
    return word


def looks_like_path(text):
    """bool: Whether a text is a path rather than a word.

    A slash alone does not make a path ("tv/monitor"), nor a dot ("St.
    Bernard", "1.5 litre bottle"). Nothing is looked for on disk.
    """
    return bool(_PATH.match(text) or _FILE_NAME.search(text)
                or '\\' in text)


def _name(character):
    if character in '\n\r\u2028\u2029':
        return 'a line break'
    if character == '\ufffd' or '\ud800' <= character <= '\udfff':
        return 'a character that is not UTF-8'
    return f'the control character U+{ord(character):04X}'

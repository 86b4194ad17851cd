"""Names of files and settings in messages."""
from difflib import get_close_matches


def did_you_mean(name, known):
    """Suggest known names.

    Args:
        name (str): The name that is not known; upper and lower case count
            as equal.
        known (Iterable[str]): The known ones.

    Returns:
        str: ' Did you mean A or B?' with the closest names, '' without any.
    """
    by_folded = {str(entry).casefold(): str(entry) for entry in known}
    close = get_close_matches(str(name).casefold(), list(by_folded))
    return (f' Did you mean {" or ".join(by_folded[key] for key in close)}?'
            if close else '')


def shown(path):
    """A path that every terminal and log can print.

    Args:
        path (str | Path): Its name may contain bytes that are not UTF-8, and
            line breaks.

    Returns:
        str: With these as escapes such as ``\\udcff``.
    """
    return ''.join(c if c.isprintable() else c.encode(
        'unicode_escape').decode() for c in str(path))


def first_of(items, count=10):
    """The first items of a long list, as one text.

    Args:
        items (Sequence): Items with ends of their own, e.g. sentences.
        count (int): Number of items.

    Returns:
        str: The items, and how many more there are.
    """
    more = len(items) - count
    return ' '.join(map(str, items[:count])) + (
        f' ... and {more} more.' if more > 0 else '')

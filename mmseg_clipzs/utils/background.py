"""The option that says what happens to pixels of none of the classes."""
from numbers import Real

from .errors import UserError
from .numbers import check_number

AUTO = 'auto'


def read_background(value, name='background'):
    """Read a background: contrast words, a threshold, or both.

    Args:
        value (str | float | None): 'auto', a probability in (0, 1), both as
            in 'auto,0.5', or None. The probability may be a text.
        name (str): The option, for the message.

    Returns:
        tuple[bool, float | None]: Whether there are contrast words, see
        :meth:`~mmseg_clipzs.vocabularies.Vocabulary.with_contrast`, and the
        threshold.

    Raises:
        UserError: Anything else.
    """
    if value is None:
        return False, None
    words, number = False, value
    if isinstance(value, str):
        first, comma, rest = value.partition(',')
        words = first.strip().casefold() == AUTO
        if words and not comma:
            return True, None
        number = _number(rest if words else value)
    try:
        if not isinstance(number, Real):
            raise UserError
        return words, check_number(name, number, '(0, 1)')
    except UserError:
        raise UserError(
            f'{name} is a probability in (0, 1) below which pixels become '
            'background, "auto" for contrast words, or both as in "auto,0.5", '
            f'but got {value!r}.') from None


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None

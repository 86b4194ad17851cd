"""Options that are numbers."""
from numbers import Integral, Real

from .errors import UserError


def check_number(name, value, within, kind=float, optional=False):
    """Check an option that is a number.

    Args:
        name (str): The option, for the message.
        value: Its value. NaN, an infinite number, a bool and a text are no
            numbers; NumPy's are.
        within (str): The range as in mathematics: '(0, 1]' leaves out 0,
            '[1, inf)' has no upper end but leaves out infinity.
        kind (type): float, or int for whole numbers.
        optional (bool): Accept None.

    Returns:
        The value.

    Raises:
        UserError: Another type, or out of range.
    """
    if optional and value is None:
        return value
    low, high = map(float, within[1:-1].split(','))
    # NumPy's bool is no Integral, but Python's is.
    fits = isinstance(value, Integral if kind is int else Real) and (
        not isinstance(value, bool) and low <= value <= high
        and (value != low or within[0] == '[')
        and (value != high or within[-1] == ']'))
    if not fits:
        what = 'a whole number' if kind is int else 'a number'
        none = ' or None' * optional
        raise UserError(
            f'{name} must be {what} in {within}{none}, but got {value!r}.')
    return value


def check_numbers(name, values, within, kind=float, count=None):
    """Check an option that is a sequence of numbers.

    Args:
        name (str): The option, for the message.
        values: Its value; a list, a tuple or an array of one dimension.
        within, kind: See :func:`check_number`.
        count (int, optional): How many there must be; by default 1 or more.

    Returns:
        tuple: The numbers.

    Raises:
        UserError: Another type or count, or one that is out of range.
    """
    wanted = 'numbers' if count is None else f'{count} numbers'
    listed = values.tolist() if hasattr(values, 'tolist') else values
    if not isinstance(listed, (list, tuple)) or not listed or (
            count not in (None, len(listed))):
        raise UserError(f'{name} must be a list of {wanted} in {within}, but '
                        f'got {values!r}.')
    return tuple(check_number(f'{name}[{i}]', value, within, kind)
                 for i, value in enumerate(listed))


def check_flag(name, value, optional=False):
    """Check an option that is on or off.

    Args:
        name (str): The option, for the message.
        value: Its value.
        optional (bool): Accept None.

    Returns:
        bool | None: The value.

    Raises:
        UserError: Anything but True and False: a text such as 'no' would
            count as true.
    """
    if not (isinstance(value, bool) or optional and value is None):
        none = ' or None' * optional
        raise UserError(
            f'{name} must be True or False{none}, but got {value!r}.')
    return value

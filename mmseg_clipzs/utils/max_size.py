"""The option that says at which size large photos are segmented."""
from .background import AUTO
from .errors import UserError
from .numbers import check_number

_LEAST = 16  # pixels, a patch of CLIP


def read_max_size(value, name='max_size'):
    """Read a limit of photos' sizes.

    Args:
        value (int | str | None): Longest side in pixels, 'auto', or None or
            'none' for no limit. The number may be a text.
        name (str): The option, for the message.

    Returns:
        int | str | None: A number, 'auto' or None.

    Raises:
        UserError: Anything else.
    """
    if isinstance(value, str):
        text = value.strip().casefold()
        if text == AUTO:
            return AUTO
        value = None if text == 'none' else (
            int(text) if text.isdecimal() else value)
    try:
        return check_number(
            name, value, f'[{_LEAST}, inf)', int, optional=True)
    except UserError:
        raise UserError(
            f'{name} is the longest side in pixels, {_LEAST} or more, at '
            f'which large photos are segmented, "{AUTO}", or "none" for their '
            f'own size, but got {value!r}.') from None

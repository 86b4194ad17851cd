"""In which settings two runs differ."""
from mmseg_clipzs.utils import shown


def differences(now, before, part=False):
    """Say which settings of two first lines differ.

    Args:
        now, before (dict): The first lines.
        part (bool): ``now`` has only some of the settings; others may differ.

    Returns:
        list[str]: Parts of a sentence; [] if none differs. Only the main ones:
        with other words, the colours differ as well.
    """
    def flat(header):
        settings = header.get('settings')
        return {**(settings if isinstance(settings, dict) else {}), **{
            key: header[key] for key in ('classes', 'palette', 'version')
            if key in header}}

    new, old = flat(now), flat(before)
    keys = new if part else dict.fromkeys([*new, *old])
    other = [key for key in keys if new.get(key) != old.get(key)]
    implied = {each for key in other for each in _IMPLIES.get(key, ())}
    return [_HASHES.get(key) or (
        f'{key} {_short(old.get(key))} then, {_short(new.get(key))} now')
        for key in other if key not in implied]


# What differs with a setting, and what to say of a hash.
_IMPLIES = {'config': ('model', 'weights'), 'checkpoint': ('weights', ),
            'words': ('classes', 'palette'), 'classes': ('palette', )}
_HASHES = {'model': "the model's settings",
           'weights': 'the content of the checkpoint'}


def _short(value):
    """str: A setting as on the command line, not too long."""
    if isinstance(value, list):
        value = '; '.join(', '.join(map(str, each)) if isinstance(
            each, list) else str(each) for each in value)
    text = str(value)
    return shown(text if len(text) < 60 else f'{text[:57]}...')

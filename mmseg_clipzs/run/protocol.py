"""Whether a run still follows the protocol that its config names."""
import re

# Parts of a config that decide about the figures, ...
_PARTS = ('data_preprocessor', 'model', 'test_cfg', 'test_dataloader.dataset',
          'test_evaluator')
# ... except what has a column of its own or only changes how it runs.
_FREE = re.compile(
    r'(model\.|.*\.)?clip\.(model|pretrained)|.*\.window_batch|'
    r'.*\.(data_root|data_prefix|init_cfg|output_dir|keep_results)(\..*)?|'
    r'model\.(weights|pretrained|train_cfg)(\..*)?|test_cfg\.type')
_SHOWN, _LONGEST = 3, 24  # changes, characters of a value


def changes_of_protocol(original, changed):
    """Compare a config with its original.

    Args:
        original, changed (Config): Without and with a user's options.

    Returns:
        str: '' or ', changed: model.logit_scale=40', with up to three
        settings.
    """
    before, after = map(_settings, (original, changed))
    differing = [key for key in {**before, **after}
                 if before.get(key, _NONE) != after.get(key, _NONE)
                 and not _FREE.fullmatch(key)]
    if not differing:
        return ''
    shown = [_show(key, after.get(key, _NONE)) for key in differing[:_SHOWN]]
    more = len(differing) - _SHOWN
    return ', changed: ' + ', '.join(shown) + (
        f' and {more} more' if more > 0 else '')


_NONE = object()


def _settings(cfg):
    """dict: Dotted key -> value of the settings that matter."""
    found = {}

    def add(part, path):
        if isinstance(part, dict) and part:
            for key, value in part.items():
                add(value, f'{path}.{key}')
        else:
            found[path] = part

    for path in _PARTS:
        part = cfg
        for key in path.split('.'):
            part = (part or {}).get(key)
        if part is not None:
            add(part, path)
    return found


def _show(key, value):
    text = '' if value is _NONE else str(value)
    return f'{key}={text}' if text and len(text) <= _LONGEST else key

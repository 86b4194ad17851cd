"""Changes to a config, as of ``--cfg-options``."""
import copy

from mmseg_clipzs.models.segmentors.image_regions import OWN_OPTIONS
from mmseg_clipzs.utils import UserError, did_you_mean

from .known import READ
from .schedule import merge_options

# Settings that may be a name, short for dict(type=name).
_NAMED = 'last_block'
# Settings whose other keys are options of their type, and keys that are not.
_TYPED = {_NAMED: (), 'regions': OWN_OPTIONS}


class Options(dict):
    """Options that cannot be changed: attributes of a job."""

    def _refuse(self, *args, **kwargs):
        raise TypeError('The options of a job cannot be changed; '
                        'Job.replace makes another job.')

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self):  # for pickles and copies
        return type(self), (dict(self), )


def apply_options(cfg, options, name):
    """Apply options to a config.

    A ``last_block`` or ``regions`` of another type starts from its own
    defaults: the config's options were those of the old type.

    Args:
        cfg (Config): Modified in place.
        options (dict): Key with dots -> value; not modified.
        name (str): The config's, for messages.

    Raises:
        UserError: An option that does not fit the config.
    """
    for option in options:
        key, _, rest = option.partition('.')
        if key in READ:
            continue
        if key not in cfg:
            raise UserError(
                f'{name} has no {key!r}, which the option {option!r} would '
                f'change.{did_you_mean(key, READ | set(cfg))}')
        if not _imports_others(cfg):
            copies = [f'{path}.{rest}' if rest else path
                      for path in _copies(cfg, cfg[key])]
            raise UserError(
                f'The option {option!r} would change nothing: {key} is a '
                f'variable of {name}, which only its own lines read.' + (
                    f' Set {", ".join(copies)} instead.' if copies else ''))
    # With last_block='naclip', last_block.neighbour_std=3 means
    # last_block=dict(type='naclip', neighbour_std=3).
    options = {f'{option}.type' if option.endswith(_NAMED) and any(
        other.startswith(f'{option}.') for other in options)
        else option: value for option, value in options.items()}
    _replace(list(cfg.values()), lambda block: (
        dict(type=block) if isinstance(block, str) else block))
    try:
        merged = copy.deepcopy(cfg)
        merge_options(merged, options)
        _drop_old(cfg, merged)
        merge_options(cfg, options)
    except (KeyError, TypeError) as e:
        raise UserError(
            f'The options {", ".join(options)} do not fit {name}: '
            f'{e.args[0]}') from e
    _replace(list(cfg.values()), lambda block: (
        block['type'] if isinstance(block, dict) and set(block) == {'type'}
        else block))


def _imports_others(cfg):
    """bool: Whether code of others may read any key of the config."""
    imports = (cfg.get('custom_imports') or {}).get('imports', [])
    return bool({imports} if isinstance(imports, str) else set(imports)
                - {'mmseg_clipzs'})


def _copies(cfg, value):
    """list[str]: Up to three keys, of those that are read, of a value."""
    found = []

    def search(part, path):
        if path and part == value and type(part) is type(value):
            found.append(path)
        elif isinstance(part, (dict, list, tuple)):
            for key, each in (part.items() if isinstance(part, dict)
                              else enumerate(part)):
                search(each, f'{path}.{key}' if path else f'{key}')

    search({key: cfg[key] for key in sorted(READ & set(cfg))}, '')
    return found[:3]


def _drop_old(before, after):
    """Drop the options of all :data:`_TYPED` settings with another type."""
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        for pair in zip(before, after):
            _drop_old(*pair)
    if not hasattr(before, 'items') or not hasattr(after, 'items'):
        return
    for key, old in before.items():
        new = after.get(key)
        if key in _TYPED and isinstance(old, dict) and isinstance(
                new, dict) and old.get('type') != new.get('type'):
            for option in set(old) - set(_TYPED[key]):
                del old[option]
        else:
            _drop_old(old, new)


def _replace(config, change):
    """Change all :data:`_NAMED` settings in nested dicts and lists."""
    if isinstance(config, dict):
        if _NAMED in config:
            config[_NAMED] = change(config[_NAMED])
        config = config.values()
    elif not isinstance(config, (list, tuple)):
        return
    for each in config:
        _replace(each, change)

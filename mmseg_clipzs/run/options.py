"""Changes to a config, as of ``--cfg-options``."""
import inspect

from mmengine.runner import Runner

from mmseg_clipzs.utils import UserError, did_you_mean

from .schedule import merge_options

# Keys that mmengine or this package read, whether or not a config has them.
_KNOWN_KEYS = frozenset(inspect.signature(Runner.__init__).parameters) | {
    'method', 'dataset_name', 'protocol', 'tta_model', 'tta_pipeline',
    'runner_type', 'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters',
    'compile', 'activation_checkpointing', 'efficient_conv_bn_eval'}
# Settings that may be a name, short for dict(type=name).
_NAMED = 'last_block'


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

    Args:
        cfg (Config): Modified in place.
        options (dict): Key with dots -> value; not modified.
        name (str): The config's, for messages.

    Raises:
        UserError: An option that does not fit the config.
    """
    for option in options:
        key = option.partition('.')[0]
        if key not in cfg and key not in _KNOWN_KEYS:
            raise UserError(
                f'{name} has no {key!r}, which the option {option!r} would '
                f'change.{did_you_mean(key, cfg)}')
    # With last_block='naclip', last_block.neighbour_std=3 means
    # last_block=dict(type='naclip', neighbour_std=3).
    options = {f'{option}.type' if option.endswith(_NAMED) and any(
        other.startswith(f'{option}.') for other in options)
        else option: value for option, value in options.items()}
    _replace(list(cfg.values()), lambda block: (
        dict(type=block) if isinstance(block, str) else block))
    try:
        merge_options(cfg, options)
    except (KeyError, TypeError) as e:
        raise UserError(
            f'The options do not fit {name}: {e.args[0]}') from e
    _replace(list(cfg.values()), lambda block: (
        block['type'] if isinstance(block, dict) and set(block) == {'type'}
        else block))


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

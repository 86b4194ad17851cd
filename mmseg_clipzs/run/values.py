"""Numbers of a config that mmengine uses without a look at them."""
import math
import re

from mmseg_clipzs import products
from mmseg_clipzs.utils import UserError


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(
        value, bool) and math.isfinite(value)


def _whole(at_least, *others):
    """Check of an integer: at least so large, or one of the others."""
    return (lambda value: value in others or (
        isinstance(value, int) and not isinstance(value, bool)
        and value >= at_least),
        f'an integer of {at_least} or more' + ''.join(
            f' or {other}' for other in others))


_NUMBER = (_is_number, 'a number')
_POSITIVE = (lambda value: _is_number(value) and value > 0,
             'a number above 0')
_SHARE = (lambda value: _is_number(value) and value >= 0,
          'a number of 0 or more')
_BOOL = (lambda value: isinstance(value, bool), 'True or False')
_SEED = (lambda value: value is None or _whole(0)[0](value)
         and value < 2**32, 'an integer from 0 to 2**32 - 1, or None')
_LEVELS = ('CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG')
_LEVEL = (lambda value: isinstance(value, int) or value in _LEVELS,
          f'one of {", ".join(_LEVELS)}')
_METRICS = ('mIoU', 'mDice', 'mFscore')
_IOU_METRICS = (lambda value: value in _METRICS or isinstance(
    value, (list, tuple)) and value and set(value) <= set(_METRICS),
                f'one of {", ".join(_METRICS)} or a list of them')
# Key, as a regular expression -> (check, what it must be).
_VALUES = {re.compile(key): value for key, value in {
    r'(train|val|test)_dataloader\.batch_size': _whole(1),
    r'(train|val|test)_dataloader\.num_workers': _whole(0),
    r'(train|val|test)_dataloader\.prefetch_factor': _whole(1, None),
    r'(train|val|test)_dataloader\.(persistent_workers|pin_memory|drop_last)':
    _BOOL,
    r'(train|val|test)_dataloader\.sampler\.shuffle': _BOOL,
    r'train_cfg\.(max_iters|max_epochs|val_interval)': _whole(1),
    r'train_cfg\.val_begin': _whole(0),
    r'(val|test)_cfg\.fp16': _BOOL,
    r'optim_wrapper\.accumulative_counts': _whole(1),
    r'optim_wrapper\.clip_grad\.max_norm': _POSITIVE,
    r'optim_wrapper\.optimizer\.lr': _SHARE,
    r'optim_wrapper\.optimizer\.(weight_decay|momentum|eps)': _SHARE,
    r'param_scheduler(\.\d+)?\.(begin|T_max|step_size)': _whole(0),
    r'param_scheduler(\.\d+)?\.end': _whole(1),
    r'param_scheduler(\.\d+)?\.(eta_min|power|start_factor|end_factor|gamma)':
    _NUMBER,
    r'param_scheduler(\.\d+)?\.by_epoch': _BOOL,
    r'auto_scale_lr\.base_batch_size': _whole(1),
    r'auto_scale_lr\.enable': _BOOL,
    r'randomness\.seed': _SEED,
    r'randomness\.(deterministic|diff_rank_seed)': _BOOL,
    r'default_hooks\.checkpoint\.(interval|max_keep_ckpts)': _whole(1, -1),
    r'default_hooks\.(logger|visualization)\.interval': _whole(1),
    r'env_cfg\.cudnn_benchmark': _BOOL,
    r'env_cfg\.products': (lambda value: value in products.NAMES,
                          f'one of {", ".join(products.NAMES)}'),
    r'(val|test)_evaluator(\.\d+)?\.iou_metrics': _IOU_METRICS,
    r'log_level': _LEVEL,
    r'resume': _BOOL,
}.items()}


def check_values(cfg, name):
    """Refuse values that would end the run later, or that it would ignore.

    Args:
        cfg (Config): Of this project or of mmseg.
        name (str): The config's, for messages.

    Raises:
        UserError: Names the key, the value and what it must be.
    """
    for path, value in _leaves(dict(cfg.items()), ''):
        for key, (fits, what) in _VALUES.items():
            if key.fullmatch(path) and not fits(value):
                raise UserError(
                    f'{name}: {path} must be {what}, but got {value!r}.')


def _leaves(part, path):
    """Yield (dotted key, value) of everything in nested dicts and lists."""
    items = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in items:
        inner = f'{path}.{key}' if path else f'{key}'
        if isinstance(value, dict) or isinstance(value, (list, tuple)) and (
                any(isinstance(each, dict) for each in value)):
            yield from _leaves(value, inner)
        else:
            yield inner, value

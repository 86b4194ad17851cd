"""Fit the schedule of a training to its length."""
import copy

from mmseg_clipzs.utils import UserError

_SHORTEST = 2  # iterations in which mmengine's warm-up reaches its end


def merge_options(cfg, options):
    """Merge options; another ``train_cfg.max_iters`` moves the schedule.

    The begins, ends and periods of iteration-based schedulers change in
    proportion, a warm-up for example; each scheduler keeps at least two
    iterations, and what an option itself sets is not moved. Schedulers without
    an end, the last validation and checkpoint, and the switch of
    ``SelfTrainingHook`` follow ``max_iters`` by themselves.

    Args:
        cfg (Config): Modified in place.
        options (dict): As for ``Config.merge_from_dict``.

    Raises:
        UserError: ``max_iters`` is not a positive integer.
        KeyError, TypeError: The options do not fit the config.
    """
    # merge_from_dict pops "_delete_" from its argument.
    merged = copy.deepcopy(cfg)
    merged.merge_from_dict(copy.deepcopy(dict(options)))
    before, length = _length(cfg), _length(merged)
    if before and length != before and 'max_iters' in (
            merged.get('train_cfg') or {}):
        if not isinstance(length, int) or length < 1:
            raise UserError('train_cfg.max_iters must be 1 iteration or more, '
                            f'but got {length!r}.')
        _stretch(cfg.get('param_scheduler') or [], before, length)
    cfg.merge_from_dict(copy.deepcopy(dict(options)))


def _length(cfg):
    return (cfg.get('train_cfg') or {}).get('max_iters')


def _stretch(schedulers, before, length):
    ratio = length / before
    for scheduler in ([schedulers] if isinstance(schedulers, dict)
                      else schedulers):
        if scheduler.get('by_epoch', True):
            continue
        begin = scheduler.get('begin', 0)
        if begin:
            begin = min(max(_SHORTEST, round(ratio * begin)), length - 1)
            scheduler.begin = begin
        if 'end' in scheduler:
            scheduler.end = max(
                begin + _SHORTEST, round(ratio * scheduler.end))
        if scheduler.get('T_max'):
            scheduler.T_max = max(1, round(ratio * scheduler.T_max))

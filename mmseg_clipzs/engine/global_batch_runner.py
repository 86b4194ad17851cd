from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from mmseg_clipzs.utils import UserError


@RUNNERS.register_module()
class GlobalBatchRunner(Runner):
    """Runner whose learning rate follows the global batch.

    mmengine's ``auto_scale_lr`` multiplies the learning rate by
    batch size / ``base_batch_size``. Here, gradient accumulation counts as
    well (``optim_wrapper.accumulative_counts``), the schedulers' ``eta_min``
    is multiplied, too, and the log states the result in one line, also where
    nothing changes. Configs select this class by ``runner_type``, which
    mmseg's own ``tools/train.py`` also respects.
    """

    def scale_lr(self, optim_wrapper, auto_scale_lr=None):
        """Scale the learning rate linearly with the global batch.

        Args:
            optim_wrapper (OptimWrapper): The built optimizer wrapper.
            auto_scale_lr (dict, optional): ``base_batch_size``, the global
                batch that the config's learning rate is meant for, and
                ``enable``.

        Raises:
            UserError: ``base_batch_size`` is missing or not positive.
        """
        if not auto_scale_lr:
            return
        base = auto_scale_lr.get('base_batch_size')
        if not isinstance(base, int) or base < 1:
            raise UserError('auto_scale_lr needs base_batch_size, a positive '
                            f'number of samples, but got {base!r}.')
        loader = self._train_dataloader
        size = (loader['batch_size'] if isinstance(loader, dict)
                else loader.batch_size)
        accumulated = optim_wrapper._accumulative_counts
        batch = size * self.world_size * accumulated
        lr = optim_wrapper.optimizer.defaults['lr']
        ratio = batch / base
        if batch == base:
            change = f'the recipe\'s: learning rate {lr:g}, unchanged'
        elif auto_scale_lr.get('enable'):
            change = (f'the recipe\'s is {base:,}: learning rate scaled from '
                      f'{lr:g} to {lr * ratio:g}')
            for group in optim_wrapper.optimizer.param_groups:
                group['lr'] *= ratio
            for scheduler in _of_learning_rate(self.param_schedulers):
                scheduler['eta_min'] *= ratio
        else:
            change = (f'the recipe\'s is {base:,}: learning rate {lr:g}, not '
                      'scaled (auto_scale_lr.enable=False)')
        self.logger.info(
            f'Global batch: {size} samples x {self.world_size} process(es) x '
            f'{accumulated} accumulated = {batch:,}; {change}.')

    def resume(self, filename, *args, **kwargs):
        """Resume as mmengine does, and log what the checkpoint decides."""
        super().resume(filename, *args, **kwargs)
        rates = self.optim_wrapper.get_lr()['lr']
        self.logger.info(
            f'Resumed at iteration {self.iter}: the learning rate, now '
            f'{max(rates):g}, and its schedule are those of {filename}, '
            'whatever the global batch and the length of this run.')
        accumulated = self.optim_wrapper._accumulative_counts
        if self.iter % accumulated:
            self.logger.warning(
                f'{filename} was saved within an accumulation of '
                f'{accumulated} iterations, whose gradients are lost. Set '
                'default_hooks.checkpoint.interval to a multiple of '
                f'{accumulated}.')


def _of_learning_rate(schedulers):
    """Yields: dict: Learning rate schedulers with an absolute minimum."""
    for scheduler in ([schedulers] if isinstance(schedulers, dict)
                      else schedulers or []):
        kind = scheduler['type']
        name = kind if isinstance(kind, str) else kind.__name__
        if name.endswith('LR') and scheduler.get('eta_min'):
            yield scheduler

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import atomic_write, remove_stale


class AtomicBackend(LocalBackend):
    """Local files that are complete at any moment."""

    def put(self, obj, filepath):
        """Write bytes.

        Args:
            obj (bytes): The content.
            filepath (str | Path): The file.

        Raises:
            UserError: The disk is full, or the folder cannot be written.
        """
        with atomic_write(filepath) as temporary:
            temporary.write_bytes(obj)


register_backend('mmseg_clipzs.AtomicBackend', AtomicBackend, force=True)


# mmengine's hook makes a client that nothing uses, and warns of it.
_OUTDATED = ('"FileClient" will be deprecated',
             '"HardDiskBackend" is the alias of')


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's hook, for runs that may be killed at any moment.

    A checkpoint appears once it is complete, then ``last_checkpoint`` names
    it, then the oldest one is removed; mmengine's hook writes over the files
    and removes first. What an earlier run left half written is removed.

    Args:
        kwargs: See ``CheckpointHook``. Storage that is not local is written
            as there.
    """

    def __init__(self, **kwargs):
        if not any(kwargs.get(key) for key in (
                'backend_args', 'file_client_args')) and (
                    '://' not in str(kwargs.get('out_dir'))):
            kwargs['backend_args'] = dict(
                backend='mmseg_clipzs.AtomicBackend')
        super().__init__(**kwargs)

    def before_train(self, runner):
        runner.logger.addFilter(lambda record: not record.getMessage(
            ).startswith(_OUTDATED))
        super().before_train(runner)
        for folder in (self.out_dir, runner.work_dir):
            remove_stale(folder)

    def _save_checkpoint_with_step(self, runner, step, meta):
        removed = None
        if self.max_keep_ckpts > 0 and (
                not self.keep_ckpt_ids or self.keep_ckpt_ids[-1] != step):
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                removed = self.keep_ckpt_ids.popleft()
            self.keep_ckpt_ids.append(step)
            # Part of the checkpoint.
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids))
        self.last_ckpt = self._path(step)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, self.filename_tmpl.format(step),
            self.file_client_args, save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler, meta=meta,
            by_epoch=self.by_epoch, backend_args=self.backend_args,
            **self.args)
        if not is_main_process():
            return
        with atomic_write(Path(runner.work_dir, 'last_checkpoint')) as file:
            file.write_text(self.last_ckpt, encoding='utf-8')
        if removed is not None and self.file_backend.isfile(
                self._path(removed)):
            self.file_backend.remove(self._path(removed))

    def _path(self, step):
        return self.file_backend.join_path(
            self.out_dir, self.filename_tmpl.format(step))

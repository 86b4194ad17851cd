from collections import Counter
from itertools import chain, repeat

import torch
from mmengine.dist import all_gather, all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_clipzs.datasets import ImageTextShards
from mmseg_clipzs.utils import UserError, check_number, first_of

_NAMED = 100  # skipped samples that are logged individually
_AT_THE_END = 10  # that are named once more after the training


@HOOKS.register_module()
class DataStateHook(Hook):
    """Resume image-text data where training stopped; report skipped samples.

    Also those of a :class:`PhotoFolderDataset`. The first ones are named when
    they occur, and some of them again at the end.

    Checkpoints get the number of skipped samples and, for
    :class:`ImageTextShards`, the position of each stream on each rank, counted
    by samples *trained* on: what workers had loaded ahead is not lost. A
    resumed run starts its streams there instead of replaying the finished
    iterations. :class:`ImageTextDataset` is replayed by mmengine.

    Args:
        interval (int): Iterations between reports.

    Raises:
        UserError: ``interval`` is not a positive integer; the checkpoint has
            other shards, another seed or another number of processes or
            workers; shards with persistent workers.
    """

    def __init__(self, interval=1000):
        check_number('interval', interval, '[1, inf)', int)
        self.interval = interval
        self._resumed = None

    def after_load_checkpoint(self, runner, checkpoint):
        if runner._resume:
            state = checkpoint.get('data_state')
            if state is not None and not _is_state(state):
                raise UserError("The checkpoint's data_state is damaged: "
                                'resume another checkpoint.')
            self._resumed = state

    def before_train(self, runner):
        loader = runner.train_dataloader
        rank, ranks = get_dist_info()
        streams = max(1, loader.num_workers)
        self.skipped, self._names = Counter(), {}
        self.settings, self.next = {}, 0
        # (ranks, streams, 2): finished shards, samples of the current one
        self.positions = torch.zeros(ranks, streams, 2, dtype=torch.int64)
        if isinstance(loader.dataset, ImageTextShards):
            if loader.persistent_workers:
                raise UserError('Streams do not end: shards need train_'
                                'dataloader.persistent_workers=False.')
            self.settings = dict(
                loader.dataset.settings, processes=ranks, workers=streams)
        if self._resumed is None:
            return
        self.skipped.update(self._resumed['skipped'])
        if self._resumed['settings'] != self.settings:
            raise UserError(
                f'The checkpoint was written with {self._resumed["settings"]}'
                f', but this run has {self.settings}. Resume with the '
                'settings of the checkpoint, or load its weights with '
                'load_from to start the data from the beginning.')
        if self.settings:
            self.positions = torch.tensor(self._resumed['positions'])
            self.next = self._resumed['next']
            loader.dataset.start_from(
                self.positions[rank].tolist(), self.next)
            # mmengine draws and discards a batch per finished iteration.
            runner.train_loop.dataloader_iterator = chain(
                repeat(None, runner.iter), iter(loader))

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        samples = [s.metainfo for s in data_batch['data_samples']]
        skipped = [what for s in samples for what in s.get('skipped', ())]
        # A batch comes from one stream, the same one on all ranks; streams
        # take turns.
        stream, *position = samples[-1].get('position', (0, 0, 0))
        rows = torch.stack(all_gather(
            torch.tensor([len(skipped), *position])))  # (ranks, 3)
        self.positions[:, stream] = rows[:, 1:]
        self.next = (stream + 1) % self.positions.shape[1]
        if rows[:, 0].any():
            self._count(runner, all_gather_object(skipped))
        if self.every_n_train_iters(runner, self.interval):
            self._report(runner)

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint['data_state'] = dict(
            settings=self.settings, positions=self.positions.tolist(),
            next=self.next, skipped=dict(self.skipped))

    def after_train(self, runner):
        if self.skipped:
            runner.logger.warning(
                f'{self.skipped.total()} samples were skipped '
                f'({self._counts()}). '
                f'{first_of(list(self._names), _AT_THE_END)}')

    def _count(self, runner, skipped):
        for kind, text in chain(*skipped):
            if len(self._names) < _NAMED and text not in self._names:
                runner.logger.warning(f'Skipped, {kind}: {text}')
                self._names[text] = None
            self.skipped[kind] += 1

    def _report(self, runner):
        if self.skipped:
            runner.logger.info(f'Skipped so far: {self._counts()}.')

    def _counts(self):
        return ', '.join(
            f'{kind}: {n}' for kind, n in sorted(self.skipped.items()))


def _is_state(state):
    """bool: Whether a checkpoint's ``data_state`` has the form of ours."""
    kinds = dict(settings=dict, positions=list, next=int, skipped=dict)
    return isinstance(state, dict) and all(
        isinstance(state.get(key), kind) for key, kind in kinds.items()
    ) and all(isinstance(count, int) for count in state['skipped'].values())

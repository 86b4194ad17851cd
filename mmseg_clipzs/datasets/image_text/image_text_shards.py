import json
import random
from contextlib import contextmanager
from itertools import count, islice

import numpy as np
from mmengine.dataset import Compose
from mmengine.dist import get_dist_info
from mmseg.registry import DATASETS
from torch.utils.data import IterableDataset, get_worker_info

from mmseg_clipzs.datasets.images import CaptionError, SampleError
from mmseg_clipzs.utils import UserError

from .lists import captions_of
from .shard_files import DAMAGE, IMAGES, list_shards, read_shard


@DATASETS.register_module()
class ImageTextShards(IterableDataset):
    """Endless streams of images and captions from WebDataset shards.

    A sample's members are an image (jpg, jpeg, png, webp) and ``txt``, the
    caption, or ``json`` with ``caption`` or ``captions`` (a list) and maybe
    ``nouns`` (a list).

    All shards in a random order, then all in another one, and so on, are
    dealt to the loading processes of all ranks in turn: each has a stream of
    its own, and over time every shard is read as often as any other. Within a
    shard, blocks of samples are shuffled before anything is decoded. Orders
    and augmentation depend on nothing but the seed and a sample's place, so
    that ``DataStateHook`` can go on behind any sample: its metainfo
    ``position`` is (stream, visit, samples): the rank's stream, how many
    shards were finished in it, how many samples are done in the present one.

    What cannot be used is skipped; the metainfo ``skipped`` of the next
    sample says what, a list of (kind, text).

    Args:
        urls (str | list[str]): Files such as ``'{000000..000123}.tar'``.
        data_root (str): What relative paths are below.
        pipeline (list): Begins with ``LoadPhoto`` and ends with
            ``PackImageText``; draws from numpy's or Python's numbers.
        shuffle (int): Samples in a block, held in memory undecoded.
        seed (int): Of the orders and the augmentation.

    Raises:
        UserError: A shard is missing; fewer shards than loading processes;
            no shard holds anything that can be used.
    """
    metainfo = {}  # there are no classes

    def __init__(self, urls, data_root='', pipeline=(), shuffle=1000, seed=0):
        if not isinstance(shuffle, int) or shuffle < 1:
            raise UserError('shuffle is the number of samples in a block (1, '
                            f'2, ...), but got {shuffle!r}.')
        self.shards = list_shards(urls, data_root)
        self.pipeline = Compose(pipeline)
        self.shuffle, self.seed = shuffle, seed
        # A loading process does not know them.
        self._rank, self._ranks = get_dist_info()
        self._first, self._positions = 0, None

    @property
    def settings(self):
        """dict: What a position depends on beside the processes."""
        return dict(
            shards=len(self.shards), shuffle=self.shuffle, seed=self.seed)

    def start_from(self, positions, first):
        """Begin iterators behind what was read.

        Args:
            positions (list[tuple[int]]): For each stream of this rank: shards
                finished, samples done in the present one.
            first (int): The stream that gives the first batch.
        """
        self._positions, self._first = positions, first

    def __len__(self):
        """int: The streams do not end; schedules by epoch have no meaning."""
        return 2**62

    def __iter__(self):
        """Yields: dict: Samples of the pipeline."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        streams = self._ranks * workers
        if streams > len(self.shards):
            raise UserError(
                f'{len(self.shards)} shards are too few for {self._ranks} '
                f'process(es) x {workers} loading process(es); make more and '
                'smaller shards, or lower train_dataloader.num_workers.')
        stream = (number + self._first) % workers
        begin, done = self._positions[stream] if self._positions else (0, 0)
        skipped, without = [], 0
        for visit in count(begin):
            turn = self._rank * workers + stream + visit * streams
            path = self._shard(turn)
            without += 1
            for index, key, members in self._shuffled(path, turn, done):
                try:
                    with _seeded([self.seed, turn, index]):
                        sample = self.pipeline(_parse(path, key, members))
                except SampleError as e:
                    skipped.append((e.kind, str(e)))
                    continue
                sample['data_samples'].set_metainfo(dict(
                    position=(stream, visit, index + 1), skipped=skipped))
                yield sample
                skipped, without = [], 0
            done = 0
            if without == len(self.shards):
                raise UserError(
                    f'{without} shards, one after another, hold no image '
                    f'with a caption. {skipped[-1][1] if skipped else path}')

    def _shard(self, turn):
        """The shard at a place of the endless sequence of all streams."""
        epoch, place = divmod(turn, len(self.shards))
        order = np.random.default_rng([self.seed, epoch]).permutation(
            len(self.shards))
        return self.shards[order[place]]

    def _shuffled(self, path, turn, done):
        """Yields: index from ``done`` on, key and members of a sample."""
        samples, index = read_shard(path), 0
        for block in count():
            read = list(islice(samples, self.shuffle))
            if not read:
                return
            rng = np.random.default_rng([self.seed, turn, block])
            for place in rng.permutation(len(read)):
                if index >= done:
                    yield index, *read[place]
                index += 1


def _parse(path, key, members):
    """What the pipeline begins with: img_path, img_bytes, captions, nouns."""
    name = f'{path}, {key}'
    if DAMAGE in members:
        raise SampleError(f'{name}: {members[DAMAGE]}.')
    try:
        row = json.loads(members.get('json', b'{}'))
        if 'txt' in members:
            row.setdefault('captions', members['txt'].decode('utf-8'))
        captions, nouns = captions_of(row), row.get('nouns')
    except (ValueError, AttributeError) as e:
        raise SampleError(f'{name}: the text is damaged: {e}.') from e
    if not captions:
        raise CaptionError(f'{name} has no caption.')
    suffix = next((suffix for suffix in IMAGES if suffix in members), None)
    if suffix is None:
        raise SampleError(f'{name} has no image ({", ".join(IMAGES)}).')
    return dict(img_path=f'{path}/{key}.{suffix}', img_bytes=members[suffix],
                captions=captions, nouns=nouns)


@contextmanager
def _seeded(seed):
    """Seed numpy's and Python's global numbers inside the block alone."""
    states = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(repr(seed))
    try:
        yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])

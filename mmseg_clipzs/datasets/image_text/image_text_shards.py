import json
from itertools import count, islice

import numpy as np
from mmengine.dataset import Compose
from mmengine.dist import get_dist_info
from mmseg.registry import DATASETS
from torch.utils.data import IterableDataset, get_worker_info

from mmseg_clipzs.datasets.images import (
    CaptionError,
    SampleError,
    read_image,
)
from mmseg_clipzs.utils import UserError, check_number, shown

from .lists import captions_of, nouns_of
from .seeded import seeded
from .shard_files import DAMAGE, IMAGES, list_shards, read_shard


@DATASETS.register_module()
class ImageTextShards(IterableDataset):
    """Endless streams of images and captions from WebDataset shards.

    A sample consists of an image (jpg, jpeg, png or webp) and either ``txt``,
    the caption, or ``json`` with ``caption`` or ``captions`` (a list) and
    optionally ``nouns`` (a list).

    The shards, reshuffled for every epoch, are dealt in turn to the dataloader
    workers of all ranks. Each worker has its own stream, and in the long run
    all shards are read equally often. Within a shard, blocks of samples are
    shuffled before decoding.

    Order and augmentation depend only on the seed and a sample's position, so
    that ``DataStateHook`` can resume after any sample. The metainfo
    ``position`` is (stream, visit, samples): the stream within this rank, the
    number of shards it has finished, and the number of samples consumed from
    the current shard.

    Unusable samples are skipped; the next sample's metainfo ``skipped``, a
    list of (kind, message), reports them.

    Args:
        urls (str | list[str]): Shards, for example
            ``'{000000..000123}.tar'``.
        data_root (str): Root of relative paths.
        pipeline (list): Transforms from ``LoadPhoto`` to ``PackImageText``.
            Random transforms must use the global generator of NumPy, Python
            or torch.
        shuffle (int): Samples per block, kept in memory undecoded.
        seed (int): Seed of order and augmentation.

    Raises:
        UserError: A shard is missing, fewer shards than workers, or no usable
            sample in any shard.
    """
    metainfo = {}  # the runner reads it; image-text data has no classes

    def __init__(self, urls, data_root='', pipeline=(), shuffle=1000, seed=0):
        check_number('shuffle', shuffle, '[1, inf)', int)
        check_number('seed', seed, '(-inf, inf)', int)
        self.shards = list_shards(urls, data_root)
        self.pipeline = Compose(pipeline)
        self.shuffle, self.seed = shuffle, seed
        # Dataloader workers are not part of the process group.
        self._rank, self._ranks = get_dist_info()
        self._first, self._positions = 0, None

    @property
    def settings(self):
        """dict: Settings that positions depend on, besides the workers."""
        return dict(
            shards=len(self.shards), shuffle=self.shuffle, seed=self.seed)

    def start_from(self, positions, first):
        """Set where new iterators start.

        Args:
            positions (list[tuple[int, int]]): For each stream of this rank,
                the shards finished and the samples consumed from the current
                shard.
            first (int): Stream that yields the first batch.
        """
        self._positions, self._first = positions, first

    def __len__(self):
        """int: Practically infinite; use iteration-based schedules."""
        return 2**62

    def __iter__(self):
        """Yields: dict: Packed samples."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        streams = self._ranks * workers
        if streams > len(self.shards):
            raise UserError(
                f'{len(self.shards)} shards are too few for {self._ranks} '
                f'process(es) x {workers} dataloader worker(s). Make more, '
                'smaller shards or lower train_dataloader.num_workers.')
        stream = (number + self._first) % workers
        begin, done = self._positions[stream] if self._positions else (0, 0)
        skipped, without = [], 0
        for visit in count(begin):
            turn = self._rank * workers + stream + visit * streams
            path = self._shard(turn)
            without += 1
            for index, key, members in self._shuffled(path, turn, done):
                try:
                    with seeded([self.seed, turn, index]):
                        sample = self.pipeline(
                            parse_sample(path, key, members))
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
                    f'{without} shards in a row have no image with a '
                    f'caption. {skipped[-1][1] if skipped else path}')

    def _shard(self, turn):
        """Path: Shard at a position of the sequence shared by all streams."""
        epoch, place = divmod(turn, len(self.shards))
        order = np.random.default_rng([self.seed, epoch]).permutation(
            len(self.shards))
        return self.shards[order[place]]

    def _shuffled(self, path, turn, done):
        """Yields: Index (from ``done`` on), key and members of each sample."""
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


def parse_sample(path, key, members):
    """Interpret the members of a sample.

    Args:
        path (Path): Shard.
        key (str): Common name of the members.
        members (dict): See :func:`.shard_files.read_shard`.

    Returns:
        dict: Input of the pipeline: img_path, img_bytes, captions, nouns.

    Raises:
        SampleError: Damage, no image or no caption.
    """
    name = shown(f'{path}, {key}')
    if DAMAGE in members:
        raise SampleError(f'{name}: {members[DAMAGE]}.')
    try:
        row = json.loads(members.get('json', b'{}'))
        if 'txt' in members:
            row.setdefault('captions', members['txt'].decode('utf-8'))
        captions, nouns = captions_of(row), nouns_of(row)
    except SampleError as e:
        raise SampleError(f'{name} {e}') from e
    except (ValueError, AttributeError, RecursionError) as e:
        raise SampleError(f'{name}: damaged text: {e}.') from e
    if not captions:
        raise CaptionError(f'{name} has no caption.')
    suffix = next((suffix for suffix in IMAGES if suffix in members), None)
    if suffix is None:
        raise SampleError(f'{name} has no image ({", ".join(IMAGES)}).')
    return dict(img_path=f'{path}/{key}.{suffix}', img_bytes=members[suffix],
                captions=captions, nouns=nouns)


def require_usable(shards):
    """Refuse shards without a single usable sample.

    Args:
        shards (Sequence[Path]): The shards, which are read until one is found.

    Raises:
        UserError: There is none; says why the first cannot be used.
    """
    first = ''
    for path in shards:
        for key, members in read_shard(path):
            try:
                sample = parse_sample(path, key, members)
                read_image(sample['img_path'], sample['img_bytes'])
                return
            except SampleError as e:
                first = first or str(e)
    raise UserError(f'{len(shards)} shards have no image with a caption. '
                    f'{first or f"{shards[0]} is empty."}')

"""Streams of shards: order, distribution, positions, skipped samples."""
import collections
import io
import itertools
import shutil
import tarfile

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from open_clip import tokenize
from torch.utils.data import DataLoader

from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.datasets.image_text import image_text_shards
from mmseg_clipzs.datasets.image_text.image_text_shards import require_usable
from mmseg_clipzs.datasets.image_text.shard_files import (
    list_shards,
    read_shard,
    write_shards,
)
from mmseg_clipzs.utils import UserError

ALL = '{000000..000007}.tar'
PLAIN = [dict(type='LoadPhoto'), dict(type='PackImageText', num_nouns=0)]


def build(root, **options):
    return DATASETS.build({**dict(
        type='ImageTextShards', data_root=str(root), urls=ALL,
        pipeline=PLAIN, shuffle=4), **options})


def take(source, count):
    return list(itertools.islice(source, count))


def paths(samples):
    return [sample['data_samples'].img_path for sample in samples]


def same(one, two):
    """Whether image, tokens and metainfo of two samples are equal."""
    a, b = one['data_samples'], two['data_samples']
    return (one['inputs'].equal(two['inputs']) and a.tokens.equal(b.tokens)
            and a.metainfo == b.metainfo)


def test_every_sample_once_with_its_caption(pairs, shards):
    samples = take(build(shards), 72)
    assert len(set(paths(samples))) == 72
    for sample in samples:
        number = int(sample['data_samples'].img_path[-12:-4])
        assert sample['data_samples'].caption in (
            f'a cat and {number} dogs', f'the sun over {number} cats')
    sample, path = samples[0]['inputs'], paths(samples)[0]
    number = int(path[-12:-4])
    loaded = DATASETS.build(dict(
        type='ImageTextDataset', data_root=str(pairs), pipeline=PLAIN,
        ann_file='captions.json'))[number]
    assert sample.equal(loaded['inputs'])


def test_orders(shards):
    """Epochs and seeds differ in the order of shards and samples; blocks of
    one sample keep the order within shards."""
    samples = paths(take(build(shards), 144))
    first, second = samples[:72], samples[72:]
    assert sorted(first) == sorted(second) and first != second
    assert paths(take(build(shards), 72)) == first
    assert paths(take(build(shards, seed=1), 72)) != first
    in_order = paths(take(build(shards, shuffle=1), 72))
    assert in_order != sorted(in_order)
    for nine in np.reshape(in_order, (8, 9)):
        assert list(nine) == sorted(nine)
    # Samples are shuffled within blocks of four.
    for nine, mixed in zip(np.reshape(in_order, (8, 9)),
                           np.reshape(first, (8, 9))):
        assert set(nine[:4]) == set(mixed[:4]) and nine[8] == mixed[8]


def loader(dataset, workers, batch_size=2):
    return Runner.build_dataloader(dict(
        dataset=dataset, sampler=None, batch_size=batch_size,
        num_workers=workers, persistent_workers=False), seed=0)


def of_rank(monkeypatch, rank, ranks, *args, **options):
    monkeypatch.setattr(image_text_shards, 'get_dist_info',
                        lambda: (rank, ranks))
    return build(*args, **options)


@pytest.mark.parametrize('workers', [0, 2])
def test_ranks_and_workers_share_the_shards(workers, shards, monkeypatch):
    """In each epoch, every sample is seen by exactly one of them."""
    seen = []
    for rank in (0, 1):
        batches = take(loader(of_rank(monkeypatch, rank, 2, shards), workers,
                              batch_size=9), 8)
        seen += [path for batch in batches
                 for path in paths(dict(data_samples=s)
                                   for s in batch['data_samples'])]
    assert len(seen) == 144
    assert set(collections.Counter(seen).values()) == {2}
    first = seen[:36] + seen[72:108]
    assert len(set(first)) == 72


def test_shards_are_seen_equally_often(shards, monkeypatch):
    """Three streams with eight visits to eight shards."""
    seen = collections.Counter()
    for rank in range(3):
        stream = of_rank(monkeypatch, rank, 3, shards)
        seen.update(paths(take(stream, 8 * 9)))
    assert set(seen.values()) == {3} and len(seen) == 72


@pytest.mark.parametrize('taken', [0, 1, 4, 9, 13, 80])
def test_resume_after_any_sample(taken, shards, image_text_pipeline):
    """The same captions, crops and prompts, whatever NumPy's state."""
    whole = take(build(shards, pipeline=image_text_pipeline), taken + 12)
    dataset = build(shards, pipeline=image_text_pipeline)
    if taken:
        stream, *position = whole[taken - 1]['data_samples'].position
        assert stream == 0
        dataset.start_from([position], 0)
    np.random.seed(taken)
    rest = take(dataset, 12)
    assert all(map(same, whole[taken:], rest))


@pytest.mark.parametrize('taken', [1, 2, 7])
def test_resume_after_any_batch_of_two_workers(
        taken, shards, image_text_pipeline):
    options = dict(pipeline=image_text_pipeline)
    whole = take(loader(build(shards, **options), 2), taken + 4)
    positions = [(0, 0), (0, 0)]
    for batch in whole[:taken]:
        stream, *position = batch['data_samples'][-1].position
        positions[stream] = position
    dataset = build(shards, **options)
    dataset.start_from(positions, (stream + 1) % 2)
    for one, two in zip(whole[taken:], take(loader(dataset, 2), 4)):
        for pair in zip(*[[dict(inputs=i, data_samples=s) for i, s in zip(
                batch['inputs'], batch['data_samples'])]
                for batch in (one, two)]):
            assert same(*pair)


def test_resuming_does_not_decode_consumed_samples(shards, monkeypatch):
    read = []
    original = image_text_shards.parse_sample
    monkeypatch.setattr(image_text_shards, 'parse_sample', lambda *args: (
        read.append(args[1]), original(*args))[1])
    dataset = build(shards)
    dataset.start_from([(3, 7)], 0)
    take(dataset, 2)
    assert len(read) == 2


def test_the_global_random_state_is_unchanged(shards):
    """Without workers, the model uses it."""
    np.random.seed(0)
    torch.manual_seed(0)
    states = np.random.get_state()[1].copy(), torch.get_rng_state()
    take(build(shards), 10)
    assert (np.random.get_state()[1] == states[0]).all()
    assert torch.get_rng_state().equal(states[1])


# ------------------------------------------------------------ skipped samples
@pytest.fixture
def damaged(shards, tmp_path):
    """Two shards with damaged images, captions, JSON and a damaged header."""
    write = dict(
        bad_image={'jpg': b'not an image', 'txt': b'a'},
        no_image={'txt': b'a'},
        no_caption={'png': None, 'txt': b' '},
        no_text={'png': None},
        bad_json={'png': None, 'json': b'{"capt'},
        json_list={'png': None, 'json': b'[1]'},
        bad_txt={'png': None, 'txt': b'\xff\xfe\xff'},
        number={'png': None, 'json': b'{"captions": 5}'},
        bad_nouns={'png': None, 'json': b'{"caption": "a", "nouns": 5}'},
        nested={'png': None, 'json': b'{"caption": "a", "nouns": [["x"]]}'},
        listed={'png': None, 'json': b'[["x"]]'},
        deep={'png': None, 'json': b'[' * 100000},
        surrogate={'png': None, 'json': br'{"caption": "\ud800"}'},
        good={'PNG': None, 'txt': b'from txt'},
        also={'png': None, 'json': b'{"caption": "from json"}'},
        both={'png': None, 'txt': b'from txt',
              'json': b'{"captions": ["from captions"]}'})
    image = next(read_shard(shards / '000000.tar'))[1]['png']
    for name in ('0.tar', '1.tar'):
        with tarfile.open(tmp_path / name, 'w') as tar:
            for key, sample in write.items():
                for suffix, content in sample.items():
                    member = tarfile.TarInfo(f'{key}.{suffix}')
                    content = image if content is None else content
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    raw = bytearray((tmp_path / '1.tar').read_bytes())
    raw[100:200] = b'\xff' * 100  # the first header
    (tmp_path / '1.tar').write_bytes(raw)
    return tmp_path


def test_skipped_samples_are_counted_and_named(damaged):
    samples = take(build(damaged, urls='{0..1}.tar', shuffle=100), 6)
    captions = [sample['data_samples'].caption for sample in samples]
    assert sorted(captions) == sorted(
        2 * ['from txt', 'from json', 'from captions'])
    # Those after the last good sample of an epoch are reported by the next.
    more = take(build(damaged, urls='{0..1}.tar', shuffle=100), 7)
    skipped = [what for s in more for what in s['data_samples'].skipped]
    texts = [text for _, text in skipped]
    for key in ('bad_image', 'no_image', 'no_caption', 'no_text', 'bad_json',
                'json_list', 'bad_txt', 'number', 'bad_nouns', 'nested',
                'listed', 'deep', 'surrogate'):
        assert sum(key in text for text in texts) in (2, 3), key
    assert sum('header is damaged' in text for text in texts) in (1, 2)
    kinds = collections.Counter(kind for kind, _ in skipped[:15])
    assert set(kinds) == {
        'unreadable image', 'empty caption', 'damaged sample'}
    assert all(str(damaged) in text for text in texts)


def test_a_resumed_stream_counts_each_once(damaged):
    """Reported with the next good sample, possibly in a resumed run."""
    options = dict(urls='{0..1}.tar', shuffle=100)
    whole = take(build(damaged, **options), 12)
    for taken in range(1, 8):
        dataset = build(damaged, **options)
        dataset.start_from([whole[taken - 1]['data_samples'].position[1:]], 0)
        for one, two in zip(whole[taken:], take(dataset, 4)):
            assert one['data_samples'].skipped == two['data_samples'].skipped


def test_a_shard_that_ends_early(shards, tmp_path):
    """The other shards are read; the damage is counted in every epoch."""
    shutil.copytree(shards, tmp_path / 'shards')
    path = tmp_path / 'shards/000003.tar'
    path.write_bytes(path.read_bytes()[:6000])
    samples = take(build(tmp_path / 'shards'), 150)
    skipped = [text for s in samples for _, text in s['data_samples'].skipped]
    assert 2 <= sum('000003.tar' in text for text in skipped) <= 6
    assert all('000003.tar' in text for text in skipped)


# ----------------------------------------------------------------- bad input
def test_too_few_shards(shards):
    dataset = build(shards, urls='{000000..000002}.tar')
    with pytest.raises(UserError, match=(
            '3 shards are too few for 1 .* x 4 dataloader worker')):
        next(iter(DataLoader(dataset, 1, num_workers=4,
                             collate_fn=pseudo_collate)))


def test_nothing_usable_is_said_before_training(shards, damaged, tmp_path):
    require_usable(list_shards('{0..1}.tar', damaged))
    (tmp_path / '0.tar').write_bytes(b'not a tar' * 1000)
    (tmp_path / '1.tar').write_bytes(b'')
    data = dict(type='ImageTextShards', data_root=str(tmp_path))
    for urls, message in (('{0..1}.tar', '2 shards have no image .*0.tar, '),
                          ('1.tar', '1 shards have no .*1.tar')):
        with pytest.raises(UserError, match=message):
            check_available(dict(data, urls=urls))
    check_available(dict(data, urls=[str(shards / '000000.tar'), '1.tar']))


def test_nothing_to_train_on(tmp_path):
    for name in ('0.tar', '1.tar'):
        (tmp_path / name).write_bytes(b'not a tar' * 1000)
    with pytest.raises(UserError, match=(
            '2 shards in a row have no image with a caption.*tar')):
        next(iter(build(tmp_path, urls='{0..1}.tar')))


@pytest.mark.parametrize('options, message', [
    (dict(shuffle=0), 'shuffle must be a whole number .* got 0'),
    (dict(urls='{000000..000008}.tar'), '000008.tar'),
])
def test_bad_input(options, message, shards):
    with pytest.raises(UserError, match=message):
        build(shards, **options)


def test_a_missing_tagger_stops_training(shards, monkeypatch, tmp_path):
    nltk = pytest.importorskip('nltk')
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    dataset = build(shards, pipeline=[PLAIN[0], dict(type='PackImageText')])
    with pytest.raises(UserError, match='nltk.downloader.*--words'):
        next(iter(dataset))


def test_packed_nouns(pairs, tmp_path):
    write_shards([dict(image='00.png', caption='x', nouns=['zebra'])],
                 pairs, tmp_path / 'out', 1)
    sample = next(iter(build(tmp_path / 'out', urls='000000.tar', pipeline=[
        PLAIN[0], dict(type='PackImageText', num_nouns=1,
                       templates='a {}')])))['data_samples']
    assert sample.tokens.equal(tokenize(['x', 'a zebra']))

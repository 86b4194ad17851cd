"""Runs on a folder: what they write, and what the next one does."""
import json
import os
import random
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from processes import ROOT, run_python
from test_folders.conftest import BAD, CLASSES, GOOD, snapshot

from mmseg_clipzs.apis import (
    FolderRun,
    OnnxInferencer,
    ZeroShotInferencer,
    segment_folder,
)
from mmseg_clipzs.apis.folder import check_earlier
from mmseg_clipzs.apis.photo_work import PhotoWork
from mmseg_clipzs.apis.settings import early_settings
from mmseg_clipzs.apis.summary import Summary
from mmseg_clipzs.folders import Alone, Part, find_photos, team
from mmseg_clipzs.folders.team import Team
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import NotOursError, UserError

pytestmark = pytest.mark.usefixtures('one_thread')
FORMATS = ['overlay', 'index', 'yolo', 'coco', 'voc', 'binary']


def lines(folder):
    return [json.loads(line) for line in (
        folder / 'results.jsonl').read_text().splitlines()]


def stops_after(count):
    """Callback of a run that is interrupted after some photos."""
    seen = []

    def on_photo(record):
        seen.append(record)
        if len(seen) == count:
            raise KeyboardInterrupt
    return on_photo


# -------------------------------------------------------------- what is made
def test_what_results_say(toy, photos, tmp_path):
    """Against the masks and scores themselves, in the order of the photos."""
    summary = segment_folder(toy, 'photos', 'out')
    head, *records = lines(tmp_path / 'out')
    assert head['written_by'] == 'Written by mmseg_clipzs'
    assert head['classes'] == ['sun', 'grass', 'brick']
    assert head['settings']['words'] == [['sun'], ['grass', 'lawn'], ['brick']]
    assert head['settings']['config'] == 'maskclip_toy'
    assert [record['source'] for record in records] == sorted(
        (f'photos/{name}' for name in (*GOOD, *BAD)),
        key=lambda path: path.split('/'))
    for record in records:
        name = record['source'].removeprefix('photos/')
        assert record['name'] == name.rpartition('.')[0]
        if name in BAD:
            assert set(record) == {'source', 'name', 'error'}
            assert record['source'] in record['error']
            continue
        assert record['files'] == [f'{record["name"]}_overlay.png',
                                   f'{record["name"]}_mask.png']
        stat = (photos / name).stat()
        assert (record['bytes'], record['modified']) == (
            stat.st_size, stat.st_mtime_ns)
        with Image.open(tmp_path / f'out/{record["files"][1]}') as image:
            mask = np.asarray(image)
        assert (record['height'], record['width']) == mask.shape
        result, = toy(photos / name)
        found = [each['index'] for each in record['classes']]
        assert found == np.unique(mask).tolist()
        for each in record['classes']:
            is_class = mask == each['index']
            assert each['name'] == head['classes'][each['index']]
            assert each['color'] == head['palette'][each['index']]
            assert each['share'] == pytest.approx(is_class.mean(), 1e-5)
            assert each['confidence'] == pytest.approx(
                result.scores[each['index']][is_class].mean(), abs=1e-4)
    assert (summary.photos, summary.done, summary.failed, summary.before) == (
        9, 6, 3, 0)
    assert str(summary) == (
        '6 of 9 photos are in out; results.jsonl describes them. '
        'Left out: no images (1).')


def test_ignored_pixels_are_of_no_class(toy, photos, tmp_path):
    image = Image.new('RGBA', (30, 20), (90, 200, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 15, 20))
    image.save('cut.png')
    segment_folder(toy, 'cut.png', 'out')
    record = lines(tmp_path / 'out')[1]
    assert sum(each['share'] for each in record['classes']) == pytest.approx(
        .5)
    assert all(0 < each['confidence'] <= 1 for each in record['classes'])


def test_label_maps_have_no_confidence(photos, tmp_path):
    pytest.importorskip('onnxruntime')
    onnx_files = pytest.importorskip('onnx_files')
    inferencer = OnnxInferencer(onnx_files.small(tmp_path / 'model.onnx'))
    segment_folder(inferencer, 'photos', 'out')
    records = [record for record in lines(tmp_path / 'out')[1:]
               if 'error' not in record]
    assert len(records) == len(GOOD)
    assert all(each['confidence'] is None and each['share'] > 0
               for record in records for each in record['classes'])


# ------------------------------------------------------------- interruptions
@pytest.mark.parametrize('batch_size', [1, 4])
def test_interrupted_runs_are_one_run(toy, photos, tmp_path, batch_size):
    """At any photo, with lines torn at any byte."""
    options = dict(formats=FORMATS, batch_size=batch_size)
    segment_folder(toy, 'photos', 'whole', **options)
    want = snapshot(tmp_path / 'whole')
    assert 'a/b/6_mask.png' in want and 'coco/images/7.jpg' in want
    rng = random.Random(batch_size)
    for seed in range(4):
        out = tmp_path / f'out{seed}'
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                segment_folder(toy, 'photos', out.name, on_photo=stops_after(
                    rng.randint(1, 2)), **options)
            assert not (out / 'results.jsonl').exists()
            for part in out.glob('.results-*'):
                content = part.read_bytes()
                part.write_bytes(content[:rng.randint(
                    len(content) // 2, len(content))])
        segment_folder(toy, 'photos', out.name, **options)
        assert snapshot(out) == want


def test_an_interruption_within_a_lock_is_one(toy, photos):
    """Locks of threads raise their own error in its place."""
    def on_photo(record):
        with pytest.raises(KeyboardInterrupt):
            signal.getsignal(signal.SIGINT)(signal.SIGINT, None)
        raise RuntimeError('cannot release un-acquired lock')

    with pytest.raises(KeyboardInterrupt):
        segment_folder(toy, 'photos', 'out', on_photo=on_photo)
    assert segment_folder(toy, 'photos', 'out').done == 6


def test_what_is_done_is_not_done_again(toy, photos, tmp_path):
    """But photos that are new or have changed, and files that are gone."""
    out = tmp_path / 'out'

    def run(**options):
        said = []
        summary = segment_folder(toy, 'photos', 'out', on_photo=lambda record:
                                 said.append(record['name']), **options)
        return said, summary.before

    assert len(run()[0]) == 6
    first = snapshot(out)
    assert run() == ([], 6)
    assert snapshot(out) == first
    (out / 'a/1_mask.png').unlink()
    Image.new('RGB', (9, 8), 'red').save(photos / '7.jpg')  # another size
    content = (photos / 'c/4.jpg').read_bytes()
    (photos / 'c/4.jpg').write_bytes(content)  # another time
    os.utime(photos / 'c/4.jpg', ns=(5, 5))
    Image.new('RGB', (9, 8), 'blue').save(photos / 'c/empty.png')  # repaired
    assert run() == (['7', 'a/1', 'c/4', 'c/empty'], 3)
    again = snapshot(out)
    assert again['a/1_mask.png'] == first['a/1_mask.png']
    assert len(lines(out)) == 10
    assert run() == ([], 7)
    assert len(run(overwrite=True)[0]) == 7
    assert snapshot(out) == again


def test_an_interrupted_overwrite_goes_on_without_it(toy, photos, tmp_path):
    segment_folder(toy, 'photos', 'out')
    want = snapshot(tmp_path / 'out')
    with pytest.raises(KeyboardInterrupt):
        segment_folder(toy, 'photos', 'out', overwrite=True,
                       on_photo=stops_after(3))
    summary = segment_folder(toy, 'photos', 'out')
    assert 0 < summary.before < 6
    assert snapshot(tmp_path / 'out') == want


def test_photos_of_earlier_commands_stay(toy, photos, tmp_path):
    segment_folder(toy, 'photos/a', 'out')
    segment_folder(toy, 'photos/c', 'out')
    names = [record['name'] for record in lines(tmp_path / 'out')[1:]]
    # The bad one of the first command has no results.
    assert names == ['4', '5', 'empty', 'text', '1', '2', 'b/6']
    segment_folder(toy, ['photos/a/1.jpg'], 'out')
    assert [record['name'] for record in lines(tmp_path / 'out')[1:]] == [
        '1', '4', '5', '2', 'b/6']


# ------------------------------------------------------------------ refusals
def test_other_settings_are_named(toy, photos, tmp_path):
    segment_folder(toy, 'photos', 'out')
    before = snapshot(tmp_path / 'out')
    with pytest.raises(UserError, match=(
            r'^out has results of other settings \(formats index; overlay '
            r'then, index now\): choose another --out, or replace them with '
            '--overwrite.$')):
        segment_folder(toy, 'photos', 'out', formats=['index'])
    view = toy.model.background_threshold
    try:
        toy.model.background_threshold = .5
        with pytest.raises(UserError, match=r'background None then, 0.5 now'):
            segment_folder(toy, 'photos', 'out')
    finally:
        toy.model.background_threshold = view
    with pytest.raises(UserError, match=(
            r'\(words sun; grass, lawn; brick then, moon; sea now\)')):
        toy._set_classes('moon; sea')
        segment_folder(toy, 'photos', 'out')
    toy._set_classes('sun; grass, lawn; brick')
    assert snapshot(tmp_path / 'out') == before
    segment_folder(toy, 'photos', 'out', formats=['index'], overwrite=True)
    assert lines(tmp_path / 'out')[0]['settings']['formats'] == ['index']


def test_files_of_others_are_left_alone(toy, photos, tmp_path):
    (tmp_path / 'out').mkdir()
    mine = tmp_path / 'out/results.jsonl'
    mine.write_text('{"mine": 1}\n')
    with pytest.raises(NotOursError, match='results.jsonl exists and was'):
        segment_folder(toy, 'photos', 'out')
    mine.unlink()
    (tmp_path / 'out/7_mask.png').write_text('mine')
    summary = segment_folder(toy, 'photos', 'out')
    assert summary.done == 5 and '7_mask.png exists' in summary.sentences[0]
    assert (tmp_path / 'out/7_mask.png').read_text() == 'mine'
    (tmp_path / 'out2/coco').mkdir(parents=True)
    (tmp_path / 'out2/coco/x.json').write_text('mine')
    with pytest.raises(NotOursError, match='out2/coco exists and was not'):
        segment_folder(toy, 'photos', 'out2', formats=['coco'])
    assert list(snapshot(tmp_path / 'out2')) == ['coco/x.json']


def test_one_run_at_a_time(toy, photos, tmp_path):
    pytest.importorskip('fcntl')
    running = FolderRun(toy, find_photos(['photos']), 'out')
    with pytest.raises(UserError, match='Another run is writing to out: wait'):
        segment_folder(toy, 'photos', 'out')
    assert running.run().done == 6
    assert segment_folder(toy, 'photos', 'out').before == 6


def test_a_photo_without_memory_is_skipped(toy, photos):
    """Its batch mates are not, and other errors are bugs."""
    found = find_photos(['photos'])

    def segment(batch):
        assert all(name for _, name in batch)
        if len(batch) > 2:
            raise torch.OutOfMemoryError('CUDA out of memory. Tried ...')
        if any(name == 'a/1' for _, name in batch):
            raise RuntimeError('[enforce fail at alloc_cpu.cpp] . 5 bytes\nx')
        return [name for _, name in batch]

    work = PhotoWork(found, segment, [])
    results = [result for _, _, result in work.segment(range(4))]
    names = [found.name(i) for i in range(4)]
    at = names.index('a/1')
    assert [*results[:at], *results[at + 1:]] == names[:at] + names[at + 1:]
    assert str(results[at]) == ('photos/a/1.jpg needs more memory than there '
                                'is: [enforce fail at alloc_cpu.cpp] . 5 bytes'
                                )

    def fail(batch):
        raise RuntimeError('a bug')

    with pytest.raises(RuntimeError, match='a bug'):
        PhotoWork(found, fail, []).segment([0])


# ----------------------------------------------------------------- processes
def test_shares_of_three_are_one_run(toy, photos, tmp_path):
    """Threads as processes, which talk through a store."""
    segment_folder(toy, 'photos', 'one', batch_size=2)
    store, summaries, counts = torch.distributed.HashStore(), [], []

    def member(rank):
        run = FolderRun(toy, find_photos(['photos']), 'three', batch_size=2,
                        team=Team(rank, 3, store), on_photo=lambda record:
                        counts.append(rank))
        summaries.append(run.run())

    threads = [threading.Thread(target=member, args=(rank, ))
               for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    summary, = filter(None, summaries)
    assert len(summaries) == 3 and len(counts) == summary.done == 6
    assert snapshot(tmp_path / 'three') == snapshot(tmp_path / 'one')


@pytest.mark.slow
def test_two_processes_are_one(toy, photos, tmp_path):
    """The command, as torchrun starts it; one process says everything."""
    (tmp_path / 'list.txt').write_text('photos/a/1.jpg\nphotos/gone.jpg\n')
    inputs = ['photos', '@list.txt']
    summary = segment_folder(toy, inputs, 'one', formats=['index', 'coco'],
                             batch_size=2)
    done = run_python(
        ROOT / 'tools/segment.py', *inputs, '--config', 'maskclip_toy',
        '--classes', CLASSES, '--device', 'cpu', '--format', 'index', 'coco',
        '--batch-size', '2', '--out', 'two', '--launcher', 'pytorch',
        processes=2, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.count(str(summary).replace('one', 'two')) == 1
    assert done.stderr.strip() == (
        'error: 4 of 10 photos were skipped; the others are in two. '
        + ' '.join(summary.sentences))
    assert snapshot(tmp_path / 'one') == snapshot(tmp_path / 'two')


def test_what_a_lost_process_did_counts(toy, photos, tmp_path, monkeypatch):
    """One takes two photos, and is gone after the first."""
    monkeypatch.setattr(team, '_PATIENCE', 0)
    segment_folder(toy, 'photos', 'one')
    store = torch.distributed.HashStore()
    first = FolderRun(toy, find_photos(['photos']), 'out',
                      team=Team(0, 2, store))
    store.add('count/blocks', 2)
    part = Part('out', first.header)
    record = lines(tmp_path / 'one')[1]
    part.append([record])
    store.set('part/1', part.path.name)
    with pytest.raises(UserError, match=(
            'Process 1 ended early: 1 of 9 photos are not done. The same '
            'command does them')):
        first.run()
    part._file.close()
    assert not (tmp_path / 'out/results.jsonl').exists()
    for file in record.get('files', ()):
        (tmp_path / 'out' / file).write_bytes(
            (tmp_path / 'one' / file).read_bytes())
    summary = segment_folder(toy, 'photos', 'out')
    assert summary.before == 5
    assert snapshot(tmp_path / 'out') == snapshot(tmp_path / 'one')


def test_others_end_with_the_first(toy, photos):
    store = torch.distributed.HashStore()
    first, second = Team(0, 2, store), Team(1, 2, store)

    def fail():
        raise UserError('no photos')

    with pytest.raises(UserError, match='no photos'):
        first.share('photos', fail)
    with pytest.raises(SystemExit):
        second.share('photos', fail)


def test_what_is_shared_arrives_whole(monkeypatch):
    monkeypatch.setattr(team, '_PART', 7)
    store = torch.distributed.HashStore()
    content = bytes(range(256)) * 9
    for key, value in (('a', content), ('b', b'')):
        assert Team(0, 2, store).share(key, lambda value=value: value) == value
        assert Team(1, 2, store).share(key, None) == value
    assert Alone().share('a', lambda: content) == content
    assert [Team(0, 2, store).count('n', 2), Alone().count('n', 3)] == [2, 3]


# ------------------------------------------------------- before the model
@pytest.mark.parametrize('background', [None, .5, 'auto', 'auto,0.3'])
def test_early_settings_are_those_of_the_model(photos, background):
    """No false refusal: what is compared early comes out equal later."""
    classes = 'sun; grass, lawn; background: wall'
    job = Job('maskclip_toy')
    early = early_settings(job, job.load(), classes, background)
    assert {'config', 'checkpoint', 'words', 'background'} == set(early)
    inferencer = ZeroShotInferencer(
        job.load(), device='cpu', classes=classes, background=background)
    settings = inferencer.describe()['settings']
    assert {key: settings[key] for key in early} == early
    if background is None:
        segment_folder(inferencer, 'photos/7.jpg', 'out', formats=['index'])
        check_earlier('out', early, ['index'])
        for other, formats, what in (
                (early, ['voc'], r'\(formats index then, voc now\)'),
                ({**early, 'background': .5}, ['index'],
                 r'\(background None then, 0.5 now\)'),
                (early_settings(job, job.load(), 'sun; sea'), ['index'],
                 r'\(words sun; grass, lawn; wall then, sun; sea now\)')):
            with pytest.raises(UserError, match=what):
                check_earlier('out', other, formats)


# ------------------------------------------------------------- the last line
@pytest.mark.parametrize('done, files, text', [
    (1, ['results.jsonl'], '1 of 3 photos is in out; results.jsonl describes '
     'them.'),
    (2, ['results.jsonl', 'yolo/data.yaml', 'index.html'],
     '2 of 3 photos are in out; results.jsonl, yolo/data.yaml and index.html '
     'describe them.'),
    (3, ['results.jsonl', *(f'index_{i}.html' for i in range(20))],
     '3 of 3 photos are in out; results.jsonl, index_0.html, index_1.html, '
     'index_2.html, index_3.html, index_4.html, index_5.html, index_6.html '
     'and 13 more describe them.')])
def test_summary(done, files, text):
    out = Path('out')
    assert str(Summary(out, 3, done, 0, 3 - done, [], [
        out / file for file in files], '')) == text

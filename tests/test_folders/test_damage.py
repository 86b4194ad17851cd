"""What others do to folders of photos and of results."""
import json
import os
import re
import threading

import numpy as np
import pytest
from image_files import encoded
from PIL import Image
from test_folders.conftest import snapshot

from mmseg_clipzs.apis import FolderRun, segment_folder
from mmseg_clipzs.folders import find_photos
from mmseg_clipzs.folders.walk import _fits
from mmseg_clipzs.formats import FOLDERS, FORMATS, format_class, sheet
from mmseg_clipzs.formats.folder_format import FolderFormat
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
ALL = ['index', 'overlay', 'sheet', 'coco', 'voc', 'yolo']


def lines(folder):
    return [json.loads(line) for line in (
        folder / 'results.jsonl').read_text().splitlines()]


def small_photos(folder, count):
    for i in range(count):
        folder.mkdir(exist_ok=True)
        Image.new('RGB', (16, 12), (i, 90, 200)).save(folder / f'{i:03}.png')


# -------------------------------------------------------------------- photos
def test_a_link_to_itself_is_one_error(toy, photos, tmp_path):
    (photos / 'loop.jpg').symlink_to('loop.jpg')
    (photos / 'loop').symlink_to('loop')
    summary = segment_folder(toy, 'photos', 'out', formats=['index'])
    assert (summary.done, summary.failed) == (6, 4)
    assert any('photos/loop.jpg' in text for text in summary.sentences)
    assert summary.left_out == 'no images (2)'
    assert len(toy('photos', skipped=[])) == 6


def test_a_name_that_is_not_utf_8(toy, photos, tmp_path):
    """In all files of a whole folder, twice."""
    name = os.fsdecode(b'b\xff.jpg')
    try:
        (photos / name).write_bytes(encoded())
    except OSError:
        pytest.skip('This file system has UTF-8 only.')
    for before in (0, 1):
        summary = segment_folder(toy, [f'photos/{name}'], 'out', formats=[
            *ALL, 'coco_polygons', 'binary', 'cutout', 'heatmaps'])
        assert (summary.done, summary.before) == (1, before)
    page = (tmp_path / 'out/index.html').read_text()
    assert '<a href="b%FF_overlay.png">' in page
    listed = tmp_path / 'out/voc/ImageSets/Segmentation/default.txt'
    assert listed.read_bytes() == b'b\xff\n'


def test_a_folder_called_like_a_format(toy, photos, tmp_path):
    (photos / 'voc').mkdir()
    (photos / 'voc/v.png').write_bytes((photos / 'c/5.png').read_bytes())
    segment_folder(toy, 'photos/voc/v.png', 'out', formats=['index'])
    segment_folder(toy, 'photos', 'out', formats=['index'], overwrite=True)
    summary = segment_folder(toy, 'photos', 'out', formats=['index', 'voc'],
                             overwrite=True)
    assert summary.done == 7
    assert (tmp_path / 'out/voc_/v_mask.png').is_file()
    assert (tmp_path / 'out/voc/SegmentationClass/voc_/v.png').is_file()
    assert FOLDERS == {name for name in FORMATS if issubclass(
        format_class(name), FolderFormat)}


def test_a_folder_called_like_a_result(toy, photos, tmp_path):
    """Whichever comes first has one; the other photo is skipped."""
    for name in ('a_mask.png/q', 'a', 'z', 'z_mask.png/q'):
        path = tmp_path / f'in/{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((photos / 'c/5.png').read_bytes())
    for inputs, done in ((['in'], 'az'), (['in/*/*', 'in'], 'qq')):
        for batch_size in (1, 4):
            out = tmp_path / f'out{batch_size}{done}'
            summary = segment_folder(toy, inputs, out.name, formats=['index'],
                                     batch_size=batch_size)
            assert (summary.done, summary.failed) == (2, 2)
            assert all('_mask.png' in text for text in summary.sentences)
            assert sorted(record['name'][-1] for record in lines(out)[1:] if (
                'error' not in record)) == list(done)


# --------------------------------------------------------------------- lines
def _without(key):
    return lambda record: record.pop(key)


def _with(**changes):
    return lambda record: record.update(changes)


DAMAGES = {
    **{f'no {key}': _without(key) for key in (
        'coco', 'sheet', 'width', 'height', 'files', 'source', 'name')},
    'coco text': _with(coco='x'), 'coco numbers': _with(coco=[1]),
    'coco category': lambda record: record['coco'][0].update(category_id=99),
    'coco mask': lambda record: record['coco'][0].update(segmentation={}),
    'coco key': lambda record: record['coco'][0].update(id=1),
    'coco infinite': lambda record: record['coco'][0].update(area=1e999),
    'class 99': _with(sheet=dict(shares=[[99, 1]])),
    'shares': _with(sheet=dict(shares=[1])), 'a list': _with(sheet=[1]),
    'NaN': _with(width=float('nan')), 'width 0': _with(width=0),
    'true': _with(height=True), 'a name above': _with(name='../../q'),
    'files above': _with(files=['../../../etc/passwd']),
    'a folder': _with(files=['a']), 'files text': _with(files='x')}


@pytest.fixture
def finished(toy, photos):
    """Results of two photos in ``out``."""
    segment_folder(toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out', formats=ALL)
    return photos.parent / 'out'


def test_damaged_lines_are_done_again(toy, finished):
    """All damages after the other, of the photo and of one not named now."""
    whole = snapshot(finished)
    header, first, second = whole['results.jsonl'].splitlines()
    assert json.loads(first)['coco']
    for name, damage in DAMAGES.items():
        record = json.loads(first)
        damage(record)
        bad = json.dumps(record).replace('Infinity', '1e999').encode()
        (finished / 'results.jsonl').write_bytes(
            b'\n'.join([header, bad, second, b'']))
        summary = segment_folder(
            toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out', formats=ALL)
        assert summary.before == 1, name
        assert snapshot(finished) == whole, name
        other = json.loads(first)
        other.update(source='gone.jpg', name='gone')
        damage(other)
        if 'source' in other and other.get('name') != '../../q':
            other['source'] = 'gone.jpg'
        (finished / 'results.jsonl').write_bytes(b'\n'.join([
            header, first, second, json.dumps(other).replace(
                'Infinity', '1e999').encode(), b'']))
        summary = segment_folder(
            toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out', formats=ALL)
        assert summary.before == 2, name
        if name != 'a folder':  # nothing is known of files of others
            assert snapshot(finished) == whole, name
    (finished / 'results.jsonl').write_bytes(whole[
        'results.jsonl'] + b'{"source":"q.jpg","name":"q","files":[]}\n')
    segment_folder(toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out', formats=ALL)
    assert snapshot(finished) == whole


def test_a_folder_is_no_file_of_a_result(toy, finished):
    mask = finished / '7_mask.png'
    mask.unlink()
    mask.mkdir()
    summary = segment_folder(
        toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out', formats=ALL)
    assert (summary.before, summary.failed) == (1, 1)
    assert '7_mask.png' in summary.sentences[0]


def test_overwrite_keeps_other_photos(toy, finished):
    whole = snapshot(finished)
    said = []
    segment_folder(toy, 'photos/a/1.jpg', 'out', formats=ALL, overwrite=True,
                   on_photo=lambda record: said.append(record['name']))
    assert said == ['1']
    assert [record['name'] for record in lines(finished)[1:]] == ['1', '7']
    images = json.loads((
        finished / 'coco/annotations/instances_default.json').read_text())
    assert [image['file_name'] for image in images['images']] == [
        '1.jpg', '7.jpg']
    segment_folder(toy, ['photos/7.jpg', 'photos/a/1.jpg'], 'out',
                   formats=ALL, overwrite=True)
    assert snapshot(finished) == whole
    # Of other settings, they would be wrong.
    segment_folder(toy, 'photos/7.jpg', 'out', formats=['index'],
                   overwrite=True)
    assert [record['name'] for record in lines(finished)[1:]] == ['7']


# ---------------------------------------------------------------------- runs
def test_of_runs_at_the_same_instant_one_goes_on(toy, photos, tmp_path):
    pytest.importorskip('fcntl')
    found, count = find_photos(['photos']), 6
    for n in range(5):
        begin, runs, refused = threading.Barrier(count), [], []

        def start(n=n, begin=begin, runs=runs, refused=refused):
            begin.wait()
            try:
                runs.append(FolderRun(toy, found, f'out{n}'))
            except UserError as e:
                refused.append(str(e))

        threads = [threading.Thread(target=start) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(runs) == 1
        assert all('Another run is writing' in text for text in refused)
        assert len(list((tmp_path / f'out{n}').iterdir())) == 1
        runs[0].part.close()


def test_no_other_run_begins_before_the_end(toy, photos, monkeypatch):
    pytest.importorskip('fcntl')
    run, tried = FolderRun(toy, find_photos(['photos']), 'out'), []

    def finish(records, errors):
        with pytest.raises(UserError, match='Another run is writing'):
            segment_folder(toy, 'photos', 'out')
        tried.append(True)
        return []

    monkeypatch.setattr(run.formats[0], 'finish', finish)
    assert run.run().done == 6 and tried
    assert segment_folder(toy, 'photos', 'out').before == 6


def test_pages_of_earlier_runs_and_of_others(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sheet, '_PER_PAGE', 2)
    small_photos(tmp_path / 'in', 5)
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'index_2.html').write_text('mine')
    (out / 'index_old.html').write_text('<!-- Written by mmseg_clipzs -->')

    def pages(inputs, **options):
        return [path.name for path in segment_folder(
            toy, inputs, 'out', formats=['sheet'], **options).files[1:]]

    assert pages('in') == ['index.html', 'index_3.html', 'index_4.html']
    links = re.findall('href="(.*?)"', (out / 'index_3.html').read_text())
    assert links == ['index.html', 'index_4.html']
    (out / 'results.jsonl').unlink()
    assert pages('in/000.png') == ['index.html']
    assert sorted(path.name for path in out.glob('*.html')) == [
        'index.html', 'index_2.html', 'index_old.html']
    assert (out / 'index_2.html').read_text() == 'mine'


# ----------------------------------------------------------------- arguments
def test_arguments(toy, photos, tmp_path):
    big = segment_folder(toy, 'photos', 'big', formats='index',
                         batch_size=2**70)
    assert big.done == 6
    same = segment_folder(toy, (path for path in ['photos']), 'same',
                          formats=['index'], batch_size=9)
    assert same.done == 6 and snapshot(tmp_path / 'same') == snapshot(
        tmp_path / 'big')
    for inputs, sentence in (
            (None, 'inputs must be paths .* got a NoneType'),
            ([np.zeros((3, 3, 3), np.uint8)], 'inputs must be paths .* got a'),
            ([], 'inputs are empty: name photos')):
        with pytest.raises(UserError, match=sentence):
            segment_folder(toy, inputs, 'out')
    with pytest.raises(UserError, match='out must be a folder, but got None'):
        segment_folder(toy, 'photos', None)
    with pytest.raises(UserError, match='out is empty; name a folder'):
        segment_folder(toy, 'photos', '')
    with pytest.raises(UserError, match="overwrite must be True or .* 'no'"):
        segment_folder(toy, 'photos', 'out', overwrite='no')
    assert not (tmp_path / 'out').exists()


def test_patterns_take_no_exponential_time():
    parts = ('d', ) * 2000
    wanted = ['**', 'd'.__eq__] * 20 + ['x'.__eq__]
    assert _fits(wanted, parts) is None
    assert _fits([*wanted[:-1], '**', 'd'.__eq__], parts) is True
    assert _fits(['x'.__eq__, '**'], parts) is False

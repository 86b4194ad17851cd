"""Which photos a command line names, and what their results are called."""
import glob
import io
import os
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmseg_clipzs.folders import Photos, find_photos
from mmseg_clipzs.folders.names import candidates, clean, unique_levels
from mmseg_clipzs.folders.walk import split_pattern
from mmseg_clipzs.utils import MARK, UserError
from mmseg_clipzs.visualization import save_mask


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Photos in nested folders, with what is none."""
    monkeypatch.chdir(tmp_path)
    for name in ('a/cat.jpg', 'a/b/cat.jpg', 'a/b/dog.PNG', 'c.d/e f.webp',
                 'top.jpg', '.hidden.jpg', '.git/x.jpg', 'a/._cat.jpg',
                 'a/notes.txt', 'movie.mp4', 'paper.pdf', 'a/list.jpg.txt'):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'photos/sub.jpg').mkdir()  # a folder, whatever its name
    (tmp_path / 'photos/sub.jpg/in.jpg').touch()
    return tmp_path


ALL = ['a/b/cat', 'a/b/dog', 'a/cat', 'c.d/e f', 'sub.jpg/in', 'top']


def names(*inputs, **options):
    photos = find_photos(inputs, **options)
    return [photos.name(i) for i in range(len(photos))]


def paths(*inputs, **options):
    return find_photos(inputs, **options).paths


# ------------------------------------------------------------------- folders
@pytest.mark.parametrize('given', ['photos', 'photos/', './photos',
                                   'photos/../photos'])
def test_a_folder_is_mirrored(tree, given):
    assert names(given) == ALL
    assert paths(given) == [
        os.path.join(given, path) for path in (
            'a/b/cat.jpg', 'a/b/dog.PNG', 'a/cat.jpg', 'c.d/e f.webp',
            'sub.jpg/in.jpg', 'top.jpg')]
    assert names(tree / given) == ALL


def test_what_is_left_out_is_counted(tree):
    assert find_photos(['photos']).left_out == (
        'hidden (3), no images (4)')
    with pytest.raises(UserError, match=(
            r'No images in photos/a/x: there are only no images \(1\)')):
        (tree / 'photos/a/x').mkdir()
        (tree / 'photos/a/x/song.mp3').touch()
        find_photos(['photos/a/x'])


def test_an_order_of_path_parts(tree):
    """As sorted() of paths: 'a' and what is in it come before 'a.jpg'."""
    (tree / 'photos/a.jpg').touch()
    found = paths('photos')
    assert found == [str(path) for path in sorted(map(Path, found))]


def test_links_do_no_harm(tree):
    """Links to files are files; loops end."""
    (tree / 'photos/a/loop').symlink_to('..')
    (tree / 'photos/self').symlink_to('.')
    (tree / 'photos/zz.jpg').symlink_to('top.jpg')
    (tree / 'photos/zzz.jpg').symlink_to('nothing')
    assert names('photos') == [*ALL, 'zz', 'zzz']
    assert find_photos(['photos']).left_out.endswith(
        'links to folders (2: photos/a/loop, photos/self), no images (4)')
    assert names('photos/**/*.jpg')[-1] == 'zzz'
    # One that is named is followed.
    assert names('photos/a/loop/') == [*ALL, 'zz', 'zzz']


def test_a_deep_folder(tmp_path, monkeypatch):
    """Deeper than Python's recursion."""
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        os.mkdir('d')
        os.chdir('d')
    Path('x.jpg').touch()
    monkeypatch.chdir(tmp_path)
    path, = paths('.')
    assert path == './' + 'd/' * 1200 + 'x.jpg'
    os.unlink(path)
    os.removedirs('d/' * 1200)  # pytest cannot
    monkeypatch.undo()


@pytest.mark.skipif(os.geteuid() == 0, reason='root reads all folders')
def test_a_closed_folder_is_one_error(tree):
    (tree / 'photos/a').chmod(0)
    photos = find_photos(['photos'])
    (tree / 'photos/a').chmod(0o700)
    assert len(photos.errors) == 1
    assert 'photos/a cannot be read' in photos.errors[0]


# ------------------------------------------------------------------ patterns
@pytest.mark.parametrize('pattern', [
    'photos/*.jpg', 'photos/**/*.jpg', 'photos/a/**/*.jpg', '**/cat.jpg',
    'photos/?/cat.*', 'photos/[ac]*/*.[jw]*', '*/top.jpg', './photos/*.jpg',
    'photos/**/b/*'])
def test_patterns_are_those_of_python(tree, pattern):
    """Of files that are images, in the order of their parts."""
    want = sorted({
        path for path in glob.glob(pattern, recursive=True)
        if not os.path.isdir(path) and path.lower().endswith(
            ('.jpg', '.png', '.webp'))}, key=lambda path: Path(path).parts)
    # A folder that matches is searched.
    below = [path for folder in glob.glob(pattern, recursive=True)
             if os.path.isdir(folder) for path in paths(folder)]
    assert paths(pattern) == sorted({*want, *below}, key=lambda path: Path(
        path).parts)


def test_a_pattern_is_mirrored_below_its_fixed_part(tree):
    assert names('photos/**/cat.jpg') == ['a/b/cat', 'a/cat']
    assert names('photos/a/*/*') == ['b/cat', 'b/dog']
    assert names(f'{tree}/photos/c*') == ['c.d/e f']


def test_a_file_called_like_a_pattern(tree):
    (tree / 'x[1].jpg').touch()
    (tree / 'x1.jpg').touch()
    assert paths('x[1].jpg') == ['x[1].jpg']
    assert paths('x[[]1].jpg') == ['x[1].jpg']
    assert paths('x?.jpg') == ['x1.jpg']


def test_a_pattern_without_match_is_an_error(tree):
    photos = find_photos(['photos/*.gif', 'photos/top.jpg'])
    assert photos.errors == {0: 'No image matches photos/*.gif.'}
    assert photos.name(0) == '' and photos.find('') is None


@pytest.mark.parametrize('path, parts', [
    ('a/b.jpg', ('a/b.jpg', [])), ('a/*.jpg', ('a', ['*.jpg'])),
    ('/a/b/**/c', ('/a/b', ['**', 'c'])), ('/*', ('/', ['*'])),
    ('*', ('', ['*'])), ('a//*//b', ('a/', ['*', 'b']))])
def test_split_patterns(path, parts):
    assert split_pattern(path) == parts


# --------------------------------------------------------------------- lists
def test_a_list_keeps_folders(tree):
    (tree / 'list.txt').write_bytes(
        b'\xef\xbb\xbfphotos/a/cat.jpg\r\n\n  \nphotos/../photos/top.jpg\n'
        + f'{tree}/photos/a/b/dog.PNG\n'.encode() + b'photos/a/b')
    assert names('@list.txt') == [
        'photos/a/cat', 'photos/top', f'{tree}/photos/a/b/dog'[1:],
        'photos/a/b/cat']
    assert names('-', stdin=io.StringIO('photos/a/cat.jpg\ngone.jpg')) == [
        'photos/a/cat', 'gone']


def test_a_list_is_never_guessed(tree):
    (tree / 'list.txt').write_text('photos/top.jpg\n')
    assert find_photos(['list.txt']).errors == {
        0: 'list.txt is a list, no image: @list.txt takes the paths in it.'}
    # A photo that is called so.
    (tree / '@cat.jpg').touch()
    assert paths('@cat.jpg') == ['@cat.jpg']
    assert find_photos(['@gone.txt']).errors == {
        0: 'No file at gone.txt; expected a list of images.'}
    (tree / 'empty.txt').touch()
    assert find_photos(['@empty.txt']).errors == {
        0: 'There is no path in empty.txt.'}
    assert 'is a folder' in find_photos(['@photos']).errors[0]


def test_names_of_any_bytes(tree):
    name = os.fsdecode(b'\xff\xfe.jpg')
    (tree / 'photos' / name).touch()
    (tree / 'list.txt').write_bytes(b'photos/\xff\xfe.jpg\n')
    assert paths('@list.txt') == [f'photos/{name}']
    photos = Photos.from_bytes(find_photos(['photos']).to_bytes())
    assert photos.paths[-1] == f'photos/{name}'
    assert photos.find(name[:-4]) == len(photos) - 1


# ------------------------------------------------------------------- results
def test_results_are_no_photos(tree):
    """Of any format: folders with results.jsonl, and the files it names."""
    out = tree / 'photos/a/out'
    out.mkdir()
    (out / 'cutout.png').touch()
    assert 'a/out/cutout' in names('photos')
    assert names('photos', out=out) == ALL
    record = (f'{{"written_by": "{MARK}"}}\n'
              '{"name": "x", "files": ["x_cut.png", "a/y.png"]}\n')
    for name in ('results.jsonl', '.results-0123456789ab.jsonl'):
        (out / name).write_text(record)
        assert names('photos') == ALL
        # Among the photos themselves, and only those that it names.
        (tree / 'photos' / name).write_text(record)
        for path in ('x_cut.png', 'a/y.png', 'a/y.jpg'):
            (tree / 'photos' / path).touch()
        assert names('photos') == [*ALL[:3], 'a/y', *ALL[3:]]
        (out / name).unlink()
        for path in (name, 'x_cut.png', 'a/y.png', 'a/y.jpg'):
            (tree / 'photos' / path).unlink()
    # Of a format, of which a killed run has no line yet.
    (out / 'README.txt').write_text('About something else.')
    assert 'a/out/cutout' in names('photos')
    (out / 'README.txt').write_text(f'{MARK}.')
    assert names('photos') == ALL
    (out / 'README.txt').unlink()
    # Of another program.
    (out / 'results.jsonl').write_text('{"name": "x"}\n')
    assert 'a/out/cutout' in names('photos')
    # Masks and overlays say so themselves.
    save_mask(tree / 'photos/top_mask.png', np.zeros((4, 5), int), [[0] * 3])
    Image.new('RGB', (4, 5)).save(tree / 'photos/my_mask.png')
    found = names('photos')
    assert 'top_mask' not in found and 'my_mask' in found
    assert 'top_mask' not in names('photos/top_mask.png', 'photos/top.jpg')


def test_results_in_lists_are_no_photos(tree):
    """find . | clipzs segment - --out out, twice."""
    (tree / 'out/a').mkdir(parents=True)
    (tree / 'out/results.jsonl').write_text(
        f'{{"written_by": "{MARK}"}}\n{{"name": "x", "files": ["a/x.png"]}}\n')
    for name in ('a/x.png', 'a/mine.png'):
        (tree / 'out' / name).touch()
    listed = 'photos/top.jpg\nout/a/x.png\n./out/a/../a/mine.png\n'
    found = find_photos(['-'], 'out', io.StringIO(listed))
    assert [found.name(i) for i in range(2)] == ['photos/top', 'out/a/mine']
    assert len(found) == 2 and found.left_out == 'results (1)'
    assert paths('out/a/x.png', out='out') == ['out/a/x.png']  # an error later


# --------------------------------------------------------------------- names
def test_each_file_once(tree):
    found = find_photos(['photos/top.jpg', 'photos', './photos/a/cat.jpg'])
    assert len(found) == len(ALL) and 'named before (2)' in found.left_out
    assert found.name(0) == 'top'


def test_names_meet_in_no_order(tree):
    """Two folders, one file beside them, two types of one name."""
    for name in ('x/a/cat.jpg', 'y/a/cat.jpg', 'x/a/cat.png', 'x/dog.jpg',
                 'dog.jpg'):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    seen = set()
    for order in permutations(['x', 'y', 'dog.jpg']):
        photos = find_photos(order)
        seen.add(tuple(sorted(
            (path, photos.name(i)) for i, path in enumerate(photos.paths))))
    assert seen == {(
        ('dog.jpg', f'{tree.name}/dog.jpg'), ('x/a/cat.jpg', 'x/a/cat.jpg'),
        ('x/a/cat.png', 'a/cat.png'), ('x/dog.jpg', 'x/dog.jpg'),
        ('y/a/cat.jpg', 'y/a/cat.jpg'))}


def test_photos_are_found_by_name(tree):
    photos = find_photos(['photos'])
    copy = Photos.from_bytes(photos.to_bytes())
    for i, name in enumerate(ALL):
        assert photos.find(name) == copy.find(name) == i
    for name in ('', 'A/cat', 'a/cat.jpg', 'zzz'):
        assert photos.find(name) is None
    assert copy.left_out == photos.left_out


@given(st.lists(st.sampled_from(['a', '..', '.', '', 'b c', '.h']),
                max_size=8))
def test_names_stay_below_the_folder(parts):
    path = '/'.join(parts)
    assert not {'..', '.', ''} & set(clean(path))
    for name in candidates(path + '/x.jpg', 0):
        assert not os.path.isabs(name) and '..' not in name.split('/')
    assert '/'.join(clean(path)) == os.path.normpath(
        f'/{path}').lstrip('/')


@given(st.lists(st.integers(0, 5), max_size=40))
def test_levels_are_the_lowest_that_differ(values):
    """Compared with counting."""
    table = [[f'n{value % 2}', f'n{value}', f'{value}-{i}']
             for i, value in enumerate(values)]

    def name(i, level):
        return table[i][level] if level < 3 else None

    levels = unique_levels(len(values), name)
    chosen = [name(i, levels.get(i, 0)) for i in range(len(values))]
    assert len(set(chosen)) == len(values)
    expected = [0] * len(values)
    while True:
        now = [table[i][level] for i, level in enumerate(expected)]
        meet = [i for i in range(len(now)) if now.count(now[i]) > 1
                and expected[i] < 2]
        if not meet:
            break
        for i in meet:
            expected[i] += 1
    assert [levels.get(i, 0) for i in range(len(values))] == expected

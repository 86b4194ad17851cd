from pathlib import Path

import numpy as np
import pytest
from label_maps import label_map

from mmseg_clipzs.formats import FORMATS, format_class, make_formats
from mmseg_clipzs.formats.base import foreground
from mmseg_clipzs.utils import MARK, NotOursError, UserError
from mmseg_clipzs.visualization import voc_palette

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('name, sentence', [
    ('cocoo', "no format 'cocoo'.*Did you mean coco"),
    ('png', 'choose from overlay, '), ('', "no format ''")])
def test_unknown_formats(tmp_path, name, sentence):
    with pytest.raises(UserError, match=sentence):
        make_formats(['index', name], tmp_path, ['cat'], voc_palette(1))


def test_unknown_options(tmp_path):
    with pytest.raises(UserError, match="No format has an option 'polygon'"):
        make_formats(['coco'], tmp_path, ['cat'], voc_palette(1), polygon=1)


def test_options_go_where_they_belong(tmp_path):
    index, yolo = make_formats(['yolo', 'index', 'yolo'], tmp_path, ['cat'],
                               voc_palette(1), tolerance=2)
    assert yolo.tolerance == 2 and not hasattr(index, 'tolerance')


@pytest.mark.parametrize('classes, indices', [
    (['cat', 'dog'], [0, 1]), (['background', 'cat'], [1]),
    (['cat', 'background', 'dog'], [0, 2]), (['background'], []),
    (['Background noise'], [0])])
def test_foreground(classes, indices):
    assert foreground(classes) == indices


def test_each_format_is_documented():
    page = (ROOT / 'docs/formats.md').read_text(encoding='utf-8')
    for name in FORMATS:
        assert format_class(name).__doc__
        assert f'\n| `{name}` | ' in page


OTHERS = [name for name in FORMATS if name not in (
    'overlay', 'heatmaps', 'groups', 'sheet')]


@pytest.mark.parametrize('name', OTHERS)
def test_all_files_are_known_before(make_result, write, tmp_path, name):
    """``paths`` and ``finish`` name them all, apart from README.txt."""
    results = [make_result(photo, label_map(i))
               for i, photo in enumerate(['a', 'sub/b'])]
    records = write(name, tmp_path, results)
    kind, = make_formats([name], tmp_path, results[0].classes,
                         results[0].palette)
    known = {path for result in results for path in kind.paths(result.name)}
    known |= set(kind.finish(records))
    found = {path for path in tmp_path.rglob('*') if path.is_file()}
    assert {path.name for path in found - known} <= {'README.txt'}
    assert {tmp_path / file for record in records
            for file in record['files']} <= known


@pytest.mark.parametrize('name', OTHERS)
def test_files_of_others_are_never_replaced(make_result, tmp_path, name):
    kind = format_class(name)(tmp_path, ['cat'], voc_palette(1))
    path = kind.paths('a')[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'mine')
    with pytest.raises(NotOursError, match='was not written by this tool'):
        kind.check('a')


@pytest.mark.parametrize('name', OTHERS)
def test_our_own_files_are(make_result, write, tmp_path, name):
    """Resuming and overwriting."""
    results = [make_result('a', label_map(0))]
    write(name, tmp_path, results)
    write(name, tmp_path, results)


@pytest.mark.parametrize('name', [
    name for name in OTHERS if name != 'index'])
def test_readme(make_result, write, tmp_path, name):
    write(name, tmp_path, [make_result('a', np.zeros((2, 3), int), ['cat'])])
    text = (tmp_path / name / 'README.txt').read_text()
    assert text.startswith(MARK) and len(text.splitlines()) >= 4

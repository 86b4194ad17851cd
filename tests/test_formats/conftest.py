import json

import numpy as np
import pytest
from label_maps import label_map

from mmseg_clipzs.apis.zero_shot_result import ZeroShotResult
from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.visualization import voc_palette

CLASSES = ['background', 'cat', 'grass, lawn', 'sky']


@pytest.fixture
def make_result():
    """Builder of results: ``make_result('sub/a', mask, classes)``."""
    def make(name, mask, classes=CLASSES, photo=None, path=None):
        if photo is None:
            photo = np.random.default_rng(1).integers(
                0, 256, (*mask.shape, 3), dtype=np.uint8)
        return ZeroShotResult(
            name, photo, mask, None, classes, voc_palette(
                len(classes), classes[0] == 'background'), path=path)
    return make


@pytest.fixture
def write():
    """Write results as the command does: ``write('coco', folder, results)``.

    Returns the lines of results.jsonl.
    """
    def write(name, folder, results, **options):
        first, records = results[0], []
        kind, = make_formats(
            [name], folder, first.classes, first.palette, **options)
        for result in results:
            kind.check(result.name)
            line = dict(source=f'{result.name}.jpg', name=result.name,
                        height=result.mask.shape[0],
                        width=result.mask.shape[1], **kind.write(result))
            assert {folder / file for file in line['files']} <= set(
                kind.paths(result.name))
            assert all((folder / file).is_file() for file in line['files'])
            records.append(json.loads(json.dumps(line)))
        assert all(path.is_file() for path in kind.finish(iter(records)))
        return records
    return write


@pytest.fixture
def results(make_result):
    """Three photos, one in a folder, and one whose classes are all absent."""
    return [make_result('a', label_map(1)),
            make_result('sub dir/a', label_map(2, size=(50, 30))),
            make_result('none', np.full((20, 30), 255))]

"""What is imported, and when."""
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mmseg_clipzs.utils import import_on_use, import_part

ROOT = Path(__file__).parent.parent
# Without what the tests and mmengine have imported.
PROGRAM = '''
import gc, sys, warnings
import torch, mmengine.runner

def loaded():
    return {name.partition('.')[0] for name in sys.modules} | (
        {'torch._dynamo', 'matplotlib.pyplot'} & set(sys.modules))

before = loaded()
import mmseg_clipzs.apis, mmseg_clipzs.cli.arguments
assert gc.isenabled()
# The caller's filters of warnings, and those of NumPy and other libraries.
assert not [text for _, text, *_ in warnings.filters
            if text and 'import' in text.pattern]
from mmseg.models.backbones import timm_backbone
from mmseg_clipzs.clip import library, load_clip
from mmseg_clipzs.clip.architectures import check_architecture

clip = load_clip('toy-vit-p8', pretrained='toy')
tokens = clip.tokenizer(['a photo of a cat', 'Zebra', '']).tolist()
facts = library.part('pretrained').get_pretrained_cfg('ViT-B-16', 'openai')
check_architecture('ViT-B/16')
names = ['toy-vit-p8', 'ViT-B-16', 'RN50', 'ViT-H-14-CLIPA', 'coca_ViT-B-32']
light = [library.get_config(name) for name in names]
heavy = (loaded() - before) & {
    'open_clip', 'torchvision', 'timm', 'transformers', 'sklearn', 'nltk',
    'webdataset', 'pyarrow', 'torch._dynamo', 'matplotlib.pyplot'}
assert not heavy, heavy

open_clip = library.open_clip()
assert light == [open_clip.get_model_config(name) for name in names]
assert [library.get_config(name) for name in names] == light
assert library.get_config('hf-hub:nobody/nothing') is None
assert tokens == open_clip.get_tokenizer('toy-vit-p8')(
    ['a photo of a cat', 'Zebra', '']).tolist()
assert facts == open_clip.get_pretrained_cfg('ViT-B-16', 'openai')
if timm_backbone.timm is not None:
    import timm
    assert timm_backbone.timm.create_model is timm.create_model
'''


def test_open_clip_is_not_imported_for_a_plain_clip():
    """Nor timm by mmseg; with the same architectures, weights and tokens."""
    program = subprocess.run(
        [sys.executable, '-c', PROGRAM], cwd=ROOT, capture_output=True,
        text=True)
    assert program.returncode == 0, program.stderr
    assert 'Warning' not in program.stderr


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package whose ``__init__`` fails while ``fails``."""
    folder = tmp_path / 'slow_package'
    folder.mkdir()
    (folder / '__init__.py').write_text('from .other import fail\nfail()\n')
    (folder / 'other.py').write_text(
        'def fail():\n    raise ValueError("imported")\n')
    (folder / 'part.py').write_text('from .data import VALUE\n')
    (folder / 'data.py').write_text('VALUE = [1]\n')
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if 'slow_package' in name]:
        del sys.modules[name]


def test_part_of_a_package(package):
    part = import_part('slow_package', 'part')
    assert part.VALUE == [1]
    assert import_part('slow_package', 'part') is part
    assert 'slow_package' not in sys.modules
    (package / '__init__.py').write_text('')
    own = importlib.import_module('slow_package.part')
    assert import_part('slow_package', 'part') is own


@pytest.mark.parametrize('names', [
    ('slow_package', 'missing'), ('no_such_package', 'part')])
def test_missing_part(package, names):
    with pytest.raises(ModuleNotFoundError, match='No module named'):
        import_part(*names)


def test_import_on_use(package):
    with import_on_use('slow_package'):
        import slow_package as later
        assert later.__spec__.name == later.__name__ == 'slow_package'
        assert later.__file__ == str(package / '__init__.py')
    assert 'slow_package' not in sys.modules
    with pytest.raises(ValueError, match='imported'):
        later.anything  # noqa: B018
    (package / '__init__.py').write_text('anything = 3\n')
    assert later.anything == 3
    assert sys.modules['slow_package'].anything == 3
    with pytest.raises(AttributeError, match='nothing'):
        later.nothing  # noqa: B018


def test_use_within_the_block(package):
    """A module of the package needs the package."""
    (package / '__init__.py').write_text('anything = 3\n')
    with import_on_use('slow_package'):
        from slow_package.data import VALUE
        assert VALUE == [1]
    assert sys.modules['slow_package'].anything == 3


@pytest.mark.parametrize('name', ['json', 'no_such_package'])
def test_nothing_to_wait_for(name):
    before = sys.modules.get(name)
    with import_on_use(name):
        assert sys.modules.get(name) is before
    assert sys.modules.get(name) is before

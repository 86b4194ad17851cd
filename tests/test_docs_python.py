"""The examples of the documentation's Python run as they are."""
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.toy.voc_layout import write_voc

DOCS = Path(__file__).parents[1] / 'docs'


@pytest.mark.usefixtures('one_thread')
@pytest.mark.parametrize('page, output', [
    ('python.md', r'\(48, 64\) \(.cat., .grass., .sky.\)\n0 \[.*\n.*'
     "The class 'cat' occurs more than once"),
    ('other_networks.md', r"^\('red', 'green', 'blue'\) \(48, 64\)\n$"),
    ('words.md', r'^None [\d.]+ [\d.]+\nauto [\d.]+ [\d.]+\n'
     r'auto,0.5 [\d.]+ [\d.]+\n$')])
def test_examples(page, output, tmp_path, monkeypatch, capsys):
    pytest.importorskip('supervision')
    monkeypatch.chdir(tmp_path)
    write_voc('data/toy', train=2, val=3, size=64, seed=3)
    coarse = np.random.default_rng(0).integers(
        0, 256, (3, 4, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((64, 48)).save('photo.jpg')
    text = (DOCS / page).read_text(encoding='utf-8')
    examples = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    assert examples
    names = {'__name__': page}
    for example in examples:
        exec(compile(example, page, 'exec'), names)
    said = '\n'.join(line for line in capsys.readouterr().out.splitlines()
                     if ' - mmengine - ' not in line) + '\n'
    assert re.search(output, said, re.DOTALL), said


def test_every_argument_and_field_is_documented():
    import inspect
    from dataclasses import fields

    from mmseg_clipzs.apis import ZeroShotInferencer, ZeroShotResult
    text = (DOCS / 'python.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `(\w+)` \|', text, re.MULTILINE)
    names = [name for function in (
        ZeroShotInferencer.__init__, ZeroShotInferencer.__call__)
        for name in list(inspect.signature(function).parameters)[1:]]
    names += [each.name for each in fields(ZeroShotResult)
              if not each.name.startswith('make_')]
    assert set(names) <= set(rows)


def test_the_contrast_words_are_documented():
    from mmseg_clipzs.vocabularies.contrast import contrast_words
    text = (DOCS / 'words.md').read_text(encoding='utf-8')
    listed = ' '.join(re.findall('^> (.*)$', text, re.MULTILINE))
    assert tuple(listed.split(', ')) == contrast_words([])

"""Options of pictures."""
import argparse

import mmengine.logging
import pytest

from mmseg_clipzs.cli.pictures import (
    add_pictures,
    check_pictures,
    colours_of,
    style_of,
    warn_of_names,
)
from mmseg_clipzs.visualization import Style


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_pictures(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize('arguments, style', [
    ([], {}), (['--opacity', '0.25'], dict(opacity=0.25)),
    (['--no-outlines', '--no-labels'], dict(outlines=False, labels=False)),
    (['--image-format', 'webp', '--quality', '70'],
     dict(image_format='webp', quality=70)),
    (['--compression', '9'], dict(compression=9))])
def test_styles(arguments, style):
    assert style_of(parse(*arguments)) == Style(**style)


def test_palette(tmp_path):
    (tmp_path / 'p.txt').write_text('cat: red')
    assert colours_of(parse()) is None
    args = parse('--palette', str(tmp_path / 'p.txt'))
    check_pictures(args)
    assert colours_of(args) == {'cat': (255, 0, 0)}


@pytest.mark.parametrize('names, sentence', [
    (['cat', 'background', 'GRASS'], None),
    (['cta', 'cat'], "p.txt: 'cta' is no class here. Did you mean cat?"),
    (['cat', 'gras', 'zzz'], "p.txt: 'gras' and 1 more of its names are no "
     'classes here. Did you mean grass?')])
def test_colours_of_no_class(monkeypatch, names, sentence):
    said = []
    monkeypatch.setattr(mmengine.logging, 'print_log',
                        lambda text, *_: said.append(text))
    warn_of_names(parse('--palette', 'p.txt'),
                  dict.fromkeys(names, (255, 0, 0)), ['cat', 'grass'])
    assert said == [sentence] * bool(sentence)
    warn_of_names(parse(), None, ['cat'])
    assert len(said) <= 1

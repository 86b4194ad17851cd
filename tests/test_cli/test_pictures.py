"""Options of pictures."""
import argparse

import pytest

from mmseg_clipzs.cli.pictures import (
    add_pictures,
    check_pictures,
    colours_of,
    style_of,
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

"""List the configs that come along.

    clipzs configs
    clipzs configs "maskclip_*" "*_toy"
    clipzs configs maskclip_voc --paths

Commands take a config by its name. A config of your own is a Python file that
names one of them in ``_base_``, by the path that ``--paths`` prints.
"""
import re
from fnmatch import fnmatchcase
from itertools import takewhile

from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.utils import UserError, did_you_mean, shown

LIGHT = True


def add_options(parser):
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help='names or quoted patterns (default: all)')
    parser.add_argument(
        '--paths', action='store_true',
        help='print where the files are, instead of what they configure')


def title(path):
    """str: The first sentence of a config's comment."""
    lines = path.read_text(encoding='utf-8').splitlines()
    comment = ' '.join(line[2:] for line in takewhile(
        lambda line: line.startswith('# '), lines))
    return re.split(r'\. |: |\.$', comment, maxsplit=1)[0]


def run(args):
    known = list_configs()
    for name in args.names:
        if not any(fnmatchcase(each, name) for each in known):
            raise UserError(f'No config fits {shown(name)!r}.'
                            f'{did_you_mean(name, known)}')
    found = {name: path for name, path in known.items() if not args.names
             or any(fnmatchcase(name, each) for each in args.names)}
    width = max(map(len, found))
    for name, path in found.items():
        print(path if args.paths else f'{name:{width}}  {title(path)}')

"""Check that a tag may be released, and print its part of the changelog.

    python tools/check_release.py v0.2.0

The tag, the package, CITATION.cff and the newest entry of CHANGELOG.md must
name one version, and the last two one date. Exits with 1 otherwise. Run it in
a checkout; .github/workflows/release.yml does.
"""
import re
import sys
from pathlib import Path

from _start import main

ROOT = Path(__file__).resolve().parent.parent
_ENTRY = re.compile(r'^## (\S+)(?: \(([\d-]+)\))?[^\n]*\n(.*?)(?=^## |\Z)',
                    re.M | re.S)


def add_options(parser):
    parser.add_argument('tag', help='for example v0.2.0')


def check_release(tag, root=ROOT):
    """Check a tag.

    Args:
        tag (str): 'v' and a version.
        root (Path): The checkout.

    Returns:
        str: The changelog's entry, without its heading.

    Raises:
        UserError: Something names another version or date.
    """
    from mmseg_clipzs.utils import UserError

    def find(pattern, name):
        text = (root / name).read_text(encoding='utf-8')
        match = re.search(pattern, text, re.M)
        return match[1] if match else 'nothing'

    entry = _ENTRY.search((root / 'CHANGELOG.md').read_text(encoding='utf-8'))
    if not entry:
        raise UserError('CHANGELOG.md has no entry.')
    version, date, text = entry.groups()
    named = {
        'mmseg_clipzs/version.py': find(
            "^__version__ = '(.+)'$", 'mmseg_clipzs/version.py'),
        'CITATION.cff': find(r'^version: (\S+)$', 'CITATION.cff'),
        'the newest entry of CHANGELOG.md': version}
    for place, each in named.items():
        if tag != f'v{each}':
            raise UserError(f'The tag is {tag!r}, but {place} names {each}; '
                            'give both one version.')
    released = find(r'^date-released: (\S+)$', 'CITATION.cff')
    if date != released:
        raise UserError(
            f'CHANGELOG.md dates {version} {date or "not at all"}, '
            f'CITATION.cff {released}; give both the date of the release.')
    return text.strip()


def run(args):
    print(check_release(args.tag))


if __name__ == '__main__':
    main(sys.modules[__name__])

"""Make configs, metafiles and the tables of the docs from the recipes.

    python tools/make_configs.py
    python tools/make_configs.py --check

The recipes are in mmseg_clipzs/recipes. Run it in a checkout of the project.
"""
import sys
from pathlib import Path

from _start import main

ROOT = Path(__file__).resolve().parent.parent


def add_options(parser):
    parser.add_argument(
        '--check', action='store_true',
        help='change nothing; list outdated files and exit with 1 if there '
             'are any')


def made_files():
    """dict[Path, str | None]: Text of each file; None to remove it."""
    from mmseg_clipzs.recipes.code import MADE
    from mmseg_clipzs.recipes.configs import make_configs
    from mmseg_clipzs.recipes.metafiles import make_metafiles
    from mmseg_clipzs.recipes.tables import fill_tables
    files = {ROOT / path: text for path, text in {
        **make_configs(), **make_metafiles()}.items()}
    for page in [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]:
        files[page] = fill_tables(page.read_text(encoding='utf-8'))
    for path in sorted((ROOT / 'configs').rglob('*.*')):
        if path.suffix in ('.py', '.yml') and path not in files and (
                MADE in path.read_text(encoding='utf-8')):
            files[path] = None
    return files


def run(args):
    differing = {path: text for path, text in made_files().items()
                 if text is None or not path.is_file()
                 or text != path.read_text(encoding='utf-8')}
    for path, text in differing.items():
        if args.check:
            done = 'not made' if text is None else 'differs'
        elif text is None:
            path.unlink()
            done = 'removed'
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
            done = 'written'
        print(f'{path.relative_to(ROOT)}: {done}')
    if not differing:
        print('Everything is up to date.')
    sys.exit(args.check and bool(differing))


if __name__ == '__main__':
    main(sys.modules[__name__])

"""Compare a leaderboard of the toy scenes with the figures in the docs.

    make figures
    python tools/compare_figures.py work_dirs/leaderboard/leaderboard.json

Prints what has changed since the figures of mmseg_clipzs/recipes/measured.py
were taken, and exits with 1 if anything has. Run it in a checkout.
"""
import json
import re
import sys
from pathlib import Path

from _start import main


def add_options(parser):
    parser.add_argument(
        'leaderboard', help='leaderboard.json of clipzs leaderboard')
    parser.add_argument(
        '--tolerance', type=float, default=0.1, metavar='POINTS',
        help='differences of mIoU that do not count, as machines round '
             'differently (default: 0.1)')


def recorded():
    """dict[str, tuple]: Config -> mIoU in the docs, of seeds 0, 1, 2."""
    from mmseg_clipzs.recipes import measured
    from mmseg_clipzs.recipes.cells import cells
    names = {cell.method: cell.name for cell in cells()
             if cell.dataset == 'toy'}
    return {names.get(method, f'{method}_toy'): figures[:3]
            for table in (measured.WINDOWS, measured.WHOLE)
            for method, figures in table.items()}


def compare(rows, tolerance):
    """Figures of a leaderboard beside those of the docs.

    Args:
        rows (list[dict]): Rows of ``leaderboard.json``.
        tolerance (float): Differences that do not count.

    Returns:
        tuple[list[str], int]: A line for each figure that has changed or was
        not measured, and how many are the same.
    """
    known, lines, same = recorded(), [], 0
    for row in rows:
        config, figure = row['config'], row.get('mIoU')
        seed = re.search(r'seed(\d)', row.get('weights') or '')
        seed = int(seed[1]) if seed else 0
        of_docs = known.get(config, ())
        if 'error' in row or figure is None:
            lines.append(f'{config}, seed {seed}: failed')
        elif seed >= len(of_docs):
            lines.append(f'{config}, seed {seed}: {figure:.2f}, new')
        elif abs(figure - of_docs[seed]) > tolerance:
            lines.append(
                f'{config}, seed {seed}: {figure:.2f}, in the docs '
                f'{of_docs[seed]:.2f} ({figure - of_docs[seed]:+.2f})')
        else:
            same += 1
    return lines, same


def run(args):
    from mmseg_clipzs.utils import UserError
    path = Path(args.leaderboard)
    try:
        rows = json.loads(path.read_text(encoding='utf-8'))
        rows = [row for row in rows if row['dataset'] == 'toy']
    except OSError as e:
        raise UserError(f'{path} cannot be read: {e.strerror}.') from e
    except (ValueError, TypeError, KeyError) as e:
        raise UserError(
            f'{path} is no leaderboard.json of clipzs leaderboard.') from e
    if not rows:
        raise UserError(f'{path} has no figures of the toy scenes.')
    lines, same = compare(rows, args.tolerance)
    print(*lines, f'{same} of {len(rows)} figures are those of the docs.',
          sep='\n')
    sys.exit(bool(lines))


if __name__ == '__main__':
    main(sys.modules[__name__])

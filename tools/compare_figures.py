"""Compare a leaderboard of the toy scenes with the figures in the docs.

    make figures
    python tools/compare_figures.py work_dirs/leaderboard/leaderboard.json

Prints what has changed since the figures of mmseg_clipzs/recipes/measured.py
were taken and which of them were not measured, and exits with 1 if anything
has changed. Run it in a checkout.
"""
import json
import re
import sys
from pathlib import Path

from _start import main

# Tables of measured.py, or columns of them, that no leaderboard has -> what
# measures them.
OTHERS = {
    'WINDOWS': 'methods with windows on whole scenes: clipzs test METHOD_toy '
               '--cfg-options model.test_cfg.mode=whole',
    'GROUPING': "clusters of MaskCLIP's features: docs/grouping_baselines.md",
    'MASKCLIP_PLUS': 'MaskCLIP+: clipzs train maskclip_plus_toy',
    'ZERO_SHOT': 'zero-shot training: clipzs train '
                 'maskclip_plus_zero_shot_toy, text_mapped_zero_shot_toy',
    'GROUPVIT_ONE_STAGE': 'GroupViT from captions, 1-stage: clipzs train '
                          'groupvit_pretrain_toy',
    'GROUPVIT_TWO_STAGE': 'GroupViT from captions, 2-stage: clipzs train '
                          'groupvit_pretrain_two_stage_toy',
    'COSTS': 'time and memory: clipzs benchmark, as in docs/benchmark.md'}


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
            for table in (measured.WINDOWS, measured.WHOLE, {
                method: each[:1] for method, each in measured.GROUPING.items()
                if method not in measured.WHOLE})
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
        seed = seed_of(row)
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


def not_measured(rows):
    """list[str]: Figures of the docs that a leaderboard lacks."""
    measured = {(row['config'], seed_of(row)) for row in rows}
    lacking = {}
    for config, figures in recorded().items():
        for seed in range(len(figures)):
            if (config, seed) not in measured:
                lacking.setdefault(seed, []).append(config)
    return [f'seed {seed} of {", ".join(lacking[seed])}'
            for seed in sorted(lacking)] + list(OTHERS.values())


def seed_of(row):
    """int: The seed of a row's toy CLIP."""
    seed = re.search(r'seed(\d)', row.get('weights') or '')
    return int(seed[1]) if seed else 0


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
          'Not measured:', *not_measured(rows), sep='\n')
    sys.exit(bool(lines))


if __name__ == '__main__':
    main(sys.modules[__name__])

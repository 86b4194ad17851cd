"""Evaluate robustness to corruptions of the images such as noise and blur.

    clipzs corruptions maskclip_voc --kinds speckle_noise spatter
    clipzs corruptions clip_toy maskclip_toy --levels 1 3 5

Writes curves.png, results.csv and results.json to the work dir. An
interrupted run continues where it stopped. On several processes:

    torchrun --nproc_per_node 8 -m clipzs corruptions ... \\
        --launcher pytorch
"""
from mmseg_clipzs.recipes.corruptions import LEVELS, PAPER_KINDS
from mmseg_clipzs.utils import UserError, first_of

from .arguments import add_arguments


def add_options(parser):
    add_arguments(parser, configs=dict(
        help='config files, or names that clipzs configs lists, one curve '
        'each'))
    parser.add_argument(
        '--kinds', nargs='+', default=PAPER_KINDS, metavar='KIND',
        help='corruptions of ImageNet-C, or "all"')
    parser.add_argument(
        '--levels', nargs='+', type=int, default=LEVELS, metavar='LEVEL',
        help='1 (weak) to 5')
    add_arguments(
        parser, 'data_root', work_dir=dict(
            flags=['--work-dir', '--out'], default='work_dirs/corruptions',
            help='folder for the results, and for the log of each cell'))
    add_arguments(parser, 'cfg_options', launcher=dict(
        help='job launcher; each cell runs in all processes'))


def run(args):
    from mmengine.dist import is_main_process
    from prettytable import PrettyTable
    from tqdm import tqdm

    from mmseg_clipzs.datasets.corrupt import corruptions
    from mmseg_clipzs.leaderboard import corruptions as runs
    kinds = args.kinds
    if kinds == ['all']:
        kinds = corruptions().get_corruption_names('all')
    cells = runs.plan(args.configs, kinds, args.levels, args.data_root,
                 args.cfg_options)
    rows = runs.run(cells, args.work_dir, lambda todo: tqdm(
        todo, disable=not is_main_process()), args.launcher)
    if not is_main_process():
        return
    plot = runs.write_results(rows, args.work_dir)
    table = PrettyTable(['corruption', 'config', 'clean', *(
        f'level {level}' for level in args.levels)])
    for kind, of_kind in runs.curves(rows).items():
        table.add_rows([[kind, config, *(
            f'{values[level]:.1f}' if level in values else 'failed'
            for level in (0, *args.levels))]
            for config, values in of_kind.items()])
    print(table)
    print(f'mIoU in percent; curves: {plot}')
    failed = runs.failures(rows)
    if failed:
        raise UserError(f'{len(failed)} of {len(rows)} cells failed and run '
                        f'again next time. {first_of(failed)}')

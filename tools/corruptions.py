"""Evaluate robustness to corruptions of the images such as noise and blur.

    python tools/corruptions.py maskclip_voc --kinds speckle_noise spatter
    python tools/corruptions.py clip_toy maskclip_toy --levels 1 3 5

Writes curves.png, results.csv and results.json to the work dir. An
interrupted run continues where it stopped. On several processes:

    torchrun --nproc_per_node 8 tools/corruptions.py ... --launcher pytorch
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from mmengine.dist import is_main_process
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.datasets.corrupt import LEVELS, PAPER_KINDS, corruptions
from mmseg_clipzs.leaderboard.corruptions import (
    curves,
    failures,
    plan,
    run,
    write_results,
)
from mmseg_clipzs.run.arguments import add_arguments, make_parser
from mmseg_clipzs.utils import UserError, first_of, run_tool


def parse_args():
    parser = make_parser(__doc__)
    add_arguments(parser, configs=dict(
        help='config files, or names of configs in configs/, one curve each'))
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
    return parser.parse_args()


def main():
    args = parse_args()
    kinds = args.kinds
    if kinds == ['all']:
        kinds = corruptions().get_corruption_names('all')
    cells = plan(args.configs, kinds, args.levels, args.data_root,
                 args.cfg_options)
    rows = run(cells, args.work_dir, lambda todo: tqdm(
        todo, disable=not is_main_process()), args.launcher)
    if not is_main_process():
        return
    plot = write_results(rows, args.work_dir)
    table = PrettyTable(['corruption', 'config', 'clean', *(
        f'level {level}' for level in args.levels)])
    for kind, of_kind in curves(rows).items():
        table.add_rows([[kind, config, *(
            f'{values[level]:.1f}' if level in values else 'failed'
            for level in (0, *args.levels))]
            for config, values in of_kind.items()])
    print(table)
    print(f'mIoU in percent; curves: {plot}')
    failed = failures(rows)
    if failed:
        raise UserError(f'{len(failed)} of {len(rows)} cells failed and run '
                        f'again next time. {first_of(failed)}')


if __name__ == '__main__':
    run_tool(main)

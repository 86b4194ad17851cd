"""Evaluate configs on corrupted photos: how much noise or blur do they stand?

    python tools/corruptions.py maskclip_voc --kinds speckle_noise spatter
    python tools/corruptions.py clip_toy maskclip_toy --levels 1 3 5

leaves curves.png, results.csv and results.json in --out. A run that was cut
off goes on where it was.
"""
import argparse

from mmengine.config import DictAction
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.datasets.corrupt import LEVELS, PAPER_KINDS, corruptions
from mmseg_clipzs.leaderboard.corruptions import (
    curves,
    plan,
    run,
    write_results,
)
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        'configs', nargs='+', metavar='CONFIG[:CHECKPOINT]',
        help='config files, or names of those here; each is a line')
    parser.add_argument(
        '--kinds', nargs='+', default=PAPER_KINDS,
        help='corruptions of ImageNet-C, or "all"; default: those of the\n'
        'MaskCLIP paper, ' + ', '.join(PAPER_KINDS))
    parser.add_argument(
        '--levels', nargs='+', type=int, default=LEVELS,
        help='1 (weak) to 5; default: all')
    parser.add_argument('--data-root', help='where the data set lies')
    parser.add_argument('--out', default='work_dirs/corruptions')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='override settings of all configs')
    return parser.parse_args()


def main():
    args = parse_args()
    kinds = args.kinds
    if kinds == ['all']:
        kinds = corruptions().get_corruption_names('all')
    cells = plan(args.configs, kinds, args.levels, args.data_root,
                 args.cfg_options)
    rows = run(cells, args.out, tqdm)
    picture = write_results(rows, args.out)
    table = PrettyTable(['corruption', 'config', 'clean', *(
        f'level {level}' for level in args.levels)])
    for kind, of_kind in curves(rows).items():
        table.add_rows([[kind, config, *(
            f'{values[level]:.1f}' for level in (0, *args.levels))]
            for config, values in of_kind.items()])
    print(table)
    print(f'mIoU in percent. The curves: {picture}')


if __name__ == '__main__':
    run_tool(main)

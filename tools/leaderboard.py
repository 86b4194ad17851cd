"""Evaluate methods on data sets and put all into one table.

    python tools/leaderboard.py --methods clip maskclip --datasets toy
    python tools/leaderboard.py --methods maskclip --datasets voc21 \\
        context60 --clip ViT-B-16:openai ViT-L-14:openai
    python tools/leaderboard.py --configs my_config.py:checkpoint.pth
    torchrun --nproc_per_node 8 tools/leaderboard.py ... --launcher pytorch

Cells that are finished are not run again. Leaves leaderboard.csv, .json, .md
and .html in the work dir; docs/leaderboard.md says what is in them.
"""
import argparse
import os
import sys
from pathlib import Path

from mmengine.config import DictAction
from mmengine.dist import is_main_process

from mmseg_clipzs.leaderboard.matrix import plan, run
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        '--methods', nargs='+', default=[], metavar='METHOD',
        help='those of configs/METHOD_DATASET.py')
    parser.add_argument('--datasets', nargs='+', default=[],
                        metavar='DATASET')
    parser.add_argument(
        '--configs', nargs='+', default=[], metavar='CONFIG[:CHECKPOINT]',
        help='any other mmseg configs, each a row')
    parser.add_argument(
        '--clip', nargs='+', default=[], metavar='MODEL:WEIGHTS',
        help="in place of the methods' CLIP, each a column; weights are a "
        'tag or a file')
    parser.add_argument('--work-dir', default='work_dirs/leaderboard')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='override settings of all configs: '
        'test_dataloader.num_workers=8')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none', help='job launcher; all its processes run each cell')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main():
    args = parse_args()
    cells = plan(args.methods, args.datasets, args.configs, args.clip,
                 args.cfg_options)
    rows = run(cells, args.work_dir, args.launcher)
    if is_main_process():
        table = Path(args.work_dir) / 'leaderboard.md'
        print(table.read_text(encoding='utf-8'))
        print(f'The same with pictures: {table.with_suffix(".html")}')
    failed = sum('error' in row for row in rows if row)
    if failed:
        sys.exit(f'error: {failed} of {len(rows)} cells failed.')


if __name__ == '__main__':
    run_tool(main)

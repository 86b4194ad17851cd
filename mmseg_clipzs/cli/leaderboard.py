"""Evaluate methods on datasets and tabulate the results.

    clipzs leaderboard --methods clip maskclip --datasets toy
    clipzs leaderboard --methods maskclip --datasets voc21 \\
        context60 --clip ViT-B-16:openai ViT-L-14:openai
    clipzs leaderboard --configs my_config.py:checkpoint.pth
    torchrun --nproc_per_node 8 -m clipzs leaderboard ... \\
        --launcher pytorch

Finished cells are not run again. Writes leaderboard.csv, .json, .md and .html
to the work dir; docs/leaderboard.md explains them.
"""
import sys
from pathlib import Path

from .arguments import add_arguments


def add_options(parser):
    parser.add_argument(
        '--methods', nargs='+', default=[], metavar='METHOD',
        help='METHOD of configs/METHOD_DATASET.py')
    parser.add_argument(
        '--datasets', nargs='+', default=[], metavar='DATASET',
        help='DATASET of configs/METHOD_DATASET.py')
    add_arguments(
        parser,
        configs=dict(flags=['--configs'], default=[],
                     help='other mmseg configs, one row each'),
        clip=dict(nargs='+', default=[], help=(
            "replaces the methods' CLIP, one line each, e.g. "
            "ViT-L-14:openai or ViT-B-16:weights.pt; by default with the "
            "weights of the configs")))
    add_arguments(
        parser, 'data_root', work_dir=dict(
            default='work_dirs/leaderboard',
            help='folder for the tables and the log of each cell'))
    add_arguments(parser, 'cfg_options', launcher=dict(
        help='job launcher; each cell runs in all processes'))


def run(args):
    from mmengine.dist import is_main_process

    from mmseg_clipzs.leaderboard import matrix
    from mmseg_clipzs.leaderboard.report import summary
    jobs = matrix.plan(
        args.methods, args.datasets, args.configs, args.clip,
        args.cfg_options, args.data_root)
    rows = matrix.run(jobs, args.work_dir, args.launcher)
    if is_main_process():
        print(summary(rows))
        table = Path(args.work_dir) / 'leaderboard.md'
        print(f'With the rest of the field and each dataset: {table}; with '
              f'predictions: {table.with_suffix(".html")}')
    failed = sum('error' in row for row in rows if row)
    if failed:
        sys.exit(f'error: {failed} of {len(rows)} cells failed.')

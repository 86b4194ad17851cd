"""Evaluate methods on datasets and tabulate the results.

    python tools/leaderboard.py --methods clip maskclip --datasets toy
    python tools/leaderboard.py --methods maskclip --datasets voc21 \\
        context60 --clip ViT-B-16:openai ViT-L-14:openai
    python tools/leaderboard.py --configs my_config.py:checkpoint.pth
    torchrun --nproc_per_node 8 tools/leaderboard.py ... --launcher pytorch

Finished cells are not run again. Writes leaderboard.csv, .json, .md and .html
to the work dir; docs/leaderboard.md explains them.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

import sys
from pathlib import Path

from mmengine.dist import is_main_process

from mmseg_clipzs.leaderboard.matrix import plan, run
from mmseg_clipzs.run.arguments import add_arguments, make_parser
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
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
            "replaces the methods' CLIP, one column each, e.g. "
            "ViT-L-14:openai or ViT-B-16:weights.pt; by default with the "
            "weights of the configs")))
    add_arguments(
        parser, 'data_root', work_dir=dict(
            default='work_dirs/leaderboard',
            help='folder for the tables and the log of each cell'))
    add_arguments(parser, 'cfg_options', launcher=dict(
        help='job launcher; each cell runs in all processes'))
    return parser.parse_args()


def main():
    args = parse_args()
    jobs = plan(args.methods, args.datasets, args.configs, args.clip,
                args.cfg_options, args.data_root)
    rows = run(jobs, args.work_dir, args.launcher)
    if is_main_process():
        table = Path(args.work_dir) / 'leaderboard.md'
        print(table.read_text(encoding='utf-8'))
        print(f'With predictions: {table.with_suffix(".html")}')
    failed = sum('error' in row for row in rows if row)
    if failed:
        sys.exit(f'error: {failed} of {len(rows)} cells failed.')


if __name__ == '__main__':
    run_tool(main)

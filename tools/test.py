"""Evaluate a config, as MMSegmentation's tools/test.py; no checkpoint needed.

    python tools/test.py configs/maskclip_voc.py
    python tools/test.py configs/maskclip_voc.py --data-root /data/VOC2012
    python tools/test.py CONFIG CHECKPOINT --show-dir vis --out masks --tta
"""
import argparse
import os

from mmengine.config import Config, DictAction

from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', help='config file, or the name of one here')
    parser.add_argument(
        'checkpoint', nargs='?',
        help='checkpoint; zero-shot models bring their weights and need none')
    parser.add_argument(
        '--work-dir', help='where logs go (default: work_dirs/<config>)')
    parser.add_argument('--data-root', help='where the data set lies')
    parser.add_argument(
        '--classes',
        help='other words for the data set\'s classes, in its order: '
        '"cat; grass, lawn; sky", a .txt file or a list\'s name')
    parser.add_argument(
        '--out', help='folder for the predicted label maps (PNG)')
    parser.add_argument(
        '--show', action='store_true', help='show predictions in a window')
    parser.add_argument(
        '--show-dir', help='folder for pictures of the predictions')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds a window stays')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='override settings: model.clip.model=ViT-L-14')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none', help='job launcher')
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main():
    args = parse_args()
    cfg = Config.fromfile(find_config(args.config))
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    run_test(
        cfg, checkpoint=args.checkpoint, work_dir=args.work_dir,
        data_root=args.data_root, classes=args.classes, out=args.out,
        show=args.show, show_dir=args.show_dir, wait_time=args.wait_time,
        launcher=args.launcher, tta=args.tta)


if __name__ == '__main__':
    run_tool(main)

"""Train a config, as MMSegmentation's tools/train.py.

    python tools/train.py configs/maskclip_plus_toy.py
    python tools/train.py configs/maskclip_plus_voc.py --amp --resume
    python tools/train.py configs/maskclip_plus_photos.py --photos FOLDER \\
        --classes "white car; red bus; road; sky"
"""
import argparse
import os

from mmengine.config import Config, DictAction

from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', help='config file, or the name of one here')
    parser.add_argument(
        '--work-dir', help='where checkpoints and logs go '
        '(default: work_dirs/<config>)')
    parser.add_argument('--data-root', help='where the data set lies')
    parser.add_argument(
        '--photos', help='train on this folder of photos, without labels')
    parser.add_argument(
        '--classes', help='the words to learn: "cat; grass, lawn; sky"')
    parser.add_argument(
        '--resume', action='store_true',
        help='go on from the last checkpoint of the work dir')
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='override settings: train_cfg.max_iters=300')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main():
    args = parse_args()
    cfg = Config.fromfile(find_config(args.config))
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    run_train(
        cfg, work_dir=args.work_dir, data_root=args.data_root,
        photos=args.photos, classes=args.classes, resume=args.resume,
        amp=args.amp, launcher=args.launcher)


if __name__ == '__main__':
    run_tool(main)

"""Evaluate a config, like MMSegmentation's tools/test.py.

Zero-shot models need no checkpoint.

    clipzs test configs/maskclip_voc.py
    clipzs test configs/maskclip_voc.py --data-root /data/VOC2012
    clipzs test CONFIG CHECKPOINT --show-dir vis --out masks --tta
"""
from .arguments import add_arguments, add_output, job_of


def add_options(parser):
    add_arguments(
        parser, 'config', 'checkpoint_after_config', 'checkpoint', 'clip',
        'classes', 'data_root',
        out=dict(help='folder for the predicted label maps, PNG'))
    parser.add_argument(
        '--show', action='store_true', help='show predictions in a window')
    add_output(
        parser, '--show-dir', metavar='FOLDER', folder=True,
        help='folder for drawn predictions, in vis_data/vis_image')
    parser.add_argument(
        '--wait-time', type=float, default=2, metavar='SECONDS',
        help='how long a window stays open')
    add_arguments(parser, 'tta', 'work_dir', 'cfg_options', 'launcher')


def run(args):
    from mmseg_clipzs.run.test import run_test
    run_test(
        job_of(args), work_dir=args.work_dir, out=args.out, show=args.show,
        show_dir=args.show_dir, wait_time=args.wait_time,
        launcher=args.launcher)

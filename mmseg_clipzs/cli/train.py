"""Train a config, like MMSegmentation's tools/train.py.

    clipzs train configs/maskclip_plus_toy.py
    clipzs train configs/maskclip_plus_voc.py --amp --resume
    clipzs train configs/maskclip_plus_photos.py --photos FOLDER \\
        --classes "white car; red bus; road; sky"

Ctrl-C says from which checkpoint --resume goes on.
"""
from .arguments import add_arguments, job_of


def add_options(parser):
    add_arguments(
        parser, 'config', checkpoint=dict(
            help='weights to start from, a file or URL'))
    add_arguments(parser, 'clip', 'classes')
    add_arguments(parser.add_mutually_exclusive_group(), 'data_root', 'photos')
    parser.add_argument(
        '--resume', action='store_true',
        help='resume from the last checkpoint in the work dir')
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument(
        '--student-weights', metavar='FILE|none',
        help="what the student's backbone starts from instead of the "
        "config's ImageNet weights; none: random weights")
    add_arguments(parser, 'work_dir', 'cfg_options', 'launcher')


def run(args):
    from mmseg_clipzs.run.train import run_train
    run_train(
        job_of(args), work_dir=args.work_dir, photos=args.photos,
        resume=args.resume, amp=args.amp, launcher=args.launcher,
        student_weights=args.student_weights)

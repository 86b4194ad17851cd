"""Train a config, like MMSegmentation's tools/train.py.

    python tools/train.py configs/maskclip_plus_toy.py
    python tools/train.py configs/maskclip_plus_voc.py --amp --resume
    python tools/train.py configs/maskclip_plus_photos.py --photos FOLDER \\
        --classes "white car; red bus; road; sky"

Ctrl-C says from which checkpoint --resume goes on.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from mmseg_clipzs.run.arguments import add_arguments, job_of, make_parser
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
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
    return parser.parse_args()


def main():
    args = parse_args()
    run_train(
        job_of(args), work_dir=args.work_dir, photos=args.photos,
        resume=args.resume, amp=args.amp, launcher=args.launcher,
        student_weights=args.student_weights)


if __name__ == '__main__':
    run_tool(main)

"""Segment the frames of a video into classes named by words.

    clipzs video clip.mp4 --classes "cat; grass, lawn; sky" --out out
    clipzs video clip.mp4 --classes "cat; grass" --every 5 --smoothing 0.7

Writes NAME_mask.avi, whose pixels are class indices (FFV1, a lossless codec),
NAME_overlay.mp4 to look at, and results.jsonl with a line for each frame. An
interruption keeps the frames before it; started again, the video begins anew.
The sound is not copied.
"""
from mmseg_clipzs.utils import interrupted, shown

from .arguments import add_arguments
from .pictures import (
    add_pictures,
    check_pictures,
    colours_of,
    style_of,
    warn_of_names,
)
from .segment import add_model, check_model, inferencer_of


def add_options(parser):
    parser.add_argument('video', metavar='FILE', help='video file')
    add_arguments(parser, 'classes', out=dict(default='out'))
    parser.add_argument(
        '--every', type=int, default=1, metavar='N',
        help='segment every Nth frame; the videos then have as many fewer '
        'frames per second')
    parser.add_argument(
        '--smoothing', type=float, default=0, metavar='A',
        help='average the scores over time: A (0 to less than 1) times those '
        'before plus 1 - A times those of the frame')
    add_arguments(parser, 'background')
    add_pictures(parser, files=False)
    add_model(parser)
    add_arguments(parser, 'cfg_options')
    # What segment has and videos do not.
    parser.set_defaults(heatmaps=False, groups=False, format=[])


def check(args, parser):
    check_pictures(args)
    check_model(args)


def run(args):
    from mmseg_clipzs.apis.video import VideoRun, check_video
    from mmseg_clipzs.run.segmentor import hint_at_background
    check_video(args.video, args.every, args.smoothing)
    style, colours = style_of(args), colours_of(args)
    inferencer = inferencer_of(args)
    work = VideoRun(
        inferencer, args.video, args.out, every=args.every,
        smoothing=args.smoothing, batch_size=args.batch_size, style=style,
        colours=colours)
    warn_of_names(args, colours, work.classes)
    hint_at_background(inferencer.model)
    with interrupted(lambda: f'{work.progress()}. The same command begins '
                     'anew.'):
        print(shown(work.run()))

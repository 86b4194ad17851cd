"""Segment images into classes named by words.

    python tools/segment.py cat.jpg --classes "cat; grass, lawn; sky" --out out
    python tools/segment.py cat.jpg --config maskclip_plus_voc \\
        --checkpoint work_dirs/maskclip_plus_voc/iter_2000.pth

A trained segmentor, of this package or of MMSegmentation, has the classes of
its training; the student of MaskCLIP+ also takes others.

Writes NAME_overlay.png (with a legend) and NAME_mask.png (class indices) for
each image. Images that cannot be read are skipped and named at the end; the
exit code is then 1. Only earlier results are ever replaced, and none counts as
an image.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from tqdm import tqdm

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.apis.photos import Photos
from mmseg_clipzs.run.arguments import add_arguments, job_of, make_parser
from mmseg_clipzs.run.segmentor import embeds_config_words
from mmseg_clipzs.run.skipped import fail_if_skipped
from mmseg_clipzs.utils import UserError, interrupted, run_tool, shown


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        'photos', nargs='+', metavar='PHOTO', help='files or folders')
    add_arguments(parser, 'classes', out=dict(default='out'))
    parser.add_argument(
        '--background', type=float, metavar='P',
        help='mark pixels whose best class has a probability below P (0 to 1) '
        'as "background"')
    parser.add_argument(
        '--heatmaps', action='store_true',
        help='also write a heat map of each class')
    parser.add_argument(
        '--groups', action='store_true',
        help='also write NAME_groups.png with the groups of each stage '
        '(GroupViT)')
    add_arguments(parser, config=dict(
        flags=['--config'], default='maskclip_voc',
        help='config of the model; maskclip_toy needs no download'))
    add_arguments(parser, 'checkpoint', 'clip', 'device')
    parser.add_argument(
        '--batch-size', type=int, default=1, metavar='N',
        help='images per batch')
    add_arguments(parser, 'cfg_options')
    return parser.parse_args()


def largest_classes(result):
    """Up to three classes with their shares of the image."""
    shares = sorted(
        (((result.mask == i).mean(), name)
         for i, name in enumerate(result.classes)), reverse=True)
    return [f'{name} {share:.0%}' for share, name in shares[:3] if share]


def main():
    args = parse_args()
    # The inferencer sets the classes once the weights are loaded.
    job = job_of(args, classes=None)
    cfg = job.load()
    if embeds_config_words(cfg.model):
        if args.classes is None:
            raise UserError(
                f'{job.name} segments any classes: name them with --classes, '
                'for example --classes "cat; grass, lawn; sky".')
    elif args.background is not None:
        raise UserError(
            f'--background does not apply to {job.name}: a trained '
            f'{cfg.model.type} predicts one of its classes everywhere. Train '
            'it with a class for the rest, or with learn_background=True.')
    if args.background is not None:
        cfg.model.background_threshold = args.background
    Photos(args.photos).require_readable()
    inferencer = ZeroShotInferencer(
        cfg, job.checkpoint, args.device, classes=args.classes,
        groups=args.groups)
    done, skipped = 0, []
    with interrupted(lambda: f'the results of {done} images are in '
                     f'{args.out}.'):
        for result in inferencer.stream(
                args.photos, out_dir=args.out, heatmaps=args.heatmaps,
                batch_size=args.batch_size, skipped=skipped):
            done += 1
            largest = ', '.join(largest_classes(result))
            tqdm.write(shown(
                f'{args.out}/{result.name}_overlay.png: {largest}'))
    fail_if_skipped(skipped, done, 'images', args.out)


if __name__ == '__main__':
    run_tool(main)

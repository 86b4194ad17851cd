"""Segment images into classes named by words.

    clipzs segment cat.jpg --classes "cat; grass, lawn; sky" --out out
    clipzs segment cat.jpg -w cat -w "grass, lawn" --background auto
    clipzs segment cat.jpg --config maskclip_plus_voc \\
        --checkpoint work_dirs/maskclip_plus_voc/iter_2000.pth
    clipzs segment cat.jpg --config model.onnx --engine openvino

A trained segmentor, of this package or of MMSegmentation, has the classes of
its training; the student of MaskCLIP+ also takes others. A file of
clipzs export-onnx has its own.

    clipzs segment photos "more/**/*.jpg" @list.txt --classes voc20
    find photos -name "*.jpg" | clipzs segment - --classes voc20

Writes NAME_overlay.png (with a legend) and NAME_mask.png (class indices) for
each image, or the formats that are named, and results.jsonl, which describes
them all. Folders are searched with their subfolders, which the results mirror.
Hidden files and files that are no images are left out. Images that cannot be
read are skipped and named at the end; the exit code is then 1. Started again,
it does what is left. Only earlier results are ever replaced, and none counts
as an image.
"""
import argparse
import os
import re

from mmseg_clipzs.formats import FORMATS
from mmseg_clipzs.recipes import cells
from mmseg_clipzs.utils import (
    UserError,
    check_number,
    interrupted,
    other_case,
    shown,
)

from .arguments import add_arguments, job_of
from .pictures import (
    add_pictures,
    check_pictures,
    colours_of,
    style_of,
    warn_of_names,
)

ENGINES = ('onnxruntime', 'openvino')  # of export.onnx_model
FEW = 20  # images with a line for each
# Options of some formats only.
_WITH = {'tolerance': ('coco_polygons', 'yolo'),
         'no_photos': ('voc', 'coco', 'coco_polygons', 'yolo')}


def add_options(parser):
    parser.add_argument(
        'photos', nargs='+', metavar='PHOTO',
        help='files, folders, quoted patterns ("photos/**/*.jpg"), @FILE with '
        'a path in each line, or - for such lines from standard input')
    add_arguments(parser, 'classes', out=dict(default='out'))
    parser.add_argument(
        '--overwrite', action='store_true',
        help='replace the results in --out, also those of other settings; '
        'otherwise images that are done are left out')
    add_arguments(parser, 'background')
    parser.add_argument(
        '--format', nargs='+', type=_format, choices=FORMATS,
        metavar='FORMAT', default=['overlay', 'index'],
        help='what to write:\n' + '\n'.join(
            f'{name}: {what}' for name, what in FORMATS.items()))
    parser.add_argument(
        '--tolerance', type=float, metavar='PIXELS',
        help='leave out corners of polygons that are at most so far from the '
        'outline without them, for smaller files and less to edit '
        f'({", ".join(_WITH["tolerance"])}; default: 0, exact)')
    parser.add_argument(
        '--no-photos', action='store_true',
        help='write the labels without copies of the photos '
        f'({", ".join(_WITH["no_photos"])})')
    parser.add_argument(
        '--heatmaps', action='store_true',
        help='also write a heat map of each class')
    parser.add_argument(
        '--groups', action='store_true',
        help='also write NAME_groups.png with the groups of each stage '
        '(GroupViT)')
    add_pictures(parser)
    add_model(parser)
    parser.add_argument(
        '--verbose', action='store_true',
        help=f'print a line for each image, also for more than {FEW}')
    add_arguments(parser, 'launcher', 'cfg_options')


def _format(text):
    """str: A format; the photos may be taken for some, after the option."""
    if text not in FORMATS and (
            os.path.lexists(text) or re.match('.*[./@*?]', text)):
        raise argparse.ArgumentTypeError(
            f'{shown(text)} is no format: name the photos first, or put -- '
            'before them.')
    return text


def add_model(parser):
    """Add the options of :func:`inferencer_of`."""
    add_arguments(parser, 'model')
    parser.add_argument(
        '--engine', choices=ENGINES,
        help=f'what runs an exported file (default: {ENGINES[0]})')
    add_arguments(parser, 'checkpoint', 'clip', 'device', 'max_size')
    parser.add_argument(
        '--batch-size', type=int, default=1, metavar='N',
        help='images per batch')


def check_model(args):
    """Check what needs no config."""
    check_number('batch_size', args.batch_size, '[1, inf)', int)
    if args.config in {cell.name for cell in cells()}:
        require_classes(args, args.config)


def require_classes(args, name):
    """Refuse a zero-shot model without classes."""
    if args.classes is None:
        raise UserError(
            f'{name} segments any classes: name them with --classes, for '
            'example --classes "cat; grass, lawn; sky", or with -w cat -w '
            '"grass, lawn".')


def check(args, parser):
    """A single photo that does not exist; others are found in ``run``."""
    photo, *others = args.photos
    if not others and not re.match(r'$|-$|@|.*([*?[]|://)', photo) and (
            not os.path.lexists(photo)):
        raise UserError(f'No image at {shown(photo)}.{other_case(photo)}')
    check_number('--tolerance', args.tolerance, '[0, inf)', optional=True)
    for option, formats in _WITH.items():
        if not _is_absent(getattr(args, option)) and not (
                set(formats) & set(args.format)):
            raise UserError(
                f'--{option.replace("_", "-")} is for the formats '
                f'{", ".join(formats)}: name one of them with --format.')
    check_pictures(args)
    check_model(args)


def largest_classes(record):
    """Up to three classes of a line of results, with their shares."""
    largest = sorted(record['classes'], key=lambda each: -each['share'])[:3]
    return [f'{each["name"]} ' + (
        f'{each["share"]:.0%}' if each['share'] >= .005 else '<1%')
        for each in largest]


def _main_file(record, out):
    """str: The overlay or the label map of a photo, or else the photo."""
    names = tuple(f'{record["name"]}_{what}.' for what in ('overlay', 'mask'))
    files = [file for file in record['files'] if file.startswith(names)]
    return f'{out}/{files[0]}' if files else record['source']


def _is_absent(value):
    return value is None or value is False or value == {}


def _formats(args):
    """list[str]: All formats that are asked for."""
    return [*args.format, *(name for name in ('heatmaps', 'groups')
                            if getattr(args, name))]


def _options(args, style):
    """dict: Options of the formats, apart from defaults."""
    options = dict(style=style)
    if args.tolerance is not None:
        options['tolerance'] = args.tolerance
    if args.no_photos:
        options['copy_photos'] = False
    return options


def exported(args):
    """The inferencer of an .onnx file, with what other models take refused."""
    from mmseg_clipzs.apis import OnnxInferencer
    given = [f'--{name.replace("_", "-")}' for name in (
        'classes', 'background', 'heatmaps', 'groups', 'checkpoint', 'clip',
        'cfg_options') if not _is_absent(getattr(args, name))]
    given += [f'--format {name}' for name in args.format
              if name in ('heatmaps', 'groups')]
    if given:
        raise UserError(
            f'{given[0]} does not apply to {shown(args.config)}: an exported '
            'file has its classes and settings, and predicts label maps. '
            'Export it again with others, or name its config.')
    if args.device not in (None, 'cpu'):
        raise UserError(f'Exported files run on the CPU, but got --device '
                        f'{args.device}.')
    return OnnxInferencer(
        args.config, args.engine or ENGINES[0], args.max_size)


def model_of(args, check_settings):
    """The inferencer of a config."""
    from mmseg_clipzs.apis import ZeroShotInferencer
    from mmseg_clipzs.apis.settings import early_settings
    from mmseg_clipzs.run.segmentor import embeds_config_words
    # The inferencer sets the classes once the weights are loaded.
    job = job_of(args, classes=None)
    if args.engine is not None:
        raise UserError(
            f'--engine {args.engine} runs exported files: clipzs '
            f'export-onnx {job.name} --out {job.name}.onnx, then '
            f'--config {job.name}.onnx.')
    cfg = job.load()
    if embeds_config_words(cfg.model):
        require_classes(args, job.name)
    if check_settings is not None:
        check_settings(early_settings(
            job, cfg, args.classes, args.background))
    return ZeroShotInferencer(
        cfg, job.checkpoint, args.device, classes=args.classes,
        groups='groups' in _formats(args), background=args.background,
        max_size=args.max_size)


def inferencer_of(args, check_settings=None):
    """Build what segments, and check what is known before that.

    Args:
        args (Namespace): With the options of :func:`add_model`.
        check_settings (Callable, optional): Gets the settings of a config.

    Returns:
        ZeroShotInferencer: Of a config or an exported file.
    """
    if args.config.lower().endswith('.onnx'):
        return exported(args)
    return model_of(args, check_settings)


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.apis.folder import (
        FolderRun,
        check_earlier,
        require_readable,
    )
    from mmseg_clipzs.apis.photos import none_readable
    from mmseg_clipzs.folders import find_photos, join_team, share_photos
    from mmseg_clipzs.run.segmentor import hint_at_background
    from mmseg_clipzs.run.skipped import fail_if_skipped

    def find():
        photos = find_photos(args.photos, args.out)
        require_readable(photos)
        return photos

    def check_settings(settings):
        def check():
            if not args.overwrite:
                check_earlier(args.out, settings, formats, options)
            return b''

        team.share('settings', check)

    def say(record):
        largest = ', '.join(largest_classes(record))
        tqdm.write(shown(f'{_main_file(record, args.out)}: {largest}'))

    formats, colours = _formats(args), colours_of(args)
    options = _options(args, style_of(args))
    team = join_team(args.launcher)
    photos = share_photos(team, find)
    inferencer = inferencer_of(args, check_settings)
    work = FolderRun(
        inferencer, photos, args.out, formats, options,
        batch_size=args.batch_size, overwrite=args.overwrite, team=team,
        colours=colours,
        on_photo=say if args.verbose or len(photos) <= FEW else None)
    if not team.rank:
        warn_of_names(args, colours, work.header['classes'])
        if len(work.todo):
            hint_at_background(inferencer.model)
    again = ' without --overwrite' * args.overwrite
    with interrupted(lambda: f'{work.progress()}. The same command{again} '
                     'does the others.'):
        summary = work.run()
    if summary is None:  # the first process says it
        return
    print(shown(summary))
    if not summary.done:
        raise none_readable(summary.sentences, summary.failed)
    fail_if_skipped(summary.sentences, summary.done, 'photos', args.out,
                    summary.failed)

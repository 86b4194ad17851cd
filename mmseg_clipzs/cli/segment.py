"""Segment images into classes named by words.

    clipzs segment cat.jpg --classes "cat; grass, lawn; sky" --out out
    clipzs segment cat.jpg -w cat -w "grass, lawn" --background auto
    clipzs segment cat.jpg --config maskclip_plus_voc \\
        --checkpoint work_dirs/maskclip_plus_voc/iter_2000.pth
    clipzs segment cat.jpg --config model.onnx --engine openvino

A trained segmentor, of this package or of MMSegmentation, has the classes of
its training; the student of MaskCLIP+ also takes others. A file of
clipzs export-onnx has its own.

Writes NAME_overlay.png (with a legend) and NAME_mask.png (class indices) for
each image. Images that cannot be read, or that an exported file does not
take, are skipped and named at the end; the exit code is then 1. Only earlier
results are ever replaced, and none counts as an image.
"""
from mmseg_clipzs.utils import UserError, interrupted, shown

from .arguments import add_arguments, job_of

ENGINES = ('onnxruntime', 'openvino')  # of export.onnx_model


def add_options(parser):
    parser.add_argument(
        'photos', nargs='+', metavar='PHOTO', help='files or folders')
    add_arguments(parser, 'classes', out=dict(default='out'))
    add_arguments(parser, 'background')
    parser.add_argument(
        '--heatmaps', action='store_true',
        help='also write a heat map of each class')
    parser.add_argument(
        '--groups', action='store_true',
        help='also write NAME_groups.png with the groups of each stage '
        '(GroupViT)')
    add_arguments(parser, config=dict(
        flags=['--config'], default='maskclip_voc',
        help='config of the model (maskclip_toy needs no download), or an '
        'exported .onnx file'))
    parser.add_argument(
        '--engine', choices=ENGINES,
        help=f'what runs an exported file (default: {ENGINES[0]})')
    add_arguments(parser, 'checkpoint', 'clip', 'device')
    parser.add_argument(
        '--batch-size', type=int, default=1, metavar='N',
        help='images per batch')
    add_arguments(parser, 'cfg_options')


def largest_classes(result):
    """Up to three classes with their shares of the image."""
    shares = sorted(
        (((result.mask == i).mean(), name)
         for i, name in enumerate(result.classes)), reverse=True)
    return [f'{name} {share:.0%}' for share, name in shares[:3] if share]


def _is_absent(value):
    return value is None or value is False or value == {}


def exported(args):
    """The inferencer of an .onnx file, with what other models take refused."""
    from mmseg_clipzs.apis import OnnxInferencer
    given = [f'--{name.replace("_", "-")}' for name in (
        'classes', 'background', 'heatmaps', 'groups', 'checkpoint', 'clip',
        'cfg_options') if not _is_absent(getattr(args, name))]
    if given:
        raise UserError(
            f'{given[0]} does not apply to {shown(args.config)}: an exported '
            'file has its classes and settings, and predicts label maps. '
            'Export it again with others, or name its config.')
    if args.device not in (None, 'cpu'):
        raise UserError(f'Exported files run on the CPU, but got --device '
                        f'{args.device}.')
    return OnnxInferencer(args.config, args.engine or ENGINES[0])


def model_of(args):
    """The inferencer of a config."""
    from mmseg_clipzs.apis import ZeroShotInferencer
    from mmseg_clipzs.apis.photos import Photos
    from mmseg_clipzs.run.segmentor import (
        embeds_config_words,
        hint_at_background,
    )
    # The inferencer sets the classes once the weights are loaded.
    job = job_of(args, classes=None)
    if args.engine is not None:
        raise UserError(
            f'--engine {args.engine} runs exported files: clipzs '
            f'export-onnx {job.name} --out {job.name}.onnx, then '
            f'--config {job.name}.onnx.')
    cfg = job.load()
    if embeds_config_words(cfg.model) and args.classes is None:
        raise UserError(
            f'{job.name} segments any classes: name them with --classes, '
            'for example --classes "cat; grass, lawn; sky", or with -w cat '
            '-w "grass, lawn".')
    Photos(args.photos).require_readable()
    inferencer = ZeroShotInferencer(
        cfg, job.checkpoint, args.device, classes=args.classes,
        groups=args.groups, background=args.background)
    hint_at_background(inferencer.model)
    return inferencer


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.run.skipped import fail_if_skipped
    inferencer = (exported if args.config.lower().endswith('.onnx')
                  else model_of)(args)
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

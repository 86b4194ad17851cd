"""Choose prompt templates for each class, on photos without labels.

    clipzs choose-templates naclip_voc photos --out templates.json
    clipzs test naclip_voc --cfg-options model.prompts=templates.json

FLOSS (arXiv 2504.10487): a class gets the templates whose predictions of it
are the most certain. The classes are those of the config, or --classes.
"""
from mmseg_clipzs.utils import UserError, check_number, first_of

from .arguments import add_arguments, add_output, job_of


def add_options(parser):
    add_arguments(parser, 'config')
    parser.add_argument(
        'photos', nargs='+', metavar='PHOTO',
        help='images, or folders with their subfolders')
    add_output(parser, '--out', required=True, metavar='FILE',
               help='.json file to write, for model.prompts=FILE')
    add_arguments(parser, 'classes')
    parser.add_argument(
        '--count', type=int, default=4, metavar='N',
        help='templates of each class')
    parser.add_argument(
        '--templates', default='imagenet80', metavar='SET',
        help='the candidates (clipzs vocabularies lists the sets)')
    add_arguments(parser, 'clip', 'device', 'max_size', 'cfg_options')


def check(args, parser):
    check_number('--count', args.count, '[1, inf)', int)
    if not args.out.lower().endswith('.json'):
        raise UserError('--out is a .json file, which model.prompts= reads, '
                        f'but got {args.out}.')


def run(args):
    from mmseg_clipzs.apis import ZeroShotInferencer, choose_templates
    from mmseg_clipzs.apis.choose_templates import check_path
    from mmseg_clipzs.run.skipped import fail_if_skipped
    check_path(args.out)
    job = job_of(args, classes=None)
    inferencer = ZeroShotInferencer(
        job.load(), job.checkpoint, args.device, classes=args.classes,
        max_size=args.max_size)
    found = choose_templates(
        inferencer, args.photos, args.count, args.templates)
    found.save(args.out)
    for name, templates in found.classes.items():
        print(f'{name}: {"; ".join(templates)}')
    if found.missing:
        print(f'Not found on these photos, so that all templates stay: '
              f'{first_of(found.missing)}')
    print(f'{args.out}: templates of {len(found.classes)} classes from '
          f'{found.photos} photos. Use them with --cfg-options '
          f'model.prompts={args.out}')
    fail_if_skipped(found.skipped, found.photos, 'photos', args.out)

"""Time a config, from image to label map, stage by stage.

    clipzs benchmark configs/sclip_voc21.py --random --size 500x375
    clipzs benchmark sclip_voc21 --random --size 500x375 \\
        --against-options model.test_cfg.window_batch=1
    clipzs benchmark maskclip_voc --against naclip_voc --out b.json
    clipzs benchmark sclip_voc21 --random --size 500x375 \\
        --threads 1 --against-checkout ../before
    clipzs benchmark maskclip_voc21 --random --size 500x375 --threads 1 \\
        --beside sclip_voc21 naclip_voc21

docs/benchmark.md explains the figures.
"""
import json
from functools import partial

from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_number,
    check_replaceable,
    interrupted,
)

from .arguments import add_arguments, job_of
from .config_options import ConfigOptions


def add_options(parser):
    add_arguments(parser, 'config', 'checkpoint', 'clip')
    images = parser.add_mutually_exclusive_group()
    add_arguments(images, 'data_root', 'photos')
    images.add_argument(
        '--size', metavar='WxH', help='generated images of this size')
    parser.add_argument(
        '--images', type=int, default=20, metavar='N',
        help='number of timed images')
    parser.add_argument(
        '--warmup', type=int, default=2, metavar='N',
        help='number of untimed batches before')
    parser.add_argument(
        '--random', action='store_true',
        help='random weights and text embeddings; needs no download')
    parser.add_argument(
        '--num-classes', '--classes', type=int, metavar='N',
        help='N made-up words with random embeddings, with --photos or '
        '--size; configs with background have one more class')
    parser.add_argument(
        '--against', metavar='CONFIG[:CHECKPOINT]',
        help='another config, interleaved with the first one')
    parser.add_argument(
        '--against-options', nargs='+', action=ConfigOptions, default={},
        metavar='KEY=VALUE', help='override settings of the second side, '
        'by default with the config of the first side')
    parser.add_argument(
        '--against-checkout', metavar='FOLDER',
        help='another version of this project, e.g. of git worktree: CPU time '
        'of both, in their own processes that take turns')
    parser.add_argument(
        '--beside', nargs='+', default=[], metavar='CONFIG',
        help='a table of CPU time and memory of other methods beside those of '
        'the config, in processes that take turns')
    parser.add_argument(
        '--threads', type=int, metavar='N',
        help="threads of PyTorch (default: its own choice)")
    add_arguments(
        parser,
        cfg_options=dict(help='override settings of both sides'),
        out=dict(metavar='FILE.json', folder=False,
                 help='file for the whole report'))


def jobs_of(args):
    """The job to time, and the one to compare it with or None."""
    from mmseg_clipzs.run.job import Job
    job = job_of(args)
    if not args.against and not args.against_options:
        return job, None
    options = {**job.options, **args.against_options}
    if not args.against:
        return job, job.replace(options=options)
    return job, Job.parse(args.against, options=options, clip=job.clip,
                          data_root=job.data_root)


def write(report, path):
    """Write a report, if wanted."""
    if path:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(
                {'software': MARK, **report}, indent=2) + '\n',
                encoding='utf-8')


def check(args, parser):
    if args.out:
        check_replaceable(args.out)
    if args.threads is not None:
        check_number('--threads', args.threads, '[1, inf)', int)
    if args.against_checkout and (args.against or args.against_options):
        raise UserError('--against-checkout compares the same config and '
                        'options: leave out --against and '
                        '--against-options.')
    if args.beside and (args.against or args.against_options
                        or args.against_checkout):
        raise UserError('--beside is a table of its own: leave out --against, '
                        '--against-options and --against-checkout.')


def run(args):
    import torch
    from prettytable import PrettyTable
    from tqdm import tqdm

    from mmseg_clipzs.benchmark import tables
    from mmseg_clipzs.benchmark.checkout import compare_checkouts
    from mmseg_clipzs.benchmark.compare import run_benchmark
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    settings = dict(
        images=args.images, warmup=args.warmup, photos=args.photos,
        size=args.size, num_classes=args.num_classes, random=args.random,
        progress=partial(tqdm, desc='images'))
    if args.beside:
        _beside(args, settings)
        return
    if args.against_checkout:
        report = compare_checkouts(
            job_of(args), args.against_checkout,
            threads=torch.get_num_threads(), **settings)
        write(report, args.out)
        print('\n'.join(tables.checkout_lines(report)))
        return
    report = run_benchmark(*jobs_of(args), **settings)
    write(report, args.out)
    sides = report['sides']
    table = PrettyTable(['', *(
        f'{letter}: {side["config"]}' for letter, side in zip('AB', sides))])
    table.align = 'r'
    for lines in zip(*(tables.rows(side, report['memory']) for side in sides)):
        table.add_row([lines[0][0], *(value for _, value in lines)])
    print(table)
    for letter, side in zip('AB', sides):
        print(f'{letter}: {tables.facts(side)}')
    print(f'{report["device"]}, {tables.threads(report)}; '
          f'{sides[0]["images"]} images ({report["settings"]["photos"]}).')
    if report['comparison']:
        print(tables.verdict(report['comparison'], sides[0]['images']))


def _beside(args, settings):
    """Print and write the table, of those that are done if interrupted."""
    import torch
    from prettytable import PrettyTable
    from tqdm import tqdm

    from mmseg_clipzs.benchmark import tables
    from mmseg_clipzs.benchmark.beside import compare_costs
    from mmseg_clipzs.run.job import Job
    job, reports = job_of(args), []

    def save(report):
        reports.append(report)
        write(report, args.out)

    def done():
        left = ' '.join(args.beside[len(reports):])
        keep = ' with another --out' if args.out and reports else ''
        return (f'{len(reports)} of {len(args.beside)} methods are done; for '
                f'the others, use --beside {left}{keep}.')

    try:
        with interrupted(done):
            compare_costs(
                job, [Job(name, options=job.options, clip=job.clip)
                      for name in args.beside],
                threads=torch.get_num_threads(), save=save, **{
                    **settings, 'progress': partial(tqdm, desc='methods'),
                    'image_progress': partial(
                        tqdm, desc='images', leave=False)})
    finally:
        if reports:
            report = reports[-1]
            table = PrettyTable(tables.COSTS)
            table.align = 'r'
            table.add_rows(tables.costs(report))
            print(table)
            print(f'{report["device"]}, {tables.threads(report)}, CPU time.')

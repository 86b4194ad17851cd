"""Time a config, from image to label map, stage by stage.

    python tools/benchmark.py configs/sclip_voc21.py --random --size 500x375
    python tools/benchmark.py sclip_voc21 --random --size 500x375 \\
        --against-options model.test_cfg.window_batch=1
    python tools/benchmark.py maskclip_voc --against naclip_voc --out b.json
    python tools/benchmark.py sclip_voc21 --random --size 500x375 \\
        --threads 1 --against-checkout ../before

docs/benchmark.md explains the figures.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

import json
import math
from functools import partial
from statistics import median

import torch
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.benchmark.checkout import compare_checkouts
from mmseg_clipzs.benchmark.compare import run_benchmark
from mmseg_clipzs.benchmark.side import STAGES
from mmseg_clipzs.run.arguments import (
    ConfigOptions,
    add_arguments,
    job_of,
    make_parser,
)
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_number,
    check_replaceable,
    run_tool,
)

LABELS = {'upsampling': 'upsampling + argmax'}


def parse_args():
    parser = make_parser(__doc__)
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
        '--threads', type=int, metavar='N',
        help="threads of PyTorch (default: its own choice)")
    add_arguments(
        parser,
        cfg_options=dict(help='override settings of both sides'),
        out=dict(metavar='FILE.json', folder=False,
                 help='file for the whole report'))
    return parser.parse_args()


def jobs_of(args):
    """The job to time, and the one to compare it with or None."""
    job = job_of(args)
    if not args.against and not args.against_options:
        return job, None
    options = {**job.options, **args.against_options}
    if not args.against:
        return job, job.replace(options=options)
    return job, Job.parse(args.against, options=options, clip=job.clip,
                          data_root=job.data_root)


def rows(side, memory):
    """Yield name and value of each line of a side's column."""
    for stage in STAGES:
        found = side['stages'].get(stage)
        yield f'{LABELS.get(stage, stage)}, s/image', (
            f'{found["median"]:.4f} ({found["share"]:.0%})' if found
            else 'no labels')
    yield 'images/s, image to label map', f'{side["images_per_second"]:.3f}'
    with_metric = side['images_per_second_with_metric']
    if with_metric:
        yield 'images/s with the metric', f'{with_metric:.3f}'
    for part in ('backbone', 'head', 'rest'):
        yield f'{part}, GFLOP/image', f'{side["gflop"][part]:.2f}'
    for part in ('backbone', 'whole', 'product'):
        yield f'{part}, GFLOP/s', f'{side["gflop_per_second"][part]:.1f}'
    for part in ('backbone', 'whole'):
        yield f'{part} / product', f'{side["ratio"][part]:.3f}'
    for name, value in (memory or {}).items():
        if name.endswith('_mb'):
            yield f'memory {name[:-3].replace("_", " ")}, MB', f'{value:.0f}'


def facts(side):
    """What ran, in one line."""
    changes = ''.join(
        f', {key}={value}' for key, value in side['changes'].items())
    product = side['product']
    rates = ', '.join(f'{name} {rate:.0f}' for name, rate in
                      product['gflop_per_second'].items())
    return (f'{side["weights"]} weights, {side["classes"]} classes, batches '
            f'of {side["batch_size"]}, {side["num_workers"]} loader processes'
            f'{changes}; product {" x ".join(map(str, product["shape"]))} '
            f'({product["of"]}, {product["dtype"]}), GFLOP/s: {rates}; the '
            f'best is the reference.')


def share(agreement):
    """'99.998 %', never rounded up to 100."""
    return ('100 %' if agreement == 1
            else f'{math.floor(agreement * 1e5) / 1e3:.3f} %')


def verdict(comparison, images):
    """The comparison of two sides, in one line."""
    same = comparison['agreement']
    if same is None:
        labels = 'their classes differ'
    else:
        labels = f'{share(same)} of pixels agree'
    return (f'A is {comparison["images_per_second_ratio"]:.2f} x B (images/s, '
            f'median of {images} interleaved images; {labels}). In total '
            f'{comparison["total_ratio"]:.2f} x.')


def checkout_lines(report):
    """Yield the lines of a comparison with another version."""
    steps, ratio = report['steps'], report['ratio']
    yield (f'CPU time {ratio["cpu"]:.3f} x, wall time {ratio["wall"]:.3f} x '
           f'of the other version (median of {len(steps)} images, '
           f'{report["threads"]} threads); {share(report["agreement"])} of '
           'pixels agree.')
    for name, peak in report['peak_mb'].items():
        cpu, wall = (median(step[name][clock] for step in steps)
                     for clock in ('cpu', 'wall'))
        yield (f'{name}: {cpu:.3f} s of CPU and {wall:.3f} s of wall time per '
               'image'
               + (f', peak memory {peak:.0f} MB' if peak else ''))


def write(report, path):
    """Write a report, if wanted."""
    if path:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(
                {'software': MARK, **report}, indent=2) + '\n',
                encoding='utf-8')


def main():
    args = parse_args()
    if args.out:
        check_replaceable(args.out)
    if args.threads is not None:
        torch.set_num_threads(check_number(
            '--threads', args.threads, '[1, inf)', int))
    settings = dict(
        images=args.images, warmup=args.warmup, photos=args.photos,
        size=args.size, num_classes=args.num_classes, random=args.random,
        progress=partial(tqdm, desc='images'))
    if args.against_checkout:
        if args.against or args.against_options:
            raise UserError('--against-checkout compares the same config and '
                            'options: leave out --against and '
                            '--against-options.')
        report = compare_checkouts(
            job_of(args), args.against_checkout,
            threads=torch.get_num_threads(), **settings)
        write(report, args.out)
        print('\n'.join(checkout_lines(report)))
        return
    report = run_benchmark(*jobs_of(args), **settings)
    write(report, args.out)
    sides = report['sides']
    table = PrettyTable(['', *(
        f'{letter}: {side["config"]}' for letter, side in zip('AB', sides))])
    table.align = 'r'
    for lines in zip(*(rows(side, report['memory']) for side in sides)):
        table.add_row([lines[0][0], *(value for _, value in lines)])
    print(table)
    for letter, side in zip('AB', sides):
        print(f'{letter}: {facts(side)}')
    print(f'{report["device"]}, {report["threads"]} threads; '
          f'{sides[0]["images"]} images ({report["settings"]["photos"]}).')
    if report['comparison']:
        print(verdict(report['comparison'], sides[0]['images']))


if __name__ == '__main__':
    run_tool(main)

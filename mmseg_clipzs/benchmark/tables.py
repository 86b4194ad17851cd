"""The lines and rows that describe a benchmark."""
import math
from statistics import median

from .side import STAGES

COSTS = ('config', 'method', 'images/s', 'time', 'peak memory, MB', 'memory')
LABELS = {'upsampling': 'upsampling + argmax'}


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
           f'{threads(report)}); {share(report["agreement"])} of '
           'pixels agree.')
    for name, peak in report['peak_mb'].items():
        cpu, wall = (median(step[name][clock] for step in steps)
                     for clock in ('cpu', 'wall'))
        yield (f'{name}: {cpu:.3f} s of CPU and {wall:.3f} s of wall time per '
               'image'
               + (f', peak memory {peak:.0f} MB' if peak else ''))


def threads(report):
    """str: '1 thread', '2 threads'."""
    return f'{report["threads"]} thread{"s" * (report["threads"] > 1)}'


def costs(report):
    """list[list[str]]: A row of ``COSTS`` for each method.

    The ratios are to the first one.
    """
    first, lines = report['rows'][0], []
    for row in report['rows']:
        peak = row['peak_mb']
        lines.append([
            row['config'], row['method'], f'{row["images_per_second"]:.3g}',
            f'{row["cpu"]:.2f} x', f'{peak:.0f}' if peak else '',
            f'{peak / first["peak_mb"]:.2f} x' if peak else ''])
    return lines

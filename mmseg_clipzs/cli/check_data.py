"""Validate datasets before a long run.

    clipzs check-data maskclip_voc maskclip_plus_context
    clipzs check-data --datasets voc context60 cityscapes --quick

Checks that all images and masks of the training, validation and test sets
exist, can be read and have the same size, that all labels are valid, and that
their number matches the published split. Classes that occur in no mask are
named. Exits with 1 if there is a problem.
"""
import sys
from functools import partial

from mmseg_clipzs.utils import UserError

from .arguments import add_arguments

SHOWN = 10  # problems printed per dataset
QUICK = 100  # images opened by --quick


def add_options(parser):
    add_arguments(parser, configs=dict(nargs='*'))
    parser.add_argument(
        '--datasets', nargs='+', default=[], metavar='DATASET',
        help='names of configs in configs/_base_/datasets: voc, context60, '
        '...')
    add_arguments(parser, 'data_root')
    parser.add_argument(
        '--quick', action='store_true',
        help=f'open only {QUICK} evenly spaced images of each dataset; the '
        'existence of all files is still checked')
    add_arguments(parser, 'cfg_options')


def check(args, parser):
    if not args.configs + args.datasets:
        parser.error('name a config, or datasets with --datasets')


def jobs_of(args):
    """The jobs whose data are checked."""
    from mmseg_clipzs.run.configs import find_dataset_config
    from mmseg_clipzs.run.data import require_one_root
    from mmseg_clipzs.run.job import Job
    jobs = [Job.parse(config, options=args.cfg_options)
            for config in args.configs]
    jobs += [Job(find_dataset_config(name), options=args.cfg_options)
             for name in args.datasets]
    if args.data_root:
        require_one_root(jobs)
        jobs = [job.replace(data_root=args.data_root) for job in jobs]
    return jobs


def unique_datasets(jobs):
    """Each dataset that the jobs load, once."""
    from mmseg_clipzs.run.data import datasets_of
    found = []
    for job in jobs:
        datasets = datasets_of(job.load())
        if not datasets:
            raise UserError(f'{job.name} has no datasets to check.')
        for dataset in datasets:
            # Only how masks are loaded matters here.
            dataset.pipeline = [step for step in dataset.get('pipeline', [])
                                if step.type == 'LoadAnnotations']
            if dataset not in found:
                found.append(dataset)
    return found


def run(args):
    from prettytable import PrettyTable
    from tqdm import tqdm

    from mmseg_clipzs.datasets.validation import validate_dataset
    table = PrettyTable(
        ['dataset', 'split', 'images', 'published', 'opened', 'problems'])
    table.align = 'r'
    table.align['dataset'] = table.align['split'] = 'l'
    datasets, wrong = unique_datasets(jobs_of(args)), 0
    if not datasets:
        raise UserError('There is nothing to check: no dataset in '
                        f'{", ".join(args.configs)}.')
    for dataset in datasets:
        found = validate_dataset(
            dataset, QUICK if args.quick else None,
            partial(tqdm, desc=dataset.type, unit='images'))
        for problem in found.problems[:SHOWN]:
            print(problem)
        if len(found.problems) > SHOWN:
            print(f'... and {len(found.problems) - SHOWN} more.')
        for note in found.notes:
            print(f'Note: {note}')
        table.add_row([
            found.dataset, found.split,
            *('-' if n is None else n for n in (found.images, found.official)),
            found.opened, len(found.problems)])
        wrong += len(found.problems)
    print(table)
    sys.exit(wrong > 0)

"""Say what is missing or wrong in data sets before an hours-long run.

    python tools/check_data.py maskclip_voc maskclip_plus_context
    python tools/check_data.py --datasets voc context60 cityscapes --quick

looks for every photo and mask of the configs' test and training sets: are
they there, readable, of one size, do the masks hold known labels only, are
there as many as in the published split? Ends with 1 if something is wrong.
"""
import argparse
import sys
from functools import partial

from mmengine.config import Config
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.datasets.validation import validate_dataset
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.utils import UserError, run_tool

SHOWN = 10  # problems of a data set that are printed
QUICK = 100  # pairs that --quick opens


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        'configs', nargs='*', help='config files, or names of those here')
    parser.add_argument(
        '--datasets', nargs='+', default=[],
        help='files of configs/_base_/datasets: voc, context60, ...')
    parser.add_argument(
        '--data-root', help='where the data set lies, if there is but one')
    parser.add_argument(
        '--quick', action='store_true',
        help=f'open {QUICK} evenly spread pairs of each; look for all files')
    args = parser.parse_args()
    if not args.configs + args.datasets:
        parser.error('name a config, or data sets with --datasets')
    return args


def find_base(name):
    """Path of ``configs/_base_/datasets/NAME.py``."""
    folder = find_config('maskclip_voc').parent / '_base_/datasets'
    path = folder / f'{name}.py'
    if not path.is_file():
        known = sorted(path.stem for path in folder.glob('*.py'))
        raise UserError(
            f'No data set {name!r}; choose of {", ".join(known)}.')
    return path


def datasets_of(configs):
    """Each data set that the configs load, once."""
    found = []
    for config in configs:
        cfg = Config.fromfile(find_config(config))
        for loader in ('train_dataloader', 'val_dataloader',
                       'test_dataloader'):
            if cfg.get(loader):
                for each in leaf_datasets(cfg[loader].dataset):
                    # Of the pipeline it only matters how masks are loaded.
                    each.pipeline = [
                        step for step in each.get('pipeline', [])
                        if step.type == 'LoadAnnotations']
                    if each not in found:
                        found.append(each)
    return found


def main():
    args = parse_args()
    datasets = datasets_of(
        args.configs + [find_base(name) for name in args.datasets])
    if args.data_root:
        if len({each.get('data_root') for each in datasets}) != 1:
            raise UserError('--data-root is for one data set, but the '
                            'configs name several.')
        for each in datasets:
            each.data_root = args.data_root

    table = PrettyTable(
        ['data set', 'split', 'photos', 'published', 'opened', 'problems'])
    table.align = 'r'
    table.align['data set'] = table.align['split'] = 'l'
    wrong = 0
    for each in datasets:
        found = validate_dataset(
            each, QUICK if args.quick else None,
            partial(tqdm, desc=each.type, unit='pairs'))
        for problem in found.problems[:SHOWN]:
            print(problem)
        if len(found.problems) > SHOWN:
            print(f'... and {len(found.problems) - SHOWN} more.')
        table.add_row([
            found.dataset, found.split,
            *('-' if n is None else n for n in (found.images, found.official)),
            found.opened, len(found.problems)])
        wrong += len(found.problems)
    print(table)
    sys.exit(wrong > 0)


if __name__ == '__main__':
    run_tool(main)

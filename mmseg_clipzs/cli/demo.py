"""Evaluate four methods on toy scenes and draw their predictions.

    clipzs demo

Prints a table and writes all figures (results.json) and a sheet of images,
ground truth and predictions (sheet.png) to the work dir.
"""
import json
from pathlib import Path

from mmseg_clipzs.utils import atomic_write, check_replaceable

from .arguments import add_arguments

METHODS = ('clip', 'maskclip', 'maskclip_ks_pd', 'groupvit')
COLUMNS = ('method', 'dataset', 'clip', 'prompts', 'mIoU', 'seconds',
           'images_per_second', 'peak_memory_mb')


def add_options(parser):
    add_arguments(
        parser,
        data_root=dict(default='data/toy', help=(
            'root of the toy scenes, generated if missing')),
        work_dir=dict(default='work_dirs/demo', help='folder for the results'))


def draw_sheet(rows, folders):
    """Draw scenes with ground truth and each method's predictions."""
    import numpy as np

    from mmseg_clipzs.engine import read_samples
    from mmseg_clipzs.visualization import overlay, sheet, with_legend
    samples = [read_samples(folder / 'samples.npz') for folder in folders]
    first = samples[0]
    palette = first['palette']
    masks = list(zip(first['truth'], *(each['prediction']
                                       for each in samples)))
    table = [
        [image] + [overlay(image, mask, palette, opacity=0.75)
                   for mask in line]
        for image, line in zip(first['image'], masks)]
    titles = ['image', 'ground truth'] + [
        f'{row["method"]}: {row["mIoU"]:.1f}' for row in rows]
    return with_legend(sheet(table, titles), np.stack(masks),
                       first['classes'], palette)


def run(args):
    from PIL import Image
    from prettytable import PrettyTable
    from tqdm import tqdm

    from mmseg_clipzs.leaderboard.matrix import evaluate, plan
    from mmseg_clipzs.run.process import run_alone
    from mmseg_clipzs.toy.voc_layout import write_voc
    from mmseg_clipzs.visualization import save_image
    work_dir = Path(args.work_dir)
    results, picture = work_dir / 'results.json', work_dir / 'sheet.png'
    check_replaceable(results, picture, by=picture)
    write_voc(args.data_root, progress=tqdm)
    jobs = plan(METHODS, ['toy'], data_root=args.data_root)
    folders = [work_dir / job.name for job in jobs]
    # Separate processes, for separate peak memory.
    rows = [run_alone(evaluate, job, folder)
            for job, folder in zip(tqdm(jobs, 'methods'), folders)]
    with atomic_write(picture) as temporary:
        save_image(temporary, Image.fromarray(draw_sheet(rows, folders)))
    with atomic_write(results) as temporary:
        temporary.write_text(json.dumps(rows, indent=2) + '\n',
                             encoding='utf-8')

    table = PrettyTable(COLUMNS, align='r')
    table.add_rows([['its own' if row[key] is None else row[key]
                     for key in COLUMNS] for row in rows])
    print(table)
    print(f'Predictions: {picture}; all figures: {results}')

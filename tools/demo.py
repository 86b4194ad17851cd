"""Make toy scenes, evaluate four methods on them and draw the results.

    python tools/demo.py

prints one table and leaves in work_dirs/demo its rows with all that was
measured (results.json) and a sheet of photos, ground truth and predictions
(sheet.png).
"""
import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.leaderboard.matrix import evaluate, plan
from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import atomic_write, run_tool
from mmseg_clipzs.visualization import overlay, sheet, with_legend

METHODS = ('clip', 'maskclip', 'maskclip_ks_pd', 'groupvit')
COLUMNS = ('method', 'dataset', 'clip', 'prompts', 'mIoU', 'seconds',
           'images_per_second', 'peak_memory_mb')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--data-root', default='data/toy',
                        help='where the scenes are, or will be made')
    parser.add_argument('--work-dir', default='work_dirs/demo')
    return parser.parse_args()


def draw_sheet(rows, folders):
    """Scenes with ground truth and each method's predictions."""
    samples = [read_samples(folder / 'samples.npz') for folder in folders]
    first = samples[0]
    palette = first['palette']
    masks = list(zip(first['truth'], *(each['prediction']
                                       for each in samples)))
    table = [
        [photo] + [overlay(photo, mask, palette, opacity=0.75)
                   for mask in line]
        for photo, line in zip(first['photo'], masks)]
    titles = ['photo', 'ground truth'] + [
        f'{row["method"]}: {row["mIoU"]:.1f}' for row in rows]
    return with_legend(sheet(table, titles), np.stack(masks),
                       first['classes'], palette)


def main():
    args = parse_args()
    work_dir = Path(args.work_dir)
    write_voc(args.data_root, progress=tqdm)
    cells = plan(METHODS, ['toy'], options={
        'test_dataloader.dataset.data_root': args.data_root})
    folders = [work_dir / cell.config for cell in cells]
    # Each in a process of its own: its peak memory is nobody else's.
    rows = [run_alone(evaluate, cell, folder)
            for cell, folder in zip(tqdm(cells, 'methods'), folders)]
    with atomic_write(work_dir / 'results.json') as temporary:
        temporary.write_text(json.dumps(rows, indent=2) + '\n')
    with atomic_write(work_dir / 'sheet.png') as temporary:
        Image.fromarray(draw_sheet(rows, folders)).save(temporary)

    table = PrettyTable(COLUMNS, align='r')
    table.add_rows([[row[key] for key in COLUMNS] for row in rows])
    print(table)
    print(f'{work_dir / "sheet.png"} shows them, {work_dir / "results.json"} '
          'has the numbers.')


if __name__ == '__main__':
    run_tool(main)

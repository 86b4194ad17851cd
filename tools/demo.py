"""Make toy scenes, evaluate three methods on them and draw the results.

    python tools/demo.py

prints one table and leaves in work_dirs/demo the same rows (results.json) and
a sheet of photos, ground truth and predictions (sheet.png).
"""
import argparse
import json
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image
from prettytable import PrettyTable
from tqdm import tqdm

from mmseg_clipzs.apis import find_config
from mmseg_clipzs.datasets import ToyScenesDataset
from mmseg_clipzs.datasets.toy_scenes import write_voc
from mmseg_clipzs.evaluation import run_test
from mmseg_clipzs.utils import atomic_write, run_tool
from mmseg_clipzs.visualization import overlay, sheet, with_legend

CONFIGS = ('clip_toy', 'maskclip_toy', 'maskclip_ks_pd_toy')
SHOWN = 6  # scenes on the sheet


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--data-root', default='data/toy',
                        help='where the scenes are, or will be made')
    parser.add_argument('--work-dir', default='work_dirs/demo')
    return parser.parse_args()


def evaluate(name, data_root, work_dir):
    """One row of the table, and the label maps in ``work_dir/NAME/masks``."""
    warnings.simplefilter('ignore')  # of the toolbox, at every start
    cfg = Config.fromfile(find_config(name))
    cfg.log_level = 'ERROR'
    return run_test(
        cfg, data_root=data_root, work_dir=str(work_dir / name),
        out=str(work_dir / name / 'masks'))


def draw_sheet(rows, data_root, work_dir):
    """Scenes with ground truth and each method's predictions."""
    classes = ToyScenesDataset.METAINFO['classes']
    palette = ToyScenesDataset.METAINFO['palette']
    names = (data_root / 'ImageSets/Segmentation/val.txt').read_text().split()
    folders = [data_root / 'SegmentationClass'] + [
        work_dir / name / 'masks' for name in CONFIGS]
    table, seen = [], []
    for name in names[:SHOWN]:
        with Image.open(data_root / 'JPEGImages' / f'{name}.jpg') as file:
            photo = np.asarray(file)
        masks = []
        for folder in folders:
            with Image.open(folder / f'{name}.png') as file:
                masks.append(np.asarray(file))
        seen += masks
        table.append([photo] + [
            overlay(photo, mask, palette, opacity=0.75) for mask in masks])
    titles = ['photo', 'ground truth'] + [
        f'{row["method"]}: {row["mIoU"]:.1f}' for row in rows]
    picture = sheet(table, titles)
    return with_legend(picture, np.stack(seen), classes, palette)


def main():
    args = parse_args()
    data_root, work_dir = Path(args.data_root), Path(args.work_dir)
    write_voc(str(data_root), progress=tqdm)
    # Each in a process of its own: its peak memory is nobody else's.
    context = multiprocessing.get_context('spawn')
    rows = []
    for name in tqdm(CONFIGS, 'methods'):
        with ProcessPoolExecutor(1, mp_context=context) as process:
            rows.append(process.submit(
                evaluate, name, args.data_root, work_dir).result())
    with atomic_write(work_dir / 'results.json') as temporary:
        temporary.write_text(json.dumps(rows, indent=2) + '\n')
    with atomic_write(work_dir / 'sheet.png') as temporary:
        Image.fromarray(draw_sheet(rows, data_root, work_dir)).save(temporary)

    table = PrettyTable(list(rows[0]), align='r')
    for row in rows:
        table.add_row(list(row.values()))
    print(table)
    print(f'{work_dir / "sheet.png"} shows them, {work_dir / "results.json"} '
          'has the numbers.')


if __name__ == '__main__':
    run_tool(main)

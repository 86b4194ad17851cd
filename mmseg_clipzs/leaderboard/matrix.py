"""Run a matrix of configs, skipping finished cells.

Each cell is a :class:`~mmseg_clipzs.run.job.Job`. Its folder in
``WORK_DIR/cells`` contains its log, its prediction samples and, written last,
its row of results. The folder's name contains a digest of everything that the
result depends on, so that changing a setting makes another cell.
"""
import gc
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from mmengine.dist import (
    broadcast_object_list,
    get_world_size,
    is_main_process,
)
from tqdm import tqdm

from mmseg_clipzs.compat import versions
from mmseg_clipzs.engine import read_samples
from mmseg_clipzs.run.configs import list_configs
from mmseg_clipzs.run.data import require_one_root
from mmseg_clipzs.run.device import gpu_name
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.run.segmentor import clip_of
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import UserError, interrupted, remove_stale

from .attempts import attempt, cells_done, join
from .report import FILES, write_report
from .rows import (
    check_row,
    check_work_dir,
    read_row,
    report_damaged,
    write_row,
)


def plan(methods=(), datasets=(), configs=(), clips=(), options=None,
         data_root=None):
    """The jobs of a matrix.

    Args:
        methods, datasets (Sequence[str]): Selects the configs
            ``{method}_{dataset}`` of all combinations.
        configs (Sequence[str]): Other configs, 'CONFIG' or
            'CONFIG:CHECKPOINT', which keep their CLIP.
        clips (Sequence[str]): 'MODEL[:WEIGHTS]'; each replaces the CLIP of
            the combinations. Configs without CLIP, such as GroupViT's, run
            once.
        options (dict, optional): Changes to every config.
        data_root (str, optional): Replaces the root of the data.

    Returns:
        list[Job]: In the order of the table, without duplicates.

    Raises:
        UserError: No such config, a model without weights, an unknown
            ``needs``, nothing to run, or one ``data_root`` for several
            datasets.
    """
    options = options or {}
    jobs = []
    for dataset in datasets:
        for method in methods:
            config = _find(method, dataset)
            has_clip = clip_of(Job(config, options=options).load())
            jobs += [Job(config, options=options, clip=clip)
                     for clip in (clips if has_clip and clips else [None])]
    jobs += [Job.parse(config, options=options) for config in configs]
    if not jobs:
        raise UserError('Nothing to run: pass --methods and --datasets, or '
                        '--configs.')
    for job in jobs:
        job.require_weights()
        job.describe()
    if data_root:
        require_one_root(jobs)
        jobs = [job.replace(data_root=data_root) for job in jobs]
    return list({cell_name(job): job for job in jobs}.values())


def cell_name(job):
    """str: Name of a cell's folder: its config and its digest."""
    return f'{job.name}-{job.digest()}'


def _find(method, dataset):
    """Name of the config of a method for a dataset."""
    names = list_configs()
    name = f'{method}_{dataset}'
    if name not in names:
        of_dataset = [n for n in names if n.endswith(f'_{dataset}')]
        of_method = [n for n in names if n.startswith(f'{method}_')]
        raise UserError(
            f'No config {name}. Configs for the dataset {dataset}: '
            f'{", ".join(of_dataset) or "none"}; of the method {method}: '
            f'{", ".join(of_method) or "none"}.')
    return name


def run(jobs, work_dir, launcher='none'):
    """Run unfinished cells and write the tables.

    Each cell runs in a separate process or, with a launcher, in all its
    processes. The tables are updated after each cell.

    Args:
        jobs (Sequence[Job]): Result of :func:`plan`.
        work_dir (str | Path): Folder for the cells and the tables.
        launcher (str): As in mmseg's tools/test.py.

    Returns:
        list[dict]: A row for each cell; failed ones have an ``error`` instead
        of figures.

    Raises:
        UserError: A cell failed in some of several processes only, so that
            the others cannot continue.
        KeyboardInterrupt: After Ctrl-C, with a message that says what is
            done.
    """
    group = join(launcher)
    work_dir = Path(work_dir)
    check_work_dir(work_dir, FILES)
    folders = [work_dir / 'cells' / cell_name(job) for job in jobs]
    for folder in (work_dir, *folders):
        remove_stale(folder)
    rows = [None] * len(jobs)
    todo = []
    if is_main_process():
        rows = [_finished(*cell) for cell in zip(jobs, folders)]
        todo = [i for i, row in enumerate(rows) if row is None]
        # A cell that was started may have crashed the last run: it runs last.
        todo.sort(key=lambda i: folders[i].is_dir())
    shared = [todo]  # the other processes may not see the files
    broadcast_object_list(shared)
    with interrupted(lambda: cells_done(rows)):
        for i in tqdm(shared[0], 'cells', disable=not is_main_process()):
            rows[i] = _attempt(jobs[i], folders[i], launcher, group)
            if is_main_process():
                if 'error' not in rows[i]:
                    write_row(rows[i], folders[i] / 'row.json')
                write_report([row for row in rows if row], work_dir)
    if is_main_process() and not todo:
        write_report(rows, work_dir)
    return rows


def _finished(job, folder):
    """The row of a finished cell; None if a file is missing or damaged."""
    row = read_row(folder / 'row.json')
    if row is None:
        return None
    samples = folder / 'samples.npz'
    try:
        read_samples(samples)
    except (UserError, FileNotFoundError) as e:
        report_damaged(samples, e)
        return None
    return {**row, **_head(job, folder)}


def _head(job, folder):
    return dict(job.describe(), folder=f'cells/{folder.name}')


def _attempt(job, folder, launcher, group):
    """The row of a cell, finished or failed."""
    result, error = attempt(group, _measure, job, folder, launcher)
    head = _head(job, folder)
    if error:
        if is_main_process():
            tqdm.write(f'{folder.name} failed: {error}', file=sys.stderr)
        return {**head, 'error': error}
    return {**result, **head}  # in the order of run_test


def _measure(job, folder, launcher):
    if launcher == 'none':
        row = run_alone(evaluate, job, folder)
    else:
        row = evaluate(job, folder, launcher)
        gc.collect()  # frees the model before the next one is built
    check_row(row)
    return row


def evaluate(job, folder, launcher='none'):
    """Run one cell in this process.

    Args:
        job (Job): What to run.
        folder (Path): Folder for the log, ``log.txt``, and the prediction
            samples, ``samples.npz``.
        launcher (str): As in mmseg's tools/test.py.

    Returns:
        dict: The row of :func:`run_test`, with device and versions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / 'log.txt' if is_main_process() else os.devnull
    # Not closed: the toolbox's logger keeps writing to it.
    stream = open(log, 'w', buffering=1, encoding='utf-8')
    with redirect_stdout(stream), redirect_stderr(stream):
        try:
            row = run_test(job, folder, launcher=launcher,
                           samples=folder / 'samples.npz')
        except Exception:
            traceback.print_exc()
            raise
    threads, processes = torch.get_num_threads(), get_world_size()
    device = gpu_name() or f'CPU, {threads} thread{"s" * (threads > 1)}'
    if processes > 1:
        device = f'{processes} x {device}'
    return dict(row, device=device, versions=versions())

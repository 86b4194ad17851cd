"""Run a matrix of configs; what is finished is not run again.

Each cell of the matrix has a folder in ``WORK_DIR/cells`` with its log and,
written last, its row of results. The folder's name holds a digest of all that
the result depends on, so that a changed setting is another cell.
"""
import gc
import hashlib
import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import (
    broadcast_object_list,
    get_world_size,
    is_main_process,
)
from torch import distributed
from tqdm import tqdm

from mmseg_clipzs.compat import versions
from mmseg_clipzs.run.configs import find_config, list_configs
from mmseg_clipzs.run.cpu import join_processes
from mmseg_clipzs.run.process import run_alone
from mmseg_clipzs.run.test import clip_of, describe, run_test
from mmseg_clipzs.utils import UserError, atomic_write
from mmseg_clipzs.version import __version__
from mmseg_clipzs.vocabularies import get_vocabulary

from .report import write_report

# How long a process that failed waits for the others to fail as well.
_PATIENCE = timedelta(minutes=5)


@dataclass
class Cell:
    """A config and what to change in it.

    Attributes:
        config (str): A file, or the name of a config of the project.
        checkpoint (str, optional): For models that do not bring weights.
        clip (dict, optional): ``model`` and ``pretrained``, in place of the
            config's.
        options (dict): Other changes, e.g. ``{'model.prompts': 'single'}``.

    Raises:
        UserError: No such config or checkpoint, or a model that would run
            with random weights.
    """
    config: str
    checkpoint: str | None = None
    clip: dict | None = None
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        cfg = self.load()
        brings_weights = {'clip', 'weights'} & set(cfg.model)
        trains = cfg.get('train_dataloader')
        if not self.checkpoint and (trains or not brings_weights):
            raise UserError(
                f'{self.config} has to be trained before; give it with its '
                f'checkpoint: --configs {self.config}:CHECKPOINT.')
        if self.checkpoint and '://' not in self.checkpoint and (
                not Path(self.checkpoint).is_file()):
            raise UserError(f'No checkpoint file at {self.checkpoint}.')

    def load(self):
        """Config: As the cell is run."""
        cfg = Config.fromfile(find_config(self.config))
        cfg.merge_from_dict(self.options)
        if self.clip:
            cfg.model.clip.update(self.clip)
        return cfg

    @cached_property
    def name(self):
        """str: Of the cell's folder: the config's, and a digest of its text,
        of the word list and the files it names, and of this version."""
        cfg = self.load()
        words = cfg.model.get('teacher', cfg.model).get('vocabulary')
        digest = hashlib.sha256(json.dumps([
            __version__, cfg.to_dict(), words and get_vocabulary(
                words).synonyms], sort_keys=True, default=str).encode())
        for path in filter(os.path.isfile, [
                self.checkpoint or '', *_strings(cfg.model)]):
            with open(path, 'rb') as file:
                while chunk := file.read(2**24):
                    digest.update(chunk)
        return f'{Path(self.config).stem}-{digest.hexdigest()[:12]}'

    def describe(self):
        """dict: The part of the row that is known beforehand."""
        cfg = self.load()
        return dict(
            **describe(cfg), weights=clip_of(cfg.model).get('pretrained'),
            config=Path(self.config).stem, checkpoint=self.checkpoint,
            folder=f'cells/{self.name}')


def _strings(config):
    """All texts in nested dicts and lists."""
    if isinstance(config, str):
        return [config]
    if not isinstance(config, (dict, list, tuple)):
        return []
    values = config.values() if isinstance(config, dict) else config
    return [text for value in values for text in _strings(value)]


def plan(methods=(), datasets=(), configs=(), clips=(), options=None):
    """The cells of a matrix.

    Args:
        methods, datasets (Sequence[str]): The configs
            ``{method}_{dataset}``, all of them.
        configs (Sequence[str]): Further ones, 'CONFIG' or
            'CONFIG:CHECKPOINT', which keep their CLIP.
        clips (Sequence[str]): 'MODEL:WEIGHTS', each of which takes the place
            of the CLIP of the matrix's configs; those without one, such as
            GroupViT's, run once.
        options (dict, optional): Changes in every config.

    Returns:
        list[Cell]: In the table's order.

    Raises:
        UserError: A config that does not exist, or nothing to run.
    """
    options = options or {}
    clips = [_parse_clip(clip) for clip in clips]
    cells = []
    for dataset in datasets:
        for method in methods:
            cell = Cell(_find(method, dataset), options=options)
            if clips and 'clip' in cell.load().model:
                cells += [Cell(cell.config, clip=clip, options=options)
                          for clip in clips]
            else:
                cells.append(cell)
    for config in configs:
        name, _, checkpoint = config.partition(':')
        cells.append(Cell(name, checkpoint or None, options=options))
    if not cells:
        raise UserError('Nothing to run: give --methods and --datasets, or '
                        '--configs.')
    return list({cell.name: cell for cell in cells}.values())


def _find(method, dataset):
    """Name of the config of a method on a data set."""
    names = list_configs()
    name = f'{method}_{dataset}'
    if name not in names:
        of_dataset = [n for n in names if n.endswith(f'_{dataset}')]
        of_method = [n for n in names if n.startswith(f'{method}_')]
        raise UserError(
            f'There is no config {name}. For the data set {dataset} there '
            f'are: {", ".join(of_dataset) or "none"}; for the method '
            f'{method}: {", ".join(of_method) or "none"}.')
    return name


def _parse_clip(text):
    model, _, pretrained = text.partition(':')
    if not pretrained:
        raise UserError('--clip takes MODEL:WEIGHTS, e.g. ViT-L-14:openai or '
                        f'ViT-B-16:weights.pt, but got {text!r}.')
    return dict(model=model, pretrained=pretrained)


def run(cells, work_dir, launcher='none'):
    """Run the cells that are not finished and write the tables.

    Each runs in a process of its own; where a launcher has started several,
    in all of them. The tables are written anew after each cell.

    Args:
        cells (Sequence[Cell]): Of :func:`plan`.
        work_dir (str | Path): For the cells' folders and the tables.
        launcher (str): As in mmseg's tools/test.py.

    Returns:
        list[dict]: A row for each cell; those that failed have an ``error``
        in place of figures.

    Raises:
        UserError: A cell failed in one of several processes only, so that
            the others cannot go on.
    """
    join_processes(launcher)
    group = None
    if launcher != 'none':
        group = distributed.new_group(backend='gloo', timeout=_PATIENCE)
    work_dir = Path(work_dir)
    folders = [work_dir / 'cells' / cell.name for cell in cells]
    rows = [None] * len(cells)
    todo = []
    if is_main_process():
        rows = [json.loads((folder / 'row.json').read_text())
                if (folder / 'row.json').is_file() else None
                for folder in folders]
        todo = [i for i, row in enumerate(rows) if row is None]
        # Those that were begun may have ended the last run: they come last.
        todo.sort(key=lambda i: folders[i].is_dir())
    shared = [todo]  # the other processes may not see the files
    broadcast_object_list(shared)
    for i in tqdm(shared[0], 'cells', disable=not is_main_process()):
        rows[i] = _attempt(cells[i], folders[i], launcher, group)
        if is_main_process():
            if 'error' not in rows[i]:
                with atomic_write(folders[i] / 'row.json') as temporary:
                    temporary.write_text(json.dumps(rows[i], indent=2))
            write_report([row for row in rows if row], work_dir)
    if is_main_process() and not todo:
        write_report(rows, work_dir)
    return rows


def _attempt(cell, folder, launcher, group):
    """The row of a cell, finished or failed."""
    error = result = None
    try:
        if group is None:
            result = run_alone(evaluate, cell, folder)
        else:
            result = evaluate(cell, folder, launcher)
            gc.collect()  # the model, before the next one comes
    except Exception as e:
        # A loader's process sends its traceback along.
        line = (str(e).strip().splitlines() or [''])[-1]
        error = f'{type(e).__name__}: {line.rpartition("Error: ")[2]}'
    if group is not None:
        error = _first_error(error, group)
    if error:
        if is_main_process():
            tqdm.write(f'{cell.name} failed: {error}', file=sys.stderr)
        return {**cell.describe(), 'error': error}
    # The schema of run_test comes first.
    return {**result, **cell.describe()}


def _first_error(error, group):
    """What any of the processes says, or None; the same in all."""
    errors = [None] * get_world_size()
    try:
        distributed.all_gather_object(errors, error, group)
    except RuntimeError as e:
        tqdm.write(error or str(e), file=sys.stderr)
        raise UserError('A cell failed in one process while others waited for '
                        'it, which ends them all. Started again, the '
                        'remaining cells come first.') from e
    return next(filter(None, errors), None)


def evaluate(cell, folder, launcher='none'):
    """Run one cell in this process.

    Args:
        cell (Cell): What to run.
        folder (Path): For the log, ``log.txt``, and the pictures,
            ``samples.npz``.
        launcher (str): As in mmseg's tools/test.py.

    Returns:
        dict: The row of :func:`run_test`, with device and versions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / 'log.txt' if is_main_process() else os.devnull
    # Left open: the toolbox's logger goes on writing to it.
    stream = open(log, 'w', buffering=1)
    with redirect_stdout(stream), redirect_stderr(stream):
        try:
            cfg = cell.load()
            cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(
                type='PredictionSamplesHook', path=str(folder / 'samples.npz'))]
            row = run_test(cfg, checkpoint=cell.checkpoint,
                           work_dir=str(folder), launcher=launcher)
        except Exception:
            traceback.print_exc()
            raise
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'CPU, {torch.get_num_threads()} threads')
    return dict(row, device=f'{get_world_size()} x {device}',
                versions=versions())

"""mIoU under corruptions of increasing severity, as in MaskCLIP's paper."""
import csv
import json
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from mmengine.dist import broadcast_object_list, is_main_process

from mmseg_clipzs.datasets import Corrupt
from mmseg_clipzs.run.data import datasets_of, require_one_root
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    interrupted,
    remove_stale,
)

from .attempts import attempt, cells_done, join
from .rows import check_row, check_work_dir, read_row, write_row

CLEAN = 'none'
FILES = ('results.json', 'results.csv', 'curves.png')


@dataclass(frozen=True)
class Corrupted:
    """A job under one corruption.

    Attributes:
        label (str): Names of the config and the checkpoint, for the legend.
        job (Job): With the corruption in its test pipeline.
        kind (str): The corruption, or :data:`CLEAN`.
        level (int): 1 to 5, or 0 without a corruption.
    """
    label: str
    job: Job
    kind: str
    level: int

    @property
    def name(self):
        """str: Stem of the row's file, with the job's digest."""
        return f'{self.label}-{self.kind}-{self.level}-{self.job.digest()}'


def corrupt(job, kind, level):
    """Corrupt the images that a job is tested on.

    Args:
        job (Job): A job.
        kind (str): Corruption; see :class:`~mmseg_clipzs.datasets.Corrupt`.
        level (int): 1 (weak) to 5.

    Returns:
        Job: A copy with the corruption after the first step, which loads the
        image.
    """
    def corrupted(pipeline):
        return [pipeline[0], dict(type='Corrupt', kind=kind, level=level),
                *pipeline[1:]]

    cfg = job.replace(tta=False).load()
    for dataset in datasets_of(cfg, 'test_dataloader'):
        dataset.pipeline = corrupted(dataset.pipeline)
    changed = {'test_dataloader.dataset': cfg.test_dataloader.dataset}
    if job.tta and 'tta_pipeline' in cfg:
        changed['tta_pipeline'] = corrupted(cfg.tta_pipeline)
    return job.replace(options={**job.options, **changed})


def plan(configs, kinds, levels, data_root=None, options=None):
    """List each config without, then with each corruption.

    Args:
        configs (Sequence[str]): 'CONFIG' or 'CONFIG:CHECKPOINT'.
        kinds (Sequence[str]): Corruptions.
        levels (Sequence[int]): 1 to 5.
        data_root (str, optional): Replaces the root of the data.
        options (dict, optional): Changes to every config.

    Returns:
        list[Corrupted]: In the order of the arguments.

    Raises:
        UserError: No such config, kind or level, a model without weights, two
            curves with the same label, or the library is not installed.
    """
    steps = [(kind, level) for kind in kinds for level in levels]
    for step in steps:
        Corrupt(*step)  # raises before anything runs
    jobs = {}
    for config in configs:
        job = Job.parse(config, options=options or {})
        job.require_weights()
        label = '-'.join(Path(path).stem for path in (
            job.name, job.checkpoint) if path)
        if label in jobs:
            raise UserError(f'Two curves would be called {label}: rename a '
                            'config or a checkpoint.')
        jobs[label] = job
    if data_root:
        require_one_root(jobs.values())
        jobs = {label: job.replace(data_root=data_root)
                for label, job in jobs.items()}
    cells = []
    for label, job in jobs.items():
        cells.append(Corrupted(label, job, CLEAN, 0))
        cells += [Corrupted(label, corrupt(job, *step), *step)
                  for step in steps]
    return cells


def run(cells, folder, progress=iter, launcher='none'):
    """Run unfinished cells.

    Args:
        cells (Sequence[Corrupted]): Result of :func:`plan`.
        folder (str | Path): Work dir. Each finished cell has its row in
            ``cells/NAME.json``.
        progress (Callable): Wraps the sequence of cells to run, e.g.
            ``tqdm``.
        launcher (str): As in mmseg's tools/test.py; each cell runs in all
            processes.

    Returns:
        list[dict]: For each cell the row of :func:`run_test`, with config (the
        curve's label), kind and level; failed ones have an ``error`` instead
        of figures.

    Raises:
        UserError: All cells failed, or one of several processes did.
        KeyboardInterrupt: After Ctrl-C, with a message that says what is
            done.
    """
    folder = Path(folder)
    group = join(launcher)
    check_work_dir(folder, FILES)
    remove_stale(folder / 'cells')
    names = [cell.name for cell in cells]
    paths = [folder / 'cells' / f'{name}.json' for name in names]
    shared = [[read_row(path) for path in paths] if is_main_process() else []]
    broadcast_object_list(shared)  # the others may not see the files
    rows = [row and {**row, **_head(cell)}
            for row, cell in zip(shared[0], cells)]
    with interrupted(lambda: cells_done(rows)):
        for i in progress([i for i, row in enumerate(rows) if row is None]):
            row, error = attempt(group, _measure, cells[i],
                                 folder / 'runs' / names[i], launcher)
            rows[i] = {**(dict(error=error) if error else row),
                       **_head(cells[i])}
            if is_main_process() and not error:
                write_row(rows[i], paths[i])
    if all('error' in row for row in rows):
        raise UserError(f'All {len(rows)} cells failed. {rows[0]["error"]}')
    return rows


def _head(cell):
    return dict(config=cell.label, kind=cell.kind, level=cell.level)


def _measure(cell, folder, launcher):
    quiet = cell.job.replace(
        options={**cell.job.options, 'log_level': 'ERROR'})
    row = run_test(quiet, folder, launcher=launcher)
    check_row(row)
    return row


def failures(rows):
    """list[str]: A sentence per failed row."""
    return [f'{row["config"]}, {row["kind"]} {row["level"]}: {row["error"]}'
            for row in rows if 'error' in row]


def write_results(rows, folder):
    """Write :data:`FILES`, without the failed rows.

    Args:
        rows (Sequence[dict]): Result of :func:`run`.
        folder (str | Path): Created if missing.

    Returns:
        Path: The plot, ``curves.png``.
    """
    folder = Path(folder)
    rows = [row for row in rows if 'error' not in row]
    with atomic_write(folder / 'results.json') as path:
        path.write_text(json.dumps(rows, indent=2), encoding='utf-8')
    with atomic_write(folder / 'results.csv') as path:
        with path.open('w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(
                file, [key for key, value in rows[0].items()
                       if not isinstance(value, dict)], extrasaction='ignore')
            writer.writeheader()
            writer.writerows(rows)
    with atomic_write(folder / 'curves.png') as path:
        draw_curves(rows).savefig(path)
    return folder / 'curves.png'


def curves(rows):
    """Collect mIoU by level.

    Args:
        rows (Sequence[dict]): Result of :func:`run`.

    Returns:
        dict: kind -> config -> {level: mIoU in percent}, the clean result
        at level 0. Failed rows are left out.
    """
    found = {}
    rows = [row for row in rows if 'error' not in row]
    for row in rows:
        if row['kind'] != CLEAN:
            found.setdefault(row['kind'], {}).setdefault(
                row['config'], {})[row['level']] = row['mIoU']
    for row in rows:
        if row['kind'] == CLEAN:
            for of_kind in found.values():
                of_kind.setdefault(row['config'], {})[0] = row['mIoU']
    return {kind: {config: dict(sorted(values.items()))
                   for config, values in of_kind.items()}
            for kind, of_kind in found.items()}


def draw_curves(rows):
    """Plot a panel per kind with a line per config.

    Args:
        rows (Sequence[dict]): Result of :func:`run`.

    Returns:
        matplotlib.figure.Figure: The plot.
    """
    panels = curves(rows)
    columns = min(4, max(1, len(panels)))
    lines = max(1, -(-len(panels) // columns))
    figure = Figure((3 * columns, 2.6 * lines + 0.5), layout='constrained')
    axes = figure.subplots(lines, columns, sharex=True, sharey=True,
                           squeeze=False).ravel()  # (lines * columns, )
    for ax, (kind, of_kind) in zip(axes, panels.items()):
        for config, values in of_kind.items():
            ax.plot(values.keys(), values.values(), marker='o', label=config)
        ax.set_title(kind.replace('_', ' '))
        ax.set_xticks(sorted({level for values in of_kind.values()
                              for level in values}))
        ax.grid(alpha=0.3)
    # After all curves are drawn, so that the highest marker fits in.
    axes[0].set_ylim(bottom=0)
    for ax in axes[len(panels):]:
        ax.set_axis_off()
    figure.supxlabel('level (0: clean)')
    figure.supylabel('mIoU, %')
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside upper center', ncols=4)
    return figure

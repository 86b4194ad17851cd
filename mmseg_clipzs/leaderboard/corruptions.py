"""How mIoU falls with the strength of a corruption, as in MaskCLIP's paper."""
import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from mmengine.config import Config

from mmseg_clipzs.datasets import Corrupt
from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import atomic_write
from mmseg_clipzs.version import __version__

CLEAN = 'none'


@dataclass
class Cell:
    """A config under one corruption.

    Attributes:
        config (Config): With the corruption in its test pipeline.
        checkpoint (str, optional): For models that do not bring weights.
        kind (str): Of the corruption, :data:`CLEAN` without.
        level (int): 1 to 5, 0 without.
    """
    config: Config
    checkpoint: str | None
    kind: str
    level: int

    @property
    def name(self):
        """str: Of the file with its row; other settings give another one."""
        settings = json.dumps(
            [__version__, self.checkpoint, self.config.to_dict()],
            sort_keys=True, default=str)
        digest = hashlib.sha256(settings.encode()).hexdigest()[:12]
        return f'{self.label}-{self.kind}-{self.level}-{digest}'

    @property
    def label(self):
        """str: Name of the config, and of the checkpoint if there is one."""
        return '-'.join(Path(path).stem for path in (
            self.config.filename, self.checkpoint) if path)


def plan(configs, kinds, levels, data_root=None, options=None):
    """What is to be run: each config clean, then with each corruption.

    Args:
        configs (Sequence[str]): 'CONFIG' or 'CONFIG:CHECKPOINT'.
        kinds (Sequence[str]): Of corruptions.
        levels (Sequence[int]): 1 to 5.
        data_root (str, optional): Replaces the data set's root.
        options (dict, optional): Changes in every config.

    Returns:
        list[Cell]: In the order of the arguments.

    Raises:
        UserError: No such config, kind or level; the library is missing.
    """
    steps = [(CLEAN, 0)] + [(kind, level) for kind in kinds
                            for level in levels]
    for step in steps[1:]:
        Corrupt(*step)  # complains before anything runs
    cells = []
    for config in configs:
        name, _, checkpoint = config.partition(':')
        for kind, level in steps:
            cfg = Config.fromfile(find_config(name))
            cfg.merge_from_dict(options or {})
            for dataset in leaf_datasets(cfg.test_dataloader.dataset):
                if data_root:
                    dataset.data_root = data_root
                if level:  # directly behind the step that loads the photo
                    dataset.pipeline = [
                        dataset.pipeline[0],
                        dict(type='Corrupt', kind=kind, level=level),
                        *dataset.pipeline[1:]]
            cells.append(Cell(cfg, checkpoint or None, kind, level))
    return cells


def run(cells, folder, progress=iter):
    """Run the cells whose row is not in the folder yet.

    Args:
        cells (Sequence[Cell]): Of :func:`plan`.
        folder (str | Path): For the rows, ``cells/NAME.json``, each written
            as soon as it is there.
        progress (Callable): Wraps the cells that are run, such as ``tqdm``.

    Returns:
        list[dict]: The row of :func:`run_test` with config, kind and level
        for each cell.
    """
    folder = Path(folder)
    paths = {cell.name: folder / 'cells' / f'{cell.name}.json'
             for cell in cells}
    todo = [cell for cell in cells if not paths[cell.name].exists()]
    for cell in progress(todo):
        name = cell.name  # the run itself changes the config
        cell.config.log_level = 'ERROR'
        row = run_test(cell.config, cell.checkpoint,
                       work_dir=str(folder / 'runs' / name))
        row.update(config=cell.label, kind=cell.kind, level=cell.level)
        with atomic_write(paths[name]) as temporary:
            temporary.write_text(json.dumps(row, indent=2))
    return [json.loads(path.read_text()) for path in paths.values()]


def write_results(rows, folder):
    """Write ``results.json``, ``results.csv`` and ``curves.png``.

    Args:
        rows (Sequence[dict]): Of :func:`run`.
        folder (str | Path): Made if missing.

    Returns:
        Path: The picture.
    """
    folder = Path(folder)
    with atomic_write(folder / 'results.json') as path:
        path.write_text(json.dumps(rows, indent=2))
    with atomic_write(folder / 'results.csv') as path:
        with path.open('w', newline='') as file:
            writer = csv.DictWriter(
                file, [key for key, value in rows[0].items()
                       if not isinstance(value, dict)], extrasaction='ignore')
            writer.writeheader()
            writer.writerows(rows)
    with atomic_write(folder / 'curves.png') as path:
        draw_curves(rows).savefig(path)
    return folder / 'curves.png'


def curves(rows):
    """mIoU over the level.

    Args:
        rows (Sequence[dict]): Of :func:`run`.

    Returns:
        dict: kind -> config -> {level: mIoU in percent}, with the clean
        result as level 0.
    """
    found = {}
    for row in rows:
        if row['kind'] != CLEAN:
            found.setdefault(row['kind'], {}).setdefault(
                row['config'], {})[row['level']] = row['mIoU']
    for row in rows:
        if row['kind'] == CLEAN:
            for kind in found:
                found[kind][row['config']][0] = row['mIoU']
    return {kind: {config: dict(sorted(values.items()))
                   for config, values in of_kind.items()}
            for kind, of_kind in found.items()}


def draw_curves(rows):
    """A panel for each kind, a line for each config.

    Args:
        rows (Sequence[dict]): Of :func:`run`.

    Returns:
        Figure: Of matplotlib.
    """
    panels = curves(rows)
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure((3 * columns, 2.6 * lines + 0.5), layout='constrained')
    axes = figure.subplots(lines, columns, sharex=True, sharey=True,
                           squeeze=False).ravel()  # (lines * columns, )
    for ax, (kind, of_kind) in zip(axes, panels.items()):
        for config, values in of_kind.items():
            ax.plot(values.keys(), values.values(), marker='o', label=config)
        ax.set_title(kind.replace('_', ' '))
        ax.set_xticks(range(6))
        ax.set_ylim(0)
        ax.grid(alpha=0.3)
    for ax in axes[len(panels):]:
        ax.set_axis_off()
    figure.supxlabel('level (0: clean)')
    figure.supylabel('mIoU, %')
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside upper center', ncols=4)
    return figure

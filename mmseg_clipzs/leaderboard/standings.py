"""Measured and published figures side by side, grouped and sorted.

Figures of different protocols never share a table, those of different weights
never a line.
"""
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmseg_clipzs.clip.weights import SHIPPED, list_tags
from mmseg_clipzs.recipes import NEEDS, name_clip, needs_of

TOLERANCE = 0.5  # points of mIoU: more below the published figure is behind
_FILES = object()  # weights that no tag names
_TOY = 'toy'  # scenes of one's own making, of which nothing is published


@dataclass
class Entry:
    """A method with one CLIP.

    Attributes:
        method (str): Its title.
        clip (str): Architecture and weights.
        needs (str | None): Key of ``recipes.NEEDS``.
        runs (dict[str, list[dict]]): Dataset -> rows measured here, also
            failed ones.
        published (dict[str, dict]): Dataset -> row of ``recipes.PUBLISHED``.
        reruns (dict[str, dict[str, dict]]): Who measured it again -> dataset
            -> row of ``recipes.RERUNS``.
    """
    method: str
    clip: str
    needs: str | None
    runs: dict = field(default_factory=lambda: defaultdict(list))
    published: dict = field(default_factory=dict)
    reruns: dict = field(default_factory=lambda: defaultdict(dict))

    def finished(self, dataset=None):
        """list[dict]: Rows with figures, of one dataset or of all."""
        datasets = self.runs if dataset is None else [dataset]
        return [row for name in datasets for row in self.runs.get(name, ())
                if 'error' not in row]

    @property
    def here(self):
        """dict[str, float]: Dataset -> mIoU, the mean of its runs."""
        return {dataset: statistics.mean(row['mIoU'] for row in rows)
                for dataset in self.runs
                if (rows := self.finished(dataset))}

    def value(self, dataset):
        """float | None: mIoU measured here, or else published, or else what
        others measured."""
        here = self.here
        if dataset in here:
            return here[dataset]
        if dataset in self.published:
            return float(self.published[dataset]['mIoU'])
        return mean(float(rows[dataset]['mIoU'])
                    for rows in self.reruns.values() if dataset in rows)

    def differences(self):
        """dict[str, float]: Dataset -> mIoU here minus the published one."""
        return {dataset: _difference(value, self.published[dataset])
                for dataset, value in self.here.items()
                if dataset in self.published and dataset != _TOY}

    @property
    def rate(self):
        """float | None: Images per second of its runs."""
        rows = [row for row in self.finished() if row.get('seconds')]
        seconds = sum(row['seconds'] for row in rows)
        return seconds and sum(
            row['images_per_second'] * row['seconds']
            for row in rows) / seconds or None

    @property
    def memory(self):
        """float | None: Most memory of its runs, in MB."""
        return max((row['peak_memory_mb'] for row in self.finished()
                    if row.get('peak_memory_mb')), default=None)


@dataclass
class Table:
    """Results of one protocol.

    Attributes:
        title (str): The protocol.
        datasets (list[str]): Those with runs.
        entries (list[Entry]): In the order of the groups, and in each the best
            first.
    """
    title: str
    datasets: list
    entries: list

    def labels(self):
        """Names that tell the entries which were run apart.

        Returns:
            tuple[dict[int, str], str]: ``id`` of the entry -> method, with its
            CLIP if that is not the usual one, which is returned too; '' if
            there is only one.
        """
        clips = [entry.clip for entry in self.entries if entry.here]
        usual = statistics.mode(clips) if clips else ''
        return ({id(entry): entry.method if entry.clip == usual else
                 f'{entry.method}, {entry.clip}' for entry in self.entries},
                usual if len(set(clips)) > 1 else '')

    def groups(self):
        """Yields (str, list[Entry]): What the methods need, and they."""
        for needs, title in NEEDS.items():
            members = [each for each in self.entries if each.needs == needs]
            if members:
                yield title, members


def is_behind(difference):
    """bool: Whether a figure is too far below the published one."""
    return difference is not None and difference < -TOLERANCE


def compare(rows, published, reruns=()):
    """Put figures side by side.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`. ``needs``, if any,
            is a key of ``recipes.NEEDS``; by default that of the method's
            title, or 'trained' if there is a checkpoint.
        published, reruns (Sequence[dict]): Rows as in ``recipes.PUBLISHED``
            and ``recipes.RERUNS``.

    Returns:
        list[Table]: One per protocol in ``rows``, with the datasets in
        ``rows``.
    """
    rows = _told_apart([dict(row, needs=group_of(row)) for row in rows])
    return [_table(protocol, *([row for row in each
                                if row['protocol'] == protocol]
                               for each in (rows, published, reruns)))
            for protocol in dict.fromkeys(row['protocol'] for row in rows)]


def annotate(row, published, reruns=()):
    """A row of results with what is known of its method.

    Args:
        row (dict): Of :func:`matrix.run`.
        published, reruns (Sequence[dict]): As for :func:`compare`.

    Returns:
        dict: With needs, published (percent) and its source, rerun (who ->
        percent), difference (mIoU here minus published) and behind (whether
        that is too low); None where there is no such figure.
    """
    def same(others):
        return [other for other in others if _key(other) == _key(row) and all(
            other[key] == row[key] for key in ('protocol', 'dataset'))]

    source, difference = next(iter(same(published)), None), None
    if source and 'mIoU' in row and row['dataset'] != _TOY:
        difference = _difference(row['mIoU'], source)
    return dict(
        row, needs=group_of(row),
        published=source and float(source['mIoU']),
        source=source and source['source'],
        rerun={other['by']: float(other['mIoU'])
               for other in same(reruns)} or None,
        difference=difference,
        behind=None if difference is None else is_behind(difference))


def group_of(row):
    """str | None: Key of ``recipes.NEEDS`` for a row of results."""
    needs = row.get('needs') or needs_of(row['method'])
    return needs or ('trained' if row.get('checkpoint') else None)


def mean(values):
    """float | None: Of the values that there are."""
    values = [value for value in values if value is not None]
    return statistics.mean(values) if values else None


def _difference(value, published):
    return round(value - float(published['mIoU']), 2)


def _told_apart(rows):
    """Rows whose methods name the checkpoint, where there are several."""
    trained = defaultdict(dict)
    for row in rows:
        trained[row['method'], row['protocol'], row['dataset']][
            row['config'], row.get('checkpoint')] = None
    several = {key for key, found in trained.items() if len(found) > 1}
    return [
        dict(row, method=f'{row["method"]} ({row["config"]}, '
             f'{Path(row["checkpoint"]).stem})')
        if row.get('checkpoint') and (
            row['method'], row['protocol'], row['dataset']) in several
        else row for row in rows]


def _key(row):
    """The line of a row: its method, and its CLIP with a tag's weights.

    The weights of all files of an architecture, and those that are shipped
    with this package, share a line: they are runs of one recipe.
    """
    clip, weights = row['clip'], row['weights']
    if 'source' in row:
        return row['method'], clip, weights
    if clip and (clip, weights) not in SHIPPED and weights in list_tags(clip):
        return row['method'], *name_clip(clip, weights)
    return row['method'], clip, _FILES if clip else None


def _table(protocol, rows, published, reruns):
    datasets = list(dict.fromkeys(row['dataset'] for row in rows))
    entries = {}
    for kind, each in (('runs', rows), ('published', published),
                       ('reruns', reruns)):
        for row in each:
            if row['dataset'] not in datasets:
                continue
            key = _key(row)
            if key not in entries:
                needs = row['needs'] if kind == 'runs' else needs_of(
                    row['method'])
                entries[key] = Entry(row['method'], '', needs)
            entry, dataset = entries[key], row['dataset']
            if kind == 'runs':
                entry.runs[dataset].append(row)
            elif kind == 'published':
                entry.published[dataset] = row
            else:
                entry.reruns[row['by']][dataset] = row
    for (_, clip, weights), entry in entries.items():
        entry.clip = _name(clip, weights, entry)
    order = _order(list(entries.values()), datasets)
    return Table(protocol, datasets, order)


def _name(clip, weights, entry):
    """str: 'ViT-B-16 openai', 'toy-vit-p8, 3 weights', 'own weights'."""
    if clip is None:
        return 'own weights'
    if weights is None:
        return f'{clip}, weights not stated'
    if weights is not _FILES:
        return f'{clip} {weights}'
    names = short_names(entry)
    return (f'{clip} {names[0]}' if len(names) == 1 else
            f'{clip}, {len(names)} weights')


def short_names(entry):
    """list[str]: Names of an entry's different weights.

    'w/ViT-B-16-seed1.safetensors' is 'seed1', unless another has that name.
    """
    weights = dict.fromkeys((row['clip'], row['weights'])
                            for rows in entry.runs.values() for row in rows)
    names = [Path(path or 'random').name.removesuffix('.safetensors')
             .removesuffix('.pt').removeprefix(f'{clip}-')
             for clip, path in weights]
    return [name if names.count(name) == 1 else path
            for name, (_, path) in zip(names, weights)]


def _order(entries, datasets):
    """Sort by group and, within it, by how well the methods do.

    A method is placed by its mean. As a mean over few datasets depends on
    which these are, gaps count as what all figures together let expect: the
    least-squares fit of a term for each method and one for each dataset. For
    complete rows this is the order of the means.
    """
    known = [(i, j, value) for i, entry in enumerate(entries)
             for j, dataset in enumerate(datasets)
             if (value := entry.value(dataset)) is not None]
    design = np.zeros((len(known), len(entries) + len(datasets)))
    for line, (i, j, _) in enumerate(known):
        design[line, [i, len(entries) + j]] = 1
    terms = np.linalg.lstsq(
        design, np.array([value for *_, value in known]), rcond=None)[0]
    scores = {id(entries[i]): round(terms[i], 6) for i, *_ in known}
    groups = list(NEEDS)
    return sorted(entries, key=lambda entry: (
        groups.index(entry.needs),
        -scores.get(id(entry), -np.inf), entry.method, entry.clip))

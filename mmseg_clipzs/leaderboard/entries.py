"""Lines of the leaderboard, and tables of them."""
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from mmseg_clipzs.recipes import NEEDS

TOLERANCE = 0.5  # points of mIoU: more below the published figure is behind
TOY = 'toy'  # scenes of one's own making, of which nothing is published


@dataclass
class Entry:
    """A method with one CLIP.

    Attributes:
        method (str): Its title.
        protocol (str): Title of the protocol.
        clip (str): Architecture and weights.
        licence (str): Of these weights, if it is known.
        needs (str | None): Key of ``recipes.NEEDS``.
        runs (dict[str, list[dict]]): Dataset -> rows measured here, also
            failed ones.
        published (dict[str, dict]): Dataset -> row of ``recipes.PUBLISHED``.
        reruns (dict[str, dict[str, dict]]): Who measured it again -> dataset
            -> row of ``recipes.RERUNS``.
        settings (str): Whose settings of the protocol's letter it has; '' if
            all of a table have the same.
    """
    method: str
    protocol: str
    clip: str
    licence: str
    needs: str | None
    runs: dict = field(default_factory=lambda: defaultdict(list))
    published: dict = field(default_factory=dict)
    reruns: dict = field(default_factory=lambda: defaultdict(dict))
    settings: str = ''

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
        """dict[str, float]: Dataset -> mIoU here minus the published one, of
        those that compare."""
        found = {dataset: difference_to(value, self.published[dataset])
                 for dataset, value in self.here.items()
                 if dataset in self.published}
        return {dataset: each for dataset, each in found.items()
                if each is not None}

    @property
    def rate(self):
        """float | None: Images per second of its runs."""
        rows = [row for row in self.finished()
                if row.get('seconds') and row.get('images_per_second')]
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
    """Results of one protocol, or of those of one letter.

    Attributes:
        title (str): The protocol, or the letter.
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
            CLIP if that is not the usual one, which is returned too ('' if
            there is only one), and its settings if another has its name.
        """
        run = [entry for entry in self.entries if entry.here]
        clips = [entry.clip for entry in run]
        usual = statistics.mode(clips) if clips else ''
        names = {id(entry): entry.method if entry.clip == usual else
                 f'{entry.method}, {entry.clip}' for entry in run}
        shared = [name for name, count in Counter(names.values()).items()
                  if count > 1]
        return ({id(entry): f'{names[id(entry)]}, {entry.settings}'
                 if names[id(entry)] in shared else names[id(entry)]
                 for entry in run},
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


def mean(values):
    """float | None: Of the values that there are."""
    values = [value for value in values if value is not None]
    return statistics.mean(values) if values else None


def difference_to(value, published):
    """float | None: mIoU minus that of a published row, None if they do not
    compare: the row ``differs``, or is of toy scenes."""
    if published['dataset'] == TOY or 'differs' in published:
        return None
    return round(value - float(published['mIoU']), 2)

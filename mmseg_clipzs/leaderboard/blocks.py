"""The tables of the leaderboard, as texts that all formats share."""
import statistics
from dataclasses import dataclass

from mmseg_clipzs.recipes.field import METHODS_OF_THE_FIELD
from mmseg_clipzs.recipes.published import legend, marked, mean_figure

from .entries import is_behind, mean
from .standings import short_names

# Kinds of columns and lines: who measured what they show.
HERE, PUBLISHED, RERUN, COST, TEXT = (
    'here', 'published', 'rerun', 'cost', 'text')
FOREIGN = 'foreign'  # a line without figures of one's own


class Behind(str):
    """Text of a figure that is behind the published one."""


@dataclass
class Block:
    """A table.

    Attributes:
        title (str): What it shows.
        columns (list[tuple[str, str]]): Heading and kind of each column.
        groups (list[tuple[str, list]]): Title, or '', and lines. A line is
            its kind ('' if the columns tell) and a text per column.
        notes (list[str]): Sentences below.
        is_open (bool): Of the first interest.
    """
    title: str
    columns: list
    groups: list
    notes: list
    is_open: bool = True


def blocks_of(table):
    """list[Block]: The tables of a protocol.

    Args:
        table (Table): Of :func:`~.standings.compare`.
    """
    blocks = [_overview(table)]
    if len(table.datasets) > 1:
        blocks.append(_each_dataset(table))
    blocks += [_each_weights(table), _sources(table)]
    return [block for block in blocks if block.groups]


def _notes(table):
    """list[str]: What the signs of foreign figures mean."""
    text = legend(row for entry in table.entries
                  for rows in (entry.published, *entry.reruns.values())
                  for row in rows.values())
    return [text] if text else []


def _overview(table):
    """One line per method and CLIP."""
    count, lines = len(table.datasets), {}
    for title, entries in table.groups():
        lines[title] = [['' if entry.runs else FOREIGN,
            entry.method, entry.clip, entry.settings,
            _here(entry, table.datasets),
            _foreign(entry.published, table.datasets),
            '; '.join(f'{_foreign(rows, table.datasets)} ({by})'
                      for by, rows in entry.reruns.items()),
            _against(entry, count),
            '' if entry.rate is None else _digits(entry.rate),
            '' if entry.memory is None else f'{entry.memory:,.0f}']
            for entry in entries]
    columns = [('method', TEXT), ('CLIP', TEXT), ('settings', TEXT),
               ('here', HERE), ('published', PUBLISHED),
               ('re-run by others', RERUN), ('here − published', HERE),
               ('images/s', COST), ('memory, MB', COST)]
    keep = [i for i, (name, _) in enumerate(columns) if name in (
        'method', 'CLIP') or any(
            texts[i] for each in lines.values() for _, *texts in each)]
    what = (f'mIoU on {table.datasets[0]}' if count == 1 else
            f'Mean mIoU of {count} datasets: {", ".join(table.datasets)}')
    return Block(
        what, [columns[i] for i in keep],
        [(title, [(kind, [texts[i] for i in keep]) for kind, *texts in each])
         for title, each in lines.items()], _notes(table))


def _each_dataset(table):
    """A line for each who measured a method."""
    usual = statistics.mode(entry.settings for entry in table.entries)
    groups = []
    for title, entries in table.groups():
        lines = []
        for entry in entries:
            head = [entry.method, entry.clip]
            settings = '' if entry.settings == usual else (
                f', {entry.settings}\'s settings')
            if entry.runs:
                lines.append((HERE, [
                    *head, f'here{settings}', _here(entry, table.datasets), *(
                        _run_text(entry, dataset)
                        for dataset in table.datasets)]))
            for kind, who, rows in (
                    (PUBLISHED, 'published', entry.published),
                    *((RERUN, f're-run by {by}', rows)
                      for by, rows in entry.reruns.items())):
                if rows:
                    lines.append((kind, [
                        *head, who + settings,
                        _foreign(rows, table.datasets), *(
                            marked(rows[dataset]['mIoU'], rows[dataset])
                            if dataset in rows else ''
                            for dataset in table.datasets)]))
        groups.append((title, lines))
    return Block('mIoU on each dataset', [
        ('method', TEXT), ('CLIP', TEXT), ('figures', TEXT),
        ('mean', ''), *((dataset, '') for dataset in table.datasets)],
        groups, _notes(table))


def _each_weights(table):
    """Methods with several weights of a CLIP: a column for each."""
    names = {}
    for entry in table.entries:
        if len(short_names(entry)) > 1:
            names.update(dict.fromkeys(short_names(entry)))
    groups = []
    for title, entries in table.groups():
        lines = [
            ('', [entry.method, entry.clip, dataset, *(
                _several([row for row, name in zip(rows, _names(rows, entry))
                          if name == wanted]) for wanted in names),
                _run_text(entry, dataset)])
            for entry in entries if len(short_names(entry)) > 1
            for dataset, rows in entry.runs.items()]
        if lines:
            groups.append((title, lines))
    return Block('mIoU with each of several weights', [
        ('method', TEXT), ('CLIP', TEXT), ('dataset', TEXT),
        *((name, HERE) for name in names), ('mean ± std', HERE)], groups, [],
        is_open=False)


def _names(rows, entry):
    """Short names of the weights of an entry's rows."""
    weights = list(dict.fromkeys(
        (row['clip'], row['weights'])
        for each in entry.runs.values() for row in each))
    return [short_names(entry)[weights.index((row['clip'], row['weights']))]
            for row in rows]


def _sources(table):
    """Who published what, and what the methods need."""
    groups = []
    for title, entries in table.groups():
        lines = []
        for entry in entries:
            sources = dict.fromkeys(
                row['source'] for row in entry.published.values())
            sources.update(dict.fromkeys(
                f'{row["source"]} (re-run by {by})'
                for by, rows in entry.reruns.items()
                for row in rows.values()))
            _, uses, code, licence = METHODS_OF_THE_FIELD.get(
                entry.method, ('', '', '', ''))
            if sources:
                lines.append(('', [
                    entry.method, entry.clip, uses, '; '.join(sources), code,
                    licence, entry.licence]))
        if lines:
            groups.append((title, lines))
    return Block('Sources, and what the methods need', [
        ('method', TEXT), ('CLIP', TEXT), ('needs', TEXT),
        ('source of the figures', TEXT), ('authors\' code', TEXT),
        ('its licence', TEXT), ('licence of CLIP\'s weights', TEXT)],
        groups, [], is_open=False)


# ---------------------------------------------------------------------- texts
def _here(entry, datasets):
    """str: '41.23', '63.00 ± 3.61 (3)', '41.23 (7 of 8)', 'failed'."""
    if len(datasets) == 1:
        return _several(entry.runs.get(datasets[0], ()))
    if not entry.here:
        return 'failed' if entry.runs else ''
    return (f'{mean(entry.here.values()):.2f}'
            + _gap(entry.here, datasets))


def _run_text(entry, dataset):
    """str: Figures of one dataset, marked where they are behind."""
    difference = entry.differences().get(dataset)
    text = _several(entry.runs.get(dataset, ()))
    return (Behind(f'{text} ({-difference:.2f} behind)')
            if is_behind(difference) else text)


def _several(rows):
    """str: Figures of one line and dataset.

    Of several weights, mean and sample standard deviation; not of several
    settings of one method.
    """
    figures = [row['mIoU'] for row in rows if 'error' not in row]
    if not figures:
        return 'failed' if rows else ''
    weights = {row['weights'] for row in rows if 'error' not in row}
    if 1 < len(figures) == len(weights):
        return (f'{statistics.mean(figures):.2f} ± '
                f'{statistics.stdev(figures):.2f} ({len(figures)})')
    return ' / '.join(f'{figure:.2f}' for figure in figures)


def _foreign(rows, datasets):
    """str: Mean of published figures, or the figure of the one dataset."""
    shown = {dataset: rows[dataset] for dataset in datasets
             if dataset in rows}
    if not shown:
        return ''
    text = (next(iter(shown.values()))['mIoU'] if len(datasets) == 1 else
            mean_figure(shown.values()))
    return marked(text, *shown.values()) + _gap(shown, datasets)


def _gap(shown, datasets):
    """str: ' (7 of 8)' for a mean with gaps."""
    return '' if len(shown) == len(datasets) else (
        f' ({len(shown)} of {len(datasets)})')


def _against(entry, count):
    """str: '+0.31', '−1.40, behind', '−0.42, behind on voc21'."""
    differences = entry.differences()
    if not differences:
        return ''
    behind = [dataset for dataset, each in differences.items()
              if is_behind(each)]
    text = f'{mean(differences.values()):+.2f}'.replace('-', '−')
    if not behind:
        return text
    return Behind(f'{text}, behind' + (
        f' on {", ".join(behind)}' if count > 1 else ''))


def _digits(value):
    """str: Three digits, e.g. '0.01', '1.20', '123'."""
    return f'{value:.{2 if value < 10 else 1 if value < 100 else 0}f}'

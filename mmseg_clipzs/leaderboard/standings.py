"""Measured and published figures side by side, grouped and sorted.

Figures of different letters of protocols never share a table, those of
different protocols or weights never a line.
"""
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from mmseg_clipzs.clip.weights import SHIPPED, list_tags
from mmseg_clipzs.recipes import NEEDS, licence_of, name_clip, needs_of
from mmseg_clipzs.recipes.cells import source_of

from .entries import Entry, Table, difference_to, is_behind

_FILES = object()  # weights that no tag names


def compare(rows, published, reruns=()):
    """Put figures side by side.

    Args:
        rows (Sequence[dict]): Result of :func:`matrix.run`. ``needs``, if any,
            is a key of ``recipes.NEEDS``; by default that of the method's
            title, or 'trained' if there is a checkpoint.
        published, reruns (Sequence[dict]): Rows as in ``recipes.PUBLISHED``
            and ``recipes.RERUNS``.

    Returns:
        list[Table]: One per letter or protocol in ``rows``, with the datasets
        in ``rows``.
    """
    rows = _told_apart([dict(row, needs=group_of(row)) for row in rows])
    return [_table(*([row for row in each
                      if _split(row['protocol'])[0] == section]
                     for each in (rows, published, reruns)))
            for section in dict.fromkeys(
                _split(row['protocol'])[0] for row in rows)]


def annotate(row, published, reruns=()):
    """A row of results with what is known of its method.

    Args:
        row (dict): Of :func:`matrix.run`.
        published, reruns (Sequence[dict]): As for :func:`compare`.

    Returns:
        dict: With needs, published (percent) and its source with what to know
        of it, rerun (who -> percent), difference (mIoU here minus published)
        and behind (whether that is too low); None where there is no such
        figure, the latter two also where it does not compare.
    """
    def same(others):
        return [other for other in others if _key(other) == _key(row)
                and other['dataset'] == row['dataset']]

    source, difference = next(iter(same(published)), None), None
    if source and 'mIoU' in row:
        difference = difference_to(row['mIoU'], source)
    return dict(
        row, needs=group_of(row),
        published=source and float(source['mIoU']),
        source=source and source_of(source),
        rerun={other['by']: float(other['mIoU'])
               for other in same(reruns)} or None,
        difference=difference,
        behind=None if difference is None else is_behind(difference))


def group_of(row):
    """str | None: Key of ``recipes.NEEDS`` for a row of results."""
    needs = row.get('needs') or needs_of(row['method'])
    return needs or ('trained' if row.get('checkpoint') else None)


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


def _split(protocol):
    """tuple[str, str]: 'B (ClearCLIP)' -> 'B', 'ClearCLIP'.

    What is changed about a protocol makes another: only figures of protocols
    as they are share the table of their letter.
    """
    match = re.fullmatch(r'([A-Z]) \(([^()]+)\)', protocol)
    return match.groups() if match else (protocol, '')


def _key(row):
    """The line of a row: method and protocol, CLIP with a tag's weights.

    The weights of all files of an architecture, and those that are shipped
    with this package, share a line: they are runs of one recipe.
    """
    clip, weights = row['clip'], row['weights']
    if 'source' not in row:
        if clip and (clip, weights) not in SHIPPED and (
                weights in list_tags(clip)):
            clip, weights = name_clip(clip, weights)
        else:
            weights = _FILES if clip else None
    return row['method'], row['protocol'], clip, weights


def _table(rows, published, reruns):
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
                entries[key] = Entry(
                    row['method'], row['protocol'], '', licence_of(*key[2:]),
                    needs)
            entry, dataset = entries[key], row['dataset']
            if kind == 'runs':
                entry.runs[dataset].append(row)
            elif kind == 'published':
                entry.published[dataset] = row
            else:
                entry.reruns[row['by']][dataset] = row
    protocols = {entry.protocol for entry in entries.values()}
    for (_, protocol, clip, weights), entry in entries.items():
        section, settings = _split(protocol)
        entry.clip = _name(clip, weights, entry)
        entry.settings = settings if len(protocols) > 1 else ''
    return Table(section if len(protocols) > 1 else protocol, datasets,
                 _order(list(entries.values()), datasets))


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

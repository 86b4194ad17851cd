"""The HTML page: tables, plots, class IoUs and predictions in one file."""
from html import escape
from pathlib import Path
from string import Template

from mmseg_clipzs.recipes import NEEDS

from .blocks import TEXT, Behind, blocks_of
from .pictures import class_bars, predictions
from .scatter import draw, points_of, shape

_FIGURES = ('mIoU', 'aAcc', 'mAcc', 'seconds', 'images/s', 'memory, MB')
_TEMPLATE = Path(__file__).with_name('page.html')


def to_html(tables, note, failures, settings, environments, folder):
    """Render the page.

    Args:
        tables (Sequence[Table]): One per protocol.
        note (str): Explanation of the tables.
        failures, environments (Sequence[str]): Lines of text.
        settings (tuple[list, list, str]): Header and lines of a table, and
            what its lines share.
        folder (str | Path): Work dir, with the rows' prediction samples.

    Returns:
        str: Self-contained HTML without scripts.
    """
    parts = [f'<p>{escape(note)}</p>']
    if failures:
        parts.append(_section('Failed', _list(failures)))
    for i, table in enumerate(tables):
        parts.append(_protocol(table, f'plot{i}', folder))
    header, lines, shared = settings
    parts += [
        _section('Settings and costs', _table(
            [(name, '' if name in _FIGURES else TEXT) for name in header],
            [('', [('', line) for line in lines])]),
            *[f'<p>All rows: {escape(shared)}.</p>'] * bool(shared)),
        _section('Versions', _list(environments))]
    return Template(_TEMPLATE.read_text(encoding='utf-8')).substitute(
        body='\n'.join(parts))


def _protocol(table, name, folder):
    """Tables, plot and pictures of a protocol."""
    first, *others = blocks_of(table)
    parts = [f'<h3>{escape(first.title)}</h3>', _block(first),
             _plot(table, name)]
    parts += [_details(block.title, _block(block), block.is_open)
              for block in others]
    for dataset in table.datasets:
        several = any(len(entry.finished(dataset)) > 1
                      for entry in table.entries)
        parts += [
            _details(f'{dataset}: predictions'
                     + several * ' (the first of several runs)',
                     predictions(table, dataset, folder),
                     dataset == table.datasets[0]),
            _details(f'{dataset}: IoU of each class',
                     class_bars(table, dataset))]
    return _section(f'Protocol {table.title}', *filter(None, parts))


def _plot(table, name):
    """Quality against time, if there is anything to compare."""
    points, left = points_of(table)
    if len(points) < 2:
        return ''
    groups = {each.needs for each in points}
    keys = ''.join(f'<span class="key">{shape(needs)}{escape(title)}</span>'
                   for needs, title in NEEDS.items() if needs in groups)
    devices = {row.get('device') for entry in table.entries
               for row in entry.finished()}
    notes = ['Up and to the left is better; along the dashed line, nothing '
             'else is both faster and better.']
    _, usual = table.labels()
    if usual:
        notes.append(f'CLIP is {usual} unless named.')
    if len(table.datasets) > 1:
        notes.append('Means of the datasets.')
    if len(devices) > 1:
        notes.append('Not all times are of the same device.')
    if left:
        notes.append('Not drawn, as they were not run on all datasets: '
                     f'{"; ".join(left)}.')
    return (f'<figure class="plot">{draw(points, name)}'
            f'<figcaption>{keys}<br>{escape(" ".join(notes))}'
            '</figcaption></figure>')


def _section(title, *parts):
    return '\n'.join([f'<section><h2>{escape(title)}</h2>', *parts,
                      '</section>'])


def _details(title, content, is_open=False):
    if not content:
        return ''
    return (f'<details{" open" * is_open}><summary>{escape(title)}</summary>'
            f'{content}</details>')


def _list(lines):
    return ('<ul>' + ''.join(f'<li>{escape(line)}</li>' for line in lines)
            + '</ul>')


def _block(block):
    return _table(block.columns, block.groups) + ''.join(
        f'<p>{escape(note)}</p>' for note in block.notes)


def _table(columns, groups):
    """str: A table; the first column heads its lines.

    Args:
        columns (Sequence[tuple]): Heading and kind of each column.
        groups (Sequence[tuple]): Title and lines, as in ``Block``.
    """
    head = ''.join(f'<th scope="col"{_class(kind)}>{escape(heading)}</th>'
                   for heading, kind in columns)
    parts = [f'<thead><tr>{head}</tr></thead>']
    for title, lines in groups:
        parts.append('<tbody>' + (
            f'<tr class="group"><th scope="rowgroup" colspan="{len(columns)}">'
            f'{escape(title)}</th></tr>' if title else ''))
        parts += [_line(line, columns) for line in lines]
        parts.append('</tbody>')
    many = ' class="many"' * (len(columns) > 9)
    return (f'<div class="wide"><table{many}>\n' + '\n'.join(parts)
            + '\n</table></div>')


def _line(line, columns):
    kind, texts = line
    cells = [f'<th scope="row">{escape(texts[0])}</th>']
    for text, (_, of_column) in zip(texts[1:], columns[1:]):
        classes = [of_column, 'behind' * isinstance(text, Behind)]
        cells.append(f'<td{_class(" ".join(filter(None, classes)))}>'
                     f'{escape(text)}</td>')
    return f'<tr{_class(kind)}>{"".join(cells)}</tr>'


def _class(kind):
    return f' class="{kind}"' if kind else ''

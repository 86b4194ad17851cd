"""Tables of the methods' pages (docs/methods) and of all figures."""
import statistics
from functools import partial

from . import measured
from .cells import cells, resolve, show_clip
from .elsewhere import weights_of
from .field import METHODS_OF_THE_FIELD
from .markdown import NONE, label, spread, table
from .methods import BENCHMARKS, METHODS
from .needs import NEEDS, needs_of
from .published import (
    PUBLISHED,
    RERUNS,
    legend,
    marked,
    mean_figure,
)

_AUTHORS = ' (authors\' settings)'
# Page -> its methods, and titles of others whose figures it shows.
PAGES = {
    'clip': (('clip_b', 'clip', 'clip_rn50', 'clip_authors'), ()),
    'maskclip': (
        ('maskclip_b', 'maskclip', 'maskclip_ks_pd', 'maskclip_rn50',
         'maskclip_authors', 'maskclip_authors_ks_pd',
         'maskclip_authors_rn50', 'maskclip_authors_rn50x16'), ()),
    'maskclip_plus': ((), (f'MaskCLIP+{_AUTHORS}', )),
    'groupvit': (('groupvit', ), ()),
    'grouping': (('kmeans', 'mean_shift', 'spectral'), ()),
    'sclip': (('sclip', ), ()),
    'clearclip': (('clearclip', ), ()),
    'naclip': (('naclip', 'naclip_pamr', 'naclip_regions'),
               ('NACLIP + FLOSS', )),
    'gem': (('gem', ), ()),
    'cliptrase': (('cliptrase', ), ()),
    'scclip': (('scclip', ), ()),
    'resclip': (('resclip', 'resclip_sclip', 'resclip_clearclip'), ()),
    'sfp': (('sfp', ), ()),
    'proxyclip': (('proxyclip', ), ()),
    'corrclip': (('corrclip', ), (
        'CorrCLIP (Mask2Former)', 'CorrCLIP (EoMT)', 'CorrCLIP (EntitySeg)',
        'CorrCLIPv2')),
    'lposs': (('lposs', ), ()),
    'trident': (('trident', ), ()),
    'tipsv2': (('tipsv2', ), ()),
    'sam3': (('sam3', ), ()),
}
_TOY = {'toy, B (windows of 64)': measured.WINDOWS, 'toy': {
    **measured.WHOLE,
    **{name: figures[:1] for name, figures in measured.GROUPING.items()
       if name not in measured.WHOLE},
    'maskclip_plus': measured.MASKCLIP_PLUS}}


def page_tables():
    """dict[str, Callable]: The tables of all pages, by their names."""
    made = {}
    for page, (methods, _) in PAGES.items():
        if _rows_of(page):
            made[f'{page}, figures'] = partial(_figures, page)
        if _toy_figures(page):
            made[f'{page}, toy scenes'] = partial(_toy, page)
        if methods:
            made[f'{page}, configs'] = partial(_configs, methods)
        if set(methods) & set(measured.COSTS):
            made[f'{page}, cost'] = partial(_costs, methods)
    return made


def _configs(methods):
    """The configs of a page's methods."""
    rows = []
    for method in methods:
        of_method = [cell for cell in cells() if cell.method == method]
        groups = {}  # prefix of the name, protocol -> datasets
        for cell in of_method:
            groups.setdefault(
                (cell.name.removesuffix(cell.dataset),
                 resolve(cell.protocol)['title']), []).append(cell.dataset)
        clip, networks, regions = weights_of(method)
        for (prefix, protocol), datasets in groups.items():
            real = datasets != ['toy']
            rows.append([
                f'`{prefix}{datasets[0]}`' if len(datasets) == 1 else
                f'`{prefix}*`', protocol,
                ', '.join(f'`{dataset}`' for dataset in datasets),
                ', '.join(f'`{each}`' for each in (
                    clip or METHODS[method]['model'].get('weights'),
                    *networks, regions) if each)
                if real else 'come along'])
    return table(['configs', 'protocol', '`*`: dataset', 'weights, regions'],
                 rows)


def _rows_of(page):
    """list[dict]: Published figures of a page, and what others measured."""
    methods, more = PAGES[page]
    titles = {*(METHODS[method]['title'] for method in methods), *more}
    return [row for row in (*PUBLISHED, *RERUNS) if row['method'] in titles]


def _figures(page):
    rows = _rows_of(page)
    return '\n\n'.join(filter(None, [
        table(['method', 'CLIP', 'protocol', 'figures', *BENCHMARKS, 'mean'],
              [[*head, *figures] for head, figures in _lines(rows)]),
        legend(rows)]))


def _toy_figures(page):
    """list[tuple]: Config, protocol and figures on the toy scenes."""
    return [(_config(method, protocol), protocol, figures[:3])
            for protocol, each in _TOY.items()
            for method, figures in each.items()
            if method in PAGES[page][0] or method == page]


def _toy(page):
    return table(
        ['here, toy scenes', 'protocol', 'seed 0', 'seed 1', 'seed 2',
         'mean ± std'],
        [[f'`{config}`', protocol, *(f'{figure:.2f}' for figure in figures),
          *[''] * (3 - len(figures)),
          spread(figures) if len(figures) > 2 else '']
         for config, protocol, figures in _toy_figures(page)])


def _config(method, protocol):
    """str: Name of a method's config for the toy scenes."""
    return next((cell.name for cell in cells() if cell.dataset == 'toy' and (
        cell.method == method)), f'{method}_toy')


def _lines(rows):
    """Rows of figures joined to lines.

    Yields:
        tuple: Method, CLIP, protocol and who measured; the eight figures and
        their mean as text, '' where there is none.
    """
    lines = {}
    for row in rows:
        lines.setdefault((
            row['method'], show_weights(row), row['protocol'],
            f're-run by {row["by"]}' if 'by' in row else 'published'),
            {})[row['dataset']] = row
    for head, line in lines.items():
        yield head, [
            *(marked(line[dataset]['mIoU'], line[dataset])
              if dataset in line else '' for dataset in BENCHMARKS),
            marked(mean_figure(line.values()), *line.values())
            if set(line) == set(BENCHMARKS) else '']


def show_weights(row):
    """str: 'ViT-B/16', with other weights than OpenAI's."""
    if row['clip'] is None:
        return 'own weights'
    weights = {'openai': '', None: ', weights not stated'}.get(
        row['weights'], f', {row["weights"]}')
    return show_clip(row['clip']) + weights


def costs():
    """Time and memory of the methods beside MaskCLIP."""
    return _costs(measured.COSTS)


def _costs(methods):
    rows = []
    for method in methods:
        if method in measured.COSTS:
            rows.append([label(method), *(
                text for part in measured.COSTS[method] for text in (
                    (f'{part[0]:g}', f'{part[1]:.2f} x', f'{part[2]}')
                    if part else ('', '', '')))])
    return table(
        ['', 'ViT-B/16, 500 x 375: images/s', 'time', 'MB',
         'toy, 128 x 128: images/s', 'time', 'MB'], rows)


def overview():
    """One line per method that is here, with a link to its page."""
    rows = []
    for page, (methods, more) in PAGES.items():
        for method in methods or (None, ):
            if method and (method != methods[0] and METHODS[method][
                    'title'] in (METHODS[methods[0]]['title'],
                                 METHODS[methods[0]]['title'] + _AUTHORS)
                    or method.startswith('maskclip_authors')):
                continue
            rows.append(_overview_row(page, method, more))
    return table(
        ['method', 'needs', 'config', 'published mean of 8',
         'toy scenes, here', 'time'], rows)


def _overview_row(page, method, more):
    if method is None:  # MaskCLIP+
        return [f'[MaskCLIP+]({page}.md)', NEEDS['trained'],
                '`maskclip_plus_*`', NONE, spread(measured.MASKCLIP_PLUS),
                'of the student']
    title = METHODS[method]['title']
    lines = [figures for (name, _, protocol, who), figures in _lines(
        row for row in PUBLISHED if row['method'] == title
        and row['clip'] == next(c.clip for c in cells() if (
            c.method == method)).removesuffix('-quickgelu')
        and row['weights'] == weights_of(method)[0].split(':')[1])
    ] if weights_of(method)[0] else [
        figures for _, figures in _lines(
            row for row in PUBLISHED if row['method'] == title)]
    mean = next((each[-1] for each in lines if each[-1]), NONE)
    toy = next((figures[:3] for each in _TOY.values()
                for name, figures in each.items() if name == method), ())
    cost = next((part for part in measured.COSTS.get(method, ()) if part),
                None)
    return [f'[{label(method)}]({page}.md)', show_needs(title),
            f'`{method}_*`' if len(METHODS[method]['cells']) > 1 else
            f'`{method}_{next(iter(METHODS[method]["cells"]))}`', mean,
            spread(toy) if len(toy) == 3 else ''.join(
                f'{figure:.1f}' for figure in toy) or NONE,
            f'{cost[1]:.2f} x' if cost else NONE]


def show_needs(title):
    """str: What a method needs, with the networks that it uses."""
    uses = METHODS_OF_THE_FIELD.get(title, ('', ''))[1]
    return NEEDS[needs_of(title)] + (f': {uses}' if uses else '')


def board():
    """Every figure there is, for the interactive table.

    The columns are read by docs/assets/leaderboard.js.
    """
    pages = {METHODS[method]['title']: page
             for page, (methods, _) in PAGES.items() for method in methods}
    pages.update({title: page for page, (_, more) in PAGES.items()
                  for title in more})

    def link(title):
        return (f'[{title}](methods/{pages[title]}.md)' if title in pages
                else title)

    rows = [
        [link(method), clip, figures[-1], *figures[:-1], '', who, protocol,
         NEEDS[needs_of(method)]]
        for (method, clip, protocol, who), figures in _lines(
            [*PUBLISHED, *RERUNS])]
    for protocol, each in _TOY.items():
        for method, figures in each.items():
            title = (METHODS[method]['title'] if method in METHODS else
                     f'MaskCLIP+{_AUTHORS}')
            rows.append([
                link(title).replace(f'[{title}', f'[{title}'.replace(
                    _AUTHORS, '')),
                'own weights' if method == 'groupvit' else 'toy-vit-p8', '',
                *[''] * len(BENCHMARKS),
                f'{statistics.mean(figures[:3]):.1f}', 'here', protocol,
                NEEDS[needs_of(title)]])
    rows.sort(key=lambda row: (
        -float(row[2].strip('†‡') or 0), -sum(map(bool, row))))
    return table(
        ['method', 'CLIP', 'mean of 8', *BENCHMARKS, 'toy', 'figures',
         'protocol', 'needs'], rows) + f'\n\n{legend([*PUBLISHED, *RERUNS])}'

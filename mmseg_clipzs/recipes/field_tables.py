"""Tables of the field in protocol B, and of CLIP's weights."""
from .clip_weights import CLIP_WEIGHTS
from .field import METHODS_OF_THE_FIELD
from .markdown import table
from .method_pages import show_weights
from .methods import BENCHMARKS
from .needs import NEEDS, needs_of
from .published import PUBLISHED, RERUNS, legend, marked, mean_figure


def clip_weights():
    return table(
        ['`--clip`', 'trained on', 'activation', 'licence of the weights',
         'found in'],
        [[f'`{name}:{tag}`', *facts]
         for (name, tag), facts in CLIP_WEIGHTS.items()])


def field_b():
    """All figures of protocol B, of the authors and of others."""
    shown = [row for row in (*PUBLISHED, *RERUNS)
             if row['protocol'].startswith('B ')]
    lines = {}  # needs -> (method, CLIP, who) -> dataset -> row
    for row in shown:
        lines.setdefault(needs_of(row['method']), {}).setdefault(
            (row['method'], show_weights(row), row['protocol'][3:-1],
             f're-run by {row["by"]}' if 'by' in row else 'published'),
            {})[row['dataset']] = row
    rows = []
    for needs, title in NEEDS.items():
        of_group = sorted(lines.get(needs, {}).items(), key=lambda line: (
            -len(line[1]), -float(mean_figure(line[1].values()))))
        rows += [[f'**{title}**', *[''] * 12]] if of_group else []
        rows += [[*head, *(
            marked(each[dataset]['mIoU'], each[dataset])
            if dataset in each else '' for dataset in BENCHMARKS),
            marked(mean_figure(each.values()), *each.values())
            if len(each) == 8 else '']
                 for head, each in of_group]
    return table(['method', 'CLIP', 'settings', 'figures', *BENCHMARKS,
                  'mean'], rows) + f'\n\n{legend(shown)}'


def field_needs():
    """What the methods need, their code and its licence."""
    return table(
        ['method', 'needs', 'authors\' code', 'licence of the code'],
        [[method, uses or NEEDS[needs], code, licence] for method, (
            needs, uses, code, licence) in METHODS_OF_THE_FIELD.items()])

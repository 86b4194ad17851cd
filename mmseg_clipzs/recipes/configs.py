"""Make the config files from the tables."""
from .bases import data_file, file_of, make_data, make_model, make_schedule
from .cells import (
    base_model,
    cells,
    describe_resize,
    describe_window,
    difference,
    get_settings,
    name_of,
    resolve,
    source_of,
    title_of,
)
from .code import assign, header, inherit
from .datasets import DATASETS, SCHEDULES
from .elsewhere import describe_help
from .methods import METHODS
from .training import make_training_configs, training_sizes


def make_configs():
    """dict[str, str]: Path below the project -> text of each config."""
    files = {}
    sizes = [(dataset, get_settings(entry['base'], dataset).get('resize'))
             for dataset, entry in DATASETS.items()] + training_sizes()
    for cell in cells():
        files[f'configs/{cell.name}.py'] = _cell(cell)
        sizes.append((cell.dataset, cell.settings.get('resize')))
    for dataset, size in sizes:
        files[f'configs/_base_/datasets/{data_file(dataset, size)}.py'] = (
            make_data(dataset, size))
    for method in METHODS:
        files[f'configs/_base_/models/{file_of(method)}.py'] = make_model(
            method)
    for name in SCHEDULES:
        files[f'configs/_base_/schedules/schedule_{name}.py'] = make_schedule(
            name)
    return {**files, **make_training_configs()}


def _cell(cell):
    """A config of the matrix."""
    method, resize = METHODS[cell.method], cell.settings.get('resize')
    helpers = '' if cell.dataset == 'toy' else describe_help(cell.method)
    lines = [
        f'{name_of(cell)} on {title_of(cell.dataset)}'
        + (f', with {helpers}.' if helpers else '.'),
        describe_protocol(cell)]
    if cell.published:
        lines.append(f'Published: {cell.published["mIoU"]} mIoU '
                     f'({source_of(cell.published)}).')
    if cell.authors:
        lines += [f'Corrected: {method["corrects"]}.',
                  f'The authors\' settings are in {cell.authors.name}' + (
                      ', with the published figure.'
                      if cell.authors.published else '.')]
    if 'remark' in method and cell.dataset != 'toy':
        lines.append(method['remark'])
    return '\n'.join([
        header(lines, f'clipzs test {cell.name}'),
        inherit([f'_base_/models/{file_of(cell.method)}.py',
                 f'_base_/datasets/{data_file(cell.dataset, resize)}.py',
                 f'_base_/{method.get("runtime", "default_runtime")}.py']),
        assign('protocol', resolve(cell.protocol)['title']),
        assign('model', _ordered(difference(
            cell.model, base_model(cell.method)))), ''])


def describe_protocol(cell):
    """str: A sentence with the protocol's title and settings."""
    entry, settings = resolve(cell.protocol), cell.settings
    if cell.dataset == 'toy':  # scenes keep their size
        return f'Protocol "{entry["title"]}".'
    whose = f', {entry["whose"]}' if 'whose' in entry else ''
    parts = [describe_resize(settings.get('resize')),
             describe_window(settings['window'])]
    if 'logit_scale' in settings:
        parts.append(f'logit scale {settings["logit_scale"]}')
    for key in ('background_threshold', 'area_threshold'):
        if key in settings:
            parts.append(f'{key.replace("_", " ")} {settings[key]}')
    return (f'Protocol {entry["title"]}{whose}: '
            f'{", ".join(filter(None, parts))}.')


def _ordered(model):
    """CLIP and vocabulary first, ``test_cfg`` last."""
    first = [key for key in ('clip', 'vocabulary') if key in model]
    last = [key for key in ('test_cfg', ) if key in model]
    return {key: model[key] for key in (
        *first, *(k for k in model if k not in (*first, *last)), *last)}

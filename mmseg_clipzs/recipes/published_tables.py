"""Tables of protocols and published figures."""
import textwrap

from . import measured
from .cells import (
    base_model,
    cells,
    describe_resize,
    describe_window,
    find_published,
    get_settings,
    resolve,
    show_clip,
    source_of,
)
from .datasets import DATASETS
from .markdown import NONE, dataset_name, label, published, spread, table, toy
from .methods import BENCHMARKS, METHODS
from .protocols import PROTOCOLS
from .published import legend
from .students import Student
from .trained import READ, TRAINED

_AUTHORS_A = ('clip_authors', 'maskclip_authors', 'maskclip_authors_ks_pd',
              'maskclip_authors_rn50', 'maskclip_authors_rn50x16')
_CORRECTED_A = ('clip', 'maskclip', 'maskclip_ks_pd', 'maskclip_rn50',
                'clip_rn50')
_OVERVIEW = (*_CORRECTED_A, *_AUTHORS_A, 'clip_b', 'maskclip_b', 'kmeans',
             'mean_shift', 'spectral', 'groupvit')


def overview():
    datasets = ('voc', 'context', 'coco_stuff', 'voc21', 'context60')
    rows = []
    for method in _OVERVIEW:
        protocol = next(iter(METHODS[method]['cells'].values()))
        rows.append([f'`{method}`', resolve(protocol)['title'],
                     *(published(method, data) for data in datasets),
                     toy(method)])
    for method in ('maskclip_plus_authors_rn50',
                   'maskclip_plus_authors_rn50x16', 'maskclip_plus_authors',
                   'maskclip_plus'):
        rows.append([
            f'`{method}`, trained; labels read: '
            f'{READ[TRAINED[method]["data"]]}', 'A (MaskCLIP)',
            *(_student_figure(method, data) for data in datasets),
            f'{spread(measured.MASKCLIP_PLUS, 1)} (3 seeds)'
            if 'toy' in TRAINED[method]['datasets'] else ''])
    same = {cell.name: resolve(cell.protocol)['title'] for cell in cells()}
    return table(
        ['method', 'protocol', *(
            f'{dataset_name(data)}, published' for data in datasets),
         'toy, here'], rows) + '\n\n' + textwrap.fill(
        'Configs of one method can follow different protocols: `maskclip_voc` '
        f'is protocol {same["maskclip_voc"]}, `maskclip_voc21` '
        f'{same["maskclip_voc21"]}, with `_b` dropped as `maskclip` has no '
        'other config for that dataset.', 79)


def _student_figure(method, dataset):
    """str: The published figure, a dash, or '' without a config."""
    if dataset not in TRAINED[method]['datasets']:
        return ''
    row = Student(method, dataset).published
    return row['mIoU'] if row else NONE


def _maskclip(methods, datasets):
    """A row per method, published figures next to ours."""
    heading = [text for data in datasets for text in (
        f'{dataset_name(data)}, published', 'here')]
    return table(['config', 'CLIP', *heading], [
        [f'`{method.removesuffix("_b")}_*`',
         show_clip(base_model(method)['clip']['model']),
         *(text for data in datasets
           for text in (published(method, data), NONE))]
        for method in methods])


def maskclip_a():
    return _maskclip((*_AUTHORS_A, *_CORRECTED_A),
                     ('voc', 'context', 'coco_stuff'))


def maskclip_b():
    return _maskclip(('clip_b', 'maskclip_b'),
                     ('voc21', 'context60', 'coco_object'))


def groupvit():
    return table(
        ['config', 'dataset', 'protocol', 'background threshold', 'published',
         'here'],
        [[f'`{cell.name}`', f'{DATASETS[cell.dataset]["title"]}, '
          f'{DATASETS[cell.dataset]["classes"]} classes',
          resolve(cell.protocol)['title'],
          f'{cell.settings["background_threshold"]}',
          published('groupvit', cell.dataset), NONE]
         for cell in cells() if cell.method == 'groupvit'])


_HEADS = {
    'clip': ('`clip_toy`', 'pixel-wise: `MaskClipHead`'),
    'kmeans': ('`kmeans_*`', '`method=\'kmeans\', num_groups=8`'),
    'mean_shift': ('`mean_shift_*`', '`method=\'mean_shift\', '
                   'bandwidth=None, quantile=0.3`'),
    'spectral': ('`spectral_*`', '`method=\'spectral\', num_groups=8`'),
}


def grouping():
    rows = []
    for method, (clip, maskclip, seconds) in measured.GROUPING.items():
        row = find_published(METHODS[method]['title'], 'C (GroupViT)',
                             'ViT-B-16', 'voc21')
        rows.append([*_HEADS[method], row['mIoU'], NONE, f'{clip:.2f}',
                     f'{maskclip:.2f}', f'{seconds}'])
    return table(
        ['configs', '`decode_head=dict(type=\'ClusterHead\', ...)`',
         'VOC21 published, protocol C (GroupViT)', 'VOC21 here', 'toy',
         'toy, MaskCLIP\'s last block', 'seconds a toy scene'], rows)


def _each(setting, show=str):
    """str: A setting, e.g. '336, cityscapes 560, coco_stuff 448'."""
    if not isinstance(setting, dict):
        return NONE if setting is None else show(setting)
    return ', '.join(('' if key == 'default' else f'{key} ') + show(value)
                     for key, value in setting.items()) or NONE


def settings_b():
    groups = {}  # protocol, positions -> methods
    for name, method in METHODS.items():
        backbone = base_model(name).get('backbone', {})
        if 'pos_embed' in backbone and resolve(
                method['protocol'])['title'].startswith('B '):
            groups.setdefault(
                (method['protocol'], backbone['pos_embed']), []).append(name)
    rows = []
    for (protocol, positions), methods in groups.items():
        entry = resolve(protocol)
        rows.append([
            ', '.join(f'`{name}`' for name in methods), entry['title'],
            _each(entry['resize']),
            _each(entry['window'], lambda window: describe_window(
                window).removeprefix('windows ')),
            _each(entry.get('logit_scale')),
            _each(entry.get('background_threshold')),
            _each(entry.get('area_threshold')),
            f'`{positions}`, `{entry["off_grid"]}`',
            ', '.join(f'`{words}`' for words in entry['words'].values())])
    return table(
        ['methods', 'protocol', 'short side', 'window / stride',
         'logit scale', 'background threshold', 'area threshold',
         'positions, off the grid', 'class names'], rows)


def resclip():
    def options(dataset):
        return get_settings('resclip', dataset)['model']['backbone'][
            'last_block']

    names = list(options('voc21'))
    return table(['', *(f'`{name}`' for name in names)], [
        [dataset, *(str(options(dataset)[name]) for name in names)]
        for dataset in BENCHMARKS])


def published_b():
    methods = {name: method for name, method in METHODS.items()
               if set(BENCHMARKS) <= set(method['cells'])}
    figures = [cell.published for cell in cells()
               if cell.method in methods and cell.published]
    return table(['', 'protocol', *BENCHMARKS], [
        [label(name) + _weights(name), resolve(method['protocol'])['title'],
         *(published(name, dataset) for dataset in BENCHMARKS)]
        for name, method in methods.items()]) + f'\n\n{legend(figures)}'


def _weights(method):
    """str: ', metaclip_fullcc' for a method with other weights."""
    tag = base_model(method).get('clip', {}).get('pretrained', 'openai')
    return '' if tag == 'openai' else f', {tag}'


def protocols():
    return table(['protocol', 'settings', 'from'], [
        [resolve(key)['title'], resolve(key).get('whose', NONE),
         resolve(key)['source']]
        for key in PROTOCOLS if 'source' in resolve(key)])


def class_lists():
    letters = {'maskclip': 'A (MaskCLIP)', 'sclip_line': 'B (SCLIP line)',
               'clearclip': 'B (ClearCLIP)', 'groupvit': 'C (GroupViT)'}
    return table(
        ['dataset', *letters.values(), 'for your own work'], [
            [dataset_name(dataset), *(
                f'`{words[dataset]}`' if dataset in words else NONE
                for words in (resolve(key)['words'] for key in letters)),
             f'`{entry["words"]}`']
            for dataset, entry in DATASETS.items() if 'words' in entry])


def recipes():
    rows = []
    for cell in cells():
        if cell.dataset == 'toy':
            continue
        settings, row = cell.settings, cell.published
        rows.append([
            f'`{cell.name}`', resolve(cell.protocol)['title'],
            show_clip(cell.clip) if cell.clip else NONE,
            'ImageNet' if 'mean' in cell.model['data_preprocessor'] else
            'CLIP' if cell.clip else NONE,
            describe_resize(settings.get('resize')),
            describe_window(settings['window']),
            *(str(settings.get(key, NONE)) for key in (
                'logit_scale', 'background_threshold', 'area_threshold')),
            *(cell.model.get('backbone', {}).get(key, NONE) for key in (
                'pos_embed', 'off_grid')),
            f'`{cell.model["vocabulary"]}`',
            f'`{cell.model["prompts"]}`' if 'prompts' in cell.model else NONE,
            row['mIoU'] if row else NONE, source_of(row) if row else NONE])
    return table(
        ['config', 'protocol', 'CLIP', 'mean and std', 'resize', 'window',
         'logit scale', 'background threshold', 'area threshold', 'positions',
         'off the grid', 'class names', 'prompts', 'published mIoU',
         'source'], rows)

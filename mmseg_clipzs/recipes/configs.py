"""The config files, made from the tables."""
import textwrap

from .cells import (
    base_model,
    cells,
    difference,
    get_settings,
    merge,
    name_of,
    published_mIoU,
    resolve,
    show_clip,
    title_of,
)
from .code import Raw, assign
from .datasets import DATASETS, SCHEDULES, TRAIN
from .methods import METHODS, TRAINED
from .published import ZERO_SHOT, ZERO_SHOT_SOURCE

MADE = '# Made by tools/make_configs.py from mmseg_clipzs/recipes.'


def make_configs():
    """dict[str, str]: Path below the project -> text of each config."""
    files = {}
    for cell in cells():
        files[f'configs/{cell.name}.py'] = _cell(cell)
        if 'resize' in cell.settings:
            name, text = _resized(cell.dataset, cell.settings['resize'])
            files[f'configs/_base_/datasets/{name}.py'] = text
    for method, entry in METHODS.items():
        files[f'configs/_base_/models/{_file(method)}.py'] = _model(
            method, entry)
    for dataset in DATASETS:
        name, text = _dataset(dataset)
        files[f'configs/_base_/datasets/{name}.py'] = text
    for dataset in TRAIN:
        for data in ('unlabelled', 'zero_shot'):
            files[f'configs/_base_/datasets/{dataset}_{data}.py'] = (
                _training_data(dataset, data))
    for name in SCHEDULES:
        files[f'configs/_base_/schedules/schedule_{name}.py'] = _schedule(
            name)
    for method, entry in TRAINED.items():
        for dataset in entry['datasets']:
            files[f'configs/{method}_{dataset}.py'] = _trained(
                method, entry, dataset)
    return files


# --------------------------------------------------------------- test configs
def _cell(cell):
    """A config of the matrix."""
    method, settings = METHODS[cell.method], cell.settings
    data, _ = _resized(cell.dataset, settings['resize']) if (
        'resize' in settings) else _dataset(cell.dataset)
    runtime = 'groupvit_runtime' if cell.method == 'groupvit' else (
        'default_runtime')
    header = [
        f'{name_of(cell)} on {title_of(cell.dataset)}.',
        describe_protocol(cell)]
    if cell.published:
        header.append(f'Published: {cell.published["mIoU"]} mIoU '
                      f'({cell.published["source"]}).')
    if 'remark' in method and 'resize' in settings:
        header.append(method['remark'])
    return '\n'.join([
        _header(header, f'python tools/test.py configs/{cell.name}.py'),
        _bases([f'_base_/models/{_file(cell.method)}.py',
                f'_base_/datasets/{data}.py', f'_base_/{runtime}.py']),
        assign('protocol', resolve(cell.protocol)['title']),
        assign('model', _ordered(difference(
            cell.model, base_model(cell.method)))), ''])


def describe_protocol(cell):
    """str: A sentence with the protocol's name and its settings."""
    entry, settings = resolve(cell.protocol), cell.settings
    if 'resize' not in settings:  # the toy scenes keep their size
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


def describe_resize(resize):
    """str: 'short side 336', 'within 1024 x 512', or '' for none."""
    if resize is None:
        return ''
    long, short = resize
    return (f'short side {short}' if long == 2048 else
            f'within {long} x {short}')


def describe_window(window):
    """str: 'windows 224/112' or 'whole image'."""
    return ('whole image' if window == 'whole' else
            'windows {}/{}'.format(*window))


def _ordered(model):
    """The class names first, whatever is longer last."""
    first = [key for key in ('clip', 'vocabulary') if key in model]
    last = [key for key in ('test_cfg', ) if key in model]
    return {key: model[key] for key in (
        *first, *(k for k in model if k not in (*first, *last)), *last)}


def _header(sentences, command):
    lines = [line for sentence in sentences
             for line in textwrap.wrap(sentence, 77)]
    lines += ['', f'    {command}', '']
    return '\n'.join([*(f'# {line}'.rstrip() for line in lines), MADE])


def _comment(text):
    return '\n'.join([*(f'# {line}' for line in textwrap.wrap(text, 77)),
                      MADE])


def _bases(paths):
    return '_base_ = [\n' + textwrap.fill(
        ', '.join(repr(path) for path in paths), 79, initial_indent='    ',
        subsequent_indent='    ') + '\n]'


# ---------------------------------------------------------------- base configs
def _file(method):
    return METHODS[method].get('file', method)


def _model(method, entry):
    """The base config of a method."""
    old = base_model(entry['base']) if 'base' in entry else {}
    lines = [_comment(entry['note']) if 'note' in entry else MADE]
    if 'base' in entry:
        lines.append(assign('_base_', f'{_file(entry["base"])}.py'))
        if METHODS[entry['base']]['title'] != entry['title']:
            lines.append(assign('method', entry['title']))
    else:
        lines.append(assign('method', entry['title']))
    lines += [assign('model', difference(base_model(method), old)), '']
    return '\n'.join(lines)


_TEST_PIPELINE = '''\
test_pipeline = [
    dict(type='LoadImageFromFile'),{resize}
    # The annotation keeps its size: predictions are resized to it.
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]'''


def _test_pipeline(resize):
    return _TEST_PIPELINE.format(resize='' if resize is None else (
        f"\n    dict(type='Resize', scale={resize}, keep_ratio=True),"))


def _dataset(dataset):
    """Name and text of the base config that other sizes change."""
    entry = DATASETS[dataset]
    resize = get_settings(entry['base'], dataset).get('resize')
    loader = dict(
        batch_size=1, **_workers(dataset, 4),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(entry['test'], pipeline=Raw('test_pipeline')))
    return entry.get('file', dataset), '\n'.join([
        _comment(entry['note']), assign('dataset_name', dataset),
        _test_pipeline(resize), assign('test_dataloader', loader),
        assign('test_cfg', dict(type='TestLoop')),
        assign('test_evaluator', dict(
            type='IoUMetric', iou_metrics=['mIoU'])), ''])


def _resized(dataset, resize):
    """Name and text of the base config of a dataset at another size."""
    base, text = _dataset(dataset)
    if resize == get_settings(DATASETS[dataset]['base'], dataset)['resize']:
        return base, text
    name = f'{dataset}_{resize[1]}'
    return name, '\n'.join([
        _comment(f'{title_of(dataset)}, {describe_resize(resize)}.'),
        assign('_base_', f'{base}.py'), _test_pipeline(resize),
        'test_dataloader = dict(dataset=dict(pipeline=test_pipeline))', ''])


def _workers(dataset, number):
    """Toy scenes load faster than a process starts."""
    number = 0 if dataset == 'toy' else number
    return dict(num_workers=number, persistent_workers=number > 0)


# ------------------------------------------------------------------- training
def _training_data(dataset, data):
    """The base config with training images and their labels, or without."""
    entry, hidden = TRAIN[dataset], data == 'zero_shot'
    keep_ratio = {} if dataset == 'toy' else dict(keep_ratio=True)
    pipeline = [dict(type='LoadImageFromFile')]
    if hidden:
        pipeline += [
            dict(type='LoadAnnotations'),
            dict(type='HideLabels', classes=_words(dataset),
                 unseen=Raw('unseen'))]
    pipeline += [
        dict(type='RandomResize', scale=entry['scale'],
             ratio_range=entry['ratio'], **keep_ratio),
        dict(type='RandomCrop', crop_size=(entry['crop'], ) * 2,
             cat_max_ratio=0.75 if hidden and dataset != 'toy' else 1.0),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'), dict(type='PackSegInputs')]
    images = merge(DATASETS[dataset]['test'], entry['images'])
    if 'metainfo' in images:
        images['metainfo'] = Raw(
            '{{_base_.test_dataloader.dataset.metainfo}}')
    images['pipeline'] = Raw('train_pipeline')
    extra = []
    if 'extra' in entry:
        extra = [assign(dataset, images), assign('sbd', {
            **images, **entry['extra']})]
        images = dict(type='ConcatDataset',
                      datasets=[Raw(dataset), Raw('sbd')])
    loader = dict(
        batch_size=entry['batch'], **_workers(dataset, 4),
        sampler=dict(type='InfiniteSampler', shuffle=True), dataset=images)
    how = ('labels of unseen classes hidden' if hidden else
           'no labels are loaded')
    return '\n'.join([
        _comment(f'{entry["title"]}: {how}.'),
        assign('_base_', f'{dataset}.py'),
        *([assign('unseen', entry['unseen'])] if hidden else []),
        assign('train_pipeline', pipeline), *extra,
        assign('train_dataloader', loader),
        'val_dataloader = {{_base_.test_dataloader}}',
        *(["val_evaluator = dict(\n    type='ZeroShotIoUMetric', "
           "iou_metrics=['mIoU'], unseen=unseen)",
           'test_evaluator = val_evaluator'] if hidden else
          ['val_evaluator = {{_base_.test_evaluator}}']), ''])


_SCHEDULE = '''\
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters={iterations}, val_interval={interval})
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0,
         end=train_cfg['max_iters'], by_epoch=False)
]
val_cfg = dict(type='ValLoop')
'''


def _schedule(name):
    iterations, interval, what_for = SCHEDULES[name]
    return '\n'.join([
        _comment(f'{iterations} iterations, {what_for}.'),
        _SCHEDULE.format(iterations=iterations, interval=interval)])


def _words(dataset):
    """The class-name list of training: that of protocol A."""
    return get_settings(DATASETS[dataset]['base'], dataset)['words']


def _trained(method, entry, dataset):
    """A config of MaskCLIP+ or of its negative baseline."""
    toy, hidden = dataset == 'toy', entry['data'] == 'zero_shot'
    train, protocol = TRAIN[dataset], DATASETS[dataset]['base']
    plus = entry['model'] == 'maskclip_plus'
    model = {}
    if plus and train['crop'] not in (512, 128):
        model['student'] = dict(data_preprocessor=dict(
            size=(train['crop'], ) * 2))
    words = dict(vocabulary=_words(dataset))
    model.update(dict(teacher=words) if plus else words)
    if hidden:
        model['unseen'] = Raw('unseen')
    suffix = '_toy' if toy else ''
    protocol = resolve(protocol)['title']
    header = [f'{entry["title"].split(",")[0]} on {title_of(dataset)}, '
              f'{entry["setting"]}.', f'Protocol {protocol}.']
    header += _published_students(entry, dataset, protocol)
    return '\n'.join([
        _header(header, f'python tools/train.py configs/{method}_{dataset}.py'),
        _bases([f'_base_/models/{entry["model"]}{suffix}.py',
                f'_base_/datasets/{dataset}_{entry["data"]}.py',
                f'_base_/schedules/schedule_{train["schedule"]}.py',
                f'_base_/{entry["runtime"]}.py']),
        assign('protocol', protocol),
        *([assign('method', entry['title'])] if plus and hidden else []),
        *(['unseen = {{_base_.unseen}}'] if hidden else []),
        assign('model', model), ''])


def _published_students(entry, dataset, protocol):
    if entry['data'] == 'zero_shot':
        if entry['model'] != 'maskclip_plus' or dataset not in ZERO_SHOT:
            return []
        return ['Published: {} unseen / {} all / {} harmonic mean mIoU '
                '({}).'.format(*ZERO_SHOT[dataset], ZERO_SHOT_SOURCE)]
    row = published_mIoU('MaskCLIP+', protocol, 'ViT-B-16', dataset)
    return row and [
        f'Published: {row["mIoU"]} mIoU, teacher {show_clip(row["clip"])} '
        f'({row["source"]}).'] or []

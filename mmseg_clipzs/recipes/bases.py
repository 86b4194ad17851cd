"""Make the base configs of methods, datasets and schedules."""
from .cells import (
    base_model,
    describe_resize,
    difference,
    get_settings,
    title_of,
)
from .code import MADE, Raw, assign, comment
from .datasets import BATCH, DATASETS, OPTIMIZER, SCHEDULES
from .methods import METHODS


def file_of(method):
    """str: Name of a method's base config."""
    return METHODS[method].get('file', method)


def make_model(method):
    """str: The base config of a method."""
    entry = METHODS[method]
    old = base_model(entry['base']) if 'base' in entry else {}
    lines = [comment(entry['note']) if 'note' in entry else MADE]
    if 'base' in entry:
        lines.append(assign('_base_', f'{file_of(entry["base"])}.py'))
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


def data_file(dataset, resize):
    """str: Name of the base config of a dataset at a size."""
    entry = DATASETS[dataset]
    if resize == _base_resize(dataset):
        return entry.get('file', dataset)
    return f'{dataset}_{resize[1] if resize else "original"}'


def make_data(dataset, resize):
    """str: The base config of a dataset at a size."""
    entry = DATASETS[dataset]
    base = _base_resize(dataset)
    pipeline = _TEST_PIPELINE.format(resize='' if resize is None else (
        f"\n    dict(type='Resize', scale={resize}, keep_ratio=True),"))
    if resize != base:
        return '\n'.join([
            comment(f'{title_of(dataset)}, {describe_resize(resize)}.'),
            assign('_base_', f'{data_file(dataset, base)}.py'), pipeline,
            'test_dataloader = dict(dataset=dict(pipeline=test_pipeline))',
            ''])
    loader = dict(
        batch_size=1, **workers(dataset, 4),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(entry['test'], pipeline=Raw('test_pipeline')))
    return '\n'.join([
        comment(entry['note']), assign('dataset_name', dataset), pipeline,
        assign('test_dataloader', loader),
        assign('test_cfg', dict(type='TestLoop')),
        assign('test_evaluator', dict(
            type='IoUMetric', iou_metrics=['mIoU'])), ''])


def _base_resize(dataset):
    """Size in the base config that those of other sizes inherit from."""
    return get_settings(DATASETS[dataset]['base'], dataset).get('resize')


def workers(dataset, number):
    """dict: Dataloader workers; none for toy scenes, which load fast."""
    number = 0 if dataset == 'toy' else number
    return dict(num_workers=number, persistent_workers=number > 0)


_SCHEDULE = '''\
{optimizer}
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters={iterations}, val_interval={interval})
# It ends with the training, whatever its length.
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0, by_epoch=False)
]
auto_scale_lr = dict(enable=True, base_batch_size={batch})
val_cfg = dict(type='ValLoop')
'''


def make_schedule(name):
    """str: The base config of a schedule."""
    iterations, interval, what_for = SCHEDULES[name]
    return '\n'.join([
        comment(f'{iterations} iterations of {BATCH} images, {what_for}. The '
                'learning rate follows the number of images.'),
        _SCHEDULE.format(
            optimizer=assign('optimizer', OPTIMIZER), iterations=iterations,
            interval=interval, batch=BATCH)])

"""Make the training configs: MaskCLIP+ and its negative baseline."""
from .bases import workers
from .cells import (
    find_published,
    get_settings,
    merge,
    resolve,
    show_clip,
    title_of,
)
from .code import Raw, assign, comment, header, inherit
from .datasets import DATASETS, TRAIN
from .methods import TRAINED
from .published import ZERO_SHOT, ZERO_SHOT_SOURCE


def make_training_data(dataset, data):
    """str: The base config with training images.

    Args:
        dataset (str): Key of ``TRAIN``.
        data (str): 'unlabelled', or 'zero_shot' with the labels of seen
            classes.
    """
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
             cat_max_ratio=entry['share'] if hidden else 1.0),
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
        batch_size=entry['batch'], **workers(dataset, 4),
        sampler=dict(type='InfiniteSampler', shuffle=True), dataset=images)
    how = ('labels of unseen classes hidden' if hidden else
           'no labels are loaded')
    return '\n'.join([
        comment(f'{entry["title"]}: {how}.'),
        assign('_base_', f'{dataset}.py'),
        *([assign('unseen', entry['unseen'])] if hidden else []),
        assign('train_pipeline', pipeline), *extra,
        assign('train_dataloader', loader),
        'val_dataloader = {{_base_.test_dataloader}}',
        *(["val_evaluator = dict(\n    type='ZeroShotIoUMetric', "
           "iou_metrics=['mIoU'], unseen=unseen)",
           'test_evaluator = val_evaluator'] if hidden else
          ['val_evaluator = {{_base_.test_evaluator}}']), ''])


def _words(dataset):
    """str: Vocabulary of training, that of protocol A."""
    return get_settings(DATASETS[dataset]['base'], dataset)['words']


def make_trained(method, dataset):
    """str: A config of MaskCLIP+ or of its negative baseline."""
    entry = TRAINED[method]
    toy, hidden = dataset == 'toy', entry['data'] == 'zero_shot'
    train, protocol = TRAIN[dataset], DATASETS[dataset]['base']
    plus = entry['model'] == 'maskclip_plus'
    model = {}
    if plus and train['crop'] != (128 if toy else 512):  # the base's
        model['student'] = dict(data_preprocessor=dict(
            size=(train['crop'], ) * 2))
    words = dict(vocabulary=_words(dataset))
    model.update(dict(teacher=words) if plus else words)
    if hidden:
        model['unseen'] = Raw('unseen')
    suffix = '_toy' if toy else ''
    protocol = resolve(protocol)['title']
    lines = [f'{entry["title"].split(",")[0]} on {title_of(dataset)}, '
             f'{entry["setting"]}.', f'Protocol {protocol}.']
    lines += _published_students(entry, dataset, protocol)
    return '\n'.join([
        header(lines,
               f'python tools/train.py configs/{method}_{dataset}.py'),
        inherit([f'_base_/models/{entry["model"]}{suffix}.py',
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
    row = find_published('MaskCLIP+', protocol, 'ViT-B-16', dataset)
    return row and [
        f'Published: {row["mIoU"]} mIoU, teacher {show_clip(row["clip"])} '
        f'({row["source"]}).'] or []

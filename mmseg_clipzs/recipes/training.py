"""Make the training configs: MaskCLIP+ and its negative baseline."""
from .bases import data_file, workers
from .cells import base_model, difference, get_settings, merge
from .code import Raw, assign, comment, header, inherit
from .datasets import DATASETS, TRAIN
from .students import Student, title_of_model
from .trained import HEADS, PLUS_MODELS, STUDENT, TRAINED, WIDTHS

_HOW = {
    'unlabelled': 'no labels are loaded',
    'hidden': 'labels are hidden, only ignored pixels count',
    'zero_shot': 'labels of unseen classes hidden',
}


def make_training_configs():
    """dict[str, str]: Path below the project -> text of each config."""
    files = {}
    for model in PLUS_MODELS:
        files[f'configs/_base_/models/{model}.py'] = _model(model)
    for method, entry in TRAINED.items():
        for dataset in entry['datasets']:
            student = Student(method, dataset)
            files[f'configs/{student.name}.py'] = _config(student)
            files[f'configs/_base_/datasets/{dataset}_{entry["data"]}.py'] = (
                _data(dataset, entry['data']))
    return files


def training_sizes():
    """list[tuple]: Each dataset of ``TRAIN`` and its size in testing."""
    return [(dataset, _settings(dataset).get('resize')) for dataset in TRAIN]


def _settings(dataset):
    """dict: Settings of the protocol that students are tested with."""
    return get_settings('toy' if dataset == 'toy' else 'maskclip', dataset)


# -------------------------------------------------------------------- models
def _teacher(model):
    """dict: The teacher of a base model."""
    entry = PLUS_MODELS[model]
    teacher = merge(base_model(entry['teacher']), entry.get('changes', {}))
    return {key: value for key, value in teacher.items() if key != 'test_cfg'}


def _whole(model):
    """dict: The whole base model."""
    teacher = _teacher(model)
    return dict(
        type='MaskClipPlus',
        student=merge(STUDENT, dict(decode_head=dict(
            channels=WIDTHS[teacher['clip']['model']]))),
        teacher=teacher, **PLUS_MODELS[model].get('options', {}))


def _model(model):
    """str: A base config of MaskCLIP+."""
    first = next(iter(PLUS_MODELS))
    if model == first:
        return '\n'.join([
            comment('MaskCLIP+: MaskCLIP as teacher, a DeepLabV2 with '
                    'ResNet-101 as student, as wide as CLIP\'s embeddings.'),
            assign('method', title_of_model(model)),
            assign('norm_cfg', dict(type='SyncBN', requires_grad=True)),
            assign('model', _whole(model)), ''])
    return '\n'.join([
        comment(f'{title_of_model(model)}: teacher `'
                f'{PLUS_MODELS[model]["teacher"]}`.'),
        assign('_base_', f'{first}.py'),
        assign('method', title_of_model(model)),
        assign('model', difference(_whole(model), _whole(first))), ''])


# ---------------------------------------------------------------------- data
def _data(dataset, data):
    """str: The base config with training images; ``data`` of ``LABELS``."""
    entry, resize = TRAIN[dataset], _settings(dataset).get('resize')
    keep_ratio = {} if dataset == 'toy' else dict(keep_ratio=True)
    labelled, zero_shot = data != 'unlabelled', data == 'zero_shot'
    pipeline = [dict(type='LoadImageFromFile')]
    if labelled:
        pipeline += [
            dict(type='LoadAnnotations'),
            dict(type='HideLabels', classes=_classes(dataset),
                 unseen=Raw('unseen') if zero_shot else 'all')]
    pipeline += [
        dict(type='RandomResize', scale=entry['scale'],
             ratio_range=entry['ratio'], **keep_ratio),
        dict(type='RandomCrop', crop_size=entry['crop'],
             cat_max_ratio=entry['share'] if labelled else 1.0),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'), dict(type='PackSegInputs')]
    images = merge(DATASETS[dataset]['test'], entry['images'])
    if 'metainfo' in images:
        images['metainfo'] = Raw(
            '{{_base_.test_dataloader.dataset.metainfo}}')
    images['pipeline'] = Raw('train_pipeline')
    extra = []
    if 'extra' in entry:
        extra = [assign('voc', images), assign('sbd', {
            **images, **entry['extra']})]
        images = dict(type='ConcatDataset', datasets=[Raw('voc'), Raw('sbd')])
    loader = dict(
        batch_size=entry['batch'], **workers(dataset, 4),
        sampler=dict(type='InfiniteSampler', shuffle=True), dataset=images)
    return '\n'.join([
        comment(f'{entry["title"]}: {_HOW[data]}.'),
        assign('_base_', f'{data_file(dataset, resize)}.py'),
        *([assign('unseen', entry['unseen'])] if zero_shot else []),
        assign('train_pipeline', pipeline), *extra,
        assign('train_dataloader', loader),
        'val_dataloader = {{_base_.test_dataloader}}',
        *(["val_evaluator = dict(\n    type='ZeroShotIoUMetric', "
           "iou_metrics=['mIoU'], unseen=unseen)",
           'test_evaluator = val_evaluator'] if zero_shot else
          ['val_evaluator = {{_base_.test_evaluator}}']), ''])


def _classes(dataset):
    """str: Vocabulary with all classes of a dataset."""
    return (dataset if TRAIN[dataset].get('learn_background') else
            _settings(dataset)['words'])


# ------------------------------------------------------------------- configs
def _config(student):
    """str: A config of MaskCLIP+ or of its negative baseline."""
    entry, dataset = student.entry, student.dataset
    toy, train = dataset == 'toy', TRAIN[dataset]
    words = dict(vocabulary=_settings(dataset)['words'])
    if student.is_plus:
        model = {}
        if not toy and train['crop'] != (512, 512):  # the base's
            model['student'] = dict(
                data_preprocessor=dict(size=train['crop']))
        if student.head != 'DeepLabV2':
            model.setdefault('student', {})['decode_head'] = dict(
                HEADS[student.head])
        model['teacher'] = words
        if train.get('learn_background'):
            model['learn_background'] = True
    else:
        model = dict(words)
    if entry['data'] != 'unlabelled':
        model['unseen'] = Raw('unseen') if student.zero_shot else 'all'
    suffix = '_toy' if toy else ''
    return '\n'.join([
        header(student.sentences(),
               f'clipzs train {student.name}'),
        inherit([f'_base_/models/{entry["model"]}{suffix}.py',
                 f'_base_/datasets/{dataset}_{entry["data"]}.py',
                 f'_base_/schedules/schedule_{student.schedule}.py',
                 f'_base_/{entry["runtime"]}.py']),
        assign('protocol', student.protocol),
        *([assign('method', student.title)]
          if student.is_plus and student.zero_shot else []),
        *(['unseen = {{_base_.unseen}}'] if student.zero_shot else []),
        assign('model', model),
        *([assign('optim_wrapper', dict(optimizer=student.optimizer))]
          if student.optimizer else []), ''])

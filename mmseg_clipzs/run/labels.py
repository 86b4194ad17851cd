"""Read and count labels by the classes of each dataset."""
from mmseg_clipzs.datasets.availability import all_steps
from mmseg_clipzs.datasets.fit_loading import classes_of, fit_loading
from mmseg_clipzs.evaluation.class_iou_metric import ClassIoUMetric
from mmseg_clipzs.labels import IGNORE_INDEX, ignore_index

from .data import datasets_of

# Arguments for the label of ignored pixels, by transform.
_PADDED = {'RandomCrop': 'ignore_index', 'RandomRotate': 'seg_pad_val'}


def fit_labels(cfg):
    """Let a config read, ignore and count labels of any number of classes.

    mmseg's ``LoadAnnotations`` and ``IoUMetric`` take 8 bits for granted and
    count labels that are no class. Both are replaced by those of this
    package, which are equal otherwise. With more than 255 training classes,
    heads and padding ignore 65535 instead of 255.

    Args:
        cfg (Config): Modified in place.

    Raises:
        UserError: More than 65,535 classes.
    """
    for dataset in datasets_of(cfg):
        fit_loading(dataset)
    for name in ('val_evaluator', 'test_evaluator'):
        for evaluator in evaluators_of(cfg, name):
            # The same metric, which also keeps the IoU of each class.
            if evaluator.type in ('IoUMetric', 'mmseg.IoUMetric'):
                evaluator.type = ClassIoUMetric.__name__
    counts = [len(classes_of(dataset)) for dataset in datasets_of(
        cfg, 'train_dataloader')]
    if max(counts, default=0) > IGNORE_INDEX:
        _ignore(cfg, ignore_index(max(counts)))


def evaluators_of(cfg, name):
    """list[ConfigDict]: The metrics of an evaluator, parts of ``cfg``."""
    evaluator = cfg.get(name) or []
    return [evaluator] if isinstance(evaluator, dict) else list(evaluator)


def _ignore(cfg, label):
    """Set the label of ignored pixels in the model and the augmentation."""
    for model in (cfg.model, cfg.model.get('student') or {}):
        for name in ('decode_head', 'auxiliary_head'):
            heads = model.get(name) or []
            for head in [heads] if isinstance(heads, dict) else heads:
                head.setdefault('ignore_index', label)
        if model.get('data_preprocessor'):
            model.data_preprocessor.seg_pad_val = label
    for dataset in datasets_of(cfg, 'train_dataloader'):
        for step in all_steps(dataset.get('pipeline', ())):
            if step['type'] in _PADDED:
                step.setdefault(_PADDED[step['type']], label)
            elif step['type'] == 'Pad':
                step['pad_val'] = {'img': 0, **(step.get('pad_val') or {}),
                                   'seg': label}

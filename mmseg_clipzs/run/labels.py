"""Read and count labels by the classes of each dataset."""
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.datasets.load_labels import LoadLabels
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


def fit_loading(dataset):
    """Let a dataset read labels of 16 bits, and refuse those of no class.

    Args:
        dataset (ConfigDict): A dataset without wrappers, modified in place.
            Without classes it is left alone.

    Raises:
        UserError: More than 65,535 classes.
    """
    classes = classes_of(dataset)
    if not classes:
        return
    extra = {}
    if len(classes) > IGNORE_INDEX:
        label_map = _label_map(dataset, classes)
        if label_map:
            extra['label_map'] = label_map
    for step in _steps(dataset.get('pipeline', ())):
        kind = step['type']
        if (TRANSFORMS.get(kind) if isinstance(
                kind, str) else kind) is LoadAnnotations:
            step.update(type=LoadLabels.__name__, num_classes=len(classes),
                        **extra)


def classes_of(dataset):
    """Classes of a dataset's config.

    Args:
        dataset (dict): A dataset without wrappers.

    Returns:
        Sequence[str]: Of its ``metainfo``, or of its type; empty for data
        without classes.
    """
    kind = _type(dataset)
    if kind is None or not issubclass(kind, BaseSegDataset):
        return ()
    return kind._load_metainfo(dataset.get('metainfo')).get('classes') or ()


def evaluators_of(cfg, name):
    """list[ConfigDict]: The metrics of an evaluator, parts of ``cfg``."""
    evaluator = cfg.get(name) or []
    return [evaluator] if isinstance(evaluator, dict) else list(evaluator)


def _type(dataset):
    kind = dataset.get('type')
    return DATASETS.get(kind) if isinstance(kind, str) else kind


def _label_map(dataset, classes):
    """list: (label, class index) with 65535, where mmseg drops into 255."""
    label_map = _type(dataset).get_label_map(classes)
    if not label_map:
        return None
    kept = _type(dataset).METAINFO['classes'].index(classes[IGNORE_INDEX])
    return [(old, ignore_index(len(classes)) if new == IGNORE_INDEX and (
        old != kept) else new) for old, new in label_map.items()]


def _steps(pipeline):
    """Yield all steps, also those inside of others (TTA)."""
    for step in pipeline:
        if isinstance(step, (list, tuple)):
            yield from _steps(step)
        else:
            yield step
            yield from _steps(step.get('transforms', ()))


def _ignore(cfg, label):
    """Set the label of ignored pixels in the model and the augmentation."""
    for model in (cfg.model, cfg.model.get('student') or {}):
        for name in ('decode_head', 'auxiliary_head'):
            heads = model.get(name) or []
            for head in [heads] if isinstance(heads, dict) else heads:
                head.setdefault('ignore_index', label)
        if model.get('data_preprocessor'):
            model.data_preprocessor.seg_pad_val = label
    for dataset in leaf_datasets(cfg.train_dataloader.dataset):
        for step in _steps(dataset.get('pipeline', ())):
            if step['type'] in _PADDED:
                step.setdefault(_PADDED[step['type']], label)
            elif step['type'] == 'Pad':
                step['pad_val'] = {'img': 0, **(step.get('pad_val') or {}),
                                   'seg': label}

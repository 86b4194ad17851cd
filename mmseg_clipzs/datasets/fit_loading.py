"""Load labels by the classes of a dataset."""
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_clipzs.labels import IGNORE_INDEX, ignore_index

from .availability import all_steps
from .load_labels import LoadLabels


def fit_loading(dataset):
    """Let a dataset read labels of 16 bits, and refuse those of no class.

    Args:
        dataset (dict): Config of a dataset without wrappers, modified in
            place. Without classes it is left alone.

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
    for step in all_steps(dataset.get('pipeline', ())):
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

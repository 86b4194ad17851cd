"""Labels, lists that are joined by position, names of results, processes."""
import os
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch
from mmengine.config import Config
from mmseg.datasets import PascalVOCDataset
from mmseg.registry import METRICS, TRANSFORMS
from PIL import Image

from mmseg_clipzs.datasets.validation import validate_dataset
from mmseg_clipzs.engine import VocabularyHook
from mmseg_clipzs.models.segmentors.pseudo_labels import batch_labels
from mmseg_clipzs.run.class_order import check_class_order
from mmseg_clipzs.run.cpu import fit_to_cpu
from mmseg_clipzs.run.labels import fit_labels
from mmseg_clipzs.visualization import colour_map, save_mask, voc_palette

from .table import Row, says, works

VOC = PascalVOCDataset.METAINFO['classes']


# -------------------------------------------------------------------- masks
def mask(name, labels, dtype, classes, outcome, suffix='png', **info):
    """Row: A mask of these labels in a dataset of so many classes."""
    def call(box):
        path = box.folder / f'mask.{suffix}'
        Image.fromarray(np.asarray(labels, dtype)).save(path)
        results = TRANSFORMS.build(dict(
            type='LoadLabels', num_classes=classes))({
                'seg_map_path': str(path), 'seg_fields': [],
                'reduce_zero_label': False, **info})
        return results['gt_seg_map'].tolist()

    return Row(f'mask_{name}', call, outcome)


def becomes(labels):
    """Outcome: These class indices."""
    return works(lambda r: r.value == labels)


def outside(labels, classes):
    """Outcome: The sentence on labels of no class."""
    return refused(f'mask.(png|tif) has labels outside the {classes} classes'
                   f': {labels}')


def refused(pattern):
    """Outcome: This sentence; the mask stays."""
    return says(pattern, leaves=('mask.*', ))


MASKS = [
    mask('12_of_12', [[12, 0], [3, 1]], 'u1', 12, outside('12', 12)),
    mask('200_of_12', [[200, 0], [3, 1]], 'u1', 12, outside('200', 12)),
    mask('300_of_12', [[300, 0], [3, 1]], 'u2', 12, outside('300', 12)),
    mask('254_of_12', [[254, 0], [3, 1]], 'u1', 12, outside('254', 12)),
    mask('255_ignored', [[255, 0], [3, 1]], 'u1', 12,
         becomes([[255, 0], [3, 1]])),
    mask('65535_ignored', [[65535, 0], [3, 1]], 'u2', 12,
         becomes([[255, 0], [3, 1]])),
    mask('254_of_255', [[254, 255], [3, 1]], 'u1', 255,
         becomes([[254, 255], [3, 1]])),
    mask('255_of_256', [[255, 65535], [3, 1]], 'u2', 256,
         becomes([[255, 65535], [3, 1]])),
    mask('255_of_256_in_8_bits', [[255, 0], [3, 1]], 'u1', 256,
         refused('label 255 need 16 bits')),
    mask('299_of_300', [[299, 255], [256, 1]], 'u2', 300,
         becomes([[299, 255], [256, 1]])),
    mask('300_of_300', [[300, 255], [256, 1]], 'u2', 300, outside('300', 300)),
    mask('from_1', [[1, 0], [300, 256]], 'u2', 300,
         becomes([[0, 65535], [299, 255]]), reduce_zero_label=True),
    mask('from_1_in_8_bits', [[1, 0], [150, 255]], 'u1', 150,
         becomes([[0, 255], [149, 255]]), reduce_zero_label=True),
    mask('from_1_too_high', [[1, 0], [151, 255]], 'u1', 150,
         outside('151', 150), reduce_zero_label=True),
    mask('of_a_subset', [[0, 1], [20, 255]], 'u1', 20,
         becomes([[255, 0], [19, 255]]),
         label_map=PascalVOCDataset.get_label_map(VOC[1:])),
    mask('outside_a_subset', [[0, 1], [21, 255]], 'u1', 20, outside('21', 20),
         label_map=PascalVOCDataset.get_label_map(VOC[1:])),
    mask('minus_1', [[-1, 0], [3, 1]], 'i4', 12,
         becomes([[255, 0], [3, 1]]), 'tif'),
    mask('minus_2', [[-2, 0], [3, 1]], 'i4', 12, outside('-2', 12), 'tif'),
    mask('32_bits', [[70000, 0], [3, 1]], 'i4', 12, outside('70000', 12),
         'tif'),
    mask('floats', [[2, 0], [3, 1]], 'f4', 12, becomes([[2, 0], [3, 1]]),
         'tif'),
    mask('fractions', [[.2, 0], [3, 1]], 'f4', 12,
         refused('has values such as 0.2'), 'tif'),
    mask('nan', [[float('nan'), 0], [3, 1]], 'f4', 12,
         refused('has values such as nan'), 'tif'),
    mask('colours', np.zeros((2, 3, 3)), 'u1', 12,
         refused('3 channels of 3 x 2 pixels.*not its colour')),
    mask('colours_and_alpha', np.zeros((2, 3, 4)), 'u1', 12,
         refused('4 channels')),
    mask('bits', [[True, False], [True, True]], bool, 2,
         becomes([[1, 0], [1, 1]])),
    mask('too_many_classes', [[0]], 'u1', 70000,
         refused('at most 65,535 classes')),
]


# ------------------------------------------------------------------- metrics
def counted(name, truth, predicted, classes, outcome, **settings):
    """Row: A ground truth and a prediction, counted."""
    def call(box):
        metric = METRICS.build(dict(type='ClassIoUMetric', **settings))
        metric.dataset_meta = dict(classes=list(map(str, range(classes))))
        metric.process({}, [dict(
            img_path='a.jpg',
            gt_sem_seg=dict(data=torch.tensor([truth])),
            pred_sem_seg=dict(data=torch.tensor([predicted])))])
        return metric.evaluate(1)['mIoU']

    return Row(f'metric_{name}', call, outcome)


def exactly(value):
    """Outcome: This figure."""
    return works(lambda r: r.value == value)


METRIC = [
    counted('12_of_12', [[12, 0]], [[0, 0]], 12,
            says('The mask of a.jpg has labels outside the 12 classes: 12')),
    counted('minus_1', [[-1, 0]], [[0, 0]], 12, says('12 classes: -1')),
    counted('65535_of_12', [[65535, 0]], [[0, 0]], 12,
            says('12 classes: 65535')),
    counted('255_of_12', [[255, 0]], [[0, 0]], 12, exactly(100)),
    counted('255_of_300', [[255, 0]], [[0, 0]], 300, exactly(25)),
    counted('65535_of_300', [[65535, 0]], [[0, 0]], 300, exactly(100)),
    counted('own_ignored_label', [[7, 0]], [[0, 0]], 3, exactly(100),
            ignore_index=7),
    counted('predicted_20_of_20', [[1, 0]], [[20, 0]], 20,
            says('The prediction for a.jpg .*20 classes: 20')),
]


# ---------------------------------------------------------------- the orders
def words(name, vocabulary, names, outcome):
    """Row: A vocabulary and the classes of the data."""
    def call(box):
        model = box.inferencer.model.with_vocabulary(vocabulary)
        dataset = SimpleNamespace(metainfo=dict(classes=names, palette=[]))
        VocabularyHook().before_test(SimpleNamespace(
            model=model, test_dataloader=SimpleNamespace(dataset=dataset)))

    return Row(f'words_{name}', call, outcome)


def datasets(name, train, val, outcome):
    """Row: The classes of training and validation data."""
    def call(box):
        check_class_order(Config(dict(model=dict(type='EncoderDecoder'), **{
            f'{key}_dataloader': dict(dataset=dict(
                type='BaseSegDataset', metainfo=dict(classes=classes)))
            for key, classes in (('train', train), ('val', val))})))

    return Row(f'datasets_{name}', call, outcome)


SAME = works(lambda r: True)
ORDERS = [
    words('same', 'cat; dog', ('cat', 'dog'), SAME),
    words('reversed', 'cat; dog', ('dog', 'cat'),
          says("'cat' is class 0 of .*, but class 1 of the dataset")),
    words('reversed_in_capitals', 'cat; tv monitor', ('TVMonitor', 'Cat'),
          says("'cat' is class 0")),
    words('two_swapped', 'cat; dog; sky', ('cat', 'sky', 'dog'),
          says("'dog' is class 1")),
    words('subset', 'cat', ('cat', 'dog'), says('1 classes, but .* 2')),
    words('superset', 'cat; dog; sky', ('cat', 'dog'),
          says('3 classes, but .* 2')),
    words('synonyms', 'cat, kitten; dog', ('kitten', 'dog'), SAME),
    words('others', 'Katze; Hund', ('cat', 'dog'), works(
        lambda r: r.printed('joined by position'))),
    datasets('same', ['a', 'b'], ['a', 'b'], SAME),
    datasets('reversed', ['a', 'b'], ['b', 'a'],
             says("'b' is class 0 of the validation data")),
    datasets('others', ['a', 'b'], ['c', 'd'], SAME),
]


# ------------------------------------------------------------------ the rest
def folder_of(name, masks, classes, pattern, **settings):
    """Row: What check_data says about the masks of a folder."""
    def call(box):
        for i, labels in enumerate(masks):
            for part in ('img', 'ann'):
                (box.folder / part).mkdir(exist_ok=True)
                Image.fromarray(np.array(labels, np.uint8)).save(
                    box.folder / f'{part}/{i}.png')
        report = validate_dataset(dict(
            type='BaseSegDataset', data_root=str(box.folder),
            img_suffix='.png', data_prefix=dict(
                img_path='img', seg_map_path='ann'), metainfo=dict(
                    classes=list('abcdefghijklmnopqrstuvwxyz')[:classes]),
            pipeline=[dict(type='LoadAnnotations')], **settings))
        return ' '.join(report.problems + report.notes)

    return Row(f'folder_{name}', call, works(lambda r: pattern in r.value))


def started(launcher, command):
    """Row: A launcher that did not start this process."""
    def call(box):
        with patch.dict(os.environ):
            for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
                os.environ.pop(name, None)
            fit_to_cpu(Config(dict(launcher=launcher)))

    return Row(f'launcher_{launcher}', call, says(
        f'--launcher {launcher} is for processes that {command}.* starts'))


def written(classes):
    """Row: The written label map of the last class, and its colours."""
    def call(box):
        labels, palette = np.array([[classes - 1, 0]]), voc_palette(classes)
        save_mask(box.folder / 'm.png', labels, palette)
        return (np.asarray(Image.open(box.folder / 'm.png')).tolist(),
                colour_map(labels, palette)[0, 0].tolist())

    return Row(f'written_{classes}', call, works(lambda r: r.value == (
        [[classes - 1, 0]], voc_palette(classes)[-1])))


def heads_of(box):
    """The ignored label of a stock model's heads with 300 classes."""
    cfg = Config(dict(
        model=dict(type='EncoderDecoder', decode_head=dict(type='A'),
                   auxiliary_head=[dict(type='B'), dict(ignore_index=7)]),
        train_dataloader=dict(dataset=dict(
            type='BaseSegDataset', pipeline=[dict(type='Pad')],
            metainfo=dict(classes=list(map(str, range(300))))))))
    fit_labels(cfg)
    pad = cfg.train_dataloader.dataset.pipeline[0].pad_val.seg
    return [cfg.model.decode_head.ignore_index, pad, *(
        head.ignore_index for head in cfg.model.auxiliary_head)]


def reaches_the_loss(box):
    """A label of no class in a batch of a zero-shot training."""
    sample = SimpleNamespace(
        gt_sem_seg=SimpleNamespace(data=torch.tensor([[[0, 30]]])),
        metainfo=dict(img_path='a.jpg'))
    batch_labels(torch.zeros(1, 3, 1, 2), [sample], torch.tensor([2]), 20)


ROWS = [
    *MASKS, *METRIC, *ORDERS,
    folder_of('complete', [[[0, 1], [1, 2]]], 3, ''),
    folder_of('absent', [[[0, 1], [1, 2]]], 4, 'of the 1 masks: d.'),
    folder_of('black_and_white', [[[0, 255], [0, 0]]], 2, 'instead of 255'),
    folder_of('from_1', [[[0, 1], [2, 3]]], 3, 'set reduce_zero_label=True'),
    folder_of('not_from_1', [[[0, 1], [2, 2]]], 3, 'set it to False',
              reduce_zero_label=True),
    folder_of('all_ignored', [[[255, 255]] * 2], 3, 'No class occurs'),
    started('pytorch', 'torchrun'), started('slurm', 'srun'),
    started('mpi', 'mpirun'),
    *map(written, (1, 255, 256, 300)),
    Row('heads_of_300', heads_of, works(
        lambda r: r.value == [65535, 65535, 65535, 7])),
    Row('label_in_the_loss', reaches_the_loss, says(
        'mask of a.jpg has label 30, outside the 20 classes')),
]

"""Export MaskCLIP+ students as stock mmseg models."""
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS, MODELS

from mmseg_clipzs.checkpoints import (
    dataset_meta_of,
    load_checkpoint_file,
    weights_of,
)
from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.models.segmentors.vocabulary_mixin import dataset_meta
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
)
from mmseg_clipzs.vocabularies import get_vocabulary

from .stock_head import stock_head, stock_head_weights

_PREFIX = 'student.'
_CLASSIFIER = 'decode_head.conv_seg.'
_PACKAGE = 'mmseg_clipzs'
_TRANSFORMS = ('CheckSample', 'HideLabels')  # of this package


def export_student(cfg, checkpoint, folder):
    """Write a config and a checkpoint that do not need this package.

    Args:
        cfg (Config): The training config.
        checkpoint (str | Path): A checkpoint of the training.
        folder (str | Path): Folder for ``student.py`` and ``student.pth``.

    Returns:
        tuple[Path]: The two files.

    Raises:
        UserError: Not a ``MaskClipPlus`` training, the checkpoint of another
            student, or a student that stock heads cannot express, see
            :func:`export_config`.
        NotOursError: A file in the folder is no result of an export.
        FileNotFoundError: No such checkpoint.
    """
    files = Path(folder) / 'student.py', Path(folder) / 'student.pth'
    check_replaceable(*files, by=files[0])
    checkpoint = load_checkpoint_file(checkpoint)
    weights = export_weights(weights_of(checkpoint))
    meta = dataset_meta_of(checkpoint) or dataset_meta(
        _vocabulary(cfg.model))
    rows = len(weights[f'{_CLASSIFIER}weight'])
    if len(meta['classes']) != rows:
        raise UserError(
            f'The checkpoint has {rows} classes, but {len(meta["classes"])} '
            f'names ({", ".join(meta["classes"][:3])}, ...).')
    config = export_config(cfg, meta['classes'])
    weights = _stock_weights(weights, cfg.model)
    with DefaultScope.overwrite_default_scope('mmseg'):
        check_fit(MODELS.build(config.model), weights)
    with atomic_write(files[0]) as temporary:
        temporary.write_text(f'# {MARK}.\n{config.pretty_text}\n',
                             encoding='utf-8')
    with atomic_write(files[1]) as temporary:
        torch.save(dict(state_dict=weights, meta=dict(dataset_meta=meta)),
                   temporary)
    return files


def export_weights(state):
    """Weights of the student under stock names.

    Args:
        state (dict[str, Tensor]): State dict of a ``MaskClipPlus``.

    Returns:
        dict[str, Tensor]: With a learnt background as first row of
        ``conv_seg``.

    Raises:
        UserError: The state dict of another model.
    """
    weights = {key[len(_PREFIX):]: value for key, value in state.items()
               if key.startswith(_PREFIX)}
    if f'{_CLASSIFIER}weight' not in weights:
        raise UserError('The checkpoint is not of a MaskClipPlus: it has no '
                        f'{_PREFIX}{_CLASSIFIER}weight.')
    background = weights.pop(f'{_CLASSIFIER}background', None)
    if background is not None:
        weight = weights[f'{_CLASSIFIER}weight']
        weights[f'{_CLASSIFIER}weight'] = torch.cat(
            [F.normalize(background, dim=1), weight])
        weights[f'{_CLASSIFIER}bias'] = weight.new_zeros(len(weight) + 1)
    return weights


def export_config(cfg, classes):
    """Config of the student for stock mmseg.

    Args:
        cfg (Config): The training config.
        classes (Sequence[str]): The student's classes.

    Returns:
        Config: Model, runtime, test pipeline and, if the training has them,
        test dataset and evaluator.

    Raises:
        UserError: Another model, ``normalize=True``, or a head that stock
            mmseg cannot express.
    """
    if cfg.model.type != 'MaskClipPlus':
        raise UserError('Only students of MaskClipPlus can be exported, but '
                        f'{cfg.filename} trains {cfg.model.type}.')
    if cfg.model.get('normalize'):
        raise UserError('A student trained with normalize=True cannot be '
                        'exported: stock heads do not normalise features.')
    stock = dict(
        default_scope='mmseg',
        # For reports of this package; mmseg does not read them.
        method=f'{cfg.get("method", "MaskCLIP+")}, exported',
        dataset_name=cfg.get('dataset_name'),
        protocol=cfg.get('protocol', 'custom'),
        model=_stock_model(cfg.model, len(classes)),
        env_cfg=cfg.env_cfg.to_dict(),
        default_hooks=dict(
            visualization=dict(type='SegVisualizationHook')),
        vis_backends=[dict(type='LocalVisBackend')],
        visualizer=dict(type='SegLocalVisualizer', name='visualizer',
                        vis_backends=[dict(type='LocalVisBackend')]),
        log_processor=dict(by_epoch=False),
        test_cfg=dict(type='TestLoop'),
        test_pipeline=_stock_pipeline(cfg.test_pipeline))
    if cfg.get('test_dataloader'):
        loader = cfg.test_dataloader.to_dict()
        loader['dataset'] = _stock_dataset(loader['dataset'])
        stock.update(
            test_dataloader=loader,
            test_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']))
    return Config(stock)


def _vocabulary(model):
    words = model.teacher.get('vocabulary')
    if not words:
        raise UserError('Neither the config nor the checkpoint names the '
                        'classes: pass the config in the work dir of the '
                        'training.')
    vocabulary = get_vocabulary(words)
    return (vocabulary.with_background() if model.get('learn_background')
            else vocabulary)


def _stock_model(cfg, count):
    model = cfg.student.to_dict()
    model['pretrained'] = None
    # The preprocessor of MaskClipPlus takes precedence.
    if cfg.get('data_preprocessor'):
        model['data_preprocessor'] = cfg.data_preprocessor.to_dict()
    model['backbone']['init_cfg'] = None
    for head in _heads(model).values():
        head.update(stock_head(head), num_classes=count)
    return model


def _stock_weights(weights, cfg):
    """Weights of a student for the heads of stock mmseg."""
    for name, head in _heads(cfg.student).items():
        own = {key[len(name) + 1:]: value for key, value in weights.items()
               if key.startswith(f'{name}.')}
        weights = {**weights, **{
            f'{name}.{key}': value
            for key, value in stock_head_weights(own, head).items()}}
    return weights


def _heads(model):
    """dict[str, dict]: Heads by the prefix of their weights."""
    auxiliary = model.get('auxiliary_head')
    named = dict(decode_head=model['decode_head'])
    if isinstance(auxiliary, list):
        named.update({f'auxiliary_head.{i}': head
                      for i, head in enumerate(auxiliary)})
    elif auxiliary:
        named['auxiliary_head'] = auxiliary
    return named


def _stock_pipeline(pipeline):
    return [dict(step) for step in pipeline
            if step['type'] not in _TRANSFORMS]


def _stock_dataset(dataset):
    dataset = dict(dataset, pipeline=_stock_pipeline(dataset['pipeline']))
    cls = DATASETS.get(dataset['type'])
    if cls.__module__.startswith(_PACKAGE):
        dataset.update(type='BaseSegDataset', img_suffix='.jpg',
                       seg_map_suffix='.png', metainfo=dict(cls.METAINFO))
    return dataset

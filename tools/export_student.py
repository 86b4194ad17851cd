"""Turn a trained MaskCLIP+ student into a stock mmseg model.

    python tools/export_student.py configs/maskclip_plus_toy.py \\
        work_dirs/maskclip_plus_toy/iter_1200.pth --out exported

writes exported/student.py and exported/student.pth, which a plain
MMSegmentation loads and tests without this package.
"""
import argparse
from pathlib import Path

import torch
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.utils import UserError, atomic_write, run_tool
from mmseg_clipzs.vocabularies import get_vocabulary

_PREFIX = 'student.'
_CLASSIFIER = 'decode_head.conv_seg.'
_OURS = ('CheckSample', 'HideLabels')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', help='the config it was trained with')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', default='exported', help='folder to write')
    return parser.parse_args()


def export_weights(state):
    """The student's weights under stock names.

    Args:
        state (dict[str, Tensor]): Of a ``MaskClipPlus`` checkpoint.

    Returns:
        dict[str, Tensor]: A learnt background is a row of ``conv_seg``.

    Raises:
        UserError: It is no such checkpoint.
    """
    weights = {key[len(_PREFIX):]: value for key, value in state.items()
               if key.startswith(_PREFIX)}
    if f'{_CLASSIFIER}weight' not in weights:
        raise UserError('This is no checkpoint of MaskClipPlus: it has no '
                        f'{_PREFIX}{_CLASSIFIER}weight.')
    background = weights.pop(f'{_CLASSIFIER}background', None)
    if background is not None:
        weight = weights[f'{_CLASSIFIER}weight']
        weights[f'{_CLASSIFIER}weight'] = torch.cat(
            [torch.nn.functional.normalize(background, dim=1), weight])
        weights[f'{_CLASSIFIER}bias'] = weight.new_zeros(len(weight) + 1)
    return weights


def export_config(cfg, classes):
    """A config with nothing of this package in it.

    Args:
        cfg (Config): The training config.
        classes (Sequence[str]): The student's classes.

    Returns:
        Config: Model, test data set, evaluator and runtime.
    """
    if cfg.model.type != 'MaskClipPlus':
        raise UserError(f'{cfg.filename} is no MaskClipPlus config, but '
                        f'{cfg.model.type}.')
    if cfg.model.get('normalize'):
        raise UserError('A student trained with normalize=True cannot be '
                        'exported: a stock head does not normalise its '
                        'features.')
    model = cfg.model.student.to_dict()
    model['pretrained'] = None
    model.setdefault('data_preprocessor',
                     cfg.model.get('data_preprocessor'))
    model['backbone']['init_cfg'] = None
    heads = [model['decode_head']]
    auxiliary = model.get('auxiliary_head') or []
    heads += auxiliary if isinstance(auxiliary, list) else [auxiliary]
    for head in heads:
        head['num_classes'] = len(classes)
    stock = dict(
        default_scope='mmseg',
        model=model,
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


def _stock_pipeline(pipeline):
    return [dict(step) for step in pipeline if step['type'] not in _OURS]


def _stock_dataset(dataset):
    dataset = dict(dataset, pipeline=_stock_pipeline(dataset['pipeline']))
    cls = DATASETS.get(dataset['type'])
    if cls.__module__.startswith('mmseg_clipzs'):
        dataset.update(type='BaseSegDataset', img_suffix='.jpg',
                       seg_map_suffix='.png', metainfo=dict(cls.METAINFO))
    return dataset


def main():
    args = parse_args()
    cfg = Config.fromfile(find_config(args.config))
    checkpoint = load_checkpoint_file(args.checkpoint)
    weights = export_weights(checkpoint.get('state_dict', checkpoint))
    meta = checkpoint.get('meta', {}).get('dataset_meta') or dict(
        classes=get_vocabulary(cfg.model.teacher.vocabulary).classes)
    out = Path(args.out)
    with atomic_write(out / 'student.py') as temporary:
        export_config(cfg, meta['classes']).dump(temporary)
    with atomic_write(out / 'student.pth') as temporary:
        torch.save(dict(state_dict=weights, meta=dict(dataset_meta=meta)),
                   temporary)
    print(f'{out}/student.py and {out}/student.pth: test them with a plain '
          'MMSegmentation, python tools/test.py student.py student.pth')


if __name__ == '__main__':
    run_tool(main)

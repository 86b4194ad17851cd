"""Build segmentors whose classes are those of their checkpoint."""
import threading
import warnings
from collections import defaultdict

import torch
from mmengine.runner import load_checkpoint
from mmseg.apis import init_model
from mmseg.registry import DATASETS

from mmseg_clipzs.checkpoints import dataset_meta_of, weights_of
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.models.segmentors.seg_logits import SegLogits
from mmseg_clipzs.models.segmentors.vocabulary_mixin import dataset_meta
from mmseg_clipzs.run.data import datasets_of
from mmseg_clipzs.utils import UserError, require_memory
from mmseg_clipzs.visualization import class_palette

from .zero_shot_result import ZeroShotResult

# Seeds and filters of warnings are the process's, not a thread's.
_BUILDING = threading.Lock()
# Of every model of mmseg, about its own code.
_QUIET = ('``build_loss`` would be deprecated', 'Default ``avg_non_ignore``')


def build_segmentor(cfg, device):
    """Build a segmentor for prediction, of this package or of mmseg.

    Random weights follow the config's seed; the caller's numbers are left
    alone.

    Args:
        cfg (Config): With ``load_from``, unless the model has weights of its
            own.
        device (str): Where to.

    Returns:
        nn.Module: In evaluation mode, with ``dataset_meta``: ``classes`` and
        ``palette``. A model without vocabulary has none yet.

    Raises:
        UserError: A checkpoint of another model, or without names of the
            classes.
    """
    with _BUILDING, warnings.catch_warnings(), torch.random.fork_rng(
            devices=[]):  # not the caller's random numbers
        for text in _QUIET:
            warnings.filterwarnings('ignore', text, module='mmseg.models')
        seed = (cfg.get('randomness') or {}).get('seed')
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        model = init_model(cfg, device=device)
    meta = {}
    if cfg.get('load_from'):
        checkpoint = load_checkpoint(
            model, cfg.load_from, 'cpu', logger='silent')
        check_fit(model, weights_of(checkpoint))
        meta = dataset_meta_of(checkpoint)
    if not hasattr(model, 'set_vocabulary'):
        model.dataset_meta = _stock_meta(cfg, meta, model)
    elif model.vocabulary is not None:
        # Its own names and colours rather than those of the training data.
        model.dataset_meta = dataset_meta(model.vocabulary)
    return model


def find_test_pipeline(cfg):
    """list[dict]: As mmseg's inference_model and its inferencer find it."""
    if 'test_pipeline' in cfg:
        return cfg.test_pipeline
    return datasets_of(cfg, 'test_dataloader')[0].pipeline


def predict_batch(model, batch):
    """Predict images of different sizes.

    mmseg's models take images of one size only.

    Args:
        model (nn.Module): A segmentor.
        batch (dict): ``inputs`` and ``data_samples``, lists of N.

    Returns:
        list[SegDataSample | SampleError]: Results, in the order of the batch,
        with the error of an image that has one.
    """
    groups = defaultdict(list)
    for i, image in enumerate(batch['inputs']):
        groups[image.shape].append(i)
    samples = {}
    while groups:
        shape, group = groups.popitem()
        try:
            samples.update(zip(group, model.test_step({
                key: [values[i] for i in group]
                for key, values in batch.items()})))
        except SampleError as e:
            if len(group) == 1:
                samples[group[0]] = e
            else:
                groups.update({(shape, i): [i] for i in group})
    return [samples[i] for i in range(len(batch['inputs']))]


def class_probabilities(model, seg_logits):
    """Probabilities of the classes, from a result.

    Args:
        model (nn.Module): A segmentor of this package, whose ``seg_logits``
            are log-probabilities, or of mmseg.
        seg_logits (Tensor): (C, H, W), or (1, H, W) of a binary model, which
            mmseg turned into the probability of class 1.

    Returns:
        Tensor: (C, H, W), or (2, H, W).
    """
    if hasattr(model, 'set_vocabulary'):
        return seg_logits.exp()
    if len(seg_logits) == 1:
        return torch.cat([1 - seg_logits, seg_logits])
    return seg_logits.softmax(0)


def label_probabilities(model, seg_logits, labels):
    """Probability of one class at each pixel, without all classes at once.

    Args:
        model (nn.Module): See :func:`class_probabilities`.
        seg_logits (PixelData): Of a result.
        labels (Tensor): (H, W) int64, classes.

    Returns:
        Tensor: (H, W), the elements of :func:`class_probabilities`.
    """
    if isinstance(seg_logits, SegLogits):
        return seg_logits.at(labels).exp()
    logits, best = seg_logits.data, labels.to(seg_logits.data.device)
    return torch.cat([
        class_probabilities(model, rows).gather(0, each[None])[0]
        for rows, each in zip(logits.split(64, 1), best.split(64))])


def make_result(model, image, sample, name, path):
    """Convert a data sample to a result.

    Args:
        model (nn.Module): The segmentor, with the classes of the sample.
        image (ndarray): (H, W, 3) uint8 RGB.
        sample (SegDataSample | SampleError): Its prediction.
        name, path: See :class:`ZeroShotResult`.

    Returns:
        ZeroShotResult | SampleError: The result; an error as it is.
    """
    if isinstance(sample, SampleError):
        return sample
    size = image.shape[:2]
    count = len(model.dataset_meta['classes'])

    def scores():
        # The log-probabilities and the probabilities.
        require_memory(
            8 * count * size[0] * size[1], f'Keeping {count} scores '
            f'for each of {size[1]} x {size[0]} pixels', SampleError)
        return class_probabilities(
            model, sample.seg_logits.data).cpu().numpy()

    return ZeroShotResult(
        name=name,
        photo=image,
        mask=sample.pred_sem_seg.data[0].long().cpu().numpy(),
        make_scores=scores,
        make_confidence=lambda mask: label_probabilities(
            model, sample.seg_logits, torch.from_numpy(mask)).cpu().numpy(),
        classes=model.dataset_meta['classes'],
        palette=model.dataset_meta['palette'],
        groups=sample.groups.data.cpu().numpy() if 'groups' in sample
        else None,
        path=path,
        source_bytes=getattr(sample.seg_logits, 'source_bytes', 0))


def _stock_meta(cfg, found, model):
    """Classes and palette of a checkpoint or, without them, its test data."""
    for dataset in datasets_of(cfg, 'test_dataloader'):
        if not found.get('classes'):
            found = {**getattr(DATASETS.get(dataset.type), 'METAINFO', {}),
                     **(dataset.get('metainfo') or {})}
    names = found.get('classes')
    if not names:
        raise UserError(
            f'{cfg.get("load_from")} does not name its classes, and the '
            'config has no test dataset that does: add '
            "meta=dict(dataset_meta=dict(classes=[...])) to the checkpoint.")
    if len(names) != model.num_classes:
        raise UserError(
            f'The model has {model.num_classes} classes, but '
            f'{len(names)} names ({", ".join(names[:3])}, ...).')
    palette = found.get('palette')
    if not palette or len(palette) != len(names):
        palette = class_palette(names)
    return dict(classes=tuple(names), palette=palette)

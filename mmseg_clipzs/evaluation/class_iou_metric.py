from pathlib import Path

import torch
from mmengine.dist import get_world_size
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from PIL import Image

from mmseg_clipzs.labels import IGNORE_INDEX, ignore_index, label_dtype
from mmseg_clipzs.utils import UserError, atomic_write, check_replaceable
from mmseg_clipzs.visualization import save_image


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, which also keeps the IoU of each class.

    Pixels are counted as integers, for any number of classes; with more than
    255, ignored pixels have label 65535 (see :mod:`mmseg_clipzs.labels`).
    Label maps are written with 8 or 16 bits.

    Args:
        kwargs: As for ``IoUMetric``.

    Attributes:
        class_iou (dict[str, float], optional): Class -> IoU in percent, NaN if
            the class neither occurs nor is predicted. Set by the evaluation,
            in the main process only.
        names (dict[str, str]): Path of an image -> name of its label map, by
            default the image's own; see
            :func:`mmseg_clipzs.datasets.unique_names`.
    """
    default_prefix = ''  # None is the same with a warning
    class_iou = _size = None
    names = {}

    def process(self, data_batch, data_samples):
        """Count, and write, a batch of label maps.

        Args:
            data_batch (dict): Unused.
            data_samples (Sequence[dict]): With ``pred_sem_seg``,
                ``gt_sem_seg`` unless ``format_only``, ``img_path``.

        Raises:
            UserError: A label, of the mask or predicted, that is no class.
        """
        count = len(self.dataset_meta['classes'])
        for sample in data_samples:
            labels = sample['pred_sem_seg']['data']
            labels = labels.reshape(labels.shape[-2:])
            if not self.format_only:
                self.results.append(self._areas(sample, labels, count))
            if self.output_dir is not None:
                self._write(sample, labels, count)

    def _areas(self, sample, labels, count):
        """tuple[Tensor]: As ``intersect_and_union``, (C, ) int64 each."""
        truth = self._truth(sample, labels)
        ignored = self.ignore_index
        if ignored == IGNORE_INDEX:  # mmseg's default
            ignored = ignore_index(count)
        valid = truth != ignored
        labels, truth = labels[valid].long(), truth[valid].long()
        areas = []
        for each, what in ((labels, 'The prediction for'),
                           (truth, 'The mask of')):
            if each.numel() and (each.min() < 0 or each.max() >= count):
                outside = each[(each < 0) | (each >= count)].unique()
                raise UserError(
                    f'{what} {sample.get("img_path")} has labels outside the '
                    f'{count} classes: '
                    f'{", ".join(map(str, outside[:10].tolist()))}.')
            areas.append(torch.bincount(each, minlength=count).cpu())
        predicted, true = areas
        intersect = torch.bincount(
            labels[labels == truth], minlength=count).cpu()
        return intersect, predicted + true - intersect, predicted, true

    def _truth(self, sample, labels):
        """Tensor: (H, W) labels of the mask, as large as the image."""
        path = sample.get('img_path')
        if 'gt_sem_seg' not in sample:
            raise UserError(
                f'No mask was loaded for {path}: the test pipeline needs '
                'LoadAnnotations, behind Resize.')
        truth = sample['gt_sem_seg']['data'].to(labels)
        truth = truth.reshape(truth.shape[-2:])
        if truth.shape != labels.shape:
            raise UserError(
                f'The mask of {path} has {truth.shape[1]} x '
                f'{truth.shape[0]} pixels, but the image has '
                f'{labels.shape[1]} x {labels.shape[0]}: in a test pipeline '
                'LoadAnnotations comes behind Resize, so that masks keep '
                'their size.')
        return truth

    def _write(self, sample, labels, count):
        """Write a label map below ``output_dir``."""
        # Written masks count as those of the dataset: from 1.
        shift = int(bool(sample.get('reduce_zero_label')))
        labels = (labels.cpu().numpy() + shift).astype(
            label_dtype(count + shift))
        path = sample['img_path']
        name = self.names.get(path, Path(path).stem)
        path = Path(self.output_dir) / f'{name}.png'
        check_replaceable(path)  # never the masks of the dataset
        with atomic_write(path) as temporary:
            save_image(temporary, Image.fromarray(labels))

    def evaluate(self, size):
        """Same as ``IoUMetric``; no image of another process may be lost."""
        self._size = size if get_world_size() > 1 else None
        return super().evaluate(size)

    def compute_metrics(self, results):
        """Same as ``IoUMetric``, of exact sums."""
        if self.format_only:
            return super().compute_metrics(results)
        if self._size not in (None, len(results)):
            raise UserError(
                f'Only {len(results)} of {self._size} images were counted: '
                'with several processes each needs as many images, as '
                "sampler=dict(type='DefaultSampler', shuffle=False) makes "
                'them.')
        areas = tuple(map(sum, zip(*results)))
        intersect, union = areas[:2]
        self.class_iou = dict(zip(
            self.dataset_meta['classes'],
            (100 * (intersect / union)).tolist()))  # (C, )
        return super().compute_metrics([areas])

import io

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.labels import (
    IGNORE_INDEX,
    WIDE_IGNORE_INDEX,
    ignore_index,
    label_dtype,
)
from mmseg_clipzs.utils import UserError, check_is_file

from .images import open_image

_SHOWN = 10  # labels in a message


@TRANSFORMS.register_module()
class LoadLabels(LoadAnnotations):
    """mmseg's ``LoadAnnotations`` for masks of 8 or 16 bits, checked.

    ``LoadAnnotations`` keeps the last 8 bits of each label, and counts labels
    that are no class. The tools replace it by this one, which knows the
    classes; see :func:`mmseg_clipzs.run.labels.fit_labels`.

    Which label is ignored: see :mod:`mmseg_clipzs.labels`. In a mask of 16
    bits 65535 is always ignored.

    Required keys: seg_map_path, seg_fields, reduce_zero_label; label_map.
    Added keys: gt_seg_map (H, W), uint8, or uint16 for more than 255 classes.

    Args:
        num_classes (int): Number of classes of the dataset.
        label_map (Sequence[tuple[int, int]], optional): Label in the mask,
            class index; by default that of the dataset.
        kwargs: See ``LoadAnnotations``.
    """

    def __init__(self, num_classes, label_map=None, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.label_map = label_map and dict(label_map)
        self._tables = {}

    def _load_seg_map(self, results):
        results['gt_seg_map'] = self.class_indices(
            self.read(results['seg_map_path']), results)
        results['seg_fields'].append('gt_seg_map')

    def class_indices(self, raw, results):
        """Turn the labels of a mask into class indices.

        Args:
            raw (ndarray): Result of :meth:`read`.
            results (dict): Sample, with the required keys.

        Returns:
            ndarray: Of the same shape, uint8 or uint16.

        Raises:
            UnknownLabelError: A label is no class.
        """
        reduced = self.reduce_zero_label
        if reduced is None:
            reduced = results.get('reduce_zero_label', False)
        label_map = self.label_map or results.get('label_map')
        size = 2 ** (8 * raw.dtype.itemsize)
        key = size, reduced, label_map and tuple(label_map.items())
        if key not in self._tables:
            self._tables[key] = self._table(size, reduced, label_map)
        table, is_unknown = self._tables[key]
        occurs = np.zeros(size, bool)
        occurs[raw] = True
        unknown = np.flatnonzero(occurs & is_unknown)
        if unknown.size:
            raise UnknownLabelError.of(
                results['seg_map_path'], unknown, self.num_classes)
        return table[raw]

    def read(self, path):
        """Read a mask as it is on disk.

        Args:
            path (str): The file.

        Returns:
            ndarray: (H, W) uint8 or uint16, or (N, ) for a mask of a single
            row or column. -1 is read as 65535.

        Raises:
            UserError: It is missing, damaged, or not a map of labels.
        """
        try:
            if not self.backend_args and '://' not in str(path):
                check_is_file(path, 'a mask')
            content = fileio.get(path, backend_args=self.backend_args)
            if self.imdecode_backend == 'pillow':  # only raster formats
                open_image(io.BytesIO(content)).close()
            mask = mmcv.imfrombytes(
                content, flag='unchanged', backend=self.imdecode_backend)
        except FileNotFoundError as e:
            raise UserError(f'No mask at {path}.') from e
        except UserError:
            raise
        except Exception as e:  # decoders raise all kinds of errors
            raise UserError(f'The mask {path} is damaged: {e}.') from e
        if mask is None:  # OpenCV's answer
            raise UserError(f'The mask {path} is damaged.')
        mask = mask.squeeze()
        if mask.ndim > 2:
            h, w, channels = mask.shape
            raise UserError(
                f'The mask {path} has {channels} channels of {w} x {h} '
                'pixels, but its image needs one: the index of the class of '
                'each pixel, not its colour.')
        if mask.dtype in (np.uint8, np.uint16):
            return mask
        with np.errstate(invalid='ignore'):
            labels = mask.astype(np.int64)
        if (labels != mask).any():
            raise UserError(
                f'The mask {path} has values such as '
                f'{mask[labels != mask].flat[0]}. A mask has the index of '
                "each pixel's class.")
        if labels.min() < -1 or labels.max() > WIDE_IGNORE_INDEX:
            outside = np.unique(labels[(labels < -1) | (
                labels > WIDE_IGNORE_INDEX)])
            raise UnknownLabelError.of(path, outside, self.num_classes)
        wide = labels.min() < 0 or labels.max() > IGNORE_INDEX
        return labels.astype(np.uint16 if wide else np.uint8)

    def _table(self, size, reduced, label_map):
        """Class index of each label, and whether it is unknown.

        Follows ``LoadAnnotations``: first ``reduce_zero_label``, then the
        label map, in which 255 are ignored pixels.
        """
        count = self.num_classes
        known = len(label_map) if label_map else count
        ignored = WIDE_IGNORE_INDEX  # until the end
        table = np.arange(size) - bool(reduced)
        in_mask = ignore_index(known + bool(reduced))
        if reduced:
            table[0] = ignored
        table[[i for i in (in_mask, WIDE_IGNORE_INDEX) if i < size]] = ignored
        if label_map:
            before = table.copy()
            for old, new in label_map.items():
                if old == IGNORE_INDEX and known <= IGNORE_INDEX:
                    old = ignored
                if new == IGNORE_INDEX and count <= IGNORE_INDEX:
                    new = ignored
                table[before == old] = new
        is_unknown = (table >= count) & (table != ignored)
        if in_mask >= size:
            # Either a class or ignored pixels, as 8-bit masks mark them.
            is_unknown[IGNORE_INDEX] = True
        table[table == ignored] = ignore_index(count)
        return table.astype(label_dtype(count)), is_unknown

    def __repr__(self):
        return (f'{type(self).__name__}(num_classes={self.num_classes}, '
                f'reduce_zero_label={self.reduce_zero_label})')


class UnknownLabelError(UserError):
    """A mask has labels that are no class.

    Attributes:
        labels (list[int]): As in the file; empty after a data worker's error.
    """
    labels = ()

    @classmethod
    def of(cls, path, labels, classes):
        """Make the error.

        A data worker's is made again from its message alone.

        Args:
            path (str): The mask.
            labels (Sequence[int]): Labels as in the file.
            classes (int): Number of classes.
        """
        labels = [int(label) for label in labels]
        more = ', ...' * (len(labels) > _SHOWN)
        hint = ''
        if classes >= IGNORE_INDEX and labels == [IGNORE_INDEX]:
            hint = (f' With {classes} classes, masks that have label '
                    f'{IGNORE_INDEX} need 16 bits, in which '
                    f'{WIDE_IGNORE_INDEX} marks ignored pixels.')
        error = cls(
            f'The mask {path} has labels outside the {classes} classes: '
            f'{", ".join(map(str, labels[:_SHOWN]))}{more}.{hint}')
        error.labels = labels
        return error

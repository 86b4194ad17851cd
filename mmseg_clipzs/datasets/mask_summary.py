"""What the labels of all masks of a dataset look like together."""
import numpy as np

from mmseg_clipzs.labels import IGNORE_INDEX, WIDE_IGNORE_INDEX

from .load_labels import UnknownLabelError

_COCO_STUFF, _COCO_RAW = (171, 81), range(171, 182)
_CITYSCAPES, _CITYSCAPES_RAW = 19, range(19, 34)
_SHOWN = 20  # classes in a note


class MaskSummary:
    """Collects the labels of masks, to recognise a wrong setting.

    Args:
        load (LoadLabels): Reads the masks.
        classes (Sequence[str]): Names of the classes.

    Attributes:
        masks (int): Masks that were read.
    """

    def __init__(self, load, classes):
        self.load, self.classes = load, classes
        self.masks = 0
        self._raw = np.zeros(WIDE_IGNORE_INDEX + 1, bool)  # labels in files
        self._occurs = np.zeros(WIDE_IGNORE_INDEX + 1, bool)  # class indices
        self._unknown = set()
        self._reduced = False

    def labels(self, info):
        """Read the mask of a sample.

        Args:
            info (dict): Sample of the dataset.

        Returns:
            ndarray: Class indices, see :meth:`LoadLabels.class_indices`.

        Raises:
            UserError: A damaged mask, or labels that are no class.
        """
        raw = self.load.read(info['seg_map_path'])
        self._raw[raw] = True
        self.masks += 1
        self._reduced = info.get('reduce_zero_label')
        try:
            labels = self.load.class_indices(raw, info)
        except UnknownLabelError as e:
            self._unknown.update(e.labels)
            raise
        self._occurs[labels] = True
        return labels

    def problems(self):
        """list[str]: What is wrong with the masks as a whole."""
        raw = set(np.flatnonzero(self._raw).tolist())
        if raw != {0, IGNORE_INDEX} or len(self.classes) < 2 or self._reduced:
            return []
        return ['The masks only have the labels 0 and 255, like black-and-'
                'white images. 255 marks ignored pixels, so that class 1 '
                f'({self.classes[1]}) never occurs: write 1 instead of 255.']

    def notes(self):
        """list[str]: What unknown labels look like, or classes that occur in
        no mask."""
        if self._unknown:
            return [note for note in [self._explanation()] if note]
        count = len(self.classes)
        absent = [name for i, name in enumerate(self.classes)
                  if not self._occurs[i]]
        if not self.masks or not absent:
            return []
        if len(absent) == count:
            return [f'No class occurs in the {self.masks} masks: all pixels '
                    'are ignored.']
        more = f' and {len(absent) - _SHOWN} more' * (len(absent) > _SHOWN)
        note = (f'{len(absent)} of {count} classes occur in none of the '
                f'{self.masks} masks: {", ".join(absent[:_SHOWN])}{more}.')
        if self._reduced and absent == [self.classes[-1]]:
            note += (' reduce_zero_label=True ignores label 0; if 0 is the '
                     'first class, set it to False.')
        return [note]

    def _explanation(self):
        """str | None: What the unknown labels look like."""
        count = len(self.classes)
        if self._unknown == {count} and not self._reduced:
            return (f'The only unknown label is {count}, the number of '
                    'classes: labels seem to begin at 1, with 0 for '
                    'unlabelled pixels. Then set reduce_zero_label=True in '
                    'the dataset.')
        if count in _COCO_STUFF and self._unknown <= set(_COCO_RAW):
            return ("The labels look like COCO-Stuff's original ones (0 to "
                    "181): convert the masks with mmseg's "
                    'tools/dataset_converters/coco_stuff164k.py, which writes '
                    '*_labelTrainIds.png.')
        if count == _CITYSCAPES and self._unknown <= set(_CITYSCAPES_RAW):
            return ("The labels look like Cityscapes' labelIds (0 to 33): "
                    "use *_labelTrainIds.png, which mmseg's tools/"
                    'dataset_converters/cityscapes.py writes.')
        return None

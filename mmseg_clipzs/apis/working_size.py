"""The size at which large photos are segmented."""
import logging

from mmengine.logging import print_log

from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.datasets.limit_size import limited
from mmseg_clipzs.utils import AUTO, read_max_size, require_memory

MAX_SIZE = 1024  # pixels: some 4,000 patches of 16, and seconds on a CPU
# Mean shift and spectral clustering compare all pairs of locations, without
# the libraries for it.
MAX_SIZE_OF_PAIRS = 512
_WORK = 24  # bytes per pixel of a photo: a copy, labels, their confidence


class WorkingSize:
    """What is done with photos that are large for a model.

    The network gets them shrunk; PAMR refines the scores, and regions are
    found, at that size.
    Label maps and scores have the size of the photo all the same. Evaluation
    has no such limit.

    Args:
        max_size (int | str | None): Longest side in pixels that the network
            and PAMR get. 'auto' is 1024 (512 with mean shift or spectral
            clustering), but leaves photos to the ``Resize`` of the config's
            test pipeline where it has one. None is no limit.

    Raises:
        UserError: Another value.
    """

    def __init__(self, max_size=AUTO):
        self.max_size = read_max_size(max_size)
        self._auto = self.max_size == AUTO
        self._limit = MAX_SIZE if self._auto else self.max_size
        self._shrinks = self._told = False

    def fit_to(self, model):
        """Take account of what a model computes.

        Args:
            model (nn.Module): A segmentor; changed in place if it uses PAMR or
                regions.
        """
        if self._auto and getattr(
                getattr(model, 'decode_head', None), 'compares_pairs', False):
            self._limit = MAX_SIZE_OF_PAIRS
        for option in ('pamr', 'regions'):
            if getattr(model, option, None) is not None:
                setattr(model, f'{option}_max_size', self._limit)
                self._shrinks |= self._limit is not None

    def limit(self, resizes):
        """Longest side of the network's input.

        Args:
            resizes (bool): Whether the model's own settings resize photos.

        Returns:
            int | None: Pixels.
        """
        limit = None if resizes and self._auto else self._limit
        self._shrinks |= limit is not None
        return limit

    def pipeline(self, steps):
        """Add the limit to a test pipeline.

        Args:
            steps (Sequence[dict]): Transforms; the first loads the image.

        Returns:
            list[dict]: All transforms.
        """
        steps = list(steps)
        sizing = [i for i, step in enumerate(steps) if _resizes(step)]
        limit = self.limit(bool(sizing))
        if limit is not None:
            steps.insert(max(sizing, default=0) + 1,
                         dict(type='LimitSize', max_size=limit))
        return steps

    def check_memory(self, name, image):
        """Refuse a photo whose results cannot fit into memory.

        Args:
            name (str): The photo, for the message.
            image (ndarray): (H, W, 3) uint8.

        Raises:
            SampleError: They cannot.
        """
        height, width = image.shape[:2]
        require_memory(_WORK * height * width, f'{name}, a photo of {width} x '
                       f'{height} pixels,', SampleError)

    def warn(self, size):
        """Say so once if a photo is shrunk.

        Args:
            size (tuple[int]): (height, width) of the photo.
        """
        if self._told or not self._shrinks or max(size) <= self._limit:
            return
        self._told = True
        height, width = limited(size, self._limit)
        print_log(
            f'A photo of {size[1]} x {size[0]} pixels is segmented at '
            f'{width} x {height}, and so are others with a side of more than '
            f'{self._limit}; label maps have the size of the photo. Set '
            'another size with --max-size (max_size= in Python), or none.',
            'current', logging.WARNING)


def _resizes(step):
    """bool: Whether a transform gives images a size of its own."""
    return 'Resize' in str(step['type']) and bool(
        step.get('scale') or step.get('scales') or step.get('max_size'))

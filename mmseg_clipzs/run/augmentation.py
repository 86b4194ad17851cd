"""Test-time augmentation of a config."""
import copy
import inspect

from mmcv.transforms import TestTimeAug
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.utils import UserError

RATIOS = (0.75, 1.0, 1.25)
_RESIZES = ('Resize', 'ResizeShortestEdge')
_SIZES = ('scale', 'scale_factor', 'max_size')


def augmented(pipeline):
    """Turn a test pipeline into one with test-time augmentation.

    Args:
        pipeline (Sequence[dict]): Of a dataset. The sizes of its resize are
            scaled by :data:`RATIOS`; without one, those of the images are.

    Returns:
        list[dict]: The steps before the resize, then ``TestTimeAug`` with
        three sizes, each with and without horizontal flip, and the remaining
        steps. Masks that are loaded after the resize keep their size.
    """
    steps = copy.deepcopy(list(pipeline))
    names = [_name(step) for step in steps]
    resize = next((i for i, name in enumerate(names) if name in _RESIZES),
                  None)
    if resize is None:
        # Before the mask is loaded.
        first = next((i for i, name in enumerate(names) if name in (
            'LoadAnnotations', 'PackSegInputs')), len(steps))
        sizes = [dict(type='Resize', scale_factor=ratio, keep_ratio=True)
                 for ratio in RATIOS]
    else:
        first = resize
        base = steps.pop(first)
        sizes = [_scaled(base, ratio) for ratio in RATIOS]
    flips = [dict(type='RandomFlip', prob=prob, direction='horizontal')
             for prob in (0., 1.)]
    return [*steps[:first], dict(type='TestTimeAug', transforms=[
        sizes, flips, *([step] for step in steps[first:])])]


def check_augmented(pipeline, name):
    """Refuse a pipeline without test-time augmentation.

    Args:
        pipeline (Sequence[dict]): A config's own ``tta_pipeline``.
        name (str): The config's, for the message.

    Raises:
        UserError: No step is a ``TestTimeAug``.
    """
    if not any(issubclass(_class(step), TestTimeAug) for step in pipeline):
        raise UserError(
            f'The tta_pipeline of {name} has no TestTimeAug, which returns '
            'the views of an image. Add it, or remove the tta_pipeline: '
            'three sizes and a flip are then added to the test pipeline.')


def _class(step):
    """type: The class of a step, ``object`` if unknown."""
    kind = step['type']
    # It is mmcv's, but mmseg's configs may write mmseg.TestTimeAug.
    return kind if inspect.isclass(kind) else TRANSFORMS.get(
        kind.removeprefix('mmseg.')) or object


def _name(step):
    """Type of a step, without the scope of 'mmseg.Resize'."""
    kind = step['type']
    return getattr(kind, '__name__', str(kind)).rpartition('.')[2]


def _scaled(resize, ratio):
    """A resize with other sizes."""
    def scaled(size):
        if isinstance(size, (list, tuple)):
            return tuple(map(scaled, size))
        return round(size * ratio) if isinstance(size, int) else size * ratio

    return {**resize, **{key: scaled(resize[key]) for key in _SIZES
                         if resize.get(key) is not None}}

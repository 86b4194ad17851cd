"""An installation checks itself: software, devices, weights."""
from .devices import check_devices, check_image_tower, list_devices
from .finding import Finding
from .software import (
    check_cache,
    check_modules,
    check_optional,
    check_python,
    check_requirements,
)
from .weights import check_checkpoint, check_clip, check_shipped

__all__ = ['Finding', 'check_checkpoint', 'check_clip', 'examine']


def examine(clips=(), checkpoints=()):
    """Check this installation, and weights.

    Nothing is downloaded, unless a CLIP is given by a tag.

    Args:
        clips (Sequence[str]): 'MODEL:WEIGHTS', see :func:`check_clip`.
        checkpoints (Sequence[str]): Checkpoints of trained models.

    Yields:
        Finding: One after the other; 'WRONG' ones need a remedy.
    """
    yield check_python()
    yield from check_modules()
    yield check_requirements()
    yield from check_optional()
    yield check_cache()
    yield from check_devices()
    yield from check_shipped()
    for device in list_devices():
        yield check_image_tower(device)
    for clip in clips:
        yield from check_clip(clip)
    for checkpoint in checkpoints:
        yield check_checkpoint(checkpoint)

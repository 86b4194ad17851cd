"""Providers of regions by name."""
from inspect import signature

from mmseg_clipzs.utils import UserError, did_you_mean

from .panoptic_regions import EomtRegions, Mask2FormerRegions
from .region_files import RegionFiles
from .region_provider import RegionProvider
from .sam2_regions import Sam2Regions
from .superpixels import Felzenszwalb, Slic

PROVIDERS = {kind.__name__: kind for kind in (
    Felzenszwalb, Slic, RegionFiles, Sam2Regions, Mask2FormerRegions,
    EomtRegions)}


def build_regions(config, others=()):
    """Build a provider of regions.

    Args:
        config (dict): Its arguments, with a key of ``PROVIDERS`` or a
            subclass of :class:`RegionProvider` as ``type``.
        others (Sequence[str]): Options that the caller takes itself, for the
            message.

    Returns:
        RegionProvider: Divides images into regions.

    Raises:
        UserError: An unknown type or argument, or arguments that the
            provider refuses.
    """
    if not isinstance(config, dict) or 'type' not in config:
        raise UserError(
            'regions takes a dict with type= and arguments of that provider, '
            'e.g. dict(type="Felzenszwalb") or, among --cfg-options, '
            f'model.regions.type=Felzenszwalb, but got {config!r}.')
    options = dict(config)
    kind = options.pop('type')
    if not (isinstance(kind, type) and issubclass(kind, RegionProvider)):
        if not isinstance(kind, str) or kind not in PROVIDERS:
            raise UserError(
                f'regions.type={kind!r} is unknown; choose one of '
                f'{", ".join(PROVIDERS)}.{did_you_mean(kind, PROVIDERS)}')
        kind = PROVIDERS[kind]
    known = signature(kind).parameters
    for key in options:
        if key not in known:
            raise UserError(
                f'regions has no option {key!r}; {kind.__name__} takes '
                f'{", ".join([*known, *others])}.'
                f'{did_you_mean(key, [*known, *others])}')
    for key, argument in known.items():
        if argument.default is argument.empty and key not in options:
            raise UserError(f'regions of {kind.__name__} need {key}=.')
    return kind(**options)

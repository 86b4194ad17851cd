"""Maps of regions of many photos, for ``RegionFiles``."""
import json
import os
from pathlib import Path

from mmseg_clipzs.datasets.find_images import find_images
from mmseg_clipzs.datasets.images import SampleError, read_image
from mmseg_clipzs.models.regions import build_regions
from mmseg_clipzs.models.regions.region_files import (
    find_regions,
    stem_of,
    write_regions,
)
from mmseg_clipzs.run.device import choose_device
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
    remove_stale,
    shown,
)

_SETTINGS = 'regions.json'


def make_regions(photos, out_dir, regions, device=None, progress=iter):
    """Find the regions of photos, at their full size.

    The map of ``photos/pets/cat.jpg`` is ``out_dir/pets/cat.png``. Maps that
    are there already are kept, so that an interrupted run goes on.

    Args:
        photos (str | Path): A folder, with its subfolders, or a photo.
        out_dir (str | Path): Folder for a map per photo.
        regions (dict): Arguments of :func:`.build_regions`.
        device (str, optional): Of a network; by default a GPU if there is one.
        progress (Callable): Wraps the list of photos.

    Returns:
        tuple[int, int, list[str]]: Maps that were written and kept, and a
        sentence for each photo that was skipped.

    Raises:
        UserError: No photos, two of one name in a folder, options that do not
            fit, or an ``out_dir`` that is among the photos or has regions of
            other photos or settings.
        NotOursError: A file of the user where a map would be.
    """
    out_dir, photos = Path(out_dir), Path(photos)
    if photos.is_file():
        root, paths, skipped = photos.parent, [photos], []
    else:
        root = photos
        paths, skipped = find_images(photos, recursive=True)
        if out_dir.resolve().is_relative_to(photos.resolve()):
            raise UserError(
                f'{shown(out_dir)} is in the folder of the photos, so that '
                'maps would count as photos: choose another folder.')
    skipped = [str(each) for each in skipped]
    if not paths:
        raise UserError(f'No photos in {shown(photos)}.')
    stems, owners = {path: stem_of(path, root) for path in paths}, {}
    for path, stem in stems.items():
        other = owners.setdefault(stem.casefold(), path)
        if other is not path:
            raise UserError(
                f'{shown(other)} and {shown(path)} would have the same map of '
                'regions: give them different names.')
    there = {path: found for path, stem in stems.items()
             if (found := find_regions(out_dir, stem))}
    check_replaceable(*(found for found in there.values()
                        if found.suffix == '.png'))  # or photos
    provider = build_regions(regions)
    if provider.network is not None:
        provider.network.to(choose_device(device))
    _keep_settings(out_dir, regions, root)
    remove_stale(out_dir)
    written = 0
    for path in progress(paths):
        if path in there:
            continue
        try:
            image = read_image(path)
            write_regions(provider(image, dict(
                img_path=str(path), ori_shape=image.shape[:2])), out_dir,
                stems[path])
            written += 1
        except SampleError as e:
            skipped.append(str(e))
    return written, len(there), skipped


def _keep_settings(folder, regions, photos):
    """Refuse a folder whose maps are of other photos or settings."""
    path = folder / _SETTINGS
    check_replaceable(path)
    kind = regions['type']
    settings = dict(
        written_by=MARK, photos=os.path.realpath(photos), regions=dict(
            regions, type=kind if isinstance(kind, str) else kind.__name__))
    text = json.dumps(settings, indent=2, default=str, sort_keys=True)
    if path.exists() and path.read_text(encoding='utf-8') != text:
        raise UserError(
            f'{shown(folder)} holds regions of other photos or settings, '
            f'see {path.name}: choose another folder.')
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding='utf-8')

"""Maps of regions of many photos, for ``RegionFiles``."""
import json
from pathlib import Path

from mmseg_clipzs.datasets.find_images import find_images
from mmseg_clipzs.datasets.images import SampleError, read_image
from mmseg_clipzs.models.regions import build_regions
from mmseg_clipzs.models.regions.region_files import (
    find_regions,
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

    Maps that are there already are kept, so that an interrupted run goes on.

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
        UserError: No photos, two of one name, options that do not fit, or a
            folder with regions of other settings.
        NotOursError: A file of the user where a map would be.
    """
    out_dir, photos = Path(out_dir), Path(photos)
    paths, skipped = (([photos], []) if photos.is_file()
                      else find_images(photos, recursive=True))
    skipped = [str(each) for each in skipped]
    if not paths:
        raise UserError(f'No photos in {shown(photos)}.')
    stems = {}
    for path in paths:
        other = stems.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise UserError(
                f'{shown(other)} and {shown(path)} would have the same map of '
                'regions: give photos different names, or make a folder for '
                'each of their folders.')
    there = {path: found for path in paths
             if (found := find_regions(out_dir, path.stem))}
    check_replaceable(*(found for found in there.values()
                        if found.suffix == '.png'))  # or photos
    provider = build_regions(regions)
    if provider.network is not None:
        provider.network.to(choose_device(device))
    _keep_settings(out_dir, regions)
    remove_stale(out_dir)
    written = 0
    for path in progress(paths):
        if path in there:
            continue
        try:
            image = read_image(path)
            write_regions(provider(image, dict(
                img_path=str(path), ori_shape=image.shape[:2])), out_dir,
                path.stem)
            written += 1
        except SampleError as e:
            skipped.append(str(e))
    return written, len(there), skipped


def _keep_settings(folder, regions):
    """Refuse a folder whose maps were made with other settings."""
    path = folder / _SETTINGS
    check_replaceable(path)
    kind = regions['type']
    settings = dict(written_by=MARK, regions=dict(
        regions, type=kind if isinstance(kind, str) else kind.__name__))
    text = json.dumps(settings, indent=2, default=str, sort_keys=True)
    if path.exists() and path.read_text(encoding='utf-8') != text:
        raise UserError(
            f'{shown(folder)} holds regions of other settings, see '
            f'{path.name}: choose another folder.')
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding='utf-8')

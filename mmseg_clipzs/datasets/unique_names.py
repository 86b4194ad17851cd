"""Names for the results of a dataset's images."""
from collections import defaultdict
from pathlib import Path

from .availability import leaf_datasets


def unique_names(dataset):
    """Name the results of each image of a dataset.

    The name is the image's, without suffix, as mmseg names results. If two
    images share it, all names are the paths below the image folder. Images
    that still share one keep their suffix; if even that does not tell them
    apart, their dataset's position in a ``ConcatDataset`` is a folder.

    Args:
        dataset (BaseDataset): As built, with or without wrappers.

    Returns:
        dict[str, str]: ``img_path`` -> name, different for each image.
    """
    paths = {}  # image -> (position of its dataset, path below its folder)
    for position, leaf in enumerate(leaf_datasets(dataset)):
        prefix = getattr(leaf, 'data_prefix', None) or {}
        folder = Path(prefix.get('img_path') or '')
        for i in range(len(leaf)):
            path = leaf.get_data_info(i)['img_path']
            if path not in paths:
                paths[path] = position, _below(folder, Path(path))
    names = {path: Path(path).stem for path in paths}
    if not _clashing(names):
        return names
    names = {path: below.with_suffix('').as_posix()
             for path, (_, below) in paths.items()}
    for _ in range(2):  # a name with its suffix may be another's without
        for path in _clashing(names):
            names[path] = paths[path][1].as_posix()
    for path in _clashing(names):
        names[path] = f'{paths[path][0]}/{names[path]}'
    return names


def _below(folder, path):
    """Path: Below the folder, or only the file's name."""
    if path.is_relative_to(folder) and folder.parts:
        path = path.relative_to(folder)
    return path if '..' not in path.parts and not path.anchor else Path(
        path.name)


def _clashing(names):
    """list[str]: Images whose names are not unique."""
    images = defaultdict(list)
    for path, name in names.items():
        images[name.casefold()].append(path)  # one file on Windows or macOS
    return [path for several in images.values() if len(several) > 1
            for path in several]

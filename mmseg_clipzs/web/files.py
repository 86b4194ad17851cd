"""Files that a visitor takes away, as ``clipzs segment`` writes them."""
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

from mmseg_clipzs.folders.names import candidates
from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.utils import UserError, temporary_folder
from mmseg_clipzs.visualization import Style

# What a visitor may ask for -> format, end of the file's name. The photo is
# that of the lines: of an example, a camera or the clipboard there is no file.
FILES = {
    'photo': (None, ''),
    'index': ('index', '_mask.png'),
    'overlay': ('overlay', '_overlay.png'),
    'cutout': ('cutout', '_cutouts.zip'),
    'coco': ('coco', '_coco.json'),
    'masks': ('binary', '_masks.zip')}
_ONE_CUTOUT = '_cutout.png'
_DATE = (1980, 1, 1, 0, 0, 0)  # the first of ZIP: equal files, equal bytes


def write_file(kind, result, settings, folder):
    """Write what a visitor asks for.

    Args:
        kind (str): Key of ``FILES``. The photo is the file that was sent.
            Cut-outs are a ZIP of PNGs, or one PNG if there is one; masks are
            a ZIP of black and white PNGs. In a ZIP files have the paths of
            ``clipzs segment --out``.
        result (ZeroShotResult): Of the photo's file.
        settings (Settings): Those of the result.
        folder (str | Path): Where to; an earlier file is replaced.

    Returns:
        Path: The file, named after the photo.

    Raises:
        UserError: Nothing to cut out, no pycocotools, or a full disk.
    """
    if kind == 'photo':
        return Path(shutil.copyfile(
            result.path, Path(folder) / settings.photo))
    form, end = FILES[kind]
    name = candidates(settings.photo, 0)[0]
    result = replace(result, name=name, path=None,
                     palette=settings.palette(result.classes))
    height, width = result.mask.shape
    with temporary_folder(folder) as work:
        writer, = make_formats(
            [form], work, result.classes, result.palette,
            style=Style(opacity=settings.opacity), copy_photos=False)
        record = dict(source=settings.photo, name=name, width=width,
                      height=height, **writer.write(result))
        files = [work / file for file in record['files']]
        files += writer.finish([record])
        if not files:
            raise UserError('Nothing to cut out: every pixel is background.')
        if kind == 'cutout' and len(files) == 1:
            end = _ONE_CUTOUT
        path = Path(folder) / f'{name}{end}'
        os.replace(_zipped(work, end) if end.endswith('.zip') else files[0],
                   path)
    return path


def _zipped(folder, end):
    """Path: A ZIP of all files of a folder, in it."""
    files = sorted(path for path in folder.rglob('*') if path.is_file())
    path = folder / f'all{end}'
    with zipfile.ZipFile(path, 'w') as archive:  # PNGs are small already
        for file in files:
            archive.writestr(zipfile.ZipInfo(
                file.relative_to(folder).as_posix(), _DATE),
                file.read_bytes())
    return path
